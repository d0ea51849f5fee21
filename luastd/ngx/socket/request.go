package socket

import (
	"errors"
	"io"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

var errClientAborted = errors.New("client aborted")

// downstream is the client's connection as a request socket has it: the request's body, or all of it.
type downstream struct {
	link
	raw   bool
	wire  phases.SocketWire
	ahead []byte // was read before the socket was asked for
	left  int64  // of the body
	loud  func() // ends what pause began
}

// before reads what was read ahead, and keeps p from taking more than the body.
func (d *downstream) before(p *[]byte) (int, error) {
	if !d.raw {
		if d.left == 0 {
			return 0, io.EOF
		}
		*p = (*p)[:min(int64(len(*p)), d.left)]
	}
	if len(d.ahead) == 0 {
		return 0, nil
	}
	n := copy(*p, d.ahead)
	d.ahead = d.ahead[n:]
	d.left -= int64(n)
	return n, nil
}

// after accounts for what was read from the connection. The end of it is an abort where it cuts the body short,
// or where the location watches for that.
func (d *downstream) after(n int, err error, check bool) (int, error) {
	if n > 0 {
		d.wire.Took(n)
		d.left -= int64(n)
		return n, nil
	}
	if errors.Is(err, io.EOF) && (check || !d.raw && d.left > 0) {
		return 0, errClientAborted
	}
	return n, err
}

// pause stops the watch for the client's leaving while the connection is being read.
func (d *downstream) pause()  { d.loud = d.wire.Quiet() }
func (d *downstream) resume() { d.loud() }

// bodyKey is the key of the context's body socket.
type bodyKey struct{}

// reqSocket is ngx.req.socket.
func (s *state) reqSocket(L *lua.LState) int {
	n := L.GetTop()
	if n > 1 {
		codec.Raise(L, "expecting 0 or 1 argument, but got "+strconv.Itoa(n))
	}
	raw := n == 1 && lua.LVAsBool(L.Get(1))
	c := s.v.Current()
	if c == nil || c.R == nil && c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	if c.Phase&handler.Main == 0 {
		codec.Raise(L, "API disabled in the context of "+c.Phase.ContextName())
	}
	r := c.R
	if r.IsSub() {
		codec.Raise(L, "attempt to read the request body in a subrequest")
	}
	wire, ok := r.Wire.(phases.SocketWire)
	switch {
	case r.Proto == phases.HTTP20:
		codec.Raise(L, "http v2 not supported yet")
	case r.Proto == phases.HTTP30:
		codec.Raise(L, "http v3 not supported yet")
	case !ok:
		codec.Raise(L, "request sockets are not supported by this connection")
	}
	if !raw && r.Chunked {
		return fail(L, "chunked request bodies not supported yet")
	}
	d := &downstream{raw: raw, wire: wire}
	msg := ""
	if raw {
		msg = d.takeAll(c)
	} else {
		msg = d.takeBody(c)
	}
	if msg != "" {
		return fail(L, msg)
	}
	c.Hold()
	u := s.newTCP()
	u.down, u.owner, u.conf = d, ownerOf(c), settingsOf(c)
	u.chooseTimeouts()
	c.OnEnd(func() { u.down, u.readClosed, u.writeClosed = nil, true, true })
	t := L.CreateTable(timeoutSlots[2], 0)
	t.RawSetInt(slot, &u.ud)
	t.Metatable = s.reqMeta
	if raw {
		t.Metatable = s.rawMeta
	} else {
		c.SetValue(bodyKey{}, d)
	}
	L.Push(t)
	return 1
}

const pendingBody = "pending request body reading in some other thread"

// takeAll takes the whole connection over: nothing else answers the client any more.
func (d *downstream) takeAll(c *handler.Ctx) string {
	if c.ReadingBody {
		return pendingBody
	}
	if b, ok := c.Value(bodyKey{}).(*downstream); ok && b.left > 0 {
		return pendingBody
	}
	if r := c.R; r.BodyRead() && r.ContentLength > 0 && d.wire.BodyReceived() < r.ContentLength {
		return pendingBody
	}
	if c.Buffering {
		return "http 1.0 buffering"
	}
	if c.RawSocket {
		return "duplicate call"
	}
	conn, ahead, err := d.wire.Take(true)
	if err != nil {
		return message(err)
	}
	c.RawSocket, c.Buffering = true, false
	c.R.HeaderSent = true
	d.open(conn)
	d.ahead = ahead
	return ""
}

// takeBody takes the request's body, unread so far.
func (d *downstream) takeBody(c *handler.Ctx) string {
	r := c.R
	switch {
	case c.ReadingBody, r.BodyRead(), r.BodyStreamed():
		return "request body already exists"
	case r.BodyDiscarded():
		return "request body discarded"
	case r.ContentLength <= 0:
		return "no body"
	}
	r.BodyStream()
	conn, ahead, err := d.wire.Take(false)
	if err != nil {
		return message(err)
	}
	d.open(conn)
	d.ahead, d.left = ahead, r.ContentLength
	return ""
}
