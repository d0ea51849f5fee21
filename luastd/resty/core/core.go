// Package core is resty.core and its parts, as far as scripts use them: in OpenResty they put the ngx API
// into the VM, which here is there from the beginning; what remains is their own functions.
package core

import (
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ffi"
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
		"set_string_buf_size": l.setStringBufSize, "get_string_buf": l.stringBuf, "get_size_ptr": l.sizePtr, "get_errmsg_ptr": l.errmsgPtr,
		"ref_in_table": refInTable, "allows_subsystem": allowsSubsystem,
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
	// buf, size and errmsg are C data that scripts share, made when they are first wanted.
	buf, size, errmsg lua.LValue
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
		c.NgxCtx = c.NewNgxCtx(L, L.OptTable(1, nil))
	}
	L.Push(c.NgxCtx)
	return 1
}

func (l *library) stringBufSize(L *lua.LState) int {
	L.Push(lua.LNumber(l.bufSize))
	return 1
}

func (l *library) setStringBufSize(L *lua.LState) int {
	l.bufSize, l.buf = int(codec.CheckNumber(L, 1, "set_string_buf_size")), nil
	return 0
}

// stringBuf is base.get_string_buf(size [, must_alloc]): memory that all share, unless it is too small or to be one's own.
func (l *library) stringBuf(L *lua.LState) int {
	n := int(codec.CheckNumber(L, 1, "get_string_buf"))
	if n > l.bufSize || lua.LVAsBool(L.Get(2)) {
		L.Push(ffi.New(L, l.v.Null, "char[?]", n))
		return 1
	}
	if l.buf == nil {
		l.buf = ffi.New(L, l.v.Null, "char[?]", l.bufSize)
	}
	L.Push(l.buf)
	return 1
}

// sizePtr is base.get_size_ptr().
func (l *library) sizePtr(L *lua.LState) int {
	if l.size == nil {
		l.size = ffi.New(L, l.v.Null, "size_t[1]", 0)
	}
	L.Push(l.size)
	return 1
}

// errmsgPtr is base.get_errmsg_ptr().
func (l *library) errmsgPtr(L *lua.LState) int {
	if l.errmsg == nil {
		l.errmsg = ffi.New(L, l.v.Null, "char *[1]", 0)
	}
	L.Push(l.errmsg)
	return 1
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
