package ffi

import (
	"fmt"
	"math"
	"math/bits"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
	"moongate/runtime/machine"
)

// apply calls a metamethod of ffi.metatype, of the first operand or else of the second. ok is false if there is none.
func apply(L *lua.LState, event string) (ok bool) {
	a, b := L.Get(1), L.Get(2)
	fn := metamethod(dataOf(a), event)
	if fn == lua.LNil {
		fn = metamethod(dataOf(b), event)
	}
	if fn == lua.LNil {
		return false
	}
	if event == "__len" {
		b = lua.LNil
	}
	callMeta(L, fn, 1, a, b)
	return true
}

// callMeta calls a metamethod and leaves nret results.
func callMeta(L *lua.LState, fn lua.LValue, nret int, args ...lua.LValue) {
	if !machine.Callable(L, fn) {
		machine.Throw(L, lua.LString("attempt to call a "+machine.TypeName(fn)+" value"))
	}
	L.Push(fn)
	for _, v := range args {
		L.Push(v)
	}
	L.Call(len(args), nret)
}

// pointee is the pointer that an operand is or decays to.
func pointee(v lua.LValue) *data {
	d := dataOf(v)
	if d != nil && (d.typ.kind == kindPointer || d.typ.kind == kindArray) {
		return d
	}
	return nil
}

// numberOperand is v as a 64-bit integer; the other operand tells what a string means beside an enum.
func numberOperand(v, other lua.LValue) (lua.LValue, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return v, true
	case lua.LString:
		if d := dataOf(other); d != nil && d.typ.kind == kindEnum {
			if n, ok := d.typ.rec.names[string(v)]; ok {
				return lua.LNumber(n), true
			}
		}
	case *lua.LUserData:
		if d, isData := v.Value.(*data); isData && d.typ.kind == kindFloat {
			return lua.LNumber(math.Float64frombits(d.bits)), true
		}
		bits, unsigned, ok := cdata.Integer(v)
		if ok {
			return box64(bits, unsigned), true
		}
	}
	return nil, false
}

// arith makes the metamethod of an arithmetic operator.
func (lib *library) arith(op, event string) lua.LGFunction {
	return func(L *lua.LState) int {
		a, b := L.Get(1), L.Get(2)
		if op == "+" || op == "-" {
			if r := lib.pointerArith(L, a, b, op == "-"); r != nil {
				L.Push(r)
				return 1
			}
		}
		x, okx := numberOperand(a, b)
		y, oky := numberOperand(b, a)
		if okx && oky {
			if n, isNumber := x.(lua.LNumber); isNumber && event == "__unm" {
				x = cdata.NewInt64(int64(cdata.Truncate(float64(n))))
			}
			L.Push(cdata.Metatable().RawGetString(event))
			L.Push(x)
			L.Push(y)
			L.Call(2, 1)
			return 1
		}
		if apply(L, event) {
			return 1
		}
		if op == "-u" {
			b = a
		}
		machine.Errorf(L, "attempt to perform arithmetic on '%s' and '%s'", operandName(a), operandName(b))
		return 0
	}
}

// operandName is what a value is called in a message about arithmetic.
func operandName(v lua.LValue) string {
	if d := dataOf(v); d != nil && d.typ.kind == kindFunction {
		return pointerTo(d.typ).String()
	}
	if v.Type() == lua.LTBool {
		return machine.TypeName(v)
	}
	return sourceName(v)
}

// pointerArith is pointer ± integer, integer + pointer or pointer - pointer, or nil.
func (lib *library) pointerArith(L *lua.LState, a, b lua.LValue, minus bool) lua.LValue {
	p, q := pointee(a), pointee(b)
	if p == nil && (minus || q == nil) {
		return nil
	}
	if p == nil {
		p, q, b = q, nil, a
	}
	size, ok := p.typ.elem.sizeOf()
	if q != nil {
		if !minus {
			return nil
		}
		if !ok || size == 0 || !comparable(p.typ, q.typ) {
			return nil
		}
		return machine.Number(L, float64(int64(lib.address(p)-lib.address(q))/int64(size)))
	}
	n, isNumber := position(b)
	if !isNumber {
		if d := dataOf(b); d == nil || !d.typ.isNumber() {
			return nil
		}
		n = int(dataOf(b).bits)
	}
	if !ok {
		return nil
	}
	if minus {
		n = -n
	}
	t := p.typ
	if t.kind == kindArray {
		t = pointerTo(t.elem)
	}
	if p.mem == nil {
		return lib.wrap(lib.pointer(t, p.bits+uint64(n*size)))
	}
	hi, lo := bits.Mul64(uint64(max(n, -n)), uint64(size))
	if hi != 0 || lo > 1<<46 {
		machine.Errorf(L, "attempt to access memory outside of an object (element %d)", n)
	}
	return lib.wrap(data{typ: t, mem: p.mem, off: p.off + n*size})
}

// place of an operand for comparison: pointers and aggregates have an address, nil has 0.
func (lib *library) operandAddress(v lua.LValue) (uint64, bool) {
	if v == lua.LNil {
		return 0, true
	}
	d := dataOf(v)
	if d == nil || d.typ.isNumber() {
		return 0, false
	}
	return lib.address(d), true
}

// plainPointer reports whether == compares v by its address whatever metamethods there are.
func plainPointer(v lua.LValue) bool { return v == lua.LNil || pointee(v) != nil }

func (lib *library) equal(L *lua.LState) int {
	a, b := L.Get(1), L.Get(2)
	x, okx := numberOperand(a, b)
	y, oky := numberOperand(b, a)
	result := false
	switch {
	case okx && oky:
		result = cdata.Equal(x, y)
	case !(plainPointer(a) && plainPointer(b)) && apply(L, "__eq"):
		return 1
	default:
		if ta, ok := typeOf(a); ok {
			tb, ok := typeOf(b)
			result = ok && same(ta, tb)
			break
		}
		da, db := dataOf(a), dataOf(b)
		if da != nil && db != nil && da.mem != nil && da.mem == db.mem {
			result = da.off == db.off
			break
		}
		pa, ok := lib.operandAddress(a)
		pb, okb := lib.operandAddress(b)
		result = ok && okb && pa == pb && (da == nil || da.function == nil || db != nil && da.function == db.function)
	}
	L.Push(lua.LBool(result))
	return 1
}

func (lib *library) compare(event string) lua.LGFunction {
	return func(L *lua.LState) int {
		a, b := L.Get(1), L.Get(2)
		x, okx := numberOperand(a, b)
		y, oky := numberOperand(b, a)
		if okx && oky {
			L.Push(cdata.Metatable().RawGetString(event))
			L.Push(x)
			L.Push(y)
			L.Call(2, 1)
			return 1
		}
		if p, q := pointee(a), pointee(b); p != nil && q != nil && comparable(p.typ, q.typ) {
			less := lib.address(p) < lib.address(q)
			if event == "__le" {
				less = lib.address(p) <= lib.address(q)
			}
			L.Push(lua.LBool(less))
			return 1
		}
		if apply(L, event) {
			return 1
		}
		machine.Errorf(L, "attempt to compare '%s' with '%s'", sourceName(a), sourceName(b))
		return 0
	}
}

// other makes a metamethod that only ffi.metatype can define.
func (lib *library) other(event, complaint string) lua.LGFunction {
	return func(L *lua.LState) int {
		if apply(L, event) {
			return 1
		}
		if t, ok := typeOf(L.Get(1)); ok && event == "__len" {
			machine.Errorf(L, complaint, t)
		}
		if event == "__concat" {
			a, b := L.Get(1), L.Get(2)
			if _, isType := typeOf(b); isType {
				a, b = b, a
			}
			if _, isType := typeOf(a); isType && b.Type() == lua.LTString {
				machine.Errorf(L, "cannot convert 'string' to 'ctype'")
			}
			machine.Errorf(L, complaint, sourceName(L.Get(1)), sourceName(L.Get(2)))
		}
		machine.Errorf(L, complaint, sourceName(L.Get(1)))
		return 0
	}
}

// v, ... = cdata(...)
func (lib *library) call(L *lua.LState) int {
	v := L.Get(1)
	d := dataOf(v)
	fn := metamethod(d, "__call")
	if t, ok := typeOf(v); ok {
		if r := recordOf(t); t.kind == kindRecord && r.meta != nil {
			fn = r.meta.RawGetString("__new")
		}
		if fn == lua.LNil {
			return lib.construct(L, t, 2)
		}
	}
	if fn == lua.LNil {
		if d != nil && d.function != nil {
			return lib.invoke(L, d)
		}
		machine.Errorf(L, "'%s' is not callable", sourceName(v))
	}
	top := L.GetTop()
	args := make([]lua.LValue, top)
	for i := range args {
		args[i] = L.Get(i + 1)
	}
	callMeta(L, fn, lua.MultRet, args...)
	return L.GetTop() - top
}

// iterate makes the metamethod for pairs or ipairs.
func (lib *library) iterate(event string) lua.LGFunction {
	return func(L *lua.LState) int {
		v := L.Get(1)
		fn := metamethod(dataOf(v), event)
		if fn == lua.LNil {
			machine.Errorf(L, "'%s' has no '%s' metamethod", sourceName(v), event)
		}
		callMeta(L, fn, 3, v)
		return 3
	}
}

// s = tostring(cdata)
func (lib *library) tostring(L *lua.LState) int {
	v := L.Get(1)
	if t, ok := typeOf(v); ok {
		L.Push(lua.LString("ctype<" + t.String() + ">"))
		return 1
	}
	d := dataOf(v)
	if d == nil {
		machine.TypeError(L, 1, "cdata")
	}
	if fn := metamethod(d, "__tostring"); fn != lua.LNil {
		L.Push(fn)
		L.Push(v)
		L.Call(1, 1)
		return 1
	}
	L.Push(lua.LString(lib.describe(d)))
	return 1
}

func (lib *library) describe(d *data) string {
	s := "cdata<" + d.typ.String() + ">: "
	switch {
	case d.typ.kind == kindEnum:
		return fmt.Sprintf("%s%d", s, int64(d.bits))
	case d.typ.isNumber():
		// The number has no memory of its own; its value is more useful than an invented address.
		return s + formatAddress(d.bits)
	}
	addr := lib.address(d)
	if addr == 0 && d.function == nil {
		return s + "NULL"
	}
	return s + formatAddress(addr)
}

// formatAddress writes at least eight digits, and more in pairs.
func formatAddress(addr uint64) string {
	digits := 8
	if high := addr >> 32; high != 0 {
		digits += (bits.Len64(high) + 7) / 8 * 2
	}
	return fmt.Sprintf("0x%0*x", digits, addr)
}
