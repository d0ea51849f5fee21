package socket

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"

	"moongate/luastd/ngx/codec"
)

// sockopt is a socket option that scripts may read and set.
type sockopt struct{ level, name int }

var sockopts = map[string]sockopt{
	"keepalive":   {unix.SOL_SOCKET, unix.SO_KEEPALIVE},
	"reuseaddr":   {unix.SOL_SOCKET, unix.SO_REUSEADDR},
	"tcp-nodelay": {unix.IPPROTO_TCP, unix.TCP_NODELAY},
	"sndbuf":      {unix.SOL_SOCKET, unix.SO_SNDBUF},
	"rcvbuf":      {unix.SOL_SOCKET, unix.SO_RCVBUF},
	"keepintvl":   {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL},
	"keepcnt":     {unix.IPPROTO_TCP, unix.TCP_KEEPCNT},
}

// connected is the cosocket of a method that raises where connect was never called.
func (s *state) connected(L *lua.LState, name string) *tcp {
	u := self(L, name)
	if u == nil || !u.made && u.down == nil {
		codec.Raise(L, "socket is never created nor connected")
	}
	return u
}

// control runs f on the socket; its error's text comes back, "closed" where there is none.
func (u *tcp) control(f func(fd int) error) string {
	if !u.open() || u.peer == nil && u.down == nil {
		return "closed"
	}
	l := u.link()
	if l.rc == nil {
		return "invalid socket fd"
	}
	var err error
	if cerr := l.rc.Control(func(fd uintptr) { err = f(int(fd)) }); cerr != nil {
		return "closed"
	}
	if err != nil {
		text := err.Error()
		return strings.ToUpper(text[:1]) + text[1:]
	}
	return ""
}

func (s *state) getOption(L *lua.LState) int {
	u := s.connected(L, "getoption")
	if L.Get(2) == lua.LNil {
		return fail(L, `missing the "option" argument`)
	}
	o, ok := sockopts[codec.ToString(L, L.Get(2))]
	if !ok {
		return fail(L, "unsupported option "+codec.ToString(L, L.Get(2)))
	}
	val := 0
	if msg := u.control(func(fd int) (err error) { val, err = unix.GetsockoptInt(fd, o.level, o.name); return err }); msg != "" {
		return fail(L, msg)
	}
	if o == sockopts["tcp-nodelay"] && u.peer != nil && !u.peer.nodelay && !u.peer.chosen {
		val = 0 // Go has set it; in nginx that waits for the first send
	}
	L.Push(lua.LNumber(val))
	return 1
}

func (s *state) setOption(L *lua.LState) int {
	if L.Get(2) == lua.LNil {
		return fail(L, `missing the "option" argument`)
	}
	if L.Get(3) == lua.LNil {
		return fail(L, `missing the "value" argument`)
	}
	name := codec.ToString(L, L.Get(2))
	if name == "ip-transparent" {
		if u := self(L, "setoption"); u != nil {
			u.transparent = lua.LVAsBool(L.Get(3))
		}
		L.Push(lua.LTrue)
		return 1
	}
	u := s.connected(L, "setoption")
	o, ok := sockopts[name]
	if !ok {
		return fail(L, "unsupported option "+name)
	}
	val := 0
	switch v := L.Get(3).(type) {
	case lua.LNumber:
		val = int(v)
	case lua.LBool:
		if v {
			val = 1
		}
	default:
		argError(L, 3, "setoption", "cannot convert '"+v.Type().String()+"' to 'int'")
	}
	if msg := u.control(func(fd int) error { return unix.SetsockoptInt(fd, o.level, o.name, val) }); msg != "" {
		return fail(L, msg)
	}
	if o == sockopts["tcp-nodelay"] && u.peer != nil {
		u.peer.chosen = true
	}
	L.Push(lua.LTrue)
	return 1
}

func (s *state) getFD(L *lua.LState) int {
	if L.Get(1) == lua.LNil {
		codec.Raise(L, "ngx.socket getfd: expecting the cosocket object, but seen none")
	}
	s.current(L)
	u := s.connected(L, "getfd")
	n := -1
	if msg := u.control(func(fd int) error { n = fd; return nil }); msg != "" {
		return fail(L, msg)
	}
	L.Push(lua.LNumber(n))
	return 1
}

// noPointer answers getsslpointer and getsslctx: there is no OpenSSL behind a connection.
func (s *state) noPointer(name string) lua.LGFunction {
	return func(L *lua.LState) int {
		if L.Get(1) == lua.LNil {
			codec.Raise(L, "ngx.socket getfd: expecting the cosocket object, but seen none")
		}
		s.current(L)
		u := s.connected(L, name)
		if u == nil || u.peer == nil || !u.open() {
			return fail(L, "closed")
		}
		if u.peer.tls == nil {
			if name == "getsslctx" {
				return fail(L, "no ssl context")
			}
			return fail(L, "no ssl connection")
		}
		return fail(L, name+" is not supported: connections are secured by Go's TLS, not OpenSSL")
	}
}
