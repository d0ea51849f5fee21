package buffer

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ffi"
	"moongate/runtime/machine"
)

const (
	// minSize is the least memory that a buffer takes, and maxSize the most that it may hold, in bytes.
	minSize = 32
	maxSize = 0x7fffff00
	// maxInitial bounds what new(size) allocates at once; size is only a hint.
	maxInitial = 16 << 20
)

// Buffer is the value of a string.buffer userdata: a queue of bytes. It belongs to one worker and needs its baton.
type Buffer struct {
	// mem is all of the room; mem[r:w] is the content. While borrowed is set, the content is src[r:w] instead, w is len(src), and
	// there is no room to write.
	mem      []byte
	src      string
	borrowed bool
	r, w     int

	dict *dictionary

	// shared is what pointers to sharedAt, the memory at the time, point to.
	shared   *ffi.Memory
	sharedAt []byte
}

// Len is the number of bytes in the buffer.
func (b *Buffer) Len() int { return b.w - b.r }

// String is a copy of the content.
func (b *Buffer) String() string {
	if b.borrowed {
		return b.src[b.r:b.w]
	}
	return string(b.mem[b.r:b.w])
}

// Append adds the content to dst.
func (b *Buffer) Append(dst []byte) []byte {
	if b.borrowed {
		return append(dst, b.src[b.r:b.w]...)
	}
	return append(dst, b.mem[b.r:b.w]...)
}

// view is the content without a copy, valid until the buffer is written to.
func (b *Buffer) view() string {
	if b.borrowed {
		return b.src[b.r:b.w]
	}
	return unsafe.String(unsafe.SliceData(b.mem[b.r:b.w]), b.w-b.r)
}

func (b *Buffer) size() int {
	if b.borrowed {
		return len(b.src)
	}
	return len(b.mem)
}

// grow gives the buffer room for n bytes in all, counted from the start of its memory.
func (b *Buffer) grow(n int) {
	size := max(b.size(), minSize)
	for size < n {
		size += size
	}
	mem := make([]byte, size)
	if b.borrowed {
		copy(mem, b.src)
		b.src, b.borrowed = "", false
	} else {
		copy(mem, b.mem[:b.w])
	}
	b.mem = mem
}

// more makes room for n further bytes, by the rules of LuaJIT's lj_buf_more2: what was read is moved over only if it leaves at
// least an eighth of the memory free.
func (b *Buffer) more(L *lua.LState, n int) {
	if n <= b.size()-b.w {
		return
	}
	length := b.Len()
	if n > maxSize || length+n > maxSize {
		machine.Throw(L, lua.LString("not enough memory"))
	}
	switch {
	case length+n > b.size():
		b.grow(length + n)
	case b.borrowed || b.r < b.size()>>3:
		b.grow(b.w + n)
		return
	}
	if b.r != 0 {
		copy(b.mem, b.mem[b.r:b.w])
		b.r, b.w = 0, length
	}
}

func (b *Buffer) write(L *lua.LState, p []byte) {
	if len(p) == 0 {
		return
	}
	b.more(L, len(p))
	b.w += copy(b.mem[b.w:], p)
}

func (b *Buffer) writeString(L *lua.LState, s string) {
	if s == "" {
		return
	}
	b.more(L, len(s))
	b.w += copy(b.mem[b.w:], s)
}

// free gives the memory up.
func (b *Buffer) free() { *b = Buffer{dict: b.dict} }

func (b *Buffer) reset() {
	if b.borrowed {
		b.free()
	}
	b.r, b.w = 0, 0
}

// set makes s the content, without a copy.
func (b *Buffer) set(s string) { *b = Buffer{src: s, borrowed: true, w: len(s), dict: b.dict} }

func (b *Buffer) skip(n int) {
	if n < b.Len() {
		b.r += n
		return
	}
	b.r = b.w
	b.rewind()
}

// rewind makes all room usable again once everything was read.
func (b *Buffer) rewind() {
	if b.r == b.w && !b.borrowed {
		b.r, b.w = 0, 0
	}
}

// take removes up to n bytes from the front.
func (b *Buffer) take(n int) string {
	n = min(n, b.Len())
	s := b.view()[:n]
	if !b.borrowed {
		s = string(b.mem[b.r : b.r+n])
	}
	b.r += n
	return s
}
