package vm

import (
	"fmt"
	"runtime/debug"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// Handler sees an error at the point where it was raised, before the stack is unwound, and may replace e.Object. It is
// not called for a Control. L is the state that failed.
type Handler func(L *lua.LState, e *lua.ApiError)

// PCall calls the function below the nargs topmost values of L's stack, as lua.LState.PCall does, and returns what was
// raised as an *lua.ApiError, or nil. After an error the function and its arguments are gone and nothing is pushed.
//
// Use it in place of L.PCall, always. It lets a Control through; it leaves the upvalues of functions that go on running
// attached (stock gopher-lua detaches every closure of the whole thread from its locals at the first caught error); it does not
// spend time on a trace that nobody reads; and a Go runtime panic inside it becomes a Lua error, logged once with its stack.
//
// An error inside handler gives "error in error handling", as in LuaJIT. Called with the baton held.
func PCall(L *lua.LState, nargs, nret int, handler Handler) (err error) {
	s := machine.StackOf(L)
	if s == nil {
		return stockPCall(L, nargs, nret, handler)
	}
	g := guard{L: L, s: s, sp: s.Sp(), nesting: s.Nesting(), cf: machine.CurrentFrame(L), below: L.GetTop() - nargs - 1, handler: handler}
	machine.KeepUpvalues(L)
	done := false
	defer func() {
		if done {
			return
		}
		if rcv := recover(); rcv != nil { // else runtime.Goexit, which goes its way
			err = g.catch(rcv)
		}
	}()
	machine.Invoke(L, nargs, nret)
	done = true
	return nil
}

// pcontinue is PCall for a script that was put aside.
func pcontinue(L *lua.LState, handler Handler) (err error) {
	g := guard{L: L, s: machine.StackOf(L), handler: handler}
	done := false
	defer func() {
		if done {
			return
		}
		if rcv := recover(); rcv != nil {
			err = g.catch(rcv)
		}
	}()
	machine.Continue(L)
	done = true
	return nil
}

// guard is where a protected call was made, to which its failure takes the stack back.
type guard struct {
	L                  *lua.LState
	s                  *machine.Stack
	cf                 *frame
	sp, nesting, below int
	handler            Handler
}

// catch unwinds the stack after a panic with rcv. A control is let through, except at the bottom of the stack.
func (g *guard) catch(rcv any) error {
	L := g.L
	e := caught(L, rcv)
	c := controlOf(e)
	if c == nil && g.handler != nil {
		handle(L, g.s, g.handler, e)
	}
	base := g.below
	if g.cf != nil {
		base += g.cf.LocalBase
	}
	machine.CloseUpvalues(L, base)
	g.s.SetSp(g.sp)
	g.s.SetNesting(g.nesting)
	machine.SetCurrentFrame(L, g.cf)
	L.SetTop(g.below)
	machine.KeepUpvalues(L)
	if c != nil && g.sp > 0 {
		panic(e)
	}
	return e
}

// The room that a handler has left where the stack itself ran over.
const (
	handlerFrames = 256
	handlerSlots  = 4096
)

func handle(L *lua.LState, s *machine.Stack, h Handler, e *lua.ApiError) {
	s.Extend(handlerFrames)
	reg := machine.RegistryOf(L)
	reg.Extend(handlerSlots)
	defer func() {
		s.Extend(-handlerFrames)
		reg.Extend(-handlerSlots)
	}()
	guard := L.NewFunction(func(L *lua.LState) int {
		h(L, e)
		return 0
	})
	L.Push(guard)
	if err := PCall(L, 0, 0, nil); err != nil {
		e.Object = lua.LString("error in error handling")
	}
}

// stockPCall serves states that this package did not make (a library's own test, say).
func stockPCall(L *lua.LState, nargs, nret int, handler Handler) error {
	err := L.PCall(nargs, nret, nil)
	if err == nil {
		return nil
	}
	e, ok := err.(*lua.ApiError) //nolint:errorlint // L.PCall returns nothing else
	if !ok {
		e = &lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString(err.Error())}
	}
	if controlOf(e) != nil {
		panic(e)
	}
	if handler != nil {
		handler(L, e)
	}
	return e
}

// caught turns what was recovered into an error of Lua.
func caught(L *lua.LState, rcv any) *lua.ApiError {
	if e, ok := rcv.(*lua.ApiError); ok {
		if s, ok := e.Object.(lua.LString); ok && strings.HasSuffix(string(s), "registry overflow") {
			e.Object = lua.LString(strings.TrimSuffix(string(s), "registry overflow") + "stack overflow")
		}
		return e
	}
	stack := debug.Stack()
	where := ""
	for cf := machine.CurrentFrame(L); cf != nil; cf = cf.Parent {
		if where = position(cf); where != "" {
			break
		}
	}
	msg := fmt.Sprintf("%sinternal error: %v", where, rcv)
	if w := workerOf(L); w != nil {
		w.log(LogCrit, msg+"\n"+string(stack))
	}
	return &lua.ApiError{Type: lua.ApiErrorPanic, Object: lua.LString(msg), StackTrace: string(stack)}
}

// position returns "chunk:line: " for a frame of a Lua function, and "" for one of a Go function.
func position(cf *frame) string {
	if cf == nil || cf.Fn == nil || cf.Fn.IsG || cf.Fn.Proto == nil {
		return ""
	}
	p, pc := cf.Fn.Proto, cf.Pc-1
	if pc < 0 || pc >= len(p.DbgSourcePositions) {
		return p.SourceName + ": "
	}
	return fmt.Sprintf("%s:%d: ", p.SourceName, p.DbgSourcePositions[pc])
}
