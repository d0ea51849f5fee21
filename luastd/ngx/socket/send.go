package socket

import (
	"errors"
	"math"
	"strconv"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/machine"
)

// payload is what argument 2 of send stands for. The bytes may be a string's own: they must not be changed.
func (s *state) payload(L *lua.LState, room []byte) []byte {
	switch v := L.Get(2).(type) {
	case lua.LString:
		return unsafe.Slice(unsafe.StringData(string(v)), len(v))
	case lua.LNumber:
		return codec.AppendNumber(room, float64(v)+0) // no -0
	case *lua.LTable:
		return appendStrings(L, room, v)
	case lua.LBool:
		return strconv.AppendBool(room, bool(v))
	case *lua.LNilType:
		return append(room, "nil"...)
	default:
		argError(L, 2, "send", "string, number, boolean, nil, or array table expected, got "+typeName(v))
	}
	return nil
}

// typeName is a value's type for messages: userdata may be LuaJIT's cdata.
func typeName(v lua.LValue) string {
	if ud, ok := v.(*lua.LUserData); ok {
		if t, ok := ud.Value.(interface{ LuaType() string }); ok {
			return t.LuaType()
		}
	}
	return v.Type().String()
}

func appendStrings(L *lua.LState, dst []byte, t *lua.LTable) []byte {
	size := 0
	for k := range machine.Pairs(t) {
		i, ok := k.(lua.LNumber)
		if !ok || i < 1 || float64(i) != math.Floor(float64(i)) {
			argError(L, 2, "send", "non-array table found")
		}
		size = max(size, int(i))
	}
	for i := 1; i <= size; i++ {
		switch e := machine.GetInt(t, i).(type) {
		case lua.LString:
			dst = append(dst, e...)
		case lua.LNumber:
			dst = codec.AppendNumber(dst, float64(e)+0)
		case *lua.LTable:
			dst = appendStrings(L, dst, e)
		default:
			argError(L, 2, "send", "bad data type "+typeName(e)+" found")
		}
	}
	return dst
}

func (s *state) send(L *lua.LState) int {
	if n := L.GetTop(); n != 2 {
		codec.Raise(L, "expecting 2 arguments (including the object), but got "+strconv.Itoa(n))
	}
	c := s.current(L)
	u := self(L, "send")
	if !u.open() || u.writeClosed {
		u.closedUse(c, "send")
		return fail(L, "closed")
	}
	u.own(L, c)
	if b := u.busy(false, true); b != "" {
		return fail(L, b)
	}
	if u.down != nil && !u.down.raw {
		codec.Raise(L, "attempt to write to request sockets")
	}
	if debugging(c) {
		debug(c, "lua tcp socket send timeout: ", millis(u.sendTimeout))
	}
	var room [64]byte
	b := s.payload(L, room[:0])
	if len(b) == 0 {
		L.Push(lua.LNumber(0))
		return 1
	}
	u.noteNodelay(c)
	if err := u.write(c, b); err != nil {
		return fail(L, message(err))
	}
	L.Push(lua.LNumber(len(b)))
	return 1
}

// noteNodelay logs what nginx does at a connection's first send. Go's sockets have the option from the start,
// and lose it here where tcp_nodelay is off; where it is on, it overrules what the script has set before.
func (u *tcp) noteNodelay(c *handler.Ctx) {
	set := &u.sentOnce
	if u.peer != nil {
		set = &u.peer.nodelay
	}
	if !*set {
		*set = true
		on := coreOf(c).TCPNoDelay.V
		if on {
			debug(c, "lua socket tcp_nodelay")
		}
		if u.peer == nil || on && !u.peer.chosen || !on && u.peer.chosen {
			return
		}
		if tc, ok := u.link().raw.(interface{ SetNoDelay(on bool) error }); ok {
			tc.SetNoDelay(on) //nolint:errcheck // the send will tell of a dead connection
		}
	}
}

// write sends b. An error ends the writing part of the connection and is logged.
func (u *tcp) write(c *handler.Ctx, b []byte) error {
	l := u.link()
	n, err := l.writeNow(b)
	if err == errAgain || err == nil && n < len(b) { //nolint:errorlint // our own value
		err = u.waitWrite(c, l, b[n:])
	}
	if err == nil {
		if u.down != nil {
			u.down.wire.Wrote(len(b))
		}
		l.sent(c, len(b))
		debug(c, "lua tcp socket sent all the data")
		return nil
	}
	u.closeWrite()
	if errors.Is(err, errTimeout) {
		if u.conf.SocketLogErrors {
			c.Log(phases.LogErr, "lua tcp socket write timed out"+u.upstream())
		}
		return err
	}
	logSystem(c, "send()", err, "")
	return err
}

func (u *tcp) waitWrite(c *handler.Ctx, l *link, b []byte) error {
	u.sendWaiting = true
	u.begin(waitSend, u.s.v.W.Current())
	l.writeLater(b, u.sendTimeout)
	unwound := true
	defer func() {
		u.sendWaiting = false
		u.settling.end(waitSend)
		if unwound {
			u.finalize(c)
		}
	}()
	u.s.v.WaitStop(l.writeSoon, l.writeStop)
	unwound = false
	return l.writeErr
}

// link is the transport of whichever kind of socket u is.
func (u *tcp) link() *link {
	if u.down != nil {
		return &u.down.link
	}
	return &u.peer.link
}

// sent logs what left, as nginx's sockets do.
func (l *link) sent(c *handler.Ctx, n int) {
	if c.Enabled(phases.LogDebug) {
		size := strconv.Itoa(n)
		debug(c, "send: fd:", strconv.Itoa(l.fd()), " ", size, " of ", size)
	}
}
