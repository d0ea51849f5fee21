package socket

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"sync"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/machine"
)

// usualSize is lua_socket_buffer_size's default.
const usualSize = 4096

var buffers = sync.Pool{New: func() any { return new([usualSize]byte) }}

func (u *tcp) dropBuffer() {
	if len(u.buf) == usualSize {
		buffers.Put((*[usualSize]byte)(u.buf))
	}
	u.buf, u.r, u.w = nil, 0, 0
}

// unread is what was read and not yet taken.
func (u *tcp) unread() []byte { return u.buf[u.r:u.w] }

// putBack makes s the next thing to be read.
func (u *tcp) putBack(s string) {
	if len(s) <= u.r {
		u.r -= len(s)
		copy(u.buf[u.r:], s)
		return
	}
	b := make([]byte, max(u.conf.SocketBufferSize, len(s)+u.w-u.r))
	n := copy(b, s)
	n += copy(b[n:], u.unread())
	u.dropBuffer()
	u.buf, u.r, u.w = b, 0, n
}

// fill reads into the empty buffer. io.EOF stands for a connection that ended.
func (u *tcp) fill(c *handler.Ctx) error {
	if u.buf == nil {
		if size := u.conf.SocketBufferSize; size == usualSize {
			u.buf = buffers.Get().(*[usualSize]byte)[:]
		} else {
			u.buf = make([]byte, max(size, 1))
		}
	}
	u.r, u.w = 0, 0
	n, err := u.read(c, u.buf)
	u.w = n
	return err
}

// read reads at least one byte into p.
func (u *tcp) read(c *handler.Ctx, p []byte) (int, error) {
	if u.eof {
		return 0, io.EOF
	}
	l := u.link()
	if u.down != nil {
		n, err := u.down.before(&p)
		if n > 0 || err != nil {
			u.eof = err == io.EOF //nolint:errorlint // io.Reader's contract
			return n, err
		}
	}
	n, err := l.readNow(p)
	if err == errAgain { //nolint:errorlint // our own value
		n, err = u.waitRead(c, l, p)
	}
	if u.down != nil {
		n, err = u.down.after(n, err, u.conf.CheckClientAbort)
	}
	switch {
	case n > 0:
		return n, nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		u.eof = true
		debug(c, "lua tcp socket closed")
		return 0, io.EOF
	case errors.Is(err, errTimeout):
		if u.conf.SocketLogErrors {
			c.Log(phases.LogErr, "lua tcp socket read timed out"+u.upstream())
		}
	default:
		logSystem(c, "recv()", err, "")
	}
	return 0, err
}

func (u *tcp) waitRead(c *handler.Ctx, l *link, p []byte) (int, error) {
	u.readWaiting = true
	u.begin(waitRead, u.s.v.W.Current())
	l.readLater(p, u.readTimeout)
	unwound := true
	defer func() {
		u.readWaiting = false
		u.settling.end(waitRead)
		if unwound {
			u.buf = nil
			u.finalize(c)
		}
	}()
	if u.down != nil {
		u.down.pause()
		defer u.down.resume()
	}
	u.s.v.WaitStop(l.readSoon, l.readStop)
	unwound = false
	return l.readN, l.readErr
}

// readable is what receive, receiveany and receiveuntil's iterator have to be sure of first: the answer is the
// number of results to return at once, 0 to go on.
func (u *tcp) readable(L *lua.LState, c *handler.Ctx) int {
	u.own(L, c)
	if b := u.busy(true, false); b != "" {
		return fail(L, b)
	}
	return 0
}

func (u *tcp) noteReadTimeout(c *handler.Ctx) {
	if debugging(c) {
		debug(c, "lua tcp socket read timeout: ", millis(u.readTimeout))
	}
}

// received answers with data, or with nil, the error, and what was read before it.
func (u *tcp) received(L *lua.LState, data []byte, err error) int {
	if err == nil {
		L.Push(ownString(data))
		return 1
	}
	if !errors.Is(err, errTimeout) {
		u.closeRead()
	}
	fail(L, message(err))
	L.Push(ownString(data))
	return 3
}

// ownString makes a string of bytes that nobody else has.
func ownString(b []byte) lua.LString {
	if len(b) == 0 {
		return ""
	}
	return lua.LString(unsafe.String(unsafe.SliceData(b), len(b)))
}

func (s *state) receive(L *lua.LState) int {
	n := L.GetTop()
	if n != 1 && n != 2 {
		codec.Raise(L, "expecting 1 or 2 arguments (including the object), but got "+strconv.Itoa(n))
	}
	c := s.current(L)
	debug(c, "lua tcp socket calling receive() method")
	u := self(L, "receive")
	if !u.open() || u.readClosed {
		u.closedUse(c, "receive")
		return fail(L, "closed")
	}
	if n := u.readable(L, c); n != 0 {
		return n
	}
	u.noteReadTimeout(c)
	if n == 1 {
		return u.receiveLine(L, c)
	}
	switch v := L.Get(2).(type) {
	case lua.LNumber:
		return u.receiveCount(L, c, float64(v))
	case lua.LString:
		if f, ok := machine.ToNumber(v); ok {
			return u.receiveCount(L, c, f)
		}
		if len(v) != 2 || v[0] != '*' {
			argError(L, 2, "receive", "bad pattern argument: "+string(v))
		}
		switch v[1] {
		case 'l':
			return u.receiveLine(L, c)
		case 'a':
			return u.receiveAll(L, c)
		}
		argError(L, 2, "receive", "bad pattern argument")
	}
	argError(L, 2, "receive", "bad argument")
	return 0
}

// receiveLine reads up to a line feed; carriage returns are left out wherever they stand.
func (u *tcp) receiveLine(L *lua.LState, c *handler.Ctx) int {
	u.use(nil)
	var acc []byte
	for {
		if u.r == u.w {
			if err := u.fill(c); err != nil {
				return u.received(L, acc, err)
			}
		}
		b := u.unread()
		debug(c, "lua tcp socket read line")
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			u.r += i + 1
			acc = appendLine(acc, b[:i])
			return u.received(L, acc, nil)
		}
		acc = appendLine(acc, b)
		u.r = u.w
	}
}

func appendLine(dst, b []byte) []byte {
	for {
		i := bytes.IndexByte(b, '\r')
		if i < 0 {
			return append(dst, b...)
		}
		dst = append(dst, b[:i]...)
		b = b[i+1:]
	}
}

func (u *tcp) receiveAll(L *lua.LState, c *handler.Ctx) int {
	u.use(nil)
	acc := bytes.Clone(u.unread())
	u.r = u.w
	for {
		err := u.fill(c)
		if err == io.EOF { //nolint:errorlint // read returns it as it is
			return u.received(L, acc, nil)
		}
		if err != nil {
			return u.received(L, acc, err)
		}
		debug(c, "lua tcp socket read all")
		acc = append(acc, u.unread()...)
		u.r = u.w
	}
}

func (u *tcp) receiveCount(L *lua.LState, c *handler.Ctx, f float64) int {
	if f < 0 {
		argError(L, 2, "receive", "bad number argument")
	}
	n := int(f)
	if n == 0 {
		L.Push(lua.LString(""))
		return 1
	}
	u.use(nil)
	acc := make([]byte, 0, min(n, 64<<10))
	for {
		b := u.unread()
		if take := min(len(b), n-len(acc)); take > 0 {
			if debugging(c) {
				debug(c, "lua tcp socket read chunk ", strconv.Itoa(take))
			}
			acc = append(acc, b[:take]...)
			u.r += take
		}
		rest := n - len(acc)
		if rest == 0 {
			return u.received(L, acc, nil)
		}
		if rest < u.conf.SocketBufferSize {
			if err := u.fill(c); err != nil {
				return u.received(L, acc, err)
			}
			continue
		}
		// much is wanted: past the buffer, into its place
		if cap(acc)-len(acc) < min(rest, 16<<10) {
			acc = append(acc, make([]byte, min(rest, max(cap(acc), 16<<10)))...)[:len(acc)]
		}
		m, err := u.read(c, acc[len(acc):min(cap(acc), n)])
		acc = acc[:len(acc)+m]
		if err != nil {
			return u.received(L, acc, err)
		}
	}
}

func (s *state) receiveAny(L *lua.LState) int {
	if n := L.GetTop(); n != 2 {
		codec.Raise(L, "expecting 2 arguments (including the object), but got "+strconv.Itoa(n))
	}
	c := s.current(L)
	u := self(L, "receiveany")
	if !u.open() || u.readClosed {
		u.closedUse(c, "receive")
		return fail(L, "closed")
	}
	if n := u.readable(L, c); n != 0 {
		return n
	}
	f, ok := machine.ToNumber(L.Get(2))
	if !ok || f < 1 {
		argError(L, 2, "receiveany", "bad max argument")
	}
	most := int(f)
	debug(c, "lua tcp socket calling receiveany() method to read at most ", strconv.Itoa(most), " bytes")
	u.noteReadTimeout(c)
	u.use(nil)
	if u.r == u.w {
		if err := u.fill(c); err != nil {
			return u.received(L, nil, err)
		}
	}
	debug(c, "lua tcp socket read any")
	b := u.unread()
	b = b[:min(len(b), most)]
	u.r += len(b)
	return u.received(L, bytes.Clone(b), nil)
}
