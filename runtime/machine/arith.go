package machine

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

func add(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	a, b := s.operand(cf, bOf(inst)), s.operand(cf, cOf(inst))
	if x, ok := a.(lua.LNumber); ok {
		if y, ok := b.(lua.LNumber); ok {
			s.set(cf.LocalBase+aOf(inst), s.alloc.number(float64(x+y)))
			return 0
		}
	}
	return slowArith(L, inst, a, b)
}

func sub(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	a, b := s.operand(cf, bOf(inst)), s.operand(cf, cOf(inst))
	if x, ok := a.(lua.LNumber); ok {
		if y, ok := b.(lua.LNumber); ok {
			s.set(cf.LocalBase+aOf(inst), s.alloc.number(float64(x-y)))
			return 0
		}
	}
	return slowArith(L, inst, a, b)
}

func mul(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	a, b := s.operand(cf, bOf(inst)), s.operand(cf, cOf(inst))
	if x, ok := a.(lua.LNumber); ok {
		if y, ok := b.(lua.LNumber); ok {
			s.set(cf.LocalBase+aOf(inst), s.alloc.number(float64(x*y)))
			return 0
		}
	}
	return slowArith(L, inst, a, b)
}

func div(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	a, b := s.operand(cf, bOf(inst)), s.operand(cf, cOf(inst))
	if x, ok := a.(lua.LNumber); ok {
		if y, ok := b.(lua.LNumber); ok {
			s.set(cf.LocalBase+aOf(inst), s.alloc.number(float64(x/y)))
			return 0
		}
	}
	return slowArith(L, inst, a, b)
}

func mod(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	a, b := s.operand(cf, bOf(inst)), s.operand(cf, cOf(inst))
	if x, ok := a.(lua.LNumber); ok {
		if y, ok := b.(lua.LNumber); ok {
			s.set(cf.LocalBase+aOf(inst), s.alloc.number(modulo(float64(x), float64(y))))
			return 0
		}
	}
	return slowArith(L, inst, a, b)
}

func pow(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	a, b := s.operand(cf, bOf(inst)), s.operand(cf, cOf(inst))
	if x, ok := a.(lua.LNumber); ok {
		if y, ok := b.(lua.LNumber); ok {
			s.set(cf.LocalBase+aOf(inst), s.alloc.number(math.Pow(float64(x), float64(y))))
			return 0
		}
	}
	return slowArith(L, inst, a, b)
}

// modulo is a - floor(a/b)*b, rounding errors and all: 5 % inf is nan, 1 % 0.1 is 0.
func modulo(a, b float64) float64 {
	if x, y := int64(a), int64(b); y > 0 && x >= 0 && float64(x) == a && float64(y) == b && x < 1<<53 && 1/a > 0 {
		return float64(x % y)
	}
	q := math.Floor(a / b)
	// The conversion keeps the compiler from fusing the two operations into one that rounds once.
	return a - float64(q*b)
}

// Modulo is the value of a % b.
func Modulo(a, b float64) float64 { return modulo(a, b) }

var arithEvents = map[int]string{
	lua.OP_ADD: "__add", lua.OP_SUB: "__sub", lua.OP_MUL: "__mul", lua.OP_DIV: "__div", lua.OP_MOD: "__mod", lua.OP_POW: "__pow",
}

func compute(op int, x, y float64) float64 {
	switch op {
	case lua.OP_ADD:
		return x + y
	case lua.OP_SUB:
		return x - y
	case lua.OP_MUL:
		return x * y
	case lua.OP_DIV:
		return x / y
	case lua.OP_MOD:
		return modulo(x, y)
	}
	return math.Pow(x, y)
}

// slowArith handles operands that are not both numbers.
func slowArith(L *lua.LState, inst uint32, a, b lua.LValue) int {
	s := stateOf(L)
	cf := s.currentFrame
	target := cf.LocalBase + aOf(inst)
	op := opOf(inst)
	x, okx := ToNumber(a)
	y, oky := ToNumber(b)
	if okx && oky {
		s.set(target, s.alloc.number(compute(op, x, y)))
		return 0
	}
	fn := s.metamethod2(a, b, arithEvents[op])
	if isNil(fn) {
		reg, v := bOf(inst), a
		if okx {
			reg, v = cOf(inst), b
		}
		failOperand(L, reg, v, "perform arithmetic on")
	}
	v := s.apply(L, fn, a, b)
	s.set(target, v)
	return 0
}

func unm(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	v := s.operand(cf, bOf(inst))
	target := cf.LocalBase + aOf(inst)
	if x, ok := v.(lua.LNumber); ok {
		s.set(target, s.alloc.number(-float64(x)))
		return 0
	}
	if x, ok := ToNumber(v); ok {
		s.set(target, s.alloc.number(-x))
		return 0
	}
	fn := s.metamethod(v, "__unm")
	if isNil(fn) {
		failOperand(L, bOf(inst), v, "perform arithmetic on")
	}
	r := s.apply(L, fn, v, v)
	s.set(target, r)
	return 0
}

// length is #v. As in LuaJIT without its 5.2 extensions, tables do not ask __len.
func length(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	v := s.operand(cf, bOf(inst))
	target := cf.LocalBase + aOf(inst)
	switch v := v.(type) {
	case *lua.LTable:
		s.set(target, s.alloc.number(float64(Len(v))))
		return 0
	case lua.LString:
		s.set(target, s.alloc.number(float64(len(v))))
		return 0
	}
	fn := s.metamethod(v, "__len")
	if isNil(fn) {
		failOperand(L, bOf(inst), v, "get length of")
	}
	r := s.apply(L, fn, v, v)
	s.set(target, r)
	return 0
}
