package variable

import (
	"unsafe"

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
	names      codec.ByAddress[named]
}

// named is what a name in a script stands for.
type named struct {
	tree     *phases.Tree
	variable phases.NamedVariable
	last     lua.LValue // the value that was read last, for the next time
}

// named finds the variable that a name stands for.
func (l *library) named(r *phases.Request, name string) *named {
	n, _ := l.names.At(name)
	if n.tree != r.Tree {
		*n = named{tree: r.Tree, variable: r.Tree.Named(lower(name)), last: lua.LString("")}
	}
	return n
}

// value is the variable's value in r, nil where it has none.
func (n *named) value(r *phases.Request) lua.LValue {
	value, ok := n.variable.Value(r)
	switch {
	case !ok:
		return lua.LNil
	case string(n.last.(lua.LString)) == value:
		return n.last
	case len(value) > maxKept:
		return lua.LString(value)
	}
	n.last = machine.CopyString(unsafe.Slice(unsafe.StringData(value), len(value))) // a request's head may be large
	return n.last
}

// maxKept is how long a value may be that is remembered.
const maxKept = 64

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
		L.Push(l.named(r, string(name)).value(r))
		return 1
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
	return l.named(c.R, string(name)).value(c.R), true
}

// setQuickly is set without a call.
func (l *library) setQuickly(key, v lua.LValue) bool {
	name, ok := key.(lua.LString)
	value, isString := v.(lua.LString)
	c := l.v.Current()
	if !ok || !isString || c == nil || c.R == nil {
		return false
	}
	return l.named(c.R, string(name)).variable.Set(c.R, string(value), false) == nil
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
	if err := l.named(r, string(name)).variable.Set(r, value, v == lua.LNil); err != nil {
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
