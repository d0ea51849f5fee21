package handler

import (
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/phases"
	"moongate/runtime/vm"
)

// ErrorText is an error of Lua's with its traceback, as OpenResty logs it.
func ErrorText(err error) string {
	var ae *lua.ApiError
	if !errors.As(err, &ae) {
		return err.Error()
	}
	msg := "unknown reason"
	switch o := ae.Object.(type) {
	case lua.LString:
		msg = string(o)
	case lua.LNumber:
		msg = o.String()
	}
	if trace := strings.TrimPrefix(ae.StackTrace, "stack traceback:\n"); trace != "" {
		return msg + "\nstack traceback:\n" + trace
	}
	return msg
}

// PlainErrorText is ErrorText for handlers that run without a light thread of their own: their
// traceback has no line for each coroutine.
func PlainErrorText(err error) string {
	return strings.Replace(ErrorText(err), "\ncoroutine 0:\n", "\n", 1)
}

// LogAborted reports the error that ended a thread; who is "entry" or "user". A Control is no error and is
// passed over.
func (c *Ctx) LogAborted(who string, err error) {
	if err == nil || vm.ControlOf(err) != nil {
		return
	}
	kind := "runtime error: "
	var ae *lua.ApiError
	if errors.As(err, &ae) && ae.Type == lua.ApiErrorError {
		kind = "error in error handling: "
	}
	c.Log(phases.LogErr, "lua "+who+" thread aborted: "+kind+ErrorText(err))
}
