package machine

import (
	"math/rand/v2"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// A table with fields is a table, the heads of two maps, and a group of the first map; in Go each of them is a piece of memory of its
// own. Where the layout of maps is known (see field.go) and the names fit one group, all of them are one piece here.
// The maps are Go's in every respect: they may grow, and what they leave behind goes with the table.

// groupSlots is how many fields a map of one group holds.
const groupSlots = 8

// emptySlot is the control byte of a place without an element, and emptySlots are those of a group without elements.
const emptySlot = -128

var emptySlots = [groupSlots]int8{emptySlot, emptySlot, emptySlot, emptySlot, emptySlot, emptySlot, emptySlot, emptySlot}

// pieced is a table whose fields are beside it.
type pieced struct {
	lua.LTable
	fields, places goMap
	group          goGroup
}

// newPieced makes a table for up to groupSlots fields. The caller fills the group.
func newPieced() (*pieced, *table) {
	p := new(pieced)
	p.open(&p.LTable)
	return p, tableOf(&p.LTable)
}

// open joins the maps to the table that they are beside.
func (p *pieced) open(t *lua.LTable) {
	t.Metatable = lua.LNil
	p.fields.seed, p.places.seed = pieceSeed, pieceSeed
	p.fields.dir = unsafe.Pointer(&p.group)
	fields, places := &p.fields, &p.places
	x := tableOf(t)
	x.strdict = *(*map[string]lua.LValue)(unsafe.Pointer(&fields))
	x.k2i = *(*map[lua.LValue]int)(unsafe.Pointer(&places))
}

// pieceSeed is the seed of maps that are part of a piece. Only maps of one group have it, where it decides nothing but which elements are compared,
// and what they grow to.
var pieceSeed = uintptr(rand.Uint64())

// hashName is the hash function of maps by string, of the string at an address; nil where it is not known.
var hashName = func() func(unsafe.Pointer, uintptr) uintptr {
	if !transparent || unsafe.Sizeof(goMap{}) != 48 {
		return nil
	}
	h := hasher(map[string]lua.LValue{})
	if !checkHash(h) {
		return nil
	}
	return h
}()

// hasher finds the hash function in a map's type, internal/abi.MapType.
func hasher(m any) func(unsafe.Pointer, uintptr) uintptr {
	type mapType struct {
		_      [48]byte // abi.Type
		_      [3]unsafe.Pointer
		hasher func(unsafe.Pointer, uintptr) uintptr
	}
	return (*mapType)((*iface)(unsafe.Pointer(&m)).tab).hasher
}

// checkHash compares the control bytes of a map with what h gives.
func checkHash(h func(unsafe.Pointer, uintptr) uintptr) bool {
	if h == nil {
		return false
	}
	m := map[string]lua.LValue{"": lua.LNil, "a": lua.LNil, "content-type": lua.LNil, "x-request-id": lua.LNil, "0123456789abcdef0123456789abcdef": lua.LNil}
	x := mapOf(m)
	if x.dirLen != 0 {
		return false
	}
	n := 0
	for i := range x.single().slots {
		if g := x.single(); g.full[i] >= 0 {
			n++
			name := unsafe.Pointer(&g.slots[i].name)
			if hash := h(name, x.seed); int8(hash&0x7f) != g.full[i] || hash != strhash(name, x.seed) {
				return false
			}
		}
	}
	return n == len(m)
}

// Shape is a list of names that many tables have. It may be used by any goroutine.
type Shape struct {
	names []lua.LValue
	group goGroup
	fits  bool
}

// NewShape makes a shape of names, which are of type lua.LString and must not change any more.
func NewShape(names []lua.LValue) *Shape {
	s := &Shape{names: names[:len(names):len(names)]}
	s.fits = s.group.fill(names)
	return s
}

// Names are the shape's names. They must not be changed.
func (s *Shape) Names() []lua.LValue { return s.names }

// Record makes a table of values by the shape's names, as many; it does not keep the slice. Where a name comes again, its last value counts.
func (s *Shape) Record(values []lua.LValue) *lua.LTable {
	if !s.fits {
		return newRecord(s.names, values)
	}
	p, x := newPieced()
	p.group = s.group
	for i, v := range values {
		p.group.slots[i&(groupSlots-1)].value = v
	}
	p.fields.used = uint64(len(s.names))
	x.keys = s.names
	return &p.LTable
}

// Strings is Record for strings, which must not change any more.
func (s *Shape) Strings(texts []string) *lua.LTable {
	n := len(texts)
	if !s.fits {
		var few [32]lua.LValue
		room, values := make([]lua.LString, n), few[:0]
		for i, text := range texts {
			room[i] = lua.LString(text)
			values = append(values, String(&room[i]))
		}
		return newRecord(s.names, values)
	}
	var p *pieced
	var room []lua.LString
	if n <= groupSlots/2 {
		named := new(struct {
			pieced
			texts [groupSlots / 2]lua.LString
		})
		p, room = &named.pieced, named.texts[:n]
	} else {
		named := new(struct {
			pieced
			texts [groupSlots]lua.LString
		})
		p, room = &named.pieced, named.texts[:n]
	}
	p.open(&p.LTable)
	p.group = s.group
	for i, text := range texts {
		room[i] = lua.LString(text)
		p.group.slots[i&(groupSlots-1)].value = String(&room[i])
	}
	p.fields.used = uint64(n)
	tableOf(&p.LTable).keys = s.names
	return &p.LTable
}

// fill writes names into an empty group, in order, and reports whether they fit and differ.
func (g *goGroup) fill(names []lua.LValue) bool {
	if hashName == nil || len(names) == 0 || len(names) > groupSlots {
		return false
	}
	g.full = emptySlots
	for i := range names {
		name := (*iface)(unsafe.Pointer(&names[i])).data
		s, h := *(*string)(name), int8(hashName(name, pieceSeed)&0x7f)
		for j := range i {
			if g.full[j] == h && g.slots[j].name == s {
				return false
			}
		}
		g.full[i], g.slots[i].name = h, s
	}
	return true
}

// hashGroup is a group of a map by value.
type hashGroup struct {
	full  [groupSlots]int8
	slots [groupSlots]struct{ key, value lua.LValue }
}

// zero is the key 0, and zeroHash its control byte in a map whose seed is pieceSeed.
var (
	zero     = []lua.LValue{lua.LNumber(0)}[:1:1]
	zeroHash = func() int8 {
		if hashName == nil {
			return 0
		}
		return int8(hasher(map[lua.LValue]lua.LValue{})(unsafe.Pointer(&zero[0]), pieceSeed) & 0x7f)
	}()
)

// matched is a table of a few parts of a string, the first of which is element 0.
type matched struct {
	lua.LTable
	dict, places goMap
	group        hashGroup
	elements     [fewParts - 1]lua.LValue
	texts        [fewParts]lua.LString
}

const fewParts = 4

// Parts makes a table of parts of s: element i, from 0 on, is what lies between the offsets 2i and 2i+1, and false where those are below 0. There is at
// least one.
func Parts(s string, offsets []int) *lua.LTable {
	n := len(offsets) / 2
	part := func(i int, text *lua.LString) lua.LValue {
		from, to := offsets[2*i], offsets[2*i+1]
		if from < 0 {
			return lua.LFalse
		}
		*text = lua.LString(s[from:to])
		return String(text)
	}
	if n > fewParts || hashName == nil {
		texts := make([]lua.LString, n)
		t := newTable(n-1, 0)
		SetInt(t, 0, part(0, &texts[0]))
		for i := 1; i < n; i++ {
			SetInt(t, i, part(i, &texts[i]))
		}
		return t
	}
	m := new(matched)
	m.Metatable = lua.LNil
	m.dict.seed, m.places.seed = pieceSeed, pieceSeed
	m.dict.used, m.dict.dir = 1, unsafe.Pointer(&m.group)
	m.group.full = emptySlots
	m.group.full[0] = zeroHash
	m.group.slots[0].key, m.group.slots[0].value = zero[0], part(0, &m.texts[0])
	for i := 1; i < n; i++ {
		m.elements[i-1] = part(i, &m.texts[i])
	}
	dict, places := &m.dict, &m.places
	x := tableOf(&m.LTable)
	x.dict = *(*map[lua.LValue]lua.LValue)(unsafe.Pointer(&dict))
	x.k2i = *(*map[lua.LValue]int)(unsafe.Pointer(&places))
	x.keys = zero
	x.array = m.elements[: n-1 : n-1]
	return &m.LTable
}
