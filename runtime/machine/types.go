package machine

import lua "github.com/yuin/gopher-lua"

// TypeMetatable is the metatable that all values of a type without their own share, lua.LNil if there is none.
func TypeMetatable(L *lua.LState, t lua.LValueType) lua.LValue {
	if mt, ok := globalOf(stateOf(L).G).builtinMts[int(t)]; ok {
		return mt
	}
	return lua.LNil
}

// SetTypeMetatable sets what TypeMetatable gives.
func SetTypeMetatable(L *lua.LState, t lua.LValueType, mt lua.LValue) {
	globalOf(stateOf(L).G).builtinMts[int(t)] = mt
}
