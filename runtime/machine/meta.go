package machine

import lua "github.com/yuin/gopher-lua"

// maxChain bounds chains of __index and __newindex.
const maxChain = 100

// metatableOf is the metatable of any value, nil if it has none.
func (s *state) metatableOf(v lua.LValue) *lua.LTable {
	var mt lua.LValue
	switch v := v.(type) {
	case *lua.LTable:
		mt = v.Metatable
	case *lua.LUserData:
		mt = v.Metatable
	default:
		mt = globalOf(s.G).builtinMts[int(v.Type())]
	}
	t, _ := mt.(*lua.LTable)
	return t
}

// methodsOf is the table in which methods of a value that is no table are found, nil if there is none.
func (s *state) methodsOf(v lua.LValue) *lua.LTable {
	mt := s.metatableOf(v)
	if mt == nil {
		return nil
	}
	t, _ := lookup(tableOf(mt).strdict, "__index").(*lua.LTable)
	return t
}

// metamethod is what v's metatable holds for an event, lua.LNil if nothing.
func (s *state) metamethod(v lua.LValue, event string) lua.LValue {
	if mt := s.metatableOf(v); mt != nil {
		if m, ok := tableOf(mt).strdict[event]; ok {
			return m
		}
	}
	return lua.LNil
}

func (s *state) metamethod2(a, b lua.LValue, event string) lua.LValue {
	if m := s.metamethod(a, event); m != lua.LNil {
		return m
	}
	return s.metamethod(b, event)
}

// Metamethod is what v's metatable holds for an event, lua.LNil if nothing. __metatable is not looked at.
func Metamethod(L *lua.LState, v lua.LValue, event string) lua.LValue {
	return stateOf(L).metamethod(v, event)
}

// Callable reports whether v can be called.
func Callable(L *lua.LState, v lua.LValue) bool {
	if _, ok := v.(*lua.LFunction); ok {
		return true
	}
	_, ok := stateOf(L).metamethod(v, "__call").(*lua.LFunction)
	return ok
}

// apply calls fn with two values and returns its first result.
func (s *state) apply(L *lua.LState, fn, a, b lua.LValue) lua.LValue {
	if !Callable(L, fn) {
		// A metamethod has no position yet.
		throw(L, lua.LString("attempt to call a "+TypeName(fn)+" value"))
	}
	L.Push(fn)
	L.Push(a)
	L.Push(b)
	Invoke(L, 2, 1)
	return s.pop()
}

func truth(v lua.LValue) bool {
	switch v := v.(type) {
	case lua.LBool:
		return bool(v)
	case *lua.LNilType:
		return false
	}
	return true
}

func isNil(v lua.LValue) bool {
	_, ok := v.(*lua.LNilType)
	return ok
}
