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
	set("__concat", func(L *lua.LState) int {
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
	case lua.LNumber:
		return "double"
	case *lua.LUserData:
		switch v.Value.(type) {
		case Int64:
			return "int64_t"
		case Uint64:
			return "uint64_t"
		case Complex:
			return "complex"
		}
		if n, ok := v.Value.(interface{ CName() string }); ok {
			return n.CName()
		}
	}
	return v.Type().String()
}

// operands converts both sides to 64 bits; the operation is unsigned if either side is.
func operands(L *lua.LState) (a, b uint64, unsigned, ok bool) {
	one := func(v lua.LValue) (uint64, bool, bool) {
		if n, isNumber := v.(lua.LNumber); isNumber {
			return FromFloat(float64(n)), false, true
		}
		return Integer(v)
	}
	a, ua, oka := one(L.Get(1))
	b, ub, okb := one(L.Get(2))
	return a, b, ua || ub, oka && okb
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
	bits, unsigned, ok := Integer(L.Get(1))
	if !ok {
		L.RaiseError("attempt to perform arithmetic on '%s'", typeName(L.Get(1)))
	}
	push(L, -bits, unsigned)
	return 1
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

// Equal compares a box with a box or a number; other values are not equal to any box.
func Equal(a, b lua.LValue) bool {
	x, okx := complexOf(a)
	y, oky := complexOf(b)
	if okx && oky {
		return x == y
	}
	bits := func(v lua.LValue) (uint64, bool) {
		if n, ok := v.(lua.LNumber); ok {
			return FromFloat(float64(n)), true
		}
		b, _, ok := Integer(v)
		return b, ok
	}
	i, oki := bits(a)
	j, okj := bits(b)
	return oki && okj && i == j
}

// complexOf is v as a complex number if it is one, or a plain number beside one.
func complexOf(v lua.LValue) (complex128, bool) {
	if ud, ok := v.(*lua.LUserData); ok {
		c, ok := ud.Value.(Complex)
		return complex128(c), ok
	}
	n, ok := v.(lua.LNumber)
	return complex(float64(n), 0), ok
}
