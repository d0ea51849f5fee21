package vm

import (
	"errors"

	lua "github.com/yuin/gopher-lua"
)

// Control is a value that unwinds Lua without being an error: ngx.exit, ngx.exec, ngx.redirect, the
// killing of a thread. PCall (hence Lua's pcall and xpcall), coroutines and light threads let it through;
// it ends up in the error that Run returns, where ControlOf finds it.
type Control interface{ LuaControl() }

// Killed is the Control that unwinds a thread after Kill, and a coroutine whose owner is done.
type Killed struct{}

// LuaControl marks Killed as a Control.
func (Killed) LuaControl() {}

// Raise unwinds the Lua thread that runs on L with c. It does not return: it panics with an *lua.ApiError of type
// ApiErrorRun whose Object is an *lua.LUserData that holds c in Value, which is the form by which other
// packages may recognise it. Call it from a Go function that Lua called, with the baton held.
func Raise(L *lua.LState, c Control) {
	panic(controlError(c))
}

// ControlOf returns the Control that err carries, or nil when err is nil or an ordinary error.
func ControlOf(err error) Control {
	if err == nil {
		return nil
	}
	e, ok := err.(*lua.ApiError) //nolint:errorlint // the usual case by far, at a tenth of the cost
	if !ok && !errors.As(err, &e) {
		return nil
	}
	return controlOf(e)
}

func controlOf(e *lua.ApiError) Control {
	if ud, ok := e.Object.(*lua.LUserData); ok {
		if c, ok := ud.Value.(Control); ok {
			return c
		}
	}
	return nil
}

// A trace is never gathered for a control value, so one that is not empty says so to stock PCall.
func controlError(c Control) *lua.ApiError {
	return &lua.ApiError{
		Type:       lua.ApiErrorRun,
		Object:     &lua.LUserData{Value: c, Metatable: lua.LNil},
		StackTrace: "control",
	}
}
