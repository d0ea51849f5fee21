package machine

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/syntax"
)

// Pauser is asked before a call of a Go function that may have to wait. Where the function would wait, and the caller can go on without the
// goroutine that it runs on, it arranges for that and reports true: the loop ends then as if the script had, and Paused tells the
// difference. Continue goes on, with a call of then in place of the function. It must not change args, nor
// keep those that are numbers.
//
// It is asked for calls in the outermost loop only, because whoever called an inner one is a Go function that waits for its end.
type Pauser func(L *lua.LState, args []lua.LValue) (then *lua.LFunction, paused bool)

// pausingFunction is a function with a Pauser beside it.
type pausingFunction struct {
	lua.LFunction // first, so that its address is the pausingFunction's
	pause         Pauser
}

// pauseMark is LastLineDefined of the prototypes of such functions.
const pauseMark = -3

// NewPausing makes a Lua function of fn whose calls ask pause first, where they can be put aside.
func NewPausing(L *lua.LState, fn lua.LGFunction, pause Pauser) *lua.LFunction {
	f := &pausingFunction{pause: pause}
	f.IsG, f.Env, f.GFunction, f.Proto = true, L.Env, fn, &lua.FunctionProto{LastLineDefined: pauseMark}
	return &f.LFunction
}

// pauserOf is fn's Pauser, nil if it has none.
func pauserOf(fn *lua.LFunction) Pauser {
	if fn.Proto == nil || fn.Proto.LastLineDefined != pauseMark {
		return nil
	}
	return (*pausingFunction)(unsafe.Pointer(fn)).pause
}

// pausedCall is the call that a stack's script has stopped at. Its arguments are where they were.
type pausedCall struct {
	fn              *lua.LFunction // nil where no script is paused
	at, nargs, nret int
}

// pause puts the running script aside if fn, about to be called from cf, wants that and nothing on Go's stack waits for it.
func (s *state) pause(L *lua.LState, stack *Stack, cf *frame, fn *lua.LFunction, at, nargs, nret int) bool {
	if stack.nesting != 1 || L.Parent != nil || cf == nil || cf.Fn.IsG || cf.Fn.Proto.IsVarArg&syntax.Native == 0 ||
		opOf(cf.Fn.Proto.Code[cf.Pc-1]) != lua.OP_CALL {
		return false
	}
	then, paused := pauserOf(fn)(L, s.reg.array[at+1:at+1+nargs])
	if !paused {
		return false
	}
	stack.paused = pausedCall{then, at, nargs, nret}
	s.reg.top = at + 1 + nargs
	return true
}

// Paused reports whether the script on L's stack has been put aside rather than ended.
func Paused(L *lua.LState) bool {
	s := StackOf(L)
	return s != nil && s.paused.fn != nil
}

// Continue goes on with a script that was put aside, on any goroutine. It is to a new one what Invoke is: nothing else is on L's stack.
func Continue(L *lua.LState) {
	s, stack := stateOf(L), StackOf(L)
	p := stack.paused
	stack.paused = pausedCall{}
	cf := stack.last()
	s.currentFrame = cf
	stack.nesting++
	ok, end := s.invoke(L, stack, cf, p.fn, p.at, p.nargs, p.nret)
	if !ok {
		fail(L, "stack overflow")
	}
	if !end {
		loop(L, stack.at(0), stack)
	}
	stack.nesting--
}
