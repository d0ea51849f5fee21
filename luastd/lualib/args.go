package lualib

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// The functions of this file read arguments as LuaJIT's lj_lib_check* do: numbers pass for strings and numeric strings for
// numbers, and what does not fit raises LuaJIT's message.

func checkAny(L *lua.LState, n int) lua.LValue {
	if n > L.GetTop() {
		machine.ArgError(L, n, "value expected")
	}
	return L.Get(n)
}

// declare gives the function n parameters: in LuaJIT, some of the library is written in Lua, so that an argument left out is nil.
func declare(L *lua.LState, n int) {
	if L.GetTop() < n {
		L.SetTop(n)
	}
}

func checkTable(L *lua.LState, n int) *lua.LTable {
	if t, ok := L.Get(n).(*lua.LTable); ok {
		return t
	}
	machine.TypeError(L, n, "table")
	return nil
}

func checkFunction(L *lua.LState, n int) *lua.LFunction {
	if f, ok := L.Get(n).(*lua.LFunction); ok {
		return f
	}
	machine.TypeError(L, n, "function")
	return nil
}

func checkString(L *lua.LState, n int) string {
	if s, ok := L.Get(n).(lua.LString); ok {
		return string(s)
	}
	s, ok := machine.ToString(L.Get(n))
	if !ok {
		machine.TypeError(L, n, "string")
	}
	return s
}

func optString(L *lua.LState, n int, otherwise string) string {
	if L.Get(n) == lua.LNil {
		return otherwise
	}
	return checkString(L, n)
}

func checkNumber(L *lua.LState, n int) float64 {
	if v, ok := L.Get(n).(lua.LNumber); ok {
		return float64(v)
	}
	v, ok := machine.ToNumber(L.Get(n))
	if !ok {
		machine.TypeError(L, n, "number")
	}
	return v
}

func checkInt(L *lua.LState, n int) int { return toInt32(checkNumber(L, n)) }

func optInt(L *lua.LState, n, otherwise int) int {
	if L.Get(n) == lua.LNil {
		return otherwise
	}
	return checkInt(L, n)
}

// toInt32 cuts a number down as LuaJIT's conversion instruction does: what does not fit becomes the lowest integer.
func toInt32(v float64) int {
	if v > math.MinInt32-1 && v < math.MaxInt32+1 {
		return int(v)
	}
	return math.MinInt32
}

func pushNumber(L *lua.LState, v float64) int {
	L.Push(machine.Number(L, v))
	return 1
}

func pushString(L *lua.LState, s string) int {
	L.Push(lua.LString(s))
	return 1
}

func pushBool(L *lua.LState, v bool) int {
	L.Push(lua.LBool(v))
	return 1
}

// fill puts functions into a table.
func fill(L *lua.LState, t *lua.LTable, fns map[string]lua.LGFunction) *lua.LTable {
	for name, fn := range fns {
		t.RawSetString(name, L.NewFunction(fn))
	}
	return t
}
