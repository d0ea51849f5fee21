package ffi

import (
	"hash/maphash"
	"sort"
	"unsafe"
	"weak"
)

// block is a piece of memory: that of an object of ffi.new, or of a Lua string.
type block struct {
	bytes []byte
	// fixed is set for the memory of strings, which must not change.
	fixed bool
	// function is set for what pointers to a C function point to.
	function *function
	// addr is the address of the first byte, 0 until somebody asks for it.
	addr uint64
}

func newBlock(size int) *block { return &block{bytes: make([]byte, size)} }

// stringBlock is the memory of a Lua string. C would find a zero behind it; here the functions that want one stop at the end.
func stringBlock(s string) *block {
	return &block{bytes: unsafe.Slice(unsafe.StringData(s), len(s)), fixed: true}
}

// Addresses look like those of user space, of which a float holds all bits. Objects lie one after the other in the lower part; a
// string has an address that follows from its text, in pages of the upper part, so that equal strings have equal addresses, as interned
// strings have in LuaJIT.
const (
	firstAddress = 0x4000_0000
	stringBase   = 1 << 46
	pageBits     = 7
	// longString is the length from which on equal strings may have different addresses.
	longString = 4096
	// gap keeps a pointer to just behind a block from being one to the next block.
	gap = 32
)

// addresses finds blocks by address. It does not keep them alive.
type addresses struct {
	next    uint64
	objects []placed
	pages   map[uint64]placed
	seed    maphash.Seed
	sweepAt int
	last    weak.Pointer[block]
}

type placed struct {
	addr uint64
	size int
	mem  weak.Pointer[block]
}

func newAddresses() *addresses {
	return &addresses{next: firstAddress, pages: map[uint64]placed{}, seed: maphash.MakeSeed(), sweepAt: 1024}
}

// of is the address of the first byte of m.
func (a *addresses) of(m *block) uint64 {
	if m.addr != 0 {
		return m.addr
	}
	if len(a.objects)+len(a.pages) > a.sweepAt {
		a.sweep()
	}
	if m.fixed && len(m.bytes) < longString {
		a.placeString(m)
		return m.addr
	}
	m.addr = a.next
	a.next += uint64(roundUp(len(m.bytes)+gap, 16))
	a.objects = append(a.objects, placed{m.addr, len(m.bytes), weak.Make(m)})
	return m.addr
}

// placeString takes the pages that the hash of the text tells, unless a living string of another text has one of them.
func (a *addresses) placeString(m *block) {
	text := unsafe.String(unsafe.SliceData(m.bytes), len(m.bytes))
	h := maphash.String(a.seed, text)
	pages := uint64(len(m.bytes)+gap)>>pageBits + 1
	const all = 1<<(46-pageBits) - 1
	first := h & all
search:
	for {
		first &= all
		for i := range pages {
			p, taken := a.pages[first+i]
			if !taken {
				continue
			}
			if other := p.mem.Value(); other != nil && (p.addr != stringBase|first<<pageBits || string(other.bytes) != text) {
				first += i + 1
				continue search
			}
		}
		break
	}
	m.addr = stringBase | first<<pageBits
	p := placed{m.addr, len(m.bytes), weak.Make(m)}
	for i := range pages {
		a.pages[first+i] = p
	}
}

// find is the block that addr lies in, or just behind, and where in it. It is nil if there is none or it is gone.
func (a *addresses) find(addr uint64) (*block, int) {
	if m := a.last.Value(); m != nil && addr >= m.addr && addr-m.addr < uint64(len(m.bytes)+gap/2) {
		return m, int(addr - m.addr)
	}
	var p placed
	if addr >= stringBase {
		p = a.pages[(addr&^stringBase)>>pageBits]
	} else if i := sort.Search(len(a.objects), func(i int) bool { return a.objects[i].addr > addr }); i > 0 {
		p = a.objects[i-1]
	}
	if p.addr == 0 || addr-p.addr >= uint64(p.size+gap/2) {
		return nil, 0
	}
	m := p.mem.Value()
	if m == nil {
		return nil, 0
	}
	a.last = p.mem
	return m, int(addr - p.addr)
}

// sweep forgets blocks that are gone.
func (a *addresses) sweep() {
	kept := a.objects[:0]
	for _, p := range a.objects {
		if p.mem.Value() != nil {
			kept = append(kept, p)
		}
	}
	clear(a.objects[len(kept):])
	a.objects = kept
	for page, p := range a.pages {
		if p.mem.Value() == nil {
			delete(a.pages, page)
		}
	}
	a.sweepAt = 2*(len(a.objects)+len(a.pages)) + 1024
}
