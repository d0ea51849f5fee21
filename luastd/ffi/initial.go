package ffi

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

func tooMany(L *lua.LState, t *ctype) { machine.Errorf(L, "too many initializers for '%s'", t) }

// initialise fills zeroed memory from the arguments of ffi.new.
func (lib *library) initialise(L *lua.LState, t *ctype, b []byte, args []lua.LValue) {
	switch {
	case len(args) == 0:
	case len(args) == 1 && !t.manyInitialisers(args[0]):
		lib.assign(L, t, b, args[0])
	case t.kind == kindArray, t.kind == kindComplex, t.kind == kindVector:
		lib.fillArray(L, t, b, len(args), func(i int) lua.LValue { return args[i] })
	case t.kind == kindRecord:
		if len(lib.initFields(L, t.rec, b, args)) > 0 {
			tooMany(L, t)
		}
	default:
		tooMany(L, t)
	}
}

// initFields takes values for the fields of r, those of anonymous structs and unions included, and returns what is left.
func (lib *library) initFields(L *lua.LState, r *record, b []byte, args []lua.LValue) []lua.LValue {
	for i := range r.fields {
		f := &r.fields[i]
		switch {
		case f.name != "":
			if len(args) == 0 {
				return nil
			}
			lib.initField(L, f, b, args[0])
			args = args[1:]
		case f.typ.kind == kindRecord:
			size, _ := f.typ.sizeOf()
			args = lib.initFields(L, f.typ.rec, b[f.offset:f.offset+size], args)
		default:
			continue
		}
		if r.word == "union" {
			return args
		}
	}
	return args
}

// manyInitialisers reports whether v, standing alone, is the first of the elements of t rather than the whole of it.
func (t *ctype) manyInitialisers(v lua.LValue) bool {
	if t.kind != kindArray && t.kind != kindRecord {
		return false
	}
	switch v.(type) {
	case *lua.LTable:
		return false
	case lua.LString:
		return t.kind == kindRecord
	}
	d := dataOf(v)
	return d == nil || !same(d.typ, t)
}

// fillArray writes n elements; a single one is repeated.
func (lib *library) fillArray(L *lua.LState, t *ctype, b []byte, n int, value func(i int) lua.LValue) {
	size, _ := t.elem.sizeOf()
	for i := range n {
		if size == 0 || (i+1)*size > len(b) {
			tooMany(L, t)
		}
		lib.assign(L, t.elem, b[i*size:(i+1)*size:(i+1)*size], value(i))
	}
	rest := b[min(n*size, len(b)):]
	if n != 1 {
		clear(rest)
		return
	}
	for i := size; i < len(b); i += size {
		copy(b[i:], b[:size])
	}
}

// arrayTable takes elements from index 0 on if there is one, else from 1.
func (lib *library) arrayTable(L *lua.LState, t *ctype, b []byte, tab *lua.LTable) {
	first := 0
	if machine.GetInt(tab, 0) == lua.LNil {
		first = 1
	}
	n := 0
	for machine.GetInt(tab, first+n) != lua.LNil {
		n++
	}
	lib.fillArray(L, t, b, n, func(i int) lua.LValue { return machine.GetInt(tab, first+i) })
}

// recordTable takes fields by position if the table has a list, else by name.
func (lib *library) recordTable(L *lua.LState, t *ctype, b []byte, tab *lua.LTable) {
	clear(b)
	next := 0
	lib.recordFields(L, t, b, tab, &next)
}

func (lib *library) recordFields(L *lua.LState, t *ctype, b []byte, tab *lua.LTable, next *int) {
	for i := range t.rec.fields {
		f := &t.rec.fields[i]
		if f.name == "" {
			if f.typ.kind == kindRecord {
				size, _ := f.typ.sizeOf()
				lib.recordFields(L, f.typ, b[f.offset:f.offset+size], tab, next)
			}
			continue
		}
		v := lua.LValue(lua.LNil)
		if *next >= 0 {
			v = machine.GetInt(tab, *next)
			if v == lua.LNil && *next == 0 {
				*next = 1
				v = machine.GetInt(tab, 1)
				if v == lua.LNil {
					*next = -1
				}
			}
			if *next >= 0 {
				if v == lua.LNil {
					return
				}
				*next++
			}
		}
		if *next < 0 {
			v = machine.Get(tab, lua.LString(f.name))
		}
		if v != lua.LNil {
			lib.initField(L, f, b, v)
		}
		if t.rec.word == "union" && v != lua.LNil {
			return
		}
	}
}

func (lib *library) initField(L *lua.LState, f *field, b []byte, v lua.LValue) {
	if f.bits > 0 {
		lib.storeBits(L, f, b[f.offset:], v)
		return
	}
	size, ok := f.typ.sizeOf()
	if !ok {
		size = len(b) - f.offset
	}
	lib.assign(L, f.typ, b[f.offset:f.offset+size:f.offset+size], v)
}

// checkPacked refuses fields that cross the border of what they are stored in, as LuaJIT does.
func (f *field) checkPacked(L *lua.LState) {
	if f.bit+f.bits > 8*f.typ.size {
		machine.Errorf(L, "NYI: packed bit fields")
	}
}

// bytesOf is the number of bytes that a bit-field touches.
func (f *field) bytesOf() int { return (f.bit + f.bits + 7) / 8 }

func (lib *library) storeBits(L *lua.LState, f *field, b []byte, v lua.LValue) {
	f.checkPacked(L)
	b = b[:f.bytesOf()]
	value := lib.integer(L, f.typ, v, false)
	for i := range f.bits {
		at, mask := (f.bit+i)/8, byte(1)<<((f.bit+i)%8)
		b[at] &^= mask
		if value>>i&1 != 0 {
			b[at] |= mask
		}
	}
}

func (lib *library) loadBits(L *lua.LState, f *field, b []byte) lua.LValue {
	f.checkPacked(L)
	var value uint64
	for i := range f.bits {
		if b[(f.bit+i)/8]>>((f.bit+i)%8)&1 != 0 {
			value |= 1 << i
		}
	}
	if !f.typ.unsigned {
		shift := 64 - f.bits
		value = uint64(int64(value<<shift) >> shift)
	}
	return lib.number(L, f.typ, value)
}
