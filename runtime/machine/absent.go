package machine

import (
	"strconv"
	"sync/atomic"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// Much that scripts do begins with a name that is not there: a method is no field of the object, ngx.ctx is none of ngx, a new field is none yet. Maps that
// are part of a piece (see shape.go), and what those grow to, have one seed. So an instruction can remember the hash of its name for all of
// them, and sees from the control bytes alone that the name is not there; and it puts a new name in its place itself.

// strhash is hashName, known to the compiler as one that does not keep the string.
//
//go:noescape
//go:linkname strhash runtime.strhash
func strhash(p unsafe.Pointer, seed uintptr) uintptr

const (
	everyByte = 0x0101010101010101
	highBits  = 0x8080808080808080
)

// lacks reports whether a map does certainly not have the name that a hint is about.
func (m *goMap) lacks(hint uint32) bool {
	if hint&hintHashed == 0 || m.seed != pieceSeed {
		return false
	}
	hash := hint & hintHash >> hintHashAt
	var g *goGroup
	switch m.dirLen {
	case 0:
		g = m.single()
	case 1:
		t := m.table()
		g = &t.groups[uint64(hash>>7)&t.lengthMask]
	default:
		return false
	}
	full := *(*uint64)(unsafe.Pointer(&g.full))
	x := full ^ uint64(hash&0x7f)*everyByte
	if (x-everyByte)&^x&highBits != 0 {
		return false // a byte is the hash's, or the one above such a byte seems to be
	}
	return m.dirLen == 0 || full&^(full<<6)&highBits != 0 // in a full group it would have gone on to the next
}

// noteHash has a hint, which is h now, know the hash of its name, where m is a map that it serves for.
func (m *goMap) noteHash(h uint32, name string, hint *uint32) {
	if absences && m.seed == pieceSeed && h&hintHashed == 0 {
		atomic.StoreUint32(hint, h|hintHashed|uint32(strhash(unsafe.Pointer(&name), pieceSeed))<<hintHashAt&hintHash)
	}
}

// insert adds a field that the map lacks, if it is one group with room.
func (m *goMap) insert(name string, v lua.LValue, hint uint32) bool {
	if hashName == nil || m.dirLen != 0 || m.used >= groupSlots || m.dir == nil {
		return false
	}
	h := int8(hint & hintHash >> hintHashAt & 0x7f)
	if hint&hintHashed == 0 || m.seed != pieceSeed {
		h = int8(strhash(unsafe.Pointer(&name), m.seed) & 0x7f)
	}
	g := m.single()
	i := m.used // the place, unless fields have been deleted
	if g.full[i&(groupSlots-1)] != emptySlot {
		for i = 0; g.full[i&(groupSlots-1)] != emptySlot; i++ {
			if i == groupSlots {
				return false
			}
		}
	}
	s := &g.slots[i&(groupSlots-1)]
	s.name, s.value = name, v
	g.full[i&(groupSlots-1)] = h
	m.used++
	return true
}

// own is a field that an instruction will look for elsewhere if it is not in m.
func own(m map[string]lua.LValue, name string, hint *uint32) lua.LValue {
	if !transparent {
		return m[name]
	}
	x := mapOf(m)
	if x == nil || x.used == 0 {
		return nil
	}
	h := atomic.LoadUint32(hint)
	if x.lacks(h) {
		return nil
	}
	v := lookup(m, name)
	if v == nil {
		x.noteHash(h, name, hint)
	}
	return v
}

// annex is the room for fields of a table that was made without: what a pieced has beside the table.
type annex struct {
	fields, places goMap
	group          goGroup
	keys           [fewFields]lua.LValue
}

// makeRoom gives a table that has none room for fields.
func (x *table) makeRoom() {
	if hashName == nil || x.k2i != nil || x.keys != nil {
		x.strdict = make(map[string]lua.LValue)
		return
	}
	a := new(annex)
	a.fields.seed, a.places.seed = pieceSeed, pieceSeed
	a.fields.dir = unsafe.Pointer(&a.group)
	a.group.full = emptySlots
	fields, places := &a.fields, &a.places
	x.strdict = *(*map[string]lua.LValue)(unsafe.Pointer(&fields))
	x.k2i = *(*map[lua.LValue]int)(unsafe.Pointer(&places))
	x.keys = a.keys[:0]
}

// absences tells whether maps are probed as lacks believes.
var absences = hashName != nil && checkAbsences()

// checkAbsences fills maps of up to four tables and sees that nothing which is there is called absent, and of what is not there most.
// Some names are asked for, as chance has much to say on each: the seed is another one in every process.
func checkAbsences() bool {
	t := newTable(0, groupSlots)
	m := tableOf(t).strdict
	hash := func(name string) uint32 {
		return hintHashed | uint32(strhash(unsafe.Pointer(&name), pieceSeed))<<hintHashAt&hintHash
	}
	const most = 800 // fields, before the map has several tables
	var others [32]uint32
	for i := range others {
		others[i] = hash("other " + strconv.Itoa(i))
	}
	seen := 0
	for i := range 1200 {
		m["field "+strconv.Itoa(i)] = lua.LNil
		x := mapOf(m)
		if x.seed != pieceSeed {
			return false
		}
		if i < most {
			for _, h := range others {
				if x.lacks(h) {
					seen++
				}
			}
		}
		if i < 16 || i%97 == 0 {
			for name := range m {
				if x.lacks(hash(name)) {
					return false
				}
			}
		}
	}
	return seen > most*len(others)/2
}
