package output

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
)

// appendScalar appends v as ngx.print and ngx.log print it; ok is false for what they have no text for.
func appendScalar(vm *handler.VM, dst []byte, v lua.LValue) (_ []byte, ok bool) {
	switch v := v.(type) {
	case lua.LString:
		return append(dst, v...), true
	case lua.LNumber:
		return codec.AppendNumber(dst, float64(v)), true
	case lua.LBool:
		if v {
			return append(dst, "true"...), true
		}
		return append(dst, "false"...), true
	case *lua.LNilType:
		return append(dst, "nil"...), true
	case *lua.LUserData:
		if v == vm.Null {
			return append(dst, "null"...), true
		}
	}
	return dst, false
}

// appendArray appends the elements of an array table and of the arrays in it. A table that is no array,
// and an element without a text, are raised as errors of argument n of the function name. strict takes
// strings, numbers and tables only.
func appendArray(L *lua.LState, vm *handler.VM, dst []byte, t *lua.LTable, n int, name string, strict bool) []byte {
	size := 0
	for k := range machine.Pairs(t) {
		i, ok := k.(lua.LNumber)
		if !ok || i < 1 || float64(i) != math.Floor(float64(i)) {
			codec.ArgError(L, n, name, "non-array table found")
		}
		size = max(size, int(i))
	}
	for i := 1; i <= size; i++ {
		e := machine.GetInt(t, i)
		switch e := e.(type) {
		case lua.LString:
			dst = append(dst, e...)
			continue
		case *lua.LTable:
			dst = appendArray(L, vm, dst, e, n, name, strict)
			continue
		case lua.LNumber:
			dst = codec.AppendNumber(dst, float64(e))
			continue
		}
		ok := false
		if !strict {
			dst, ok = appendScalar(vm, dst, e)
		}
		if !ok {
			codec.ArgError(L, n, name, "bad data type "+e.Type().String()+" found")
		}
	}
	return dst
}
