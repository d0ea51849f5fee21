package shdict

import (
	"errors"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
)

// listArgs checks what the list functions, which are C functions in OpenResty and stricter
// than the others, are called with.
func listArgs(L *lua.LState, name string, want int) (z *Zone, key, problem string) {
	if n := L.GetTop(); n != want {
		codec.Raise(L, "expecting "+strconv.Itoa(want)+" arguments, but only seen "+strconv.Itoa(n))
	}
	z = checkZone(L)
	switch v := L.Get(2).(type) {
	case *lua.LNilType:
		return z, "", "nil key"
	case lua.LString:
		key = string(v)
	case lua.LNumber:
		key = codec.FormatNumber(float64(v))
	default:
		// A method's arguments are counted without self.
		codec.ArgError(L, 1, name, "string expected, got "+v.Type().String())
	}
	return z, key, keyProblem(key)
}

// pusher makes the Lua function for length, err = ngx.shared.DICT:lpush(key, value) and
// :rpush.
func pusher(name string, push func(*Zone, string, Value) (int, error)) lua.LGFunction {
	return func(L *lua.LState) int {
		z, key, problem := listArgs(L, name, 3)
		if problem != "" {
			return fail(L, problem)
		}
		v, ok := valueArg(L.Get(3))
		if !ok || v.Kind != String && v.Kind != Number {
			return fail(L, "bad value type")
		}
		length, err := push(z, key, v)
		switch {
		case errors.Is(err, errNoList):
			L.Push(lua.LFalse)
			L.Push(lua.LString(err.Error()))
			return 2
		case err != nil:
			return fail(L, err.Error())
		}
		L.Push(lua.LNumber(length))
		return 1
	}
}

// popper makes the Lua function for val, err = ngx.shared.DICT:lpop(key) and :rpop.
func popper(name string, pop func(*Zone, string) (Value, error)) lua.LGFunction {
	return func(L *lua.LState) int {
		z, key, problem := listArgs(L, name, 2)
		if problem != "" {
			return fail(L, problem)
		}
		v, err := pop(z, key)
		if err != nil {
			return fail(L, err.Error())
		}
		pushValue(L, v)
		return 1
	}
}

// luaLLen is len, err = ngx.shared.DICT:llen(key).
func luaLLen(L *lua.LState) int {
	z, key, problem := listArgs(L, "llen", 2)
	if problem != "" {
		return fail(L, problem)
	}
	length, err := z.LLen(key)
	if err != nil {
		return fail(L, err.Error())
	}
	L.Push(lua.LNumber(length))
	return 1
}
