package lualib

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// comparator is a Lua function that only compares its two arguments, or one field of each: function(a, b) return a.x < b.x end.
// Most functions given to table.sort are of this kind, and calling one takes ten times as long as comparing.
//
// Deviation: a hook of debug.sethook does not see these calls.
type comparator struct {
	// swapped is whether the second argument is on the left.
	swapped, orEqual bool
	// key is the field, nil where the arguments themselves are compared.
	key lua.LValue
}

// The instructions of such a function behind those that fetch fields: what follows a comparison to make it a value.
var comparisonTail = [...]int{
	lua.OP_JMP<<26 | 1 + 0x1ffff,
	lua.OP_LOADBOOL<<26 | 2<<18 | 1<<9,
	lua.OP_LOADBOOL<<26 | 2<<18 | 1,
	lua.OP_RETURN<<26 | 2<<18 | 2,
	lua.OP_RETURN<<26 | 1,
}

// comparatorOf recognises a comparator by its code.
func comparatorOf(fn *lua.LFunction) (c comparator, ok bool) {
	if fn.IsG || fn.Proto.NumParameters != 2 || fn.Proto.IsVarArg&lua.VarArgIsVarArg != 0 {
		return c, false
	}
	code := fn.Proto.Code
	n := len(code) - len(comparisonTail) - 1
	if n != 0 && n != 2 {
		return c, false
	}
	for i, want := range comparisonTail {
		if int(code[n+1+i]) != want {
			return c, false
		}
	}
	left, right := 0, 1
	if n == 2 {
		left, right = 2, 3
		first := int(code[0] & 0x1ff)
		c.swapped = first == 1
		get, key := int(code[0]>>26), int(code[0]>>9&0x1ff)
		index := key - 256
		if get != lua.OP_GETTABLE && get != lua.OP_GETTABLEKS || index < 0 || first > 1 ||
			int(code[0]) != get<<26|2<<18|key<<9|first || int(code[1]) != get<<26|3<<18|key<<9|1-first {
			return c, false
		}
		c.key = fn.Proto.Constants[index]
	}
	compare := int(code[n])
	switch compare >> 26 {
	case lua.OP_LT:
	case lua.OP_LE:
		c.orEqual = true
	default:
		return c, false
	}
	switch compare & (1<<26 - 1) {
	case 1<<18 | right<<9 | left:
		return c, true
	case 1<<18 | left<<9 | right:
		c.swapped = !c.swapped
		return c, true
	}
	return c, false
}

// compare is what the function returns for two arguments. It is not ok where metamethods or errors come in.
func (c *comparator) compare(a, b lua.LValue) (less, ok bool) {
	if c.key != nil {
		x, isTable := a.(*lua.LTable)
		y, isTable2 := b.(*lua.LTable)
		if !isTable || !isTable2 {
			return false, false
		}
		// A field that is nil has no order, so that this leaves __index to the function.
		a, b = machine.Get(x, c.key), machine.Get(y, c.key)
	}
	if c.swapped {
		a, b = b, a
	}
	switch x := a.(type) {
	case lua.LNumber:
		if y, isNumber := b.(lua.LNumber); isNumber {
			return x < y || c.orEqual && x == y, true
		}
	case lua.LString:
		if y, isString := b.(lua.LString); isString {
			return x < y || c.orEqual && x == y, true
		}
	}
	return false, false
}
