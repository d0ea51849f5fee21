package codec

import "unsafe"

// ByAddress remembers a T for each of the strings that a script's code has in it, and looks it up by where the string is: those stay where
// they are, and an entry keeps its string from being replaced by another one. It belongs to one worker and is guarded by its baton. The
// zero value is empty.
type ByAddress[T any] struct {
	entries *[addresses]addressed[T] // nil before the first use
}

type addressed[T any] struct {
	name  string
	known bool
	value T
}

const (
	addressBits = 8
	addresses   = 1 << addressBits
)

// At returns the entry for name, and whether it is name's already; if not, it has been taken from another string for the caller to fill.
func (b *ByAddress[T]) At(name string) (value *T, known bool) {
	if b.entries == nil {
		b.entries = new([addresses]addressed[T])
	}
	at := uint64(uintptr(unsafe.Pointer(unsafe.StringData(name))))
	e := &b.entries[at*0x9e3779b97f4a7c15>>(64-addressBits)]
	if e.known && unsafe.StringData(e.name) == unsafe.StringData(name) && len(e.name) == len(name) {
		return &e.value, true
	}
	*e = addressed[T]{name: name, known: true}
	return &e.value, false
}
