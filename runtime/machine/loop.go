package machine

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

func forPrepare(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	at := cf.LocalBase + aOf(inst)
	for i, what := range [...]string{"initial value", "limit", "step"} {
		if _, ok := s.reg.array[at+i].(lua.LNumber); ok {
			continue
		}
		v, ok := ToNumber(s.reg.array[at+i])
		if !ok {
			fail(L, "'for' %s must be a number", what)
		}
		s.set(at+i, s.alloc.number(v))
	}
	start, step := s.reg.array[at].(lua.LNumber), s.reg.array[at+2].(lua.LNumber)
	if continues(start, s.reg.array[at+1].(lua.LNumber), step) {
		// The body comes next: there is no need to step back first in order to step forth, which would lose digits.
		s.set(at+3, s.reg.array[at])
		return 0
	}
	cf.Pc += sbxOf(inst) + 1
	return 0
}

// continues tells whether a loop goes on. A step of 0 counts as positive.
func continues(i, limit, step lua.LNumber) bool {
	if !math.Signbit(float64(step)) {
		return i <= limit
	}
	return i >= limit
}

func forLoop(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	at := cf.LocalBase + aOf(inst)
	regs := s.reg.array[at : at+4]
	i, limit, step := regs[0].(lua.LNumber), regs[1].(lua.LNumber), regs[2].(lua.LNumber)
	i += step
	if continues(i, limit, step) {
		v := s.alloc.number(float64(i))
		regs[0], regs[3] = v, v
		if at+3 >= s.reg.top {
			s.reg.top = at + 4
		}
		cf.Pc += sbxOf(inst)
	}
	return 0
}

func iterate(L *lua.LState, inst uint32, base *frame) int {
	s := stateOf(L)
	fn := s.reg.array[s.currentFrame.LocalBase+aOf(inst)]
	if _, ok := fn.(*lua.LFunction); !ok && !Callable(L, fn) {
		failOperand(L, -1, fn, "call")
	}
	return stock[lua.OP_TFORLOOP](L, inst, base)
}

func call(L *lua.LState, inst uint32, base *frame) int {
	s := stateOf(L)
	fn := s.reg.array[s.currentFrame.LocalBase+aOf(inst)]
	if _, ok := fn.(*lua.LFunction); !ok && !Callable(L, fn) {
		failOperand(L, aOf(inst), fn, "call")
	}
	return stock[lua.OP_CALL](L, inst, base)
}

func tailCall(L *lua.LState, inst uint32, base *frame) int {
	s := stateOf(L)
	fn := s.reg.array[s.currentFrame.LocalBase+aOf(inst)]
	if _, ok := fn.(*lua.LFunction); !ok && !Callable(L, fn) {
		failOperand(L, aOf(inst), fn, "call")
	}
	return stock[lua.OP_TAILCALL](L, inst, base)
}
