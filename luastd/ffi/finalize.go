package ffi

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// finalizer is what a guard carries: what to call, and a second name for the memory that is still there after the object.
type finalizer struct {
	fn     lua.LValue
	object data
}

// protect makes fn, or nothing if it is nil, run after the death of the object ud.
//
// The guard is a userdata of newproxy that only the object refers to, so that both die together; collectgarbage
// finalizes it like any other of its kind. If newproxy has been taken away, nothing is ever finalized.
func (lib *library) protect(L *lua.LState, ud *lua.LUserData, fn lua.LValue) {
	d, ok := ud.Value.(*data)
	if !ok {
		return
	}
	if d.guard != nil {
		f, _ := d.guard.Value.(*finalizer)
		f.fn = fn
		return
	}
	if fn == lua.LNil || lib.newproxy == lua.LNil {
		return
	}
	L.Push(lib.newproxy)
	L.Push(lua.LTrue)
	L.Call(1, 1)
	guard, ok := L.Get(-1).(*lua.LUserData)
	L.Pop(1)
	if !ok {
		return
	}
	guard.Value, guard.Metatable = &finalizer{fn: fn, object: *d}, lib.guardMeta
	d.guard = guard
}

// finalize is __gc of a guard.
func (lib *library) finalize(L *lua.LState) int {
	ud, ok := L.Get(1).(*lua.LUserData)
	if !ok {
		return 0
	}
	f, ok := ud.Value.(*finalizer)
	if !ok || f.fn == lua.LNil {
		return 0
	}
	fn := f.fn
	f.fn = lua.LNil
	L.Push(fn)
	L.Push(lib.wrap(f.object))
	L.Call(1, 0)
	return 0
}

// cdata = ffi.gc(cdata, finalizer)
func (lib *library) gc(L *lua.LState) int {
	ud, ok := L.Get(1).(*lua.LUserData)
	if !ok || machine.TypeName(ud) != "cdata" {
		machine.TypeError(L, 1, "cdata")
	}
	fn := L.Get(2)
	if L.GetTop() < 2 {
		machine.ArgError(L, 2, "value expected")
	}
	if d := dataOf(ud); d == nil || d.typ.isNumber() {
		machine.ArgError(L, 1, "invalid C type")
	}
	lib.protect(L, ud, fn)
	L.Push(ud)
	return 1
}

// ct = ffi.metatype(ct, metatable)
func (lib *library) metatype(L *lua.LState) int {
	t := lib.typeArg(L, 1, 0)
	mt, ok := L.Get(2).(*lua.LTable)
	if !ok {
		machine.TypeError(L, 2, "table")
	}
	if t.kind != kindRecord {
		machine.ArgError(L, 1, "invalid C type")
	}
	if t.rec.meta != nil {
		machine.Errorf(L, "cannot change a protected metatable")
	}
	t.rec.meta = mt
	L.Push(lib.wrapType(t))
	return 1
}
