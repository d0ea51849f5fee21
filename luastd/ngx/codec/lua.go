package codec

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// Raise throws message as a Lua error the way luaL_error does: with the position of the
// Lua code that called the running Go function, and with none where another Go function
// (pcall, say) called it. It does not return.
func Raise(L *lua.LState, message string) {
	machine.Throw(L, lua.LString(machine.Where(L, 1)+message))
}

// RaiseLevel is Raise for the function that stands level callers above the running Go
// function; 1 is its direct caller.
func RaiseLevel(L *lua.LState, level int, message string) {
	L.Error(lua.LString(Where(L, level)+message), 0)
}

// Where returns "source:line: " for the function level callers above the running Go
// function, and "" where that is no Lua function, as luaL_where does.
func Where(L *lua.LState, level int) string {
	where := L.Where(level)
	if where == "" || strings.HasPrefix(where, "[G]:") {
		return ""
	}
	return where + " "
}

// ArgError throws "bad argument #n to 'name' (message)", with name replaced by ? where no
// Lua code called the function, as LuaJIT does. It does not return.
func ArgError(L *lua.LState, n int, name, message string) {
	where := machine.Where(L, 1)
	if where == "" {
		name = "?"
	}
	machine.Throw(L, lua.LString(where+"bad argument #"+strconv.Itoa(n)+" to '"+name+"' ("+message+")"))
}

// TypeName returns the Lua type of argument n, "no value" where it is absent.
func TypeName(L *lua.LState, n int) string {
	if n > L.GetTop() {
		return "no value"
	}
	return L.Get(n).Type().String()
}

// CheckString returns argument n as a string, converting a number; anything else throws
// LuaJIT's "bad argument". It is luaL_checklstring for the Lua function called name.
func CheckString(L *lua.LState, n int, name string) string {
	switch v := L.Get(n).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return FormatNumber(float64(v))
	}
	ArgError(L, n, name, "string expected, got "+TypeName(L, n))
	return ""
}

// CheckNumber returns argument n as a number, converting a numeric string; anything else
// throws LuaJIT's "bad argument". It is luaL_checknumber for the Lua function called name.
func CheckNumber(L *lua.LState, n int, name string) float64 {
	if f, ok := machine.ToNumber(L.Get(n)); ok {
		return f
	}
	ArgError(L, n, name, "number expected, got "+TypeName(L, n))
	return 0
}

// CheckTable returns argument n where it is a table and throws LuaJIT's "bad argument"
// otherwise.
func CheckTable(L *lua.LState, n int, name string) *lua.LTable {
	if t, ok := L.Get(n).(*lua.LTable); ok {
		return t
	}
	ArgError(L, n, name, "table expected, got "+TypeName(L, n))
	return nil
}

// ToString converts v as Lua's tostring does, calling __tostring where there is one.
func ToString(L *lua.LState, v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return FormatNumber(float64(v))
	case lua.LBool:
		return v.String()
	}
	return L.ToStringMeta(v).String()
}

// text returns argument n for the functions that take nil and false as the empty string
// and everything else as tostring gives it.
func text(L *lua.LState, n int) string {
	v := L.Get(n)
	if s, ok := v.(lua.LString); ok {
		return string(s)
	}
	if lua.LVIsFalse(v) {
		return ""
	}
	return ToString(L, v)
}

func pushString(L *lua.LState, s string) int {
	L.Push(lua.LString(s))
	return 1
}
