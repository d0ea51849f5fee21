package machine

import (
	"iter"
	"math"
	"math/bits"
	"slices"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// gopher-lua keeps every positive integer key of a table in an array, filling gaps with nil, and never forgets a key that
// was once used. Both can take all of a server's memory. So here an integer far beyond the end of the array goes to the hash
// part, and comes back when the array reaches it; the hash part's list of keys is rebuilt when most of them are gone.

// hashedBytes is what an element of the hash part takes, about.
const hashedBytes = 128

// gap is how far beyond the array, in addition to its own length, a new element may lie.
const gap = 64

// arrayIndex converts a key to an index into the array, -1 if it is none.
func arrayIndex(key lua.LNumber) int {
	if i := int(key); lua.LNumber(i) == key && i > 0 {
		return i - 1
	}
	return -1
}

// Get is t[key] without metamethods.
func Get(t *lua.LTable, key lua.LValue) lua.LValue {
	x := tableOf(t)
	switch k := key.(type) {
	case lua.LNumber:
		if i := arrayIndex(k); uint(i) < uint(len(x.array)) {
			return x.array[i]
		}
		if len(x.dict) == 0 {
			return lua.LNil
		}
		if k == 0 {
			key = lua.LNumber(0)
		}
	case lua.LString:
		if v, ok := x.strdict[string(k)]; ok {
			return v
		}
		return lua.LNil
	}
	if v, ok := x.dict[key]; ok {
		return v
	}
	return lua.LNil
}

// GetInt is t[i] without metamethods.
func GetInt(t *lua.LTable, i int) lua.LValue {
	x := tableOf(t)
	if uint(i-1) < uint(len(x.array)) {
		return x.array[i-1]
	}
	if len(x.dict) == 0 {
		return lua.LNil
	}
	if v, ok := x.dict[lua.LNumber(i)]; ok {
		return v
	}
	return lua.LNil
}

// Set is t[key] = v without metamethods. It returns a problem with the key, or "".
func Set(t *lua.LTable, key, v lua.LValue) string {
	switch k := key.(type) {
	case lua.LNumber:
		if i := arrayIndex(k); i >= 0 {
			setArray(t, i, k, v)
			return ""
		}
		if math.IsNaN(float64(k)) {
			return "table index is NaN"
		}
		if k == 0 {
			key = lua.LNumber(0)
		}
	case lua.LString:
		setString(t, string(k), key, v)
		return ""
	case *lua.LNilType:
		return "table index is nil"
	}
	setHash(t, key, v)
	return ""
}

// SetInt is t[i] = v without metamethods.
func SetInt(t *lua.LTable, i int, v lua.LValue) {
	if i > 0 {
		setArray(t, i-1, lua.LNumber(i), v)
		return
	}
	setHash(t, lua.LNumber(i), v)
}

func setArray(t *lua.LTable, i int, key lua.LNumber, v lua.LValue) {
	x := tableOf(t)
	n := len(x.array)
	switch {
	case i < n:
		x.array[i] = v
		return
	case i > n && (i > 2*n+gap && i >= cap(x.array) || i >= lua.MaxArrayIndex):
		setHash(t, key, v)
		return
	case isNil(v):
		if len(x.dict) != 0 {
			setHash(t, key, v)
		}
		return
	}
	if i >= cap(x.array) {
		x.array = grow(x.array, i+1)
	}
	for len(x.array) < i {
		x.array = append(x.array, fromHash(x, len(x.array)))
	}
	if n := len(x.array); n == cap(x.array) {
		Need(2 * n * int(unsafe.Sizeof(v)))
	}
	x.array = append(x.array, v)
	if len(x.dict) == 0 {
		return
	}
	delete(x.dict, key)
	for {
		next := fromHash(x, len(x.array))
		if isNil(next) {
			return
		}
		if len(x.array) == cap(x.array) {
			x.array = grow(x.array, len(x.array)+1)
		}
		x.array = append(x.array, next)
	}
}

// grow gives an array room for n elements: a power of two, as in LuaJIT, because Len depends on it.
func grow(a []lua.LValue, n int) []lua.LValue {
	return append(make([]lua.LValue, 0, max(1<<bits.Len(uint(n-1)), 2)), a...)
}

// Len is #t: an n with t[n] but no t[n+1]. If there are several, LuaJIT's is the one that a binary search of the array part finds,
// room for elements to come included; the capacity of the array stands for that.
func Len(t *lua.LTable) int {
	a := tableOf(t).array
	n := len(a)
	if n == 0 || n == cap(a) && !isNil(a[n-1]) {
		return n
	}
	low, high := 0, cap(a)
	for high-low > 1 {
		if mid := int(uint(low+high) >> 1); mid <= n && !isNil(a[mid-1]) {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// setList stores the values in the registers above a new table as its elements from some index on.
func setList(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	base := cf.LocalBase + aOf(inst)
	batch := cOf(inst)
	if batch == 0 {
		batch = int(cf.Fn.Proto.Code[cf.Pc])
		cf.Pc++
	}
	first := (batch - 1) * lua.FieldsPerFlush
	n := bOf(inst)
	open := n == 0
	if open {
		n = s.reg.top - base - 1
	}
	t, _ := s.reg.array[base].(*lua.LTable)
	x := tableOf(t)
	values := s.reg.array[base+1 : base+1+n]
	if len(x.array) == first && len(x.dict) == 0 {
		if need := first + n; need > cap(x.array) {
			if open {
				// LuaJIT makes room for one more than there are.
				x.array = append(make([]lua.LValue, 0, need+1), x.array...)
			} else {
				x.array = grow(x.array, need)
			}
		}
		x.array = append(x.array, values...)
		return 0
	}
	for i, v := range values {
		SetInt(t, first+i+1, v)
	}
	return 0
}

// fromHash takes the element at an index out of the hash part.
func fromHash(x *table, i int) lua.LValue {
	if len(x.dict) == 0 {
		return lua.LNil
	}
	key := lua.LNumber(i + 1)
	v, ok := x.dict[key]
	if !ok {
		return lua.LNil
	}
	delete(x.dict, key)
	return v
}

// setString is t[name] = v; key is the name as a value.
func setString(t *lua.LTable, name string, key, v lua.LValue) {
	x := tableOf(t)
	if isNil(v) {
		delete(x.strdict, name)
		return
	}
	if x.strdict == nil {
		x.makeRoom()
	}
	n := len(x.strdict)
	x.strdict[name] = v
	if len(x.strdict) == n {
		return
	}
	x.remember(key)
}

func setHash(t *lua.LTable, key, v lua.LValue) {
	x := tableOf(t)
	if isNil(v) {
		delete(x.dict, key)
		return
	}
	if x.dict == nil {
		x.dict = make(map[lua.LValue]lua.LValue)
	}
	n := len(x.dict)
	x.dict[key] = v
	if len(x.dict) != n {
		x.remember(key)
	}
}

// remember notes the place of a new key, which is already in the hash part, in the order of traversal.
//
// gopher-lua keeps two records of that: keys, and in k2i the place of each of them. Only a traversal that goes on from a key needs
// k2i, so it is left empty until then: it is complete if it is as long as keys. gopher-lua's own setters trust it and note a
// key that it lacks a second time; keys is then longer than the hash part, and index mends both.
func (x *table) remember(key lua.LValue) {
	if x.k2i == nil {
		x.k2i = make(map[lua.LValue]int)
	}
	n, live := len(x.keys), len(x.strdict)+len(x.dict)
	indexed := n > scanned && len(x.k2i) == n
	if n != live-1 {
		// Keys have gone, and this may be one that comes back.
		if x.place(key) >= 0 {
			return
		}
		if n = len(x.keys); n >= gap && n > 2*live {
			x.forget()
			n = len(x.keys)
		}
		indexed = len(x.k2i) == n
	}
	if n >= large/hashedBytes && n&(n-1) == 0 {
		Need(n * hashedBytes)
	}
	if indexed {
		x.k2i[key] = n
	}
	x.keys = append(x.keys, key)
}

// scanned is how many keys are searched one by one rather than indexed.
const scanned = 8

// place returns where a key stands in the order of traversal, or -1.
func (x *table) place(key lua.LValue) int {
	if len(x.k2i) != len(x.keys) {
		if len(x.keys) <= scanned {
			return slices.Index(x.keys, key)
		}
		x.index()
	}
	if i, ok := x.k2i[key]; ok {
		return i
	}
	return -1
}

// index completes k2i, and drops what keys has twice.
func (x *table) index() {
	places := make(map[lua.LValue]int, len(x.keys))
	for _, k := range x.keys {
		if _, again := places[k]; !again {
			places[k] = len(places)
		}
	}
	x.k2i = places
	if len(places) == len(x.keys) {
		return
	}
	x.keys = make([]lua.LValue, len(places))
	for k, i := range places {
		x.keys[i] = k
	}
}

// unique makes sure that keys has nothing twice.
func (x *table) unique() {
	if len(x.keys) > len(x.strdict)+len(x.dict) && len(x.k2i) != len(x.keys) {
		x.index()
	}
}

// IndexKeys prepares a value, and all that can be reached through tables from it, for traversal by gopher-lua's own LTable.Next.
func IndexKeys(v lua.LValue) { indexAll(v, map[*lua.LTable]bool{}) }

func indexAll(v lua.LValue, seen map[*lua.LTable]bool) {
	t, ok := v.(*lua.LTable)
	if !ok || seen[t] {
		return
	}
	seen[t] = true
	if x := tableOf(t); len(x.k2i) != len(x.keys) {
		x.index()
	}
	for k, v := range Pairs(t) {
		indexAll(k, seen)
		indexAll(v, seen)
	}
}

// forget drops the keys that are no longer in use. A traversal may rely on those, but it may not add keys, and only a new key
// leads here.
func (x *table) forget() {
	kept := make([]lua.LValue, 0, len(x.strdict)+len(x.dict)+1)
	index := make(map[lua.LValue]int, len(kept))
	for _, k := range x.keys {
		found := false
		if s, ok := k.(lua.LString); ok {
			_, found = x.strdict[string(s)]
		} else {
			_, found = x.dict[k]
		}
		if found {
			index[k] = len(kept)
			kept = append(kept, k)
		}
	}
	x.keys, x.k2i = kept, index
}

// Next continues a traversal after key, lua.LNil to begin. ok is false if key is not one of the table's.
func Next(t *lua.LTable, key lua.LValue) (k, v lua.LValue, ok bool) {
	return (*allocator)(nil).next(t, key)
}

func (a *allocator) next(t *lua.LTable, key lua.LValue) (k, v lua.LValue, ok bool) {
	x := tableOf(t)
	i, at := 0, 0
	x.unique()
	if !isNil(key) {
		index := -1
		if n, isNumber := key.(lua.LNumber); isNumber {
			index = arrayIndex(n)
		}
		if index >= 0 && index < len(x.array) {
			i = index + 1
		} else {
			i = len(x.array)
			if place := x.place(key); place >= 0 {
				at = place + 1
			} else if index < 0 || index >= cap(x.array) {
				// An index below the capacity is that of an element by which the array has shrunk since the last step.
				return nil, nil, false
			}
		}
	}
	for ; i < len(x.array); i++ {
		if v := x.array[i]; !isNil(v) {
			if i+1 < smallNumbers {
				return small[i+1], v, true
			}
			if a == nil {
				return lua.LNumber(i + 1), v, true
			}
			return a.number(float64(i + 1)), v, true
		}
	}
	for ; at < len(x.keys); at++ {
		k := x.keys[at]
		if s, isString := k.(lua.LString); isString {
			v, ok = x.named(at, string(s))
		} else {
			v, ok = x.dict[k]
		}
		if ok {
			return k, v, true
		}
	}
	return lua.LNil, lua.LNil, true
}

// named is the field of a name whose place among the keys is known: in a small map, that is often where the field is.
func (x *table) named(at int, name string) (lua.LValue, bool) {
	if m := mapOf(x.strdict); transparent && at < groupSlots && m != nil && m.dirLen == 0 && m.used != 0 {
		g := m.single()
		if s := &g.slots[at]; g.full[at] >= 0 && s.name == name {
			return s.value, true
		}
	}
	v, ok := x.strdict[name]
	return v, ok
}

// NamedAt is t[name] without metamethods, nil where there is none; at is the place of the name among Keys.
func NamedAt(t *lua.LTable, at int, name string) lua.LValue {
	v, _ := tableOf(t).named(at, name)
	return v
}

// Pairs yields the elements of t, in the order of Next. The loop may change elements and remove them; it does not see those that
// it adds outside of the array part.
//
// It stands for gopher-lua's own LTable.Next and ForEach, which do not end where an integer key is outside of the array.
func Pairs(t *lua.LTable) iter.Seq2[lua.LValue, lua.LValue] {
	return func(yield func(k, v lua.LValue) bool) {
		x := tableOf(t)
		for i := 0; i < len(x.array); i++ { //nolint:intrange // the loop may make it shorter
			if v := x.array[i]; !isNil(v) && !yield(lua.LNumber(i+1), v) {
				return
			}
		}
		x.unique()
		for at, k := range x.keys {
			var v lua.LValue
			var ok bool
			if s, isString := k.(lua.LString); isString {
				v, ok = x.named(at, string(s))
			} else {
				v, ok = x.dict[k]
			}
			if ok && !isNil(v) && !yield(k, v) {
				return
			}
		}
	}
}

// Count is the number of elements that are not nil.
func Count(t *lua.LTable) int {
	x := tableOf(t)
	n := len(x.strdict) + len(x.dict)
	for _, v := range x.array {
		if !isNil(v) {
			n++
		}
	}
	return n
}

// Array is the array part of t: elements 1 to n, some of which may be nil. It is valid until t is changed, and may be written to.
func Array(t *lua.LTable) []lua.LValue { return tableOf(t).array }

// Resize makes the array part n elements long, which must not be more than it has been; the rest are dropped.
func Resize(t *lua.LTable, n int) {
	x := tableOf(t)
	clear(x.array[n:])
	x.array = x.array[:n]
}

// Hashed is the number of elements outside of the array part.
func Hashed(t *lua.LTable) int {
	x := tableOf(t)
	return len(x.strdict) + len(x.dict)
}

// Clear empties t but keeps its room.
func Clear(t *lua.LTable) {
	x := tableOf(t)
	clear(x.array)
	x.array = x.array[:0]
	clear(x.strdict)
	clear(x.dict)
	if len(x.keys) == cap(x.keys) {
		x.keys = nil // it may be shared, see NewRecord
	} else {
		clear(x.keys)
		x.keys = x.keys[:0]
	}
	clear(x.k2i)
}
