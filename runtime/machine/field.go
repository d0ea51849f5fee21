package machine

import (
	"runtime"
	"strings"
	"sync/atomic"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// Most of what scripts do is to fetch fields, and a look-up in a map of Go's hashes the name each time. But an instruction usually finds its
// name at the same place of the map as the time before, even in another table that was filled in the same order. So each
// instruction has a hint, in the room behind the code (syntax.Native promises that room): where it found its name. A hint is only that: name
// and place are compared each time. Workers share code, so hints are atomic.
//
// For this the maps are looked into. Their layout is that of Go's run-time library in the version below, and is checked at
// start; otherwise, and where maps are large, look-ups are Go's own.

const mapsOf = "go1.26"

type (
	// goMap is internal/runtime/maps.Map.
	goMap struct {
		used   uint64
		seed   uintptr
		dir    unsafe.Pointer // if dirLen is 0, the only group; else an array of *goTable
		dirLen int
		_      [4]uint8
		_      uint64
	}

	// goTable is internal/runtime/maps.table.
	goTable struct {
		used, capacity, _ uint16
		_                 uint8
		_                 int
		groups            *[1 << 20]goGroup
		lengthMask        uint64
	}

	goGroup struct {
		full  [8]int8 // below 0 where the slot is empty
		slots [8]struct {
			name  string
			value lua.LValue
		}
	}
)

// transparent tells whether maps are laid out as above.
var transparent = strings.HasPrefix(runtime.Version(), mapsOf) && checkMaps()

func mapOf(m map[string]lua.LValue) *goMap { return *(**goMap)(unsafe.Pointer(&m)) }

func (m *goMap) single() *goGroup { return (*goGroup)(m.dir) }
func (m *goMap) table() *goTable  { return *(**goTable)(m.dir) }

// A hint: where an instruction has found its name, bits of the name's hash in maps whose seed is pieceSeed, and how often it has looked for the place in
// vain.
const (
	hintSlot    = 7
	hintGroup   = 0x7f << hintGroupAt // as many groups as a table has at most
	hintHash    = 0x3fff << hintHashAt
	hintHashed  = 1 << 27 // the hash is there
	hintGroupAt = 3
	hintHashAt  = 10 // of 14 bits: 7 for the control byte, 7 for the group
	missesAt    = 28
)

// at returns the value at the place that a hint names, if it is name's.
func (m *goMap) at(hint uint32, name string) *lua.LValue {
	var g *goGroup
	switch m.dirLen {
	case 0:
		if m.used == 0 {
			return nil
		}
		g = m.single()
	case 1:
		t := m.table()
		g = &t.groups[uint64(hint&hintGroup>>hintGroupAt)&t.lengthMask]
	default:
		return nil
	}
	s := &g.slots[hint&hintSlot]
	if g.full[hint&hintSlot] < 0 || len(s.name) != len(name) || unsafe.StringData(s.name) != unsafe.StringData(name) && s.name != name {
		return nil
	}
	return &s.value
}

// find looks through a map of one group.
func (g *goGroup) find(name string) (*lua.LValue, uint32) {
	for i := range g.slots {
		if s := &g.slots[i]; len(s.name) == len(name) && g.full[i] >= 0 && s.name == name {
			return &s.value, uint32(i)
		}
	}
	return nil, 0
}

// misses is how often an instruction looks for the new place of its name in a map of more than one group, which takes long.
const misses = 8

// field is m[name], or nil.
func field(m map[string]lua.LValue, name string, hint *uint32) lua.LValue {
	if !transparent {
		return m[name]
	}
	x := mapOf(m)
	if x == nil || x.used == 0 {
		return nil
	}
	// What follows is at, and of lacks what is cheap, in one piece: most instructions end here.
	h := atomic.LoadUint32(hint)
	var g *goGroup
	switch x.dirLen {
	case 0:
		g = x.single()
	case 1:
		t := x.table()
		g = &t.groups[uint64(h&hintGroup>>hintGroupAt)&t.lengthMask]
	default:
		return m[name]
	}
	s := &g.slots[h&hintSlot]
	if len(s.name) == len(name) && g.full[h&hintSlot] >= 0 && (unsafe.StringData(s.name) == unsafe.StringData(name) || s.name == name) {
		return s.value
	}
	if x.seed == pieceSeed && x.lacks(h) {
		return nil
	}
	return search(m, name, hint)
}

func search(m map[string]lua.LValue, name string, hint *uint32) lua.LValue {
	x := mapOf(m)
	h := atomic.LoadUint32(hint)
	if x.dirLen == 0 {
		v, i := x.single().find(name)
		if v == nil {
			x.noteHash(h, name, hint)
			return nil
		}
		x.single().slots[i].name = name // where the code has it, which is quicker to compare
		atomic.StoreUint32(hint, h&^hintSlot|i)
		return *v
	}
	v, ok := m[name]
	switch {
	case !ok:
		x.noteHash(h, name, hint)
	case x.dirLen == 1 && h>>missesAt < misses:
		h = h&^(hintSlot|hintGroup) + 1<<missesAt
		t := x.table()
		for i := range t.lengthMask + 1 {
			if p, slot := t.groups[i].find(name); p != nil {
				t.groups[i].slots[slot].name = name
				h |= uint32(i)<<hintGroupAt&hintGroup | slot
			}
		}
		atomic.StoreUint32(hint, h)
	}
	return v
}

// lookup is m[name], or nil, for an instruction that will look further.
func lookup(m map[string]lua.LValue, name string) lua.LValue {
	if transparent {
		x := mapOf(m)
		if x == nil || x.used == 0 {
			return nil
		}
		if x.dirLen == 0 {
			if v, _ := x.single().find(name); v != nil {
				return *v
			}
			return nil
		}
	}
	return m[name]
}

// Lookup is t[name] without metamethods, nil where there is none. In a table of few fields it does not hash the name.
func Lookup(t *lua.LTable, name string) lua.LValue { return lookup(tableOf(t).strdict, name) }

// replaceField stores a value under a name that is in m already, and reports whether it is.
func replaceField(m map[string]lua.LValue, name string, v lua.LValue, hint *uint32) bool {
	if transparent {
		x := mapOf(m)
		if x == nil || x.used == 0 {
			return false
		}
		h := atomic.LoadUint32(hint)
		if p := x.at(h, name); p != nil {
			*p = v
			return true
		}
		if x.lacks(h) {
			return false
		}
		if x.dirLen == 0 {
			p, i := x.single().find(name)
			if p == nil {
				x.noteHash(h, name, hint)
				return false
			}
			atomic.StoreUint32(hint, h&^hintSlot|i)
			*p = v
			return true
		}
	}
	if search(m, name, hint) == nil {
		return false
	}
	m[name] = v
	return true
}

// checkMaps compares what maps of all sizes hold with what is seen by looking into them.
func checkMaps() bool {
	names := make([]string, 2000)
	for i := range names {
		names[i] = strings.Repeat("n", i%7) + string(rune('a'+i%26)) + string(rune(0x100+i))
	}
	if unsafe.Sizeof(goGroup{}) != 8+8*32 {
		return false
	}
	for _, n := range []int{1, 3, 8, 9, 20, 200, 800} {
		m := make(map[string]lua.LValue)
		for i, name := range names[:n] {
			m[name] = lua.LNumber(i)
		}
		for _, name := range names[:n/3] {
			delete(m, name)
		}
		if !mapOf(m).fits(m) {
			return false
		}
	}
	return true
}

func (m *goMap) fits(all map[string]lua.LValue) bool {
	if m == nil || m.used != uint64(len(all)) || m.dir == nil || m.dirLen < 0 || m.dirLen > 64 {
		return false
	}
	n := 0
	look := func(g *goGroup) bool {
		for i, s := range g.slots {
			if g.full[i] < 0 {
				continue
			}
			if n++; all[s.name] != s.value || s.value == nil {
				return false
			}
		}
		return true
	}
	switch m.dirLen {
	case 0:
		return look(m.single()) && n == len(all)
	case 1:
		t := m.table()
		if uint64(t.capacity) != 8*(t.lengthMask+1) || int(t.used) != len(all) {
			return false
		}
		for i := range t.lengthMask + 1 {
			if !look(&t.groups[i]) {
				return false
			}
		}
		return n == len(all)
	}
	return len(all) > 500
}

// indexed looks a name up in a table and along its chain of __index tables. It is nil where there is none, or where more than tables is
// needed to tell.
func indexed(t *lua.LTable, name string, hint *uint32) lua.LValue {
	if v := field(tableOf(t).strdict, name, hint); v != nil {
		return v
	}
	if t = parent(t); t == nil {
		return nil
	}
	return method(t, name, hint)
}

// fetch is indexed for a name that is not in the table itself; key is the name as a value. A Getter is asked as well, and what is nowhere is lua.LNil.
func fetch(t *lua.LTable, name string, key lua.LValue, hint *uint32) lua.LValue {
	mt, ok := t.Metatable.(*lua.LTable)
	if !ok {
		return lua.LNil
	}
	switch h := lookup(tableOf(mt).strdict, "__index").(type) {
	case nil:
		return lua.LNil
	case *lua.LTable:
		return method(h, name, hint)
	case *lua.LFunction:
		if a := accessorOf(h); a != nil && a.get != nil {
			if v, ok := a.get(key); ok {
				return v
			}
		}
	}
	return nil
}

// method is indexed for a name that is rather in a table of the chain than in the first one.
func method(t *lua.LTable, name string, hint *uint32) lua.LValue {
	up := parent(t)
	if up == nil {
		return field(tableOf(t).strdict, name, hint)
	}
	if v := own(tableOf(t).strdict, name, hint); v != nil {
		return v
	}
	for range maxChain {
		if v := field(tableOf(up).strdict, name, hint); v != nil {
			return v
		}
		if up = parent(up); up == nil {
			break
		}
	}
	return nil
}

// parent is the table in t's metatable's __index, nil if that is none.
func parent(t *lua.LTable) *lua.LTable {
	mt, ok := t.Metatable.(*lua.LTable)
	if !ok {
		return nil
	}
	up, _ := lookup(tableOf(mt).strdict, "__index").(*lua.LTable)
	return up
}

// assign stores a value other than nil under a name, which is key as well, if no metamethod can have a say in that.
func assign(t *lua.LTable, name string, key, v lua.LValue, hint *uint32) bool {
	x := tableOf(t)
	if replaceField(x.strdict, name, v, hint) {
		return true
	}
	if _, meta := t.Metatable.(*lua.LTable); meta {
		return false
	}
	if x.strdict == nil {
		x.makeRoom()
	}
	if !mapOf(x.strdict).insert(name, v, atomic.LoadUint32(hint)) {
		x.strdict[name] = v
	}
	x.remember(key)
	return true
}

// hintAt is the hint of the instruction before pc.
func hintAt(hints unsafe.Pointer, pc int) *uint32 {
	return (*uint32)(unsafe.Add(hints, (pc-1)*4))
}
