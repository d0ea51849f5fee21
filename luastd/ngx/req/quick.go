package req

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

// The functions of this file are the short ways of functions that many requests call, as they mostly call them; all else is left to the functions
// themselves.

// request is the one that the running script works for, nil if there is none.
func (l *library) request() *phases.Request {
	if c := l.v.Current(); c != nil && c.Phase != handler.Init {
		return c.R
	}
	return nil
}

func (l *library) quickMethod(*lua.LState, []lua.LValue) (lua.LValue, bool) {
	r := l.request()
	if r == nil {
		return nil, false
	}
	name, ok := l.methods[r.Method]
	return name, ok
}

func (l *library) quickArgs(L *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	r := l.request()
	if r == nil || len(args) > 0 {
		return nil, false
	}
	t, truncated := codec.URIArgsToTable(L, r.Args, -1, nil, &l.args)
	return t, !truncated
}

func (l *library) quickHeaders(L *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	r := l.request()
	if r == nil || len(args) > 0 {
		return nil, false
	}
	lines := r.In.All()
	if len(lines) > maxHeaders {
		return nil, false
	}
	t := l.table(L, lines, false)
	t.Metatable = l.listMeta
	return t, true
}

// quickSet is set_header of a string.
func (l *library) quickSet(_ *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	r := l.request()
	if r == nil || len(args) != 2 {
		return nil, false
	}
	name, ok := args[0].(lua.LString)
	value, ok2 := args[1].(lua.LString)
	return lua.LNil, ok && ok2 && SetHeader(r, string(name), string(value), true)
}

func (l *library) quickClear(_ *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	r := l.request()
	if r == nil || len(args) != 1 {
		return nil, false
	}
	name, ok := args[0].(lua.LString)
	return lua.LNil, ok && SetHeader(r, string(name), "", true)
}
