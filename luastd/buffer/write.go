package buffer

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ffi"
	"moongate/luastd/lualib"
	"moongate/runtime/machine"
)

// buf = buf:free()
func free(L *lua.LState) int {
	self(L).free()
	return chain(L)
}

// buf = buf:reset()
func reset(L *lua.LState) int {
	self(L).reset()
	return chain(L)
}

// buf = buf:set(str), buf:set(cdata, len)
//
// Deviation: cdata is copied, where LuaJIT goes on reading it where it is.
func (m *module) set(L *lua.LState) int {
	b := self(L)
	if machine.TypeName(L.Get(2)) == "cdata" {
		b.set(string(ffi.Bytes(L, m.null, 2, checkSize(L, 3))))
		return chain(L)
	}
	b.set(checkString(L, 2))
	return chain(L)
}

// buf = buf:put(str|num|obj, ...)
func put(L *lua.LState) int {
	b := self(L)
	for i := 2; i <= L.GetTop(); i++ {
		v := L.Get(i)
		if b.put(L, v, i) {
			continue
		}
		fn := machine.Metamethod(L, v, "__tostring")
		if fn == lua.LNil {
			machine.TypeError(L, i, "string/number/__tostring")
		}
		L.Push(fn)
		L.Push(v)
		L.Call(1, 1)
		L.Replace(i, L.Get(-1))
		L.Pop(1)
		if !b.put(L, L.Get(i), i) {
			machine.TypeError(L, i, "string/number/__tostring")
		}
	}
	return chain(L)
}

// put writes v if it is of a type that needs no metamethod. n is its number as an argument.
func (b *Buffer) put(L *lua.LState, v lua.LValue, n int) bool {
	switch v := v.(type) {
	case lua.LString:
		b.writeString(L, string(v))
	case lua.LNumber:
		var room [32]byte
		b.write(L, machine.AppendNumber(room[:0], float64(v)))
	default:
		from := Of(v)
		if from == nil {
			return false
		}
		if from == b {
			machine.ArgError(L, n, "cannot put buffer into itself")
		}
		b.writeString(L, from.view())
	}
	return true
}

// buf = buf:putf(format, ...)
//
// Deviation: nothing is written if an argument is at fault; LuaJIT leaves what stands before it in the buffer.
func putf(L *lua.LState) int {
	b := self(L)
	var room [128]byte
	b.write(L, lualib.AppendFormat(L, room[:0], 2))
	return chain(L)
}

// buf = buf:commit(used)
func commit(L *lua.LState) int {
	b := self(L)
	n := checkSize(L, 2)
	if n > b.size()-b.w {
		machine.ArgError(L, 2, "number out of range")
	}
	b.w += n
	return chain(L)
}

// buf = buf:putcdata(cdata, len)
func (m *module) putcdata(L *lua.LState) int {
	b := self(L)
	if machine.TypeName(L.Get(2)) != "cdata" {
		machine.TypeError(L, 2, "cdata")
	}
	b.write(L, ffi.Bytes(L, m.null, 2, checkSize(L, 3)))
	return chain(L)
}

// ptr, len = buf:reserve(size)
func (m *module) reserve(L *lua.LState) int {
	b := self(L)
	b.more(L, checkSize(L, 2))
	L.Push(b.memory().Pointer(L, m.null, b.w))
	L.Push(machine.Number(L, float64(b.size()-b.w)))
	return 2
}

// CMemory is what a pointer that C data is made of a buffer points to: its content.
func (b *Buffer) CMemory() (m *ffi.Memory, off int) { return b.memory(), b.r }

// memory is what pointers into the buffer point to, until it gets other memory.
func (b *Buffer) memory() *ffi.Memory {
	at, readonly := b.mem, false
	if b.borrowed {
		at, readonly = unsafe.Slice(unsafe.StringData(b.src), len(b.src)), true
	}
	if b.shared == nil || unsafe.SliceData(b.sharedAt) != unsafe.SliceData(at) || len(b.sharedAt) != len(at) {
		b.shared, b.sharedAt = ffi.NewMemory(at, readonly), at
	}
	return b.shared
}
