package cdata

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

var metatable = &lua.LTable{Metatable: lua.LNil}

// The table is filled in a second step because the functions in it make boxes, which refer to the table.
var _ = fill(metatable)

var events = map[byte]string{'+': "__add", '-': "__sub", '*': "__mul", '/': "__div", '%': "__mod", '^': "__pow"}

// delegate leaves an operation to the right operand if that is C data of another kind: 1LL + pointer.
func delegate(L *lua.LState, event string) bool {
	ud, ok := L.Get(2).(*lua.LUserData)
	if !ok {
		return false
	}
	mt, ok := ud.Metatable.(*lua.LTable)
	if !ok || mt == metatable {
		return false
	}
	fn := mt.RawGetString(event)
	if fn == lua.LNil {
		return false
	}
	L.Push(fn)
	L.Push(L.Get(1))
	L.Push(ud)
	L.Call(2, 1)
	return true
}

func fill(mt *lua.LTable) bool {
	set := func(name string, fn lua.LGFunction) {
		mt.RawSetString(name, &lua.LFunction{IsG: true, GFunction: fn})
	}
	for op, name := range events {
		set(name, func(L *lua.LState) int { return arith(L, op) })
	}
	set("__unm", negate)
	set("__index", index)
	set("__newindex", func(L *lua.LState) int {
		index(L)
		L.RaiseError("attempt to write to constant location")
		return 0
	})
	for _, name := range []string{"__pairs", "__ipairs"} {
		set(name, func(L *lua.LState) int {
			L.RaiseError("'%s' has no '%s' metamethod", typeName(L.Get(1)), name)
			return 0
		})
	}
	set("__len", func(L *lua.LState) int {
		L.RaiseError("attempt to get length of '%s'", typeName(L.Get(1)))
		return 0
	})
	set("__concat", func(L *lua.LState) int {
		if delegate(L, "__concat") {
			return 1
		}
		L.RaiseError("attempt to concatenate '%s' and '%s'", typeName(L.Get(1)), typeName(L.Get(2)))
		return 0
	})
	set("__eq", func(L *lua.LState) int {
		L.Push(lua.LBool(Equal(L.Get(1), L.Get(2))))
		return 1
	})
	set("__lt", func(L *lua.LState) int { return compare(L, false) })
	set("__le", func(L *lua.LState) int { return compare(L, true) })
	set("__tostring", func(L *lua.LState) int {
		ud, ok := L.Get(1).(*lua.LUserData)
		if !ok {
			L.RaiseError("cdata expected")
		}
		if s, ok := ud.Value.(interface{ String() string }); ok {
			L.Push(lua.LString(s.String()))
			return 1
		}
		L.Push(lua.LString(ud.String()))
		return 1
	})
	mt.RawSetString("__metatable", lua.LString("ffi"))
	return true
}

// typeName is the C name of what an operand is, for messages.
func typeName(v lua.LValue) string {
	switch v := v.(type) {
	case *lua.LUserData:
		switch v.Value.(type) {
		case Int64:
			return "int64_t"
		case Uint64:
			return "uint64_t"
		case Complex:
			return "complex"
		case Complex64:
			return "complex float"
		}
		if n, ok := v.Value.(interface{ CName() string }); ok {
			return n.CName()
		}
	}
	return v.Type().String()
}

// operands converts both sides to 64 bits; the operation is unsigned if either side is.
func operands(L *lua.LState) (a, b uint64, unsigned, ok bool) {
	a, ua, oka := Integer(L.Get(1))
	b, ub, okb := Integer(L.Get(2))
	unsigned = ua || ub
	if !oka {
		a, oka = fromNumber(L.Get(1), unsigned)
	}
	if !okb {
		b, okb = fromNumber(L.Get(2), unsigned)
	}
	return a, b, unsigned, oka && okb
}

func arith(L *lua.LState, op byte) int {
	a, b, unsigned, ok := operands(L)
	if !ok && delegate(L, events[op]) {
		return 1
	}
	if !ok {
		L.RaiseError("attempt to perform arithmetic on '%s' and '%s'", typeName(L.Get(1)), typeName(L.Get(2)))
	}
	var r uint64
	switch op {
	case '+':
		r = a + b
	case '-':
		r = a - b
	case '*':
		r = a * b
	case '/', '%':
		r = divide(a, b, unsigned, op == '%')
	case '^':
		r = power(a, b, unsigned)
	}
	push(L, r, unsigned)
	return 1
}

func push(L *lua.LState, bits uint64, unsigned bool) {
	if unsigned {
		L.Push(NewUint64(bits))
	} else {
		L.Push(NewInt64(int64(bits)))
	}
}

// divide never traps: a division by zero gives the lowest integer, as in LuaJIT.
func divide(a, b uint64, unsigned, remainder bool) uint64 {
	switch {
	case b == 0:
		return 1 << 63
	case unsigned && remainder:
		return a % b
	case unsigned:
		return a / b
	case int64(b) == -1 && remainder:
		return 0
	case int64(b) == -1:
		return -a
	case remainder:
		return uint64(int64(a) % int64(b))
	}
	return uint64(int64(a) / int64(b))
}

func power(a, k uint64, unsigned bool) uint64 {
	if !unsigned && int64(k) < 0 {
		switch {
		case a == 0:
			return math.MaxInt64
		case a == 1:
			return 1
		case int64(a) == -1:
			return 1 - 2*(k&1)
		}
		return 0
	}
	r := uint64(1)
	for ; k != 0; k >>= 1 {
		if k&1 != 0 {
			r *= a
		}
		a *= a
	}
	return r
}

func negate(L *lua.LState) int {
	v := L.Get(1)
	if bits, unsigned, ok := Integer(v); ok {
		push(L, -bits, unsigned)
		return 1
	}
	L.RaiseError("attempt to perform arithmetic on '%s'", typeName(v))
	return 0
}

// index reads the parts of a complex number.
func index(L *lua.LState) int {
	v, key := L.Get(1), L.Get(2)
	c, isComplex := ComplexOf(v)
	switch k := key.(type) {
	case lua.LString:
		switch {
		case isComplex && k == "re":
			L.Push(lua.LNumber(real(c)))
			return 1
		case isComplex && k == "im":
			L.Push(lua.LNumber(imag(c)))
			return 1
		}
		L.RaiseError("'%s' has no member named '%s'", typeName(v), string(k))
	case lua.LNumber:
		if !isComplex {
			break
		}
		switch int(k) {
		case 0:
			L.Push(lua.LNumber(real(c)))
		case 1:
			L.Push(lua.LNumber(imag(c)))
		default:
			// LuaJIT reads what lies behind the number.
			L.Push(lua.LNumber(0))
		}
		return 1
	}
	L.RaiseError("'%s' cannot be indexed with '%s'", typeName(v), typeName(key))
	return 0
}

func compare(L *lua.LState, orEqual bool) int {
	a, b, unsigned, ok := operands(L)
	event := "__lt"
	if orEqual {
		event = "__le"
	}
	if !ok && delegate(L, event) {
		return 1
	}
	if !ok {
		L.RaiseError("attempt to compare '%s' with '%s'", typeName(L.Get(1)), typeName(L.Get(2)))
	}
	less := int64(a) < int64(b)
	if unsigned {
		less = a < b
	}
	L.Push(lua.LBool(less || orEqual && a == b))
	return 1
}

// Equal compares a box with a box or a number; other values are not equal to any box. Complex numbers equal only themselves, as in LuaJIT,
// which compares where they are.
func Equal(a, b lua.LValue) bool {
	i, ui, oki := Integer(a)
	j, uj, okj := Integer(b)
	if !oki {
		i, oki = fromNumber(a, uj)
	}
	if !okj {
		j, okj = fromNumber(b, ui)
	}
	return oki && okj && i == j
}
