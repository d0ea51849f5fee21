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

func forLoop(L *lua.LState, inst uint32, base *frame) int {
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
	if attention.Load() != 0 {
		return attend(L, base)
	}
	return 0
}

func iterate(L *lua.LState, inst uint32, base *frame) int {
	s := stateOf(L)
	at := s.currentFrame.LocalBase + aOf(inst)
	fn := s.reg.array[at]
	if fn == NextFunction || fn == StepFunction {
		if s.advance(at, cOf(inst), fn == NextFunction) {
			if attention.Load() != 0 {
				return attend(L, base)
			}
			return 0
		}
	}
	if _, ok := fn.(*lua.LFunction); !ok {
		if !Callable(L, fn) {
			failOperand(L, -1, fn, "call")
		}
		return stock[lua.OP_TFORLOOP](L, inst, base)
	}
	if at+6 > len(s.reg.array) {
		return stock[lua.OP_TFORLOOP](L, inst, base)
	}
	copy(s.reg.array[at+3:at+6], s.reg.array[at:at+3])
	s.reg.top = at + 6
	Invoke(L, 2, cOf(inst))
	cf := s.currentFrame
	if k := s.reg.array[at+3]; !isNil(k) {
		s.reg.array[at+2] = k
		cf.Pc += sbxOf(cf.Fn.Proto.Code[cf.Pc])
	}
	cf.Pc++
	if attention.Load() != 0 {
		return attend(L, base)
	}
	return 0
}

func call(L *lua.LState, inst uint32, base *frame) int {
	s := stateOf(L)
	fn := s.reg.array[s.currentFrame.LocalBase+aOf(inst)]
	if _, ok := fn.(*lua.LFunction); !ok && !Callable(L, fn) {
		failOperand(L, aOf(inst), fn, "call")
	}
	if r := stock[lua.OP_CALL](L, inst, base); r != 0 || attention.Load() == 0 {
		return r
	}
	return attend(L, base)
}

func tailCall(L *lua.LState, inst uint32, base *frame) int {
	s := stateOf(L)
	fn := s.reg.array[s.currentFrame.LocalBase+aOf(inst)]
	if _, ok := fn.(*lua.LFunction); !ok && !Callable(L, fn) {
		s.currentFrame.TailCall = failedTailCall
		failOperand(L, aOf(inst), fn, "call")
	}
	if r := stock[lua.OP_TAILCALL](L, inst, base); r != 0 || attention.Load() == 0 {
		return r
	}
	return attend(L, base)
}

// advance does the work of a loop over pairs or ipairs without a call. It reports false, and does nothing, where an error is to be
// raised.
func (s *state) advance(at, results int, pairs bool) bool {
	regs := s.reg.array
	t, ok := regs[at+1].(*lua.LTable)
	if !ok {
		return false
	}
	var k, v lua.LValue
	if pairs {
		if k, v, ok = s.alloc.next(t, regs[at+2]); !ok {
			return false
		}
	} else {
		i, ok := regs[at+2].(lua.LNumber)
		if !ok {
			return false
		}
		k = lua.LNil
		if v = GetInt(t, int(i)+1); !isNil(v) {
			k = s.alloc.number(float64(i) + 1)
		}
	}
	s.set(at+3, k)
	if results > 1 {
		s.set(at+4, v)
	}
	for i := 2; i < results; i++ {
		s.set(at+3+i, lua.LNil)
	}
	cf := s.currentFrame
	if !isNil(k) {
		regs[at+2] = k
		cf.Pc += sbxOf(cf.Fn.Proto.Code[cf.Pc])
	}
	cf.Pc++
	return true
}

// NextFunction is Lua's next. All VMs share it: it is by this function that loops over pairs are recognised.
var NextFunction = lua.LValue(nextFunction)

var nextFunction = &lua.LFunction{IsG: true, GFunction: next, Proto: builtin(4)}

// StepFunction is the iterator of ipairs. All VMs share it.
var StepFunction = lua.LValue(stepFunction)

var stepFunction = &lua.LFunction{IsG: true, GFunction: step, Proto: builtin(6)}

// k, v = next(t [, k])
func next(L *lua.LState) int {
	t, ok := L.Get(1).(*lua.LTable)
	if !ok {
		TypeError(L, 1, "table")
	}
	k, v, ok := Next(t, L.Get(2))
	if !ok {
		throw(L, lua.LString("invalid key to 'next'"))
	}
	L.Push(k)
	if isNil(k) {
		return 1
	}
	L.Push(v)
	return 2
}

func step(L *lua.LState) int {
	t, ok := L.Get(1).(*lua.LTable)
	if !ok {
		TypeError(L, 1, "table")
	}
	i, ok := ToNumber(L.Get(2))
	if !ok {
		TypeError(L, 2, "number")
	}
	v := GetInt(t, int(i)+1)
	if isNil(v) {
		return 0
	}
	L.Push(Number(L, i+1))
	L.Push(v)
	return 2
}
