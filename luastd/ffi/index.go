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
	key := L.Get(2)
	if t, ok := typeOf(L.Get(1)); ok {
		return lib.indexType(L, t, key)
	}
	d := dataOf(L.Get(1))
	if d == nil {
		machine.TypeError(L, 1, "cdata")
	}
	p, ok := lib.locate(L, d, key)
	if !ok {
		fn := metamethod(d, "__index")
		if fn == lua.LNil {
			badIndex(L, d.typ, key)
		}
		if f, isFunction := fn.(*lua.LFunction); isFunction {
			L.Push(f)
			L.Push(L.Get(1))
			L.Push(key)
			L.Call(2, 1)
			return 1
		}
		v := machine.Index(L, fn, key)
		if v == lua.LNil {
			badIndex(L, d.typ, key)
		}
		L.Push(v)
		return 1
	}
	if p.field != nil && p.field.constant {
		L.Push(machine.Number(L, float64(p.field.value)))
		return 1
	}
	if p.field != nil {
		L.Push(lib.loadBits(L, p.field, lib.room(L, p.mem, p.off, p.field.bytesOf(), p.addr)))
		return 1
	}
	L.Push(lib.load(L, p.typ, p.mem, p.off, p.addr))
	return 1
}

// indexType is T.name for a type with a metatype or constants.
func (lib *library) indexType(L *lua.LState, t *ctype, key lua.LValue) int {
	r := recordOf(t)
	if name, isName := key.(lua.LString); isName && r != nil {
		if f := r.byName[string(name)]; f != nil && f.constant {
			L.Push(machine.Number(L, float64(f.value)))
			return 1
		}
	}
	if r != nil && r.meta != nil {
		if fn := r.meta.RawGetString("__index"); fn != lua.LNil {
			if f, isFunction := fn.(*lua.LFunction); isFunction {
				L.Push(f)
				L.Push(L.Get(1))
				L.Push(key)
				L.Call(2, 1)
				return 1
			}
			L.Push(machine.Index(L, fn, key))
			return 1
		}
	}
	if _, isName := key.(lua.LString); !isName {
		machine.Errorf(L, "'ctype' cannot be indexed with '%s'", sourceName(key))
	}
	badIndex(L, t, key)
	return 0
}

func badIndex(L *lua.LState, t *ctype, key lua.LValue) {
	if name, ok := key.(lua.LString); ok {
		if recordOf(t) != nil && t.kind == kindPointer {
			t = t.elem
		}
		machine.Errorf(L, "'%s' has no member named '%s'", t, string(name))
	}
	machine.Errorf(L, "'%s' cannot be indexed with '%s'", t, sourceName(key))
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
