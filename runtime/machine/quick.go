package machine

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// Quick answers a call of a Go function without a call frame, from the arguments where they are, or reports that it leaves the call to the function.
// It must neither raise an error nor run Lua, nor wait. It must not change args, and must not keep or return an argument that is a number: the
// register that holds it may change. L is for Number only.
type Quick func(L *lua.LState, args []lua.LValue) (lua.LValue, bool)

// quickFunction is a function with a Quick beside it.
type quickFunction struct {
	lua.LFunction // first, so that its address is the quickFunction's
	quick         Quick
}

// quickMark is LastLineDefined of the prototypes of such functions. Other Go functions have 0 there.
const quickMark = -2

// NewQuick makes a Lua function of fn whose calls for at most one result ask quick first.
func NewQuick(L *lua.LState, fn lua.LGFunction, quick Quick) *lua.LFunction {
	f := &quickFunction{quick: quick}
	f.IsG, f.Env, f.GFunction, f.Proto = true, L.Env, fn, &lua.FunctionProto{LastLineDefined: quickMark}
	return &f.LFunction
}

// quickOf is fn's Quick, nil if it has none.
func quickOf(fn *lua.LFunction) Quick {
	if fn.Proto == nil || fn.Proto.LastLineDefined != quickMark {
		return nil
	}
	return (*quickFunction)(unsafe.Pointer(fn)).quick
}
