// Package core is resty.core and its parts, as far as scripts use them: in OpenResty they put the ngx API
// into the VM, which here is there from the beginning; what remains is their own functions.
package core

import (
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
)

// parts are the modules below resty.core that bring nothing of their own.
var parts = [...]string{
	"base64", "coroutine", "exit", "hash", "ndk", "param", "phase", "request", "response", "shdict", "socket", "uri", "var", "worker",
}

// Load enters resty.core and its parts as loaded modules. It is called once per worker, with the baton held.
func Load(v *handler.VM, loaded *lua.LTable) {
	l := &library{v: v, bufSize: 4096}
	L := v.W.L
	add := func(name, version string, functions map[string]lua.LGFunction) *lua.LTable {
		t := L.SetFuncs(L.CreateTable(0, len(functions)+1), functions)
		t.RawSetString(version, lua.LString(codec.CoreVersion))
		loaded.RawSetString("resty.core"+name, t)
		return t
	}
	add("", "version", nil)
	for _, name := range parts {
		add("."+name, "version", nil)
	}
	base := add(".base", "version", map[string]lua.LGFunction{
		"new_tab": newTab, "clear_tab": clearTab, "get_request": l.request, "get_string_buf_size": l.stringBufSize,
		"set_string_buf_size": l.setStringBufSize, "ref_in_table": refInTable, "allows_subsystem": allowsSubsystem,
	})
	for name, n := range map[string]int{
		"FFI_OK": 0, "FFI_NO_REQ_CTX": -100, "FFI_BAD_CONTEXT": -101, "FFI_ERROR": -1, "FFI_AGAIN": -2, "FFI_BUSY": -3, "FFI_DONE": -4,
		"FFI_DECLINED": -5, "FFI_ABORT": -6,
	} {
		base.RawSetString(name, lua.LNumber(n))
	}
	add(".time", "version", map[string]lua.LGFunction{"monotonic_msec": monotonic(time.Millisecond), "monotonic_time": monotonic(time.Second)})
	add(".utils", "version", map[string]lua.LGFunction{"str_replace_char": replaceChar})
	add(".regex", "version", map[string]lua.LGFunction{"set_buf_grow_ratio": nothing})
	add(".ctx", "_VERSION", map[string]lua.LGFunction{"get_ctx_table": l.ctxTable})
	v.Getters, v.Setters = L.NewTable(), L.NewTable()
	add(".misc", "_VERSION", map[string]lua.LGFunction{
		"register_ngx_magic_key_getter": register(v.Getters), "register_ngx_magic_key_setter": register(v.Setters),
	})
}

// library is this package's side of one worker. Guarded by the worker's baton.
type library struct {
	v       *handler.VM
	bufSize int
}

func nothing(*lua.LState) int { return 0 }

// register keeps a function for a key of the ngx table that is computed whenever it is used.
func register(t *lua.LTable) lua.LGFunction {
	return func(L *lua.LState) int {
		t.RawSet(L.CheckAny(1), L.CheckFunction(2))
		return 0
	}
}

// request is base.get_request(): something true where there is a request.
func (l *library) request(L *lua.LState) int {
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		L.Push(lua.LNil)
		return 1
	}
	u := L.NewUserData()
	u.Value = c
	L.Push(u)
	return 1
}

// ctxTable is ctx.get_ctx_table(t): ngx.ctx, which becomes t where there is none yet.
func (l *library) ctxTable(L *lua.LState) int {
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	if c.NgxCtx == nil {
		c.NgxCtx = L.OptTable(1, nil)
		if c.NgxCtx == nil {
			c.NgxCtx = L.CreateTable(0, 4)
		}
	}
	L.Push(c.NgxCtx)
	return 1
}

func (l *library) stringBufSize(L *lua.LState) int {
	L.Push(lua.LNumber(l.bufSize))
	return 1
}

func (l *library) setStringBufSize(L *lua.LState) int {
	l.bufSize = int(codec.CheckNumber(L, 1, "set_string_buf_size"))
	return 0
}

// monotonic counts from where the system's monotonic clock begins, to milliseconds.
func monotonic(unit time.Duration) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(lua.LNumber(float64(codec.MonotonicMillis()) / float64(unit/time.Millisecond)))
		return 1
	}
}

// replaceChar is utils.str_replace_char(s, find, replace), of single characters.
func replaceChar(L *lua.LState) int {
	s, find, by := L.CheckString(1), L.CheckString(2), L.CheckString(3)
	if find != "" && by != "" {
		s = strings.ReplaceAll(s, find[:1], by[:1])
	}
	L.Push(lua.LString(s))
	return 1
}
