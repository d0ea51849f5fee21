package shdict

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// ref addresses a chunk of the zone in units of 8 bytes. 0 is none: the first chunk of a
// zone belongs to nginx's own records.
type ref uint32

const (
	refShift = 3
	refSize  = 4
)

// Kind is the type of a value.
type Kind uint8

// The kinds of value. Nil is what a missing key has.
const (
	Nil Kind = iota
	Boolean
	Number
	String
	kindList
)

// Value is a value with its user flags.
type Value struct {
	Kind Kind
	// Flags are the user's; 0 where none were set.
	Flags int32
	// Num holds a number, and of a boolean 1 or 0.
	Num float64
	// Text holds a string.
	Text string
}

// StringValue returns s as a Value without flags.
func StringValue(s string) Value { return Value{Kind: String, Text: s} }

// NumberValue returns f as a Value without flags.
func NumberValue(f float64) Value { return Value{Kind: Number, Num: f} }

// BoolValue returns b as a Value without flags.
func BoolValue(b bool) Value {
	if b {
		return Value{Kind: Boolean, Num: 1}
	}
	return Value{Kind: Boolean}
}

// size is what the value takes in the zone.
func (v Value) size() int {
	switch v.Kind {
	case Boolean:
		return 1
	case Number:
		return 8
	case String:
		return len(v.Text)
	}
	return 0
}

// store writes the value into dst, which is size bytes long.
func (v Value) store(dst []byte) {
	switch v.Kind {
	case Boolean:
		dst[0] = byte(v.Num)
	case Number:
		binary.LittleEndian.PutUint64(dst, math.Float64bits(v.Num))
	case String:
		copy(dst, v.Text)
	}
}

// load reads a value that store wrote.
func load(kind Kind, src []byte) Value {
	v := Value{Kind: kind}
	switch kind {
	case Boolean:
		v.Num = float64(src[0])
	case Number:
		v.Num = math.Float64frombits(binary.LittleEndian.Uint64(src))
	case String:
		v.Text = string(src)
	}
	return v
}

// nodeHeader and itemHeader are the bytes that ngx_lua's records take before key or value:
// a tree node with its shdict node, and a list node. Ours need fewer and leave the rest
// unused, so that a zone holds as much as there.
const (
	nodeHeader = 68
	itemHeader = 21
	listHead   = 16
)

// node is the head of an entry. Its key follows nodeHeader bytes after its start, then the
// value; of a list, the head of its items, aligned to 8.
type node struct {
	hash           uint32
	chain          ref // the next entry of the same bucket
	hotter, colder ref
	expires        int64 // milliseconds since the epoch; 0 is never
	valueLen       uint32
	flags          int32
	keyLen         uint16
	kind           Kind
}

// list is the head of a list's items; its length is the node's valueLen.
type list struct {
	first, last ref
}

// item is one value of a list, which follows itemHeader bytes after its start.
type item struct {
	prev, next ref
	valueLen   uint32
	kind       Kind
}

func (z *Zone) node(r ref) *node {
	return (*node)(unsafe.Pointer(&z.mem[int(r)<<refShift]))
}

func (z *Zone) key(r ref, n *node) []byte {
	at := int(r)<<refShift + nodeHeader
	return z.mem[at : at+int(n.keyLen)]
}

func (z *Zone) value(r ref, n *node) []byte {
	at := int(r)<<refShift + nodeHeader + int(n.keyLen)
	return z.mem[at : at+int(n.valueLen)]
}

func (z *Zone) items(r ref, n *node) *list {
	at := (int(r)<<refShift + nodeHeader + int(n.keyLen) + 7) &^ 7
	return (*list)(unsafe.Pointer(&z.mem[at]))
}

func (z *Zone) item(r ref) *item {
	return (*item)(unsafe.Pointer(&z.mem[int(r)<<refShift]))
}

func (z *Zone) itemValue(r ref, it *item) []byte {
	at := int(r)<<refShift + itemHeader
	return z.mem[at : at+int(it.valueLen)]
}
