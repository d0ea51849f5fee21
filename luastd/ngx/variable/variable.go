package variable

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/phases/setmisc"
	"moongate/runtime/machine"
)

// library is this package's side of one worker. Guarded by the worker's baton.
type library struct {
	v *handler.VM
	// directives holds the functions that ndk.set_var has handed out.
	directives *lua.LTable
}

// Register installs ngx.var, and ndk as a global and as a loaded module. It is called once per worker,
// with the baton held.
func Register(v *handler.VM) {
	L := v.W.L
	l := &library{v: v, directives: L.CreateTable(0, 0)}
	object := func(get, set *lua.LFunction) *lua.LTable {
		mt := L.CreateTable(0, 2)
		mt.RawSetString("__index", get)
		mt.RawSetString("__newindex", set)
		t := L.CreateTable(0, 0)
		t.Metatable = mt
		return t
	}
	v.Ngx.RawSetString("var", object(machine.Getter(L, l.get, l.getQuickly), machine.Setter(L, l.set, l.setQuickly)))
	ndk := L.CreateTable(0, 1)
	ndk.RawSetString("set_var", object(L.NewFunction(l.directive), L.NewFunction(func(L *lua.LState) int {
		codec.Raise(L, "not allowed")
		return 0
	})))
	L.SetGlobal("ndk", ndk)
	if loaded, ok := L.GetField(L.GetGlobal("package"), "loaded").(*lua.LTable); ok {
		loaded.RawSetString("ndk", ndk)
	}
}

// get is value = ngx.var.VARIABLE, or ngx.var[n] for a capture of the last match.
func (l *library) get(L *lua.LState) int {
	r := l.v.Current().Live(L, "no request found")
	switch name := L.Get(2).(type) {
	case lua.LString:
		if value, ok := r.Var(lower(string(name))); ok {
			L.Push(lua.LString(value))
			return 1
		}
	case lua.LNumber:
		offsets, subject := r.Captures()
		if n := 2 * int(name); n > 0 && n+1 < len(offsets) {
			if offsets[n] >= 0 {
				subject = subject[offsets[n]:offsets[n+1]]
			} else {
				subject = ""
			}
			L.Push(lua.LString(subject))
			return 1
		}
	default:
		codec.Raise(L, "bad variable name")
	}
	L.Push(lua.LNil)
	return 1
}

// getQuickly is get without a call.
func (l *library) getQuickly(key lua.LValue) (lua.LValue, bool) {
	name, ok := key.(lua.LString)
	c := l.v.Current()
	if !ok || c == nil || c.R == nil {
		return nil, false
	}
	value, ok := c.R.Var(lower(string(name)))
	if !ok {
		return lua.LNil, true
	}
	return lua.LString(value), true
}

// setQuickly is set without a call.
func (l *library) setQuickly(key, v lua.LValue) bool {
	name, ok := key.(lua.LString)
	value, isString := v.(lua.LString)
	c := l.v.Current()
	if !ok || !isString || c == nil || c.R == nil {
		return false
	}
	return c.R.SetVar(lower(string(name)), string(value), false) == nil
}

// set is ngx.var.VARIABLE = value; nil makes the variable undefined.
func (l *library) set(L *lua.LState) int {
	r := l.v.Current().Live(L, "no request found")
	name, ok := L.Get(2).(lua.LString)
	if !ok {
		codec.Raise(L, "bad variable name")
	}
	v, value := L.Get(3), ""
	if v != lua.LNil {
		value = codec.ToString(L, v)
	}
	if err := r.SetVar(lower(string(name)), value, v == lua.LNil); err != nil {
		codec.Raise(L, err.Error())
	}
	return 0
}

// lower is strings.ToLower for ASCII only; a name that has no capitals is returned as it is.
func lower(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 'A' && c <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if c := b[i]; c >= 'A' && c <= 'Z' {
					b[i] = c | 0x20
				}
			}
			return string(b)
		}
	}
	return s
}

// directive is func = ndk.set_var.DIRECTIVE.
func (l *library) directive(L *lua.LState) int {
	name := codec.ToString(L, L.Get(2))
	if fn := l.directives.RawGetString(name); fn != lua.LNil {
		L.Push(fn)
		return 1
	}
	eval, ok := setmisc.Lookup(name)
	if !ok {
		codec.Raise(L, "ndk.set_var: directive \""+name+"\" not found or does not use ndk_set_var_value")
	}
	fn := L.NewFunction(func(L *lua.LState) int {
		c := l.v.Current()
		if c == nil || c.Phase == handler.Init {
			codec.Raise(L, "no request found")
		}
		value, err := eval(c.R, codec.ToString(L, L.Get(1)))
		if err != nil {
			c.Log(phases.LogErr, err.Error())
			codec.Raise(L, "calling directive "+name+" failed with code -1")
		}
		L.Push(lua.LString(value))
		return 1
	})
	l.directives.RawSetString(name, fn)
	L.Push(fn)
	return 1
}
