package machine

import (
	lua "github.com/yuin/gopher-lua"
)

// skip passes over the next instruction unless the outcome of a test is the one wanted.
func skip(cf *frame, outcome bool, inst uint32) int {
	if outcome != (aOf(inst) != 0) {
		cf.Pc++
	}
	return 0
}

func equal(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	a, b := s.operand(cf, bOf(inst)), s.operand(cf, cOf(inst))
	switch x := a.(type) {
	case lua.LString:
		y, ok := b.(lua.LString)
		return skip(cf, ok && x == y, inst)
	case lua.LNumber:
		if y, ok := b.(lua.LNumber); ok {
			return skip(cf, x == y, inst)
		}
	case *lua.LNilType:
		if _, box := b.(*lua.LUserData); !box {
			return skip(cf, isNil(b), inst)
		}
		a, b = b, a // a NULL pointer of ffi's equals nil
	case lua.LBool:
		y, ok := b.(lua.LBool)
		return skip(cf, ok && x == y, inst)
	}
	r := s.equalValues(L, a, b)
	return skip(cf, r, inst)
}

// equalValues compares as == does, metamethods included.
func (s *state) equalValues(L *lua.LState, a, b lua.LValue) bool {
	switch x := a.(type) {
	case *lua.LTable:
		y, ok := b.(*lua.LTable)
		if !ok || x == y {
			return ok || s.boxedEqual(L, a, b)
		}
		if x.Metatable == lua.LNil || y.Metatable == lua.LNil {
			return false
		}
	case *lua.LUserData:
		y, ok := b.(*lua.LUserData)
		if !ok {
			return s.boxedEqual(L, a, b)
		}
		if x == y {
			return true
		}
		if isBoxed(a) || isBoxed(b) {
			return s.boxedEqual(L, a, b)
		}
	default:
		if a == b {
			return true
		}
		return s.boxedEqual(L, a, b)
	}
	fn := s.metamethod(a, "__eq")
	if isNil(fn) || fn != s.metamethod(b, "__eq") {
		return false
	}
	return truth(s.apply(L, fn, a, b))
}

// isBoxed reports whether v is a "cdata", which may be equal to values of other types.
func isBoxed(v lua.LValue) bool {
	if ud, ok := v.(*lua.LUserData); ok {
		_, ok = ud.Value.(interface{ LuaType() string })
		return ok && TypeName(v) == "cdata"
	}
	return false
}

func (s *state) boxedEqual(L *lua.LState, a, b lua.LValue) bool {
	if !isBoxed(a) && !isBoxed(b) {
		return false
	}
	fn := s.metamethod(a, "__eq")
	if !isBoxed(a) {
		fn = s.metamethod(b, "__eq")
	}
	return !isNil(fn) && truth(s.apply(L, fn, a, b))
}

// Equal compares as == does.
func Equal(L *lua.LState, a, b lua.LValue) bool {
	return a == b || stateOf(L).equalValues(L, a, b)
}

func less(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	a, b := s.operand(cf, bOf(inst)), s.operand(cf, cOf(inst))
	if x, ok := a.(lua.LNumber); ok {
		if y, ok := b.(lua.LNumber); ok {
			return skip(cf, x < y, inst)
		}
	}
	r := s.lessValues(L, a, b, false)
	return skip(cf, r, inst)
}

func lessOrEqual(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	a, b := s.operand(cf, bOf(inst)), s.operand(cf, cOf(inst))
	if x, ok := a.(lua.LNumber); ok {
		if y, ok := b.(lua.LNumber); ok {
			return skip(cf, x <= y, inst)
		}
	}
	r := s.lessValues(L, a, b, true)
	return skip(cf, r, inst)
}

// lessValues is a < b or a <= b for operands that are not both numbers.
func (s *state) lessValues(L *lua.LState, a, b lua.LValue, orEqual bool) bool {
	if x, ok := a.(lua.LString); ok {
		if y, ok := b.(lua.LString); ok {
			return x < y || orEqual && x == y
		}
	}
	event := "__lt"
	if orEqual {
		event = "__le"
	}
	if isBoxed(a) || isBoxed(b) {
		if fn := s.metamethod2(a, b, event); !isNil(fn) {
			return truth(s.apply(L, fn, a, b))
		}
	} else {
		fn := s.metamethod(a, event)
		if !isNil(fn) && fn == s.metamethod(b, event) {
			return truth(s.apply(L, fn, a, b))
		}
		if orEqual {
			fn = s.metamethod(b, "__lt")
			if !isNil(fn) && fn == s.metamethod(a, "__lt") {
				return !truth(s.apply(L, fn, b, a))
			}
		}
	}
	x, y := TypeName(a), TypeName(b)
	msg := "attempt to compare " + x + " with " + y
	if x == y {
		msg = "attempt to compare two " + x + " values"
	}
	if cf := s.currentFrame; cf != nil && cf.Fn.IsG {
		throw(L, lua.LString(msg))
	}
	fail(L, "%s", msg)
	return false
}

// Less compares as < does.
func Less(L *lua.LState, a, b lua.LValue) bool {
	if x, ok := a.(lua.LNumber); ok {
		if y, ok := b.(lua.LNumber); ok {
			return x < y
		}
	}
	return stateOf(L).lessValues(L, a, b, false)
}
