package ffi

import (
	"math"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
	"moongate/runtime/machine"
)

// sourceName is what a Lua value is called in a message about its conversion.
func sourceName(v lua.LValue) string {
	if ud, ok := v.(*lua.LUserData); ok {
		if n, ok := ud.Value.(interface{ CName() string }); ok {
			return n.CName()
		}
		if _, unsigned, ok := cdata.Boxed(v); ok {
			return intType(wordSize, unsigned).String()
		}
		switch ud.Value.(type) {
		case cdata.Complex:
			return typeComplex.String()
		case cdata.Complex64:
			return typeComplexFloat.String()
		}
	}
	if v.Type() == lua.LTBool {
		return typeBool.String()
	}
	return machine.TypeName(v)
}

func badConversion(L *lua.LState, v lua.LValue, t *ctype) {
	if t.kind == kindEnum && v == lua.LNil {
		t = intType(t.size, t.unsigned)
	}
	machine.Errorf(L, "cannot convert '%s' to '%s'", sourceName(v), t)
}

func badArgument(L *lua.LState, n int, t *ctype) {
	machine.ArgError(L, n, "cannot convert '"+sourceName(L.Get(n))+"' to '"+t.String()+"'")
}

// floatBits converts a number to an integer of t, as C does on x64.
func floatBits(f float64, t *ctype) uint64 {
	if t.size == wordSize && t.unsigned {
		return cdata.FromFloat(f)
	}
	if t.size < 4 || t.size == 4 && !t.unsigned {
		// What does not fit 32 bits is their lowest number.
		if f > math.MinInt32-1 && f < math.MaxInt32+1 {
			return uint64(int64(f))
		}
		return 1 << 31
	}
	return cdata.Truncate(f)
}

// floatOf is the value of what C takes for a floating-point number.
func floatOf(v lua.LValue) (float64, bool) {
	switch x := v.(type) {
	case lua.LNumber:
		return float64(x), true
	case *lua.LUserData:
		if c, ok := cdata.ComplexOf(x); ok {
			return real(c), true
		}
		if d, ok := x.Value.(*data); ok {
			return d.CFloat()
		}
	}
	return 0, false
}

func integerFloat(bits uint64, unsigned bool) float64 {
	if unsigned {
		return float64(bits)
	}
	return float64(int64(bits))
}

// integer is v as an integer of t, before it is cut to t's size.
func (lib *library) integer(L *lua.LState, t *ctype, v lua.LValue, cast bool) uint64 {
	if f, ok := floatOf(v); ok {
		if t.kind == kindBool {
			if _, isComplex := cdata.ComplexOf(v); isComplex {
				badConversion(L, v, t)
			}
			return bit(f != 0)
		}
		return floatBits(f, t)
	}
	switch v := v.(type) {
	case lua.LBool:
		return bit(bool(v))
	case *lua.LNilType:
		if cast && t.kind == kindInt {
			return 0
		}
	case lua.LString:
		if t.kind == kindEnum {
			if n, ok := t.rec.names[string(v)]; ok {
				return uint64(n)
			}
		}
		if cast && t.kind == kindInt {
			return lib.space.of(stringBlock(string(v)))
		}
	case *lua.LUserData:
		bits, _, ok := cdata.Integer(v)
		if !ok {
			d := dataOf(v)
			if d == nil || !cast || t.kind != kindInt || d.typ.isNumber() {
				break
			}
			bits = lib.address(d)
		}
		if t.kind == kindBool {
			return bit(bits != 0)
		}
		return bits
	}
	badConversion(L, v, t)
	return 0
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func (lib *library) float(L *lua.LState, t *ctype, v lua.LValue) float64 {
	if f, ok := floatOf(v); ok {
		return f
	}
	switch x := v.(type) {
	case lua.LBool:
		return float64(bit(bool(x)))
	case *lua.LUserData:
		if bits, unsigned, ok := cdata.Integer(x); ok {
			return integerFloat(bits, unsigned)
		}
	}
	badConversion(L, v, t)
	return math.NaN()
}

// toPointer converts v to a pointer of type t, or raises an error.
func (lib *library) toPointer(L *lua.LState, t *ctype, v lua.LValue, cast bool) data {
	d, ok := lib.tryPointer(L, t, v, cast)
	if !ok {
		badConversion(L, v, t)
	}
	return d
}

func (lib *library) tryPointer(L *lua.LState, t *ctype, v lua.LValue, cast bool) (p data, ok bool) {
	switch x := v.(type) {
	case *lua.LNilType:
		return data{typ: t}, true
	case lua.LString:
		if cast || t.elem.constant && (t.elem.isByte() || t.elem.kind == kindVoid) {
			return data{typ: t, mem: stringBlock(string(x))}, true
		}
	case lua.LNumber:
		if cast {
			return lib.pointer(t, floatBits(float64(x), typeUint64)), true
		}
	case *lua.LFunction:
		if t.elem.kind == kindFunction {
			machine.Errorf(L, "cannot convert a Lua function to '%s': moongate has no native code that could call it back", t)
		}
	case *lua.LUserData:
		if bits, _, ok := cdata.Integer(x); ok {
			if cast {
				return lib.pointer(t, bits), true
			}
			break
		}
		d := dataOf(v)
		if d == nil {
			if _, isC := x.Value.(interface{ LuaType() string }); isC {
				break
			}
			return lib.opaque(t, x), true
		}
		if cast || compatible(t, d.typ) {
			return data{typ: t, mem: d.mem, off: d.off, bits: d.bits, function: d.function}, true
		}
	}
	return data{}, false
}

// opaque is a pointer to userdata, which C may pass around but not look into. It is NULL for ngx.null.
func (lib *library) opaque(t *ctype, ud *lua.LUserData) data {
	if lua.LValue(ud) == lib.null {
		return data{typ: t}
	}
	if p, ok := ud.Value.(Pointable); ok {
		m, off := p.CMemory()
		return data{typ: t, mem: &m.block, off: off}
	}
	return data{typ: t, bits: uint64(uintptr(unsafe.Pointer(ud)))}
}

// compatible reports whether C lets a pointer t be made of an s without a cast.
func compatible(t, s *ctype) bool {
	target := s
	switch s.kind {
	case kindPointer, kindArray:
		target = s.elem
		if target.constant && !t.elem.constant || target.volatile && !t.elem.volatile {
			return false
		}
	case kindRecord, kindFunction:
	default:
		return false
	}
	return t.elem.kind == kindVoid || target.kind == kindVoid || alike(t.elem, target)
}

// comparable reports whether pointers p and q may be subtracted and ordered.
func comparable(p, q *ctype) bool { return alike(p.elem, q.elem) }

// alike compares what two pointers point to: signs and the names of enums do not count, qualifiers only further down.
func alike(a, b *ctype) bool {
	if a.kind == kindEnum {
		a = intType(a.size, a.unsigned)
	}
	if b.kind == kindEnum {
		b = intType(b.size, b.unsigned)
	}
	switch {
	case a.kind != b.kind || a.size != b.size:
		return false
	case a.kind == kindRecord:
		return a.rec == b.rec
	case a.kind == kindArray && a.count != b.count:
		return false
	case a.kind == kindArray, a.kind == kindPointer:
		return a.elem.constant == b.elem.constant && a.elem.volatile == b.elem.volatile && alike(a.elem, b.elem)
	}
	return true
}

// storeScalar writes v as a number or pointer of type t.
func (lib *library) storeScalar(L *lua.LState, t *ctype, b []byte, v lua.LValue) {
	switch t.kind {
	case kindFloat:
		writeFloat(b, lib.float(L, t, v))
	case kindPointer:
		d := lib.toPointer(L, t, v, false)
		writeInt(b, lib.address(&d))
	case kindComplex:
		lib.storeComplex(L, t, b, v)
	default:
		if n, ok := v.(lua.LNumber); ok && t.kind == kindInt {
			writeInt(b, floatBits(float64(n), t))
			return
		}
		writeInt(b, lib.integer(L, t, v, false))
	}
}

func (lib *library) storeComplex(L *lua.LState, t *ctype, b []byte, v lua.LValue) {
	if _, isBool := v.(lua.LBool); isBool {
		badConversion(L, v, t)
	}
	c, ok := cdata.ComplexOf(v)
	if !ok {
		c = complex(lib.float(L, t, v), 0)
	}
	half := len(b) / 2
	writeFloat(b[:half], real(c))
	writeFloat(b[half:], imag(c))
}

// store assigns v to the t at an offset.
func (lib *library) store(L *lua.LState, t *ctype, m *block, off int, addr uint64, v lua.LValue) {
	size, ok := t.sizeOf()
	if !ok {
		badConversion(L, v, t)
	}
	b := lib.room(L, m, off, size, addr)
	writable(L, m)
	lib.assign(L, t, b, v)
}

// assign writes v, as one value, to the memory of a t.
func (lib *library) assign(L *lua.LState, t *ctype, b []byte, v lua.LValue) {
	switch t.kind {
	case kindArray:
		switch v := v.(type) {
		case lua.LString:
			if t.elem.isByte() {
				if n := copy(b, v); n < len(b) {
					b[n] = 0
				}
				return
			}
		case *lua.LTable:
			lib.arrayTable(L, t, b, v)
			return
		}
		lib.copyAggregate(L, t, b, v)
	case kindRecord:
		if tab, ok := v.(*lua.LTable); ok {
			lib.recordTable(L, t, b, tab)
			return
		}
		lib.copyAggregate(L, t, b, v)
	case kindComplex:
		if tab, ok := v.(*lua.LTable); ok {
			lib.arrayTable(L, t, b, tab)
			return
		}
		lib.storeScalar(L, t, b, v)
	case kindVector:
		lib.storeVector(L, t, b, v)
	case kindVoid, kindFunction:
		badConversion(L, v, t)
	default:
		lib.storeScalar(L, t, b, v)
	}
}

func (lib *library) copyAggregate(L *lua.LState, t *ctype, b []byte, v lua.LValue) {
	d := dataOf(v)
	if d == nil || !same(t, d.typ) {
		badConversion(L, v, t)
		return
	}
	copy(b, lib.room(L, d.mem, d.off, lib.lengthOf(d), d.bits))
}

// storeVector takes a table, a vector of the same size, or a number for all elements.
func (lib *library) storeVector(L *lua.LState, t *ctype, b []byte, v lua.LValue) {
	if tab, ok := v.(*lua.LTable); ok {
		lib.arrayTable(L, t, b, tab)
		return
	}
	if d := dataOf(v); d != nil && d.typ.kind == kindVector {
		if d.typ.size != t.size {
			badConversion(L, v, t)
		}
		copy(b, d.mem.bytes)
		return
	}
	switch v.(type) {
	case lua.LBool, lua.LString, *lua.LNilType:
		badConversion(L, v, t)
	}
	n := t.elem.size
	lib.storeScalar(L, t.elem, b[:n], v)
	for i := n; i < len(b); i += n {
		copy(b[i:], b[:n])
	}
}

// lengthOf is the size of an aggregate.
func (lib *library) lengthOf(d *data) int {
	if d.size > 0 {
		return d.size
	}
	n, _ := d.typ.sizeOf()
	return n
}

// cast makes a value of type t of v, as ffi.cast does.
func (lib *library) cast(L *lua.LState, t *ctype, v lua.LValue) lua.LValue {
	switch t.kind {
	case kindPointer:
		return lib.wrap(lib.toPointer(L, t, v, true))
	case kindFloat:
		return lib.real(t, lib.float(L, t, v))
	case kindComplex:
		b := make([]byte, t.size)
		lib.storeComplex(L, t, b, v)
		return complexValue(b)
	case kindInt, kindBool, kindEnum:
		return lib.scalar(t, lib.integer(L, t, v, true))
	}
	machine.ArgError(L, 1, "invalid C type")
	return nil
}

// real is an object of a floating-point type.
func (lib *library) real(t *ctype, f float64) lua.LValue {
	if t.size == 4 {
		f = float64(float32(f))
	}
	return lib.wrap(data{typ: t, bits: math.Float64bits(f)})
}

// scalar is an object of an integer type of its own; those of 64 bits are boxes.
func (lib *library) scalar(t *ctype, bits uint64) lua.LValue {
	if t.kind == kindInt && t.size == wordSize && !t.constant && !t.volatile {
		return box64(bits, t.unsigned)
	}
	return lib.wrap(data{typ: t, bits: uint64(truncate(int64(bits), t))})
}
