package http1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sys/unix"

	"moongate/phases"
)

const (
	readSize  = 32 << 10 // nginx's large_client_header_buffers: 4 of 8 KB
	firstSize = 4 << 10
)

const (
	stateActive int32 = iota
	stateIdle
	stateClosed
)

var (
	readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, readSize) }}
	firsts  = sync.Pool{New: func() any { return new([firstSize]byte) }}
	heads   = sync.Pool{New: func() any {
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
	lastHead   string // a plain one
	w          wire

	// Of a connection that a loop waits for.
	loop      *loop
	fd        int
	slot      int32
	drained   bool        // the last read took all that had come
	leads     atomic.Bool // its request's goroutine leads the loop
	event     atomic.Bool // something has come since it became active
	ending    atomic.Bool // the client has closed its side
	timer     *time.Timer // of the idle time
	fires     atomic.Int64
	idleUntil atomic.Int64 // Unix nanoseconds
}

func newConn(s *Server, raw net.Conn, l *phases.Listen) *conn {
	c := &conn{server: s, listen: l, raw: raw, netConn: raw}
	i := &c.info
	i.Serial = s.engine.NextSerial()
	i.Remote, i.Local = raw.RemoteAddr(), raw.LocalAddr()
	i.RemoteIP, i.RemotePort = phases.SplitHostPort(i.Remote)
	i.LocalIP, i.LocalPort = phases.SplitHostPort(i.Local)
	i.Listen, i.Started, i.Raw = l, time.Now(), raw
	if sc, ok := raw.(syscall.Conn); ok {
		c.rc, _ = sc.SyscallConn()
	}
	c.w.c = c
	return c
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

// one serves one request. False: the connection is over.
func (c *conn) one() bool {
	r := phases.NewRequest()
	again := c.request(r)
	r.Recycle()
	if c.hijacked {
		return false
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
		c.br.Reset(nil)
		readers.Put(c.br)
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
		firsts.Put(c.first)
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
		c.state.Store(stateIdle)
		c.server.engine.Stats.Waiting.Add(1)
		ok := c.firstRead()
		c.server.engine.Stats.Waiting.Add(-1)
		if !c.state.CompareAndSwap(stateIdle, stateActive) || !ok {
			return false
		}
	} else {
		c.setRead(d)
	}
	if len(c.pending) == 0 {
		c.state.Store(stateIdle)
		_, err := c.reader().Peek(1)
		if !c.state.CompareAndSwap(stateIdle, stateActive) || err != nil {
			return false
		}
	}
	return true
}

// firstRead reads into a borrowed buffer that is given back while nothing is there to read.
func (c *conn) firstRead() bool {
	var got []byte
	var rerr error
	err := c.rc.Read(func(fd uintptr) bool {
		b := firsts.Get().(*[firstSize]byte)
		for {
			n, err := unix.Read(int(fd), b[:])
			if err == unix.EINTR {
				continue
			}
			if err == unix.EAGAIN {
				firsts.Put(b)
				return false
			}
			if n > 0 {
				got, c.first = b[:n], b
			} else {
				firsts.Put(b)
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

var errHeadTooLarge = errors.New("request header too large")

// readHead waits until a whole request head is buffered and returns it; it stays in br. The string is
// the head's one copy: the request's header strings are cut from it.
//
// A request line of HTTP/0.9, or one that cannot be right, is a head of its own: nothing need follow.
func (c *conn) readHead() (string, error) {
	skip, lineSeen := 0, false
	for {
		b, _ := c.br.Peek(c.br.Buffered())
		for skip < len(b) && (b[skip] == '\r' || b[skip] == '\n') {
			skip++
		}
		if skip > 0 {
			c.br.Discard(skip) //nolint:errcheck // it is buffered
			skip = 0
			continue
		}
		if n := headEnd(b); n > 0 {
			return string(b[:n]), nil
		}
		if i := bytes.IndexByte(b, '\n'); i >= 0 && !lineSeen {
			lineSeen = true
			if line := string(b[:i+1]); lineAlone(line) {
				return line, nil
			}
		}
		if len(b) >= readSize {
			if bytes.IndexByte(b, '\n') < 0 {
				return string(b[:min(len(b), 4096)]), errURITooLarge
			}
			return string(b[:min(len(b), 4096)]), errHeadTooLarge
		}
		if _, err := c.br.Peek(len(b) + 1); err != nil {
			if len(b) == 0 {
				return "", io.EOF
			}
			return string(b), err
		}
	}
}

var errURITooLarge = errors.New("request line too large")

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
	e.Stats.Reading.Add(1)
	r.Start = time.Now()
	c.info.Requests++
	c.listen = c.server.listen.Load() // a reload since then keeps no old tree alive
	c.info.Listen = c.listen
	c.w.begin(r)
	r.Conn, r.Wire = &c.info, &c.w
	if c.loop != nil {
		r.Waiter = c
	} else {
		r.Waiter = nil
	}
	core := c.listen.Default.Core
	head := c.plainHead()
	if head != "" {
		e.Stats.Reading.Add(-1)
		c.w.head = head
		r.HeadLength = int64(len(head))
		if status, why := parse(r, head, core); status != phases.OK {
			return c.refuse(r, status, why)
		}
		if c.plainOnTLS {
			return c.refuse(r, phases.StatusHTTPToHTTPS, "client sent plain HTTP request to HTTPS port")
		}
		e.Serve(r)
		return c.after(r)
	}
	c.reader()
	c.setRead(core.ClientHeaderTimeout.V)
	head, err := c.readHead()
	e.Stats.Reading.Add(-1)
	if err != nil {
		return c.badHead(r, head, err)
	}
	c.w.head = head
	r.HeadLength = int64(len(head))
	if lineAlone(head) {
		c.br.Discard(len(head)) //nolint:errcheck // it is buffered
		if status, why := parse(r, head, core); status != phases.OK {
			return c.refuse(r, status, why)
		}
		e.Serve(r)
		return c.after(r)
	}
	h := heads.Get().(*fasthttp.RequestHeader)
	if perr := c.decode(h, head); perr != nil {
		heads.Put(h)
		status, why := refusal(head, perr)
		parseLine(r, head)
		return c.refuse(r, status, why)
	}
	r.ContentLength = -1
	switch n := h.ContentLength(); {
	case n == -1:
		r.Chunked = true
	case n >= 0 && hasContentLength(head):
		r.ContentLength = int64(n)
	}
	heads.Put(h)
	status, why := parse(r, head, core)
	if status != phases.OK {
		return c.refuse(r, status, why)
	}
	if c.plainOnTLS {
		return c.refuse(r, phases.StatusHTTPToHTTPS, "client sent plain HTTP request to HTTPS port")
	}
	c.w.framing(r)
	e.Serve(r)
	return c.after(r)
}

// plainHead takes an ordinary head that was read ahead as a whole: "" where there is none. A client that asks
// the same again does not get a new string.
func (c *conn) plainHead() string {
	if c.br != nil {
		return ""
	}
	n := headEnd(c.pending)
	if n == 0 {
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

// decode has the codec check the head and take it out of the buffer. The codec wants every line to end
// in CR LF; a head with bare line feeds, which nginx takes, is put before it as it should have been.
func (c *conn) decode(h *fasthttp.RequestHeader, head string) error {
	if strings.Count(head, "\n") == strings.Count(head, "\r\n") {
		return h.Read(c.br)
	}
	if _, err := c.br.Discard(len(head)); err != nil {
		return err
	}
	text := strings.ReplaceAll(strings.ReplaceAll(head, "\r\n", "\n"), "\n", "\r\n")
	return h.Read(bufio.NewReaderSize(strings.NewReader(text), len(text)+16))
}

// badHead deals with a head that never became whole.
func (c *conn) badHead(r *phases.Request, head string, err error) bool {
	switch {
	case errors.Is(err, errURITooLarge):
		return c.refuse(r, 414, "client sent too long URI")
	case errors.Is(err, errHeadTooLarge):
		parseLine(r, head)
		return c.refuse(r, phases.StatusRequestHeaderTooBig, "client sent too large request")
	case errors.Is(err, io.EOF) && head == "":
		return false
	case errors.Is(err, os.ErrDeadlineExceeded):
		parseLine(r, head)
		return c.refuse(r, 408, "client timed out")
	}
	if t := c.server.engine.Tree(); t != nil {
		t.Log(phases.LogInfo, "*%d client prematurely closed connection while reading client request line, client: %s, server: %s", c.info.Serial, c.info.RemoteIP, c.listen.Text)
	}
	return false
}

func (c *conn) refuse(r *phases.Request, status phases.Status, why string) bool {
	c.w.why = why
	r.Refused = why
	c.server.engine.Refuse(r, status)
	c.w.flushEnd()
	c.linger(5*time.Second, 256<<10)
	return false
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
	lt := r.Loc.Core.LingeringTimeout.V
	if w.lent || w.taken {
		c.returned()
	}
	if w.taken {
		c.drain(lt, 1<<20)
		return false
	}
	if w.body != nil && !w.body.done {
		if w.broken {
			return false
		}
		if !r.KeepAlive || w.expectOpen() {
			c.linger(lt, 1<<20)
			return false
		}
		c.setRead(lt)
		if !w.body.drain(64 << 20) {
			return false
		}
	}
	if w.broken || !r.KeepAlive {
		c.linger(lt, 1<<20)
		return false
	}
	return true
}

// linger closes so that the client can read the answer although it is still sending.
func (c *conn) linger(d time.Duration, most int64) {
	if c.w.broken {
		return
	}
	if c.w.body == nil || c.w.body.done {
		if c.w.why == "" {
			return // nothing more is coming
		}
	}
	c.drain(d, most)
}

// drain says that nothing more will be sent, and drops what comes until the client closes or d is over.
func (c *conn) drain(d time.Duration, most int64) {
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
	c.readUntil = time.Time{}
	c.setRead(d)
	c.Waiting()
	io.CopyN(io.Discard, c.raw, most) //nolint:errcheck // whatever comes is dropped
}
