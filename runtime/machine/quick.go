package machine

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// Quick answers a call of a Go function without a call frame, from the arguments where they are, or reports that it leaves the call to the function.
// It must neither raise an error, except that memory has run out, nor run Lua, nor wait. It must not change args, and must not keep or return an argument that is a number: the
// register that holds it may change. L is for Number only.
type Quick func(L *lua.LState, args []lua.LValue) (lua.LValue, bool)

// Several is Quick for functions whose calls may want up to three results. It gives lua.LNil for results that it does not have.
type Several func(L *lua.LState, args []lua.LValue) (a, b, c lua.LValue, ok bool)

// quickFunction is a function with a Quick or a Several beside it, for calls that want at most so many results.
type quickFunction struct {
	lua.LFunction // first, so that its address is the quickFunction's
	quick         Quick
	several       Several
	most          uint
}

// quickMark is LastLineDefined of the prototypes of such functions. Other Go functions have 0 there.
const quickMark = -2

// NewQuick makes a Lua function of fn whose calls for at most one result ask quick first.
func NewQuick(L *lua.LState, fn lua.LGFunction, quick Quick) *lua.LFunction {
	f := &quickFunction{quick: quick, most: 1}
	return f.made(L, fn)
}

// NewSeveral makes a Lua function of fn whose calls for at most three results ask several first.
func NewSeveral(L *lua.LState, fn lua.LGFunction, several Several) *lua.LFunction {
	f := &quickFunction{several: several, most: 3}
	return f.made(L, fn)
}

func (f *quickFunction) made(L *lua.LState, fn lua.LGFunction) *lua.LFunction {
	f.IsG, f.Env, f.GFunction, f.Proto = true, L.Env, fn, &lua.FunctionProto{LastLineDefined: quickMark}
	return &f.LFunction
}

// quickOf is what fn is part of, nil if it has no short way.
func quickOf(fn *lua.LFunction) *quickFunction {
	if fn.Proto == nil || fn.Proto.LastLineDefined != quickMark {
		return nil
	}
	return (*quickFunction)(unsafe.Pointer(fn))
}

// answer stores up to three results from register at on, if f has them for the arguments in place.
func (f *quickFunction) answer(L *lua.LState, array []lua.LValue, at, nargs, nret int) bool {
	args := array[at+1 : at+1+nargs]
	if f.quick != nil {
		v, ok := f.quick(L, args)
		if ok && nret == 1 {
			array[at] = v
		}
		return ok
	}
	a, b, c, ok := f.several(L, args)
	if !ok {
		return false
	}
	switch nret {
	case 3:
		array[at+2] = c
		fallthrough
	case 2:
		array[at+1] = b
		fallthrough
	case 1:
		array[at] = a
	}
	return true
}
