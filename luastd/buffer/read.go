package buffer

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// buf = buf:skip(len)
func skip(L *lua.LState) int {
	b := self(L)
	b.skip(checkSize(L, 2))
	return chain(L)
}

// str, ... = buf:get([len|nil], ...)
func get(L *lua.LState) int {
	b := self(L)
	top := L.GetTop()
	if top == 1 {
		L.Push(lua.LNil)
		top++
	}
	for i := 2; i <= top; i++ {
		n := maxSize
		if L.Get(i) != lua.LNil {
			n = checkSize(L, i)
		}
		L.Replace(i, lua.LString(b.take(n)))
	}
	b.rewind()
	return top - 1
}

// str = buf:tostring(), tostring(buf)
func toString(L *lua.LState) int {
	L.Push(lua.LString(self(L).String()))
	return 1
}

// len = #buf
func length(L *lua.LState) int {
	L.Push(machine.Number(L, float64(self(L).Len())))
	return 1
}

// ptr, len = buf:ref()
func (m *module) ref(L *lua.LState) int {
	b := self(L)
	L.Push(b.memory().Pointer(L, m.null, b.r))
	L.Push(machine.Number(L, float64(b.Len())))
	return 2
}

// concat is buf .. str, of strings, numbers and buffers on either side. Another object's __concat goes first, as LuaJIT knows none of
// the buffer's.
func concat(L *lua.LState) int {
	var out []byte
	for i := 1; i <= 2; i++ {
		switch v := L.Get(i).(type) {
		case lua.LString:
			out = append(out, v...)
		case lua.LNumber:
			out = machine.AppendNumber(out, float64(v))
		default:
			if b := Of(v); b != nil {
				out = b.Append(out)
				continue
			}
			fn := machine.Metamethod(L, v, "__concat")
			if fn == lua.LNil {
				machine.Errorf(L, "attempt to concatenate a %s value", machine.TypeName(v))
			}
			left, right := L.Get(1), L.Get(2)
			L.Push(fn)
			L.Push(left)
			L.Push(right)
			L.Call(2, 1)
			return 1
		}
	}
	L.Push(lua.LString(out))
	return 1
}
