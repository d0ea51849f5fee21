package ffi

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
	"moongate/runtime/machine"
)

// place is what an index leads to.
type place struct {
	typ      *ctype
	mem      *block
	off      int
	addr     uint64
	field    *field // a bit-field, or nil
	constant bool
}

// position is a key as a number of elements.
func position(key lua.LValue) (int, bool) {
	if n, ok := key.(lua.LNumber); ok {
		f := float64(n)
		if math.Abs(f) < 1<<53 {
			return int(f), true
		}
		return 0, false
	}
	bits, _, ok := cdata.Integer(key)
	return int(bits), ok
}

// locate finds the element or field; ok is false if a struct has no such member or the type cannot be indexed so.
func (lib *library) locate(L *lua.LState, d *data, key lua.LValue) (p place, ok bool) {
	t := d.typ
	if name, isName := key.(lua.LString); isName {
		if t.kind == kindPointer {
			t = t.elem
		}
		if t.kind != kindRecord {
			return place{}, false
		}
		f := t.rec.byName[string(name)]
		if f == nil {
			return place{}, false
		}
		if f.constant {
			return place{typ: typeInt, field: f, constant: true}, true
		}
		ft := f.typ
		if t.constant && (ft.kind == kindRecord || ft.kind == kindArray) {
			ft = qualified(ft)
		}
		p = place{typ: ft, mem: d.mem, off: d.off + f.offset, addr: d.bits + uint64(f.offset), constant: t.constant || ft.constant}
		if d.mem == nil && d.bits == 0 {
			p.addr = 0
		}
		if f.bits > 0 {
			p.field = f
		}
		return p, true
	}
	if t.kind != kindPointer && t.kind != kindArray && t.kind != kindVector {
		return place{}, false
	}
	n, isNumber := position(key)
	if !isNumber {
		return place{}, false
	}
	size, known := t.elem.sizeOf()
	if !known {
		machine.Errorf(L, "size of C type is unknown or too large")
	}
	if n > maxSize || n < -maxSize {
		machine.Errorf(L, "attempt to access memory outside of an object (element %d)", n)
	}
	p = place{typ: t.elem, mem: d.mem, off: d.off + n*size, constant: t.elem.constant}
	if d.mem == nil && d.bits != 0 {
		p.addr = d.bits + uint64(n*size)
	}
	if t.kind == kindArray && t.count >= 0 && d.mem != nil && t.elem.kind == kindRecord && (n < 0 || n > t.count) {
		machine.Errorf(L, "attempt to access memory outside of an object (element %d of %d)", n, t.count)
	}
	return p, true
}

// recordOf is the struct or union that t is or points to.
func recordOf(t *ctype) *record {
	if t.kind == kindPointer {
		t = t.elem
	}
	if t.kind == kindRecord {
		return t.rec
	}
	return nil
}

// metamethod is what ffi.metatype has set for an event of d's type.
func metamethod(d *data, event string) lua.LValue {
	if d != nil {
		if r := recordOf(d.typ); r != nil && r.meta != nil {
			return r.meta.RawGetString(event)
		}
	}
	return lua.LNil
}

// v = cdata[key]
func (lib *library) index(L *lua.LState) int {
	if dataOf(L.Get(1)) == nil {
		if _, ok := typeOf(L.Get(1)); !ok {
			machine.TypeError(L, 1, "cdata")
		}
	}
	L.Push(lib.at(L, L.Get(1), L.Get(2)))
	return 1
}

// at is v[key] of C data or a C type.
func (lib *library) at(L *lua.LState, v, key lua.LValue) lua.LValue {
	if t, ok := typeOf(v); ok {
		return lib.indexType(L, v, t, key)
	}
	d := dataOf(v)
	p, ok := lib.locate(L, d, key)
	if !ok {
		fn := metamethod(d, "__index")
		return lib.indexMeta(L, v, d.typ, fn, key)
	}
	if p.field != nil && p.field.constant {
		return machine.Number(L, float64(p.field.value))
	}
	if p.field != nil {
		return lib.loadBits(L, p.field, lib.room(L, p.mem, p.off, p.field.bytesOf(), p.addr))
	}
	return lib.load(L, p.typ, p.mem, p.off, p.addr)
}

// indexMeta asks the metamethod __index of v, which is or has the type t.
func (lib *library) indexMeta(L *lua.LState, v lua.LValue, t *ctype, fn, key lua.LValue) lua.LValue {
	switch f := fn.(type) {
	case *lua.LNilType:
		badIndex(L, t, key)
	case *lua.LFunction:
		callMeta(L, f, 1, v, key)
		r := L.Get(-1)
		L.Pop(1)
		return r
	case *lua.LUserData:
		if dataOf(f) != nil {
			return lib.at(L, f, key)
		}
	}
	r := machine.Index(L, fn, key)
	if r == lua.LNil {
		badIndex(L, t, key)
	}
	return r
}

// indexType is T.name for a type v with a metatype or constants.
func (lib *library) indexType(L *lua.LState, v lua.LValue, t *ctype, key lua.LValue) lua.LValue {
	name, isName := key.(lua.LString)
	if !isName {
		machine.Errorf(L, "'ctype' cannot be indexed with '%s'", sourceName(key))
	}
	fn := lua.LValue(lua.LNil)
	if r := recordOf(t); r != nil {
		if f := r.byName[string(name)]; f != nil && f.constant {
			return machine.Number(L, float64(f.value))
		}
		if r.meta != nil {
			fn = r.meta.RawGetString("__index")
		}
	}
	return lib.indexMeta(L, v, t, fn, key)
}

func badIndex(L *lua.LState, t *ctype, key lua.LValue) {
	if name, ok := key.(lua.LString); ok {
		if recordOf(t) != nil && t.kind == kindPointer {
			t = t.elem
		}
		machine.Errorf(L, "'%s' has no member named '%s'", t, string(name))
	}
	machine.Errorf(L, "'%s' cannot be indexed with '%s'", t, operandName(key))
}

// cdata[key] = v
func (lib *library) newindex(L *lua.LState) int {
	key, v := L.Get(2), L.Get(3)
	d := dataOf(L.Get(1))
	if d == nil {
		if t, ok := typeOf(L.Get(1)); ok {
			badIndex(L, t, key)
		}
		machine.TypeError(L, 1, "cdata")
	}
	p, ok := lib.locate(L, d, key)
	if !ok {
		fn := metamethod(d, "__newindex")
		if fn == lua.LNil {
			badIndex(L, d.typ, key)
		}
		if f, isFunction := fn.(*lua.LFunction); isFunction {
			L.Push(f)
			L.Push(L.Get(1))
			L.Push(key)
			L.Push(v)
			L.Call(3, 0)
			return 0
		}
		machine.SetIndex(L, fn, key, v)
		return 0
	}
	if p.constant {
		machine.Errorf(L, "attempt to write to constant location")
	}
	if p.field != nil {
		b := lib.room(L, p.mem, p.off, p.field.bytesOf(), p.addr)
		writable(L, p.mem)
		lib.storeBits(L, p.field, b, v)
		return 0
	}
	lib.store(L, p.typ, p.mem, p.off, p.addr, v)
	return 0
}
