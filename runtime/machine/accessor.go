package machine

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// accessor is a Go function for __index or __newindex that has a short way beside it: one without a call.
type accessor struct {
	lua.LFunction // first, so that its address is the accessor's
	get           func(key lua.LValue) (lua.LValue, bool)
	set           func(key, value lua.LValue) bool
}

// accessorMark is the prototype of accessors. It has no other use.
var accessorMark = builtin(0)

// Getter makes an __index function of fn. Indexing asks get first, which says whether it has answered; it must neither raise an error nor run
// Lua, and leaves to fn what needs that; nor may it keep a key that is a number, which changes afterwards. It is called with the baton held and does
// not learn which table was indexed.
func Getter(L *lua.LState, fn lua.LGFunction, get func(key lua.LValue) (lua.LValue, bool)) *lua.LFunction {
	a := &accessor{get: get}
	a.IsG, a.Env, a.GFunction, a.Proto = true, L.Env, fn, accessorMark
	return &a.LFunction
}

// Setter is Getter for __newindex; set reports whether it has stored the value.
func Setter(L *lua.LState, fn lua.LGFunction, set func(key, value lua.LValue) bool) *lua.LFunction {
	a := &accessor{set: set}
	a.IsG, a.Env, a.GFunction, a.Proto = true, L.Env, fn, accessorMark
	return &a.LFunction
}

// accessorOf is what Getter or Setter has made fn part of, nil for other functions.
func accessorOf(fn *lua.LFunction) *accessor {
	if fn.Proto != accessorMark {
		return nil
	}
	return (*accessor)(unsafe.Pointer(fn))
}

// quickly is mt's __index of key, if a Getter knows it.
func quickly(mt *lua.LTable, key lua.LValue) (lua.LValue, bool) {
	fn, ok := lookup(tableOf(mt).strdict, "__index").(*lua.LFunction)
	if !ok {
		return nil, false
	}
	a := accessorOf(fn)
	if a == nil || a.get == nil {
		return nil, false
	}
	return a.get(key)
}

// storeQuickly stores v under key by mt's __newindex, if a Setter does.
func storeQuickly(mt *lua.LTable, key, v lua.LValue) bool {
	fn, ok := lookup(tableOf(mt).strdict, "__newindex").(*lua.LFunction)
	if !ok {
		return false
	}
	a := accessorOf(fn)
	return a != nil && a.set != nil && a.set(key, v)
}
