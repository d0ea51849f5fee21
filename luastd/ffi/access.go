package ffi

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// Memory is a piece of memory that C data can point into.
type Memory struct{ block block }

// NewMemory makes b known to pointers, which keep it alive. Readonly memory cannot be written to through them.
func NewMemory(b []byte, readonly bool) *Memory {
	return &Memory{block{bytes: b, fixed: readonly}}
}

// coreTypes are the declarations that resty.core makes, which OpenResty loads before any script: others build on them.
const coreTypes = `
typedef struct ngx_http_request_s ngx_http_request_t;
typedef struct { size_t len; const unsigned char *data; } ngx_str_t;
typedef struct { int len; const unsigned char *data; } ngx_http_lua_ffi_str_t;`

// New is an object of a C type, with n elements if that is of variable length. null is the Lua value that stands for a NULL pointer.
func New(L *lua.LState, null lua.LValue, ctype string, n int) lua.LValue {
	lib := libraryOf(L, null)
	t, msg := lib.decls.typeNamed(ctype, nil)
	if msg != "" {
		machine.Errorf(L, "%s", msg)
	}
	size, ok := t.sizeWith(n)
	if !ok {
		machine.Errorf(L, "size of C type is unknown or too large")
	}
	d := data{typ: t, mem: newBlock(size)}
	if t.isVariable() {
		d.size = size
	}
	return lib.wrap(d)
}

// Pointable is what values of userdata implement that C can look into.
type Pointable interface {
	CMemory() (m *Memory, off int)
}

var typeBytePointer = pointerTo(intType(1, true))

// Pointer is a uint8_t * to the byte at an offset. null is the Lua value that stands for a NULL pointer.
func (m *Memory) Pointer(L *lua.LState, null lua.LValue, off int) lua.LValue {
	return libraryOf(L, null).wrap(data{typ: typeBytePointer, mem: &m.block, off: off})
}

// Bytes is the memory that argument n of a function points to, from there to the end of the object and size bytes at most: it raises an error where
// C would read beyond, and if the argument is nothing that has memory.
func Bytes(L *lua.LState, null lua.LValue, n, size int) []byte {
	lib := libraryOf(L, null)
	d := lib.pointerArg(L, n, constVoid, false)
	return lib.room(L, d.mem, d.off, size, d.bits)
}
