package socket

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/runtime/machine"
)

// readAside puts the script that calls receive or receiveany aside until something has come. False: something has already, or the
// method has to wait by itself, or complains.
func (s *state) readAside(L *lua.LState, args []lua.LValue) bool {
	t := s.v.W.Current()
	if len(args) == 0 || t == nil || !t.Pausable(L) {
		return false
	}
	u := tcpOf(args[0])
	c, ok := t.Owner.(*handler.Ctx)
	if !ok || u == nil || u.peer == nil || u.owner != ownerOf(c) || !u.open() || u.readClosed || u.eof || u.busy(true, false) != "" ||
		u.r != u.w || u.pattern != nil || len(args) > 1 && !plainSize(args[1]) {
		return false
	}
	l := u.link()
	if l.event == nil || l.tls != nil || l.event.Readable() || u.settling.killed(t) {
		return false
	}
	l.asked = false
	l.readHalted.Store(false)
	l.readBy(time.Now().Add(u.readTimeout))
	if !l.event.WakeReadable(c.R) {
		return false
	}
	u.readWaiting = true
	u.begin(waitRead, t)
	t.Pause(l.readStop)
	return true
}

// plainSize reports whether receive may wait before it looks at its argument.
func plainSize(v lua.LValue) bool {
	switch v := v.(type) {
	case lua.LNumber:
		return v > 0
	case lua.LString:
		if n, ok := machine.ToNumber(v); ok {
			return n > 0
		}
		return v == "*l" || v == "*a"
	}
	return false
}

// readOn goes on for a script that readAside has put aside.
func (s *state) readOn(read lua.LGFunction) lua.LGFunction {
	return func(L *lua.LState) int {
		u := tcpOf(L.Get(1))
		t := s.v.W.Current()
		u.readWaiting = false
		u.settling.end(waitRead)
		if t.Killed() {
			u.finalize(t.Owner.(*handler.Ctx))
		}
		t.Resumed()
		return read(L)
	}
}
