package lualib

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// The functions of this file are the short ways of functions that do little and are called often. They take arguments of exactly the
// types wanted; for all else, errors included, the functions themselves are called.

// typeNames are the results of type.
var typeNames = func() (names [lua.LTChannel + 1]lua.LString) {
	for t := range names {
		names[t] = lua.LString(lua.LValueType(t).String())
	}
	return names
}()

func quickType(_ *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	if len(args) == 0 {
		return nil, false
	}
	t := args[0].Type()
	if t == lua.LTUserData {
		return nil, false
	}
	return machine.String(&typeNames[t]), true
}

func quickToNumber(L *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	if len(args) != 1 {
		return nil, false
	}
	switch v := args[0].(type) {
	case lua.LNumber:
		return machine.Number(L, float64(v)), true
	case lua.LString:
		if f, ok := machine.ToNumber(v); ok {
			return machine.Number(L, f), true
		}
		return lua.LNil, true
	}
	return nil, false
}

func quickToString(_ *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	if len(args) == 0 {
		return nil, false
	}
	switch v := args[0].(type) {
	case lua.LString:
		return args[0], true
	case lua.LNumber:
		return lua.LString(machine.FormatNumber(float64(v))), true
	}
	return nil, false
}

// quickSelect is select('#', ...).
func quickSelect(L *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	if len(args) == 0 {
		return nil, false
	}
	if s, ok := args[0].(lua.LString); ok && s == "#" {
		return machine.Number(L, float64(len(args)-1)), true
	}
	return nil, false
}

func quickLen(L *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	if len(args) == 0 {
		return nil, false
	}
	s, ok := args[0].(lua.LString)
	if !ok {
		return nil, false
	}
	return machine.Number(L, float64(len(s))), true
}

// stringAndSpan takes a string and one or two positions.
func stringAndSpan(args []lua.LValue) (s string, i, j, n int, ok bool) {
	if len(args) == 0 || len(args) > 3 {
		return "", 0, 0, 0, false
	}
	v, ok := args[0].(lua.LString)
	if !ok {
		return "", 0, 0, 0, false
	}
	at := [2]int{}
	for k, a := range args[1:] {
		x, ok := a.(lua.LNumber)
		if !ok {
			return "", 0, 0, 0, false
		}
		at[k] = toInt32(float64(x))
	}
	return string(v), at[0], at[1], len(args) - 1, true
}

// single are the strings of one byte, as values.
var single = func() (all [256]lua.LString) {
	for i := range all {
		all[i] = lua.LString(singles[i : i+1])
	}
	return all
}()

func quickSub(_ *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	s, i, j, n, ok := stringAndSpan(args)
	if !ok || n == 0 {
		return nil, false
	}
	if n == 1 {
		j = -1
	}
	from, to := span(len(s), i, j)
	switch to - from {
	case len(s):
		return args[0], true
	case 1:
		return machine.String(&single[s[from]]), true
	}
	return lua.LString(s[from:to]), true
}

func quickByte(L *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	s, i, j, n, ok := stringAndSpan(args)
	switch {
	case !ok:
		return nil, false
	case n == 0:
		i, j = 1, 1
	case n == 1:
		j = i
	}
	from, to := span(len(s), i, j)
	if to-from > maxBytes {
		return nil, false
	}
	if from >= to {
		return lua.LNil, true
	}
	return machine.Number(L, float64(s[from])), true
}

// quickMath is the short way of a function of one number.
func quickMath(fn func(float64) float64) machine.Quick {
	return func(L *lua.LState, args []lua.LValue) (lua.LValue, bool) {
		if len(args) == 0 {
			return nil, false
		}
		x, ok := args[0].(lua.LNumber)
		if !ok {
			return nil, false
		}
		return machine.Number(L, fn(float64(x))), true
	}
}

// quickBest is the short way of math.max and math.min of two numbers.
func quickBest(better func(r, v float64) bool) machine.Quick {
	return func(L *lua.LState, args []lua.LValue) (lua.LValue, bool) {
		if len(args) != 2 {
			return nil, false
		}
		x, ok := args[0].(lua.LNumber)
		y, ok2 := args[1].(lua.LNumber)
		if !ok || !ok2 {
			return nil, false
		}
		if better(float64(x), float64(y)) {
			return machine.Number(L, float64(x)), true
		}
		return machine.Number(L, float64(y)), true
	}
}

// quickSetMetatable serves tables without a metatable, and metatables that make no weak tables.
func quickSetMetatable(_ *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	if len(args) != 2 {
		return nil, false
	}
	t, ok := args[0].(*lua.LTable)
	mt, ok2 := args[1].(*lua.LTable)
	if !ok || !ok2 || t.Metatable != lua.LNil || machine.Lookup(mt, "__mode") != nil {
		return nil, false
	}
	t.Metatable = mt
	return args[0], true
}

func quickRawGet(_ *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	if len(args) != 2 {
		return nil, false
	}
	t, ok := args[0].(*lua.LTable)
	if !ok {
		return nil, false
	}
	return machine.Get(t, args[1]), true
}

// quickInsert is table.insert at the end.
func quickInsert(L *lua.LState, args []lua.LValue) (lua.LValue, bool) {
	if len(args) != 2 {
		return nil, false
	}
	t, ok := args[0].(*lua.LTable)
	if !ok {
		return nil, false
	}
	v := args[1]
	if n, ok := v.(lua.LNumber); ok {
		v = machine.Number(L, float64(n))
	}
	machine.SetInt(t, machine.Len(t)+1, v)
	return lua.LNil, true
}

// quickAssert serves what is true and no number.
func quickAssert(_ *lua.LState, args []lua.LValue) (a, b, c lua.LValue, ok bool) {
	results := [3]lua.LValue{lua.LNil, lua.LNil, lua.LNil}
	for i, v := range args {
		if _, number := v.(lua.LNumber); number || i == len(results) {
			return nil, nil, nil, false
		}
		results[i] = v
	}
	return results[0], results[1], results[2], len(args) > 0 && lua.LVAsBool(args[0])
}

// quickPairs and quickIPairs serve tables.
func quickPairs(_ *lua.LState, args []lua.LValue) (a, b, c lua.LValue, ok bool) {
	if !isTable(args) {
		return nil, nil, nil, false
	}
	return machine.NextFunction, args[0], lua.LNil, true
}

func quickIPairs(_ *lua.LState, args []lua.LValue) (a, b, c lua.LValue, ok bool) {
	if !isTable(args) {
		return nil, nil, nil, false
	}
	return machine.StepFunction, args[0], zero, true
}

var zero lua.LValue = lua.LNumber(0)

func isTable(args []lua.LValue) bool {
	if len(args) != 1 {
		return false
	}
	_, ok := args[0].(*lua.LTable)
	return ok
}

// hastenSeveral is hasten for functions of several results.
func hastenSeveral(L *lua.LState, t *lua.LTable, ways map[string]machine.Several) {
	for name, several := range ways {
		if fn, ok := t.RawGetString(name).(*lua.LFunction); ok {
			t.RawSetString(name, machine.NewSeveral(L, fn.GFunction, several))
		}
	}
}

// hasten gives functions of t their short ways.
func hasten(L *lua.LState, t *lua.LTable, ways map[string]machine.Quick) {
	for name, quick := range ways {
		if fn, ok := t.RawGetString(name).(*lua.LFunction); ok {
			t.RawSetString(name, machine.NewQuick(L, fn.GFunction, quick))
		}
	}
}
