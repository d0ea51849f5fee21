package ffi

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
	"moongate/runtime/machine"
)

// data is a cdata object: an aggregate (mem and off say where it is), a pointer (mem and off say where to; without mem, bits is the
// address), a number (bits, which are a float64's for floating point), or a function.
type data struct {
	typ  *ctype
	mem  *block
	off  int
	bits uint64
	// size is that of an object of variable length, in bytes.
	size     int
	function *function
	// guard lives as long as the object does, if it has a finalizer.
	guard *lua.LUserData
}

// LuaType is what type() answers for C data.
func (*data) LuaType() string { return "cdata" }

// CName is the C type, for messages.
func (d *data) CName() string { return d.typ.String() }

// CInteger makes integers, enums and bools count as numbers for tonumber, module bit, and beside boxed integers.
func (d *data) CInteger() (bits uint64, unsigned, ok bool) {
	switch d.typ.kind {
	case kindInt, kindEnum, kindBool:
		return d.bits, d.typ.unsigned && d.typ.size == wordSize, true
	case kindFloat:
		return cdata.Truncate(math.Float64frombits(d.bits)), false, true
	}
	return 0, false, false
}

// CFloat is the value of a float or double.
func (d *data) CFloat() (float64, bool) {
	if d.typ.kind != kindFloat {
		return math.NaN(), false
	}
	return math.Float64frombits(d.bits), true
}

// typeObject is a type as a Lua value: what ffi.typeof gives.
type typeObject struct{ typ *ctype }

// LuaType is what type() answers for a C type.
func (*typeObject) LuaType() string { return "cdata" }

// CName is the type's own type, for messages.
func (*typeObject) CName() string { return "ctype" }

// wrap makes a Lua value of d; both are one allocation.
func (lib *library) wrap(d data) *lua.LUserData {
	box := &struct {
		ud lua.LUserData
		d  data
	}{d: d}
	box.ud.Value, box.ud.Metatable = &box.d, lib.meta
	return &box.ud
}

func (lib *library) wrapType(t *ctype) *lua.LUserData {
	return &lua.LUserData{Value: &typeObject{t}, Metatable: lib.meta}
}

func dataOf(v lua.LValue) *data {
	if ud, ok := v.(*lua.LUserData); ok {
		d, _ := ud.Value.(*data)
		return d
	}
	return nil
}

// address is what a pointer points to, or where an aggregate is.
func (lib *library) address(d *data) uint64 {
	if d.mem == nil {
		return d.bits
	}
	return lib.space.of(d.mem) + uint64(int64(d.off))
}

// pointer makes a pointer of type t to an address.
func (lib *library) pointer(t *ctype, addr uint64) data {
	if addr != 0 {
		if m, off := lib.space.find(addr); m != nil {
			return data{typ: t, mem: m, off: off, function: m.function}
		}
	}
	return data{typ: t, bits: addr}
}

// room is n bytes of memory at off. It raises an error where C would read or write what is not the object's.
func (lib *library) room(L *lua.LState, m *block, off, n int, addr uint64) []byte {
	if m == nil {
		if addr == 0 {
			machine.Errorf(L, "attempt to access memory through a NULL pointer")
		}
		machine.Errorf(L, "attempt to access memory at 0x%x, where no object is", addr)
	}
	if off < 0 || n < 0 || off > len(m.bytes)-n {
		if m.fixed && off >= 0 && n > 0 && off+n == len(m.bytes)+1 {
			// The zero behind a string.
			b := make([]byte, n)
			copy(b, m.bytes[off:])
			return b
		}
		machine.Errorf(L, "attempt to access memory outside of an object (%d bytes at offset %d of %d)", n, off, len(m.bytes))
	}
	return m.bytes[off : off+n : off+n]
}

func writable(L *lua.LState, m *block) {
	if m != nil && m.fixed {
		machine.Errorf(L, "attempt to write to constant location")
	}
}

func readInt(b []byte, unsigned bool) uint64 {
	var v uint64
	for i := len(b) - 1; i >= 0; i-- {
		v = v<<8 | uint64(b[i])
	}
	if unsigned {
		return v
	}
	shift := 64 - 8*len(b)
	return uint64(int64(v<<shift) >> shift)
}

func writeInt(b []byte, v uint64) {
	for i := range b {
		b[i] = byte(v)
		v >>= 8
	}
}

func readFloat(b []byte) float64 {
	if len(b) == 4 {
		return float64(math.Float32frombits(uint32(readInt(b, true))))
	}
	return math.Float64frombits(readInt(b[:8], true))
}

func writeFloat(b []byte, f float64) {
	if len(b) == 4 {
		writeInt(b, uint64(math.Float32bits(float32(f))))
		return
	}
	// A long double keeps the value as a double.
	clear(b)
	writeInt(b[:8], math.Float64bits(f))
}

// load makes a Lua value of the t at an offset. Aggregates are not copied.
func (lib *library) load(L *lua.LState, t *ctype, m *block, off int, addr uint64) lua.LValue {
	switch t.kind {
	case kindInt, kindBool, kindFloat, kindEnum:
		b := lib.room(L, m, off, t.size, addr)
		if t.kind == kindFloat {
			return machine.Number(L, readFloat(b))
		}
		return lib.number(L, t, readInt(b, t.unsigned))
	case kindPointer:
		b := lib.room(L, m, off, wordSize, addr)
		return lib.wrap(lib.pointer(t, readInt(b, true)))
	case kindArray, kindRecord:
		return lib.wrap(data{typ: referenced(t), mem: m, off: off, bits: addr})
	case kindComplex:
		return complexValue(lib.room(L, m, off, t.size, addr))
	case kindVector:
		c := newBlock(t.size)
		copy(c.bytes, lib.room(L, m, off, t.size, addr))
		return lib.wrap(data{typ: t, mem: c})
	case kindFunction:
		return lib.wrap(data{typ: t, bits: addr})
	}
	machine.Errorf(L, "'%s' cannot be indexed", pointerTo(t))
	return nil
}

// number is a Lua value of an integer that is no object of its own.
func (lib *library) number(L *lua.LState, t *ctype, bits uint64) lua.LValue {
	switch {
	case t.kind == kindEnum:
		return lib.wrap(data{typ: t, bits: bits})
	case t.kind == kindBool:
		return lua.LBool(bits != 0)
	case t.size < wordSize:
		return machine.Number(L, float64(int64(bits)))
	}
	return box64(bits, t.unsigned)
}

// complexValue reads a complex number of 8 or 16 bytes.
func complexValue(b []byte) lua.LValue {
	half := len(b) / 2
	re, im := readFloat(b[:half]), readFloat(b[half:])
	if half == 4 {
		return cdata.NewComplex64(complex(float32(re), float32(im)))
	}
	return cdata.NewComplex(complex(re, im))
}

func box64(bits uint64, unsigned bool) lua.LValue {
	if unsigned {
		return cdata.NewUint64(bits)
	}
	return cdata.NewInt64(int64(bits))
}
