package resp

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/luastd/ngx/output"
	"moongate/runtime/machine"
)

// library is this package's side of one worker. Guarded by the worker's baton.
type library struct {
	v        *handler.VM
	listMeta *lua.LTable // of what get_headers returns
	names    codec.ByAddress[header]
}

// Register installs ngx.header and ngx.resp. It is called once per worker, with the baton held.
func Register(v *handler.VM) {
	l := &library{v: v}
	L := v.W.L
	mt := L.CreateTable(0, 2)
	mt.RawSetString("__index", machine.Getter(L, l.get, l.getQuickly))
	mt.RawSetString("__newindex", machine.Setter(L, l.set, l.setQuickly))
	header := L.CreateTable(0, 0)
	header.Metatable = mt
	v.Ngx.RawSetString("header", header)

	l.listMeta = L.CreateTable(0, 1)
	l.listMeta.RawSetString("__index", L.NewFunction(fold))
	t := L.CreateTable(0, 1)
	t.RawSetString("get_headers", L.NewFunction(l.headers))
	v.Ngx.RawSetString("resp", t)
}

// Loader is the loader of the module ngx.resp, for package.preload.
func Loader(v *handler.VM) lua.LGFunction {
	l := &library{v: v}
	return func(L *lua.LState) int {
		t := L.CreateTable(0, 4)
		t.RawSetString("version", lua.LString(codec.CoreVersion))
		t.RawSetString("add_header", L.NewFunction(l.add))
		t.RawSetString("set_status", L.NewFunction(l.setStatus))
		t.RawSetString("bypass_if_checks", L.NewFunction(l.bypass))
		L.Push(t)
		return 1
	}
}

// set is ngx.header.HEADER = VALUE.
func (l *library) set(L *lua.LState) int {
	c := l.v.Current()
	c.Live(L, "no request found")
	name := l.header(c, codec.ToString(L, L.Get(2)))
	if !assign(c, name, values(L, L.Get(3)), true) {
		codec.Raise(L, "failed to set header")
	}
	return 0
}

// get is value = ngx.header.HEADER: a string, a table of several lines, or nil.
func (l *library) get(L *lua.LState) int {
	c := l.v.Current()
	c.Live(L, "no request found")
	L.Push(lookup(L, c, l.header(c, codec.ToString(L, L.Get(2)))))
	return 1
}

// getQuickly is get without a call.
func (l *library) getQuickly(key lua.LValue) (lua.LValue, bool) {
	name, ok := key.(lua.LString)
	c := l.v.Current()
	if !ok || c == nil || c.R == nil {
		return nil, false
	}
	return lookup(l.v.W.L, c, l.header(c, string(name))), true
}

// setQuickly is set without a call, for a string, a number or nil. A value that the header cannot have is left to set.
func (l *library) setQuickly(key, value lua.LValue) bool {
	name, ok := key.(lua.LString)
	c := l.v.Current()
	if !ok || c == nil || c.R == nil {
		return false
	}
	var one [1]string
	switch v := value.(type) {
	case lua.LString:
		one[0] = string(v)
	case lua.LNumber:
		one[0] = codec.FormatNumber(float64(v))
	case *lua.LNilType:
		return assign(c, l.header(c, string(name)), nil, true)
	default:
		return false
	}
	return assign(c, l.header(c, string(name)), one[:], true)
}

// add is resp.add_header(key, value).
func (l *library) add(L *lua.LState) int {
	c := l.v.Current()
	c.Live(L, "no request found")
	if L.Get(2) == lua.LNil {
		codec.Raise(L, "invalid header value")
	}
	vals := values(L, L.Get(2))
	if len(vals) > 0 && !assign(c, l.header(c, codec.ToString(L, L.Get(1))), vals, false) {
		codec.Raise(L, "failed to set header")
	}
	return 0
}

// setStatus is resp.set_status(status, reason).
func (l *library) setStatus(L *lua.LState) int {
	c := l.v.Current()
	c.Live(L, "no request found")
	status, ok := machine.ToNumber(L.Get(1))
	if !ok {
		codec.Raise(L, "bad argument #2 to 'ngx_http_lua_ffi_set_resp_status_and_reason' (cannot convert 'nil' to 'int')")
	}
	reason, ok := L.Get(2).(lua.LString)
	if !ok {
		codec.Raise(L, "attempt to get length of local 'reason' (a "+L.Get(2).Type().String()+" value)")
	}
	output.SetStatus(c, int(status), string(reason))
	return 0
}

// bypass is resp.bypass_if_checks().
func (l *library) bypass(L *lua.LState) int {
	l.v.Current().Live(L, "no request found").IgnoreConditions = true
	return 0
}

// values lists what a header is set to: nothing for nil and an empty table, one value, or a table's.
// Numbers and the like in a table are replaced by their text, as lua-resty-core does.
func values(L *lua.LState, v lua.LValue) []string {
	switch v := v.(type) {
	case *lua.LNilType:
		return nil
	case *lua.LTable:
		n := v.Len()
		out := make([]string, n)
		for i := 1; i <= n; i++ {
			e := v.RawGetInt(i)
			s, ok := e.(lua.LString)
			if !ok {
				s = lua.LString(codec.ToString(L, e))
				v.RawSetInt(i, s)
			}
			out[i-1] = string(s)
		}
		return out
	case lua.LString:
		return []string{string(v)}
	}
	return []string{codec.ToString(L, v)}
}

// fold is the __index of what get_headers returns: names in any case, underscores for dashes.
func fold(L *lua.LState) int {
	t, ok := L.Get(1).(*lua.LTable)
	key := codec.ToString(L, L.Get(2))
	folded := strings.ReplaceAll(strings.ToLower(key), "_", "-")
	if !ok || folded == key {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(t.RawGetString(folded))
	return 1
}
