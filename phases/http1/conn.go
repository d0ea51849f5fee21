package http1

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sys/unix"

	"moongate/phases"
	"moongate/phases/event"
)

const (
	readSize  = 32 << 10 // what large_client_header_buffers is unless it is set: 4 of 8 KB
	firstSize = 4 << 10
)

const (
	stateActive int32 = iota
	stateFresh        // idle, and no request has come yet
	stateIdle
	stateMore // active, and something has come since then
	stateClosed
)

var (
	readers      = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readSize) }}
	codecReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 512) }}
	heads        = sync.Pool{New: func() any {
		h := &fasthttp.RequestHeader{}
		h.DisableNormalizing()
		return h
	}}
)

// conn is one client connection.
type conn struct {
	server     *Server
	listen     *phases.Listen
	raw        net.Conn // the socket
	netConn    net.Conn // the socket, or TLS over it
	rc         syscall.RawConn
	info       phases.Conn
	state      atomic.Int32
	pending    []byte           // read ahead of br
	first      *[firstSize]byte // borrowed; what pending lies in
	br         *bufio.Reader
	plainOnTLS bool
	hijacked   bool
	readUntil  time.Time // the read deadline that is set
	writeUntil time.Time
	gone       *watch
	lastHead   string          // a plain one
	paused     *phases.Request // waits without a goroutine: see pause_linux.go
	unbegun    bool            // paused is, and has seen no phase yet
	later      bool            // goes on, or sends its answer, once the loop has served what came with it
	w          wire

	// Of a connection that waits in a loop.
	sock event.Conn // what raw is
	home *loop

	// Of one that the loop serves, too.
	loop      *loop // home
	fd        int
	drained   bool        // the last read took all that had come
	ending    atomic.Bool // the client has closed its side
	timer     *time.Timer // of the idle time
	fires     atomic.Int64
	idleUntil atomic.Int64 // Unix nanoseconds
	pause     atomic.Int32
}

func newConn(s *Server, l *phases.Listen) *conn {
	c := &conn{server: s, listen: l}
	c.info.Serial, c.info.Listen, c.info.Started = s.engine.NextSerial(), l, time.Now()
	c.info.Home = uint32(c.info.Serial)
	c.w.c = c
	return c
}

// attach gives c its socket.
func (c *conn) attach(raw net.Conn) {
	c.raw, c.netConn = raw, raw
	i := &c.info
	i.Remote, i.Local, i.Raw = raw.RemoteAddr(), raw.LocalAddr(), raw
	i.RemoteIP, i.RemotePort = phases.SplitHostPort(i.Remote)
	i.LocalIP, i.LocalPort = phases.SplitHostPort(i.Local)
	if sc, ok := raw.(syscall.Conn); ok {
		c.rc, _ = sc.SyscallConn()
	}
}

// loop0 serves the connection's requests one after the other.
func (c *conn) loop0() {
	core := c.listen.Default.Core
	idle := core.ClientHeaderTimeout.V // until the first request
	for {
		if !c.awaitRequest(idle) {
			break
		}
		if !c.one() {
			return
		}
		idle = c.w.keepalive
	}
	c.rest()
}

// one serves one request. False: the connection is over. The request may have been put aside: see paused.
func (c *conn) one() bool {
	r := c.spared().takeRequest()
	again := c.request(r)
	if c.paused != nil {
		return true
	}
	return c.served(r, again)
}

// served is for a request that is over.
func (c *conn) served(r *phases.Request, again bool) bool {
	c.spared().giveRequest(r)
	if c.hijacked {
		return false
	}
	if c.later {
		return true
	}
	if !again || c.server.closed.Load() && c.buffered() == 0 {
		c.rest()
		return false
	}
	return true
}

func (c *conn) rest() {
	c.dropReader()
	c.w.rest()
}

// buffered is how much was read ahead.
func (c *conn) buffered() int {
	n := len(c.pending)
	if c.br != nil {
		n += c.br.Buffered()
	}
	return n
}

// reader is the connection behind a buffer, with what was read ahead in front.
func (c *conn) reader() *bufio.Reader {
	if c.br == nil {
		c.br = readers.Get().(*bufio.Reader)
		c.br.Reset(c)
	}
	return c.br
}

func (c *conn) dropReader() {
	if c.br != nil {
		if c.br.Size() == readSize {
			c.br.Reset(nil)
			readers.Put(c.br)
		}
		c.br = nil
	}
}

// Read gives br what was read ahead, then the socket.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.pending) > 0 {
		n := copy(p, c.pending)
		c.took(n)
		return n, nil
	}
	c.drained = false
	c.Waiting()
	return c.netConn.Read(p)
}

// took drops the first n bytes of what is pending.
func (c *conn) took(n int) {
	if c.pending = c.pending[n:]; len(c.pending) == 0 && c.first != nil {
		c.spared().giveFirst(c.first)
		c.pending, c.first = nil, nil
	}
}

// setRead moves the read deadline. Moving it costs, so one that is nearly right stays.
func (c *conn) setRead(d time.Duration) {
	t := time.Now().Add(d)
	if diff := t.Sub(c.readUntil); diff >= 0 && diff < d/16 {
		return
	}
	c.readUntil = t
	c.raw.SetReadDeadline(t) //nolint:errcheck // a dead connection shows at the read
}

func (c *conn) setWrite(d time.Duration) {
	t := time.Now().Add(d)
	if diff := t.Sub(c.writeUntil); diff >= 0 && diff < d/16 {
		return
	}
	c.writeUntil = t
	c.raw.SetWriteDeadline(t) //nolint:errcheck // a dead connection shows at the write
}

// awaitRequest waits for the first byte of a request without holding a buffer.
func (c *conn) awaitRequest(d time.Duration) bool {
	if c.br != nil {
		if c.br.Buffered() > 0 {
			return true
		}
		c.rest()
	}
	if len(c.pending) == 0 && c.rc != nil && c.netConn == c.raw {
		c.setRead(d)
		idle := c.rests()
		ok := c.firstRead()
		if !c.state.CompareAndSwap(idle, stateActive) || !ok {
			return false
		}
	} else {
		c.setRead(d)
	}
	if len(c.pending) == 0 {
		idle := c.rests()
		_, err := c.reader().Peek(1)
		if !c.state.CompareAndSwap(idle, stateActive) || err != nil {
			return false
		}
	}
	return true
}

// rests makes the connection an idle one, for which its own goroutine waits. A server that stops closes it, now or later, unless it
// has not asked anything yet.
func (c *conn) rests() (idle int32) {
	if c.info.Requests == 0 {
		c.state.Store(stateFresh)
		return stateFresh
	}
	c.state.Store(stateIdle)
	if c.server.closed.Load() && c.buffered() == 0 && c.state.CompareAndSwap(stateIdle, stateClosed) {
		c.raw.Close() // the read will tell
	}
	return stateIdle
}

// firstRead reads into a borrowed buffer that is given back while nothing is there to read.
func (c *conn) firstRead() bool {
	var got []byte
	var rerr error
	err := c.rc.Read(func(fd uintptr) bool {
		b := c.spared().takeFirst()
		for {
			n, err := unix.Read(int(fd), b[:])
			if err == unix.EINTR {
				continue
			}
			if err == unix.EAGAIN {
				c.spared().giveFirst(b)
				return false
			}
			if n > 0 {
				got, c.first = b[:n], b
			} else {
				c.spared().giveFirst(b)
			}
			rerr = err
			return true
		}
	})
	if err != nil || rerr != nil || len(got) == 0 {
		return false
	}
	c.pending = got
	return true
}

// tryWrite writes what the kernel takes without waiting.
func (c *conn) tryWrite(p []byte) (n int, err error) {
	werr := c.rc.Write(func(fd uintptr) bool {
		for {
			n, err = unix.Write(int(fd), p)
			if err != unix.EINTR {
				return true
			}
		}
	})
	switch {
	case werr != nil:
		return 0, werr
	case err == unix.EAGAIN:
		return 0, nil
	case err != nil:
		return 0, os.NewSyscallError("write", err)
	}
	return n, nil
}

// headEnd is the length of the request head at the beginning of b, 0 where it is not whole.
func headEnd(b []byte) int {
	for i := 0; ; {
		j := bytes.IndexByte(b[i:], '\n')
		if j < 0 {
			return 0
		}
		i += j + 1
		if i < len(b) && b[i] == '\n' {
			return i + 1
		}
		if i+1 < len(b) && b[i] == '\r' && b[i+1] == '\n' {
			return i + 2
		}
	}
}

// request reads and serves one request and reports whether another may follow.
func (c *conn) request(r *phases.Request) bool {
	e := c.server.engine
	r.Start = c.Now()
	c.info.Requests++
	c.listen = c.server.listen.Load() // a reload since then keeps no old tree alive
	c.info.Listen = c.listen
	c.w.begin(r)
	r.Conn, r.Wire = &c.info, &c.w
	r.Waiter = c
	core := c.base()
	var status phases.Status
	var why string
	if head := c.plainHead(); head != "" {
		c.w.head = head
		f := filling{r: r, listen: c.listen, base: core, core: core}
		status, why = f.plain(head)
	} else {
		e.Stats.Reading.Add(1)
		c.reader()
		c.setRead(core.ClientHeaderTimeout.V)
		var silent bool
		status, why, silent = c.readHead(r, core)
		e.Stats.Reading.Add(-1)
		if silent {
			if status != phases.Done {
				c.leave(r, status, why)
			}
			return false
		}
	}
	if status != phases.OK {
		return c.refuse(r, status, why)
	}
	if c.plainOnTLS {
		return c.refuse(r, phases.StatusHTTPToHTTPS, "client sent plain HTTP request to HTTPS port")
	}
	if f := r.ContentLength > 0 || r.Chunked || r.In.Has("Expect"); f {
		c.w.framing(r)
	}
	c.unbegun = true
	if c.accompanied() { // those that came together are all read before the first one is served
		c.paused, c.later = r, true
		return true
	}
	return c.serve(r)
}

// serve begins or goes on with a request, and is request for what follows.
func (c *conn) serve(r *phases.Request) bool {
	e := c.server.engine
	over := false
	if c.unbegun {
		c.unbegun = false
		over = e.Serve(r)
	} else {
		over = e.Continue(r)
	}
	if !over {
		c.paused = r
		return true
	}
	return c.after(r)
}

// plainHead takes an ordinary head that was read ahead as a whole: "" where there is none. A client that asks
// the same again does not get a new string.
func (c *conn) plainHead() string {
	if c.br != nil {
		return ""
	}
	n := headEnd(c.pending)
	if n == 0 || int64(n) > c.server.sure.Load() {
		return ""
	}
	head := c.lastHead
	if string(c.pending[:n]) != head {
		if head = string(c.pending[:n]); !plain(head) {
			return ""
		}
		c.lastHead = ""
		if n <= 1024 {
			c.lastHead = head
		}
	}
	c.took(n)
	return head
}

// after ends a request: what the client still sends of its body is skipped, or the connection closes
// without cutting off the answer.
func (c *conn) after(r *phases.Request) bool {
	w := &c.w
	if w.hijacked {
		c.hijacked = true
		return false
	}
	w.flushEnd()
	if c.gone != nil {
		c.gone.stop()
		c.gone = nil
	}
	if w.lent || w.taken {
		c.returned()
	}
	if w.taken {
		c.drain(r.Loc.Core)
		return false
	}
	if w.broken {
		return false
	}
	open := w.body != nil && !w.body.done
	if open && r.KeepAlive && !w.expectOpen() {
		c.setRead(r.Loc.Core.LingeringTimeout.V)
		if !w.body.drain(64 << 20) {
			return false
		}
		open = false
	}
	if r.KeepAlive && !open {
		return true
	}
	c.linger(r.Loc.Core, open)
	return false
}

// linger closes, where lingering_close asks for it, so that the client can read the answer although it is still sending.
func (c *conn) linger(core *phases.CoreLocation, expected bool) {
	if c.w.broken {
		return
	}
	switch core.LingeringClose.V {
	case phases.LingeringOff:
		return
	case phases.LingeringOn:
		if !expected && c.buffered() == 0 && !(c.state.Load() == stateMore && !c.ending.Load()) {
			return // nothing more is coming
		}
	}
	c.drain(core)
}

// drain says that nothing more will be sent, and drops what comes until the client closes, is silent for lingering_timeout, or
// lingering_time is over.
func (c *conn) drain(core *phases.CoreLocation) {
	cw, ok := c.raw.(interface{ CloseWrite() error })
	if !ok {
		return
	}
	if tc, ok := c.netConn.(interface{ CloseWrite() error }); ok && c.netConn != c.raw {
		tc.CloseWrite() //nolint:errcheck // closing anyway
	}
	if cw.CloseWrite() != nil {
		return
	}
	c.Waiting()
	c.server.engine.Stats.Apart.Add(1)
	defer c.server.engine.Stats.Apart.Add(-1)
	c.dropReader()
	c.w.rest()
	end := time.Now().Add(core.LingeringTime.V)
	var buf [4096]byte
	for now := time.Now(); now.Before(end); now = time.Now() {
		until := now.Add(core.LingeringTimeout.V)
		if until.After(end) {
			until = end
		}
		if c.raw.SetReadDeadline(until) != nil {
			return
		}
		if _, err := c.raw.Read(buf[:]); err != nil {
			return
		}
	}
}
