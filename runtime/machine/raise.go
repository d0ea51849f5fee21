package machine

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// throw raises v as it is. It does not return.
func throw(L *lua.LState, v lua.LValue) {
	L.Error(v, 0)
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: v})
}

// Throw raises any value, without a position. It does not return.
func Throw(L *lua.LState, v lua.LValue) { throw(L, v) }

// Where is "chunk:line: " for the function at a level, as luaL_where: 0 is the running function, 1 the one that called it. It is
// empty for Go functions and beyond the stack.
func Where(L *lua.LState, level int) string {
	c, ok := CallAt(L, level)
	if !ok {
		return ""
	}
	return c.position()
}

// Errorf raises a message from a Go function, with the position of the Lua function that called it, if one did: luaL_error.
// It does not return.
func Errorf(L *lua.LState, format string, args ...any) {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	throw(L, lua.LString(Where(L, 1)+format))
}

// ArgError raises "bad argument #n to 'f' (msg)" from a Go function, f being the name under which it was called. It does not
// return.
func ArgError(L *lua.LState, n int, msg string) {
	kind, name := "", ""
	if c, ok := CallAt(L, 0); ok {
		kind, name = c.Name()
	}
	if name == "" {
		name = "?"
	}
	if kind == "method" {
		if n--; n == 0 {
			Errorf(L, "calling '%s' on bad self (%s)", name, msg)
		}
	}
	Errorf(L, "bad argument #%d to '%s' (%s)", n, name, msg)
}

// TypeError raises that argument n is not of the type wanted. It does not return.
func TypeError(L *lua.LState, n int, want string) {
	got := "no value"
	if n <= L.GetTop() {
		got = TypeName(L.Get(n))
	}
	ArgError(L, n, want+" expected, got "+got)
}

// fail raises a message from an instruction, with the position of the running function.
func fail(L *lua.LState, format string, args ...any) {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	c, _ := CallAt(L, 0)
	throw(L, lua.LString(c.position()+format))
}

// failOperand raises that v, the value in reg (or a constant, or neither: -1), does not support what.
func failOperand(L *lua.LState, reg int, v lua.LValue, what string) {
	if cf := stateOf(L).currentFrame; cf != nil && !cf.Fn.IsG && reg >= 0 && reg&constBit == 0 {
		if kind, name := slotName(cf.Fn.Proto, cf.Pc-1, reg); kind != "" {
			fail(L, "attempt to %s %s '%s' (a %s value)", what, kind, name, TypeName(v))
		}
	}
	fail(L, "attempt to %s a %s value", what, TypeName(v))
}

// StackOverflow tells whether an error object is gopher-lua's complaint about too deep a recursion, and what LuaJIT says.
func StackOverflow(msg string) (string, bool) {
	for _, theirs := range []string{"registry overflow", "lua callstack overflow"} {
		if s, ok := strings.CutSuffix(msg, theirs); ok {
			return s + "stack overflow", true
		}
	}
	return msg, false
}
