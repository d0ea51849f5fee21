package shdict

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// The functions of this file are the short ways of get, incr and those that store, for arguments of the types that they are meant for; all
// else is left to the functions themselves.

// zoneAndKey are the first two arguments.
func zoneAndKey(args []lua.LValue) (*Zone, string, bool) {
	if len(args) < 2 {
		return nil, "", false
	}
	key, ok := args[1].(lua.LString)
	z := zoneOf(args[0])
	return z, string(key), ok && z != nil && keyProblem(string(key)) == ""
}

// failed are the results nil, message.
func failed(err error) (a, b, c lua.LValue, ok bool) {
	return lua.LNil, lua.LString(err.Error()), lua.LNil, true
}

func (l *library) quickGet(L *lua.LState, args []lua.LValue) (a, b, c lua.LValue, ok bool) {
	z, key, ok := zoneAndKey(args)
	if !ok {
		return nil, nil, nil, false
	}
	var room [256]byte
	v, text, err := z.appendGet(key, room[:0], l.now().UnixMilli())
	if err != nil {
		return failed(err)
	}
	switch v.Kind {
	case String:
		a = machine.CopyString(text)
	case Number:
		a = machine.Number(L, v.Num)
	case Boolean:
		a = lua.LBool(v.Num != 0)
	default:
		a = lua.LNil
	}
	b = lua.LNil
	if v.Flags != 0 {
		b = machine.Number(L, float64(v.Flags))
	}
	return a, b, lua.LNil, true
}

// quickStore is the short way of storer, without flags.
func (l *library) quickStore(op storeOp) machine.Several {
	return func(_ *lua.LState, args []lua.LValue) (a, b, c lua.LValue, ok bool) {
		z, key, ok := zoneAndKey(args)
		if !ok || len(args) < 3 || len(args) > 4 {
			return nil, nil, nil, false
		}
		ttl := int64(0)
		if len(args) == 4 {
			seconds, ok := args[3].(lua.LNumber)
			if !ok || seconds < 0 {
				return nil, nil, nil, false
			}
			ttl = millis(float64(seconds))
		}
		v, ok := valueArg(args[2])
		if !ok {
			return nil, nil, nil, false
		}
		forcible, err := z.store(key, v, ttl, op, l.now().UnixMilli())
		if err != nil {
			return lua.LFalse, lua.LString(err.Error()), lua.LBool(forcible), true
		}
		return lua.LTrue, lua.LNil, lua.LBool(forcible), true
	}
}

func (l *library) quickIncr(L *lua.LState, args []lua.LValue) (a, b, c lua.LValue, ok bool) {
	z, key, ok := zoneAndKey(args)
	if !ok || len(args) < 3 || len(args) > 5 {
		return nil, nil, nil, false
	}
	var numbers [3]float64 // the value, init, init_ttl
	for i, arg := range args[2:] {
		n, ok := arg.(lua.LNumber)
		if !ok {
			return nil, nil, nil, false
		}
		numbers[i] = float64(n)
	}
	if len(args) == 3 {
		sum, _, err := z.incr(key, numbers[0], nil, 0, l.now().UnixMilli())
		if err != nil {
			return failed(err)
		}
		return machine.Number(L, sum), lua.LNil, lua.LNil, true
	}
	if numbers[2] < 0 {
		return nil, nil, nil, false
	}
	sum, forcible, err := z.incr(key, numbers[0], &numbers[1], millis(numbers[2]), l.now().UnixMilli())
	if err != nil {
		return failed(err)
	}
	return machine.Number(L, sum), lua.LNil, lua.LBool(forcible), true
}
