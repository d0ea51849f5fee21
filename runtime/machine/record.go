package machine

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// NewRecord makes a table of values by name; both must be equally long. names are of type lua.LString. The table keeps the slice
// of names but not that of values: the caller must not change names any more, and may make several tables with it.
func NewRecord(names, values []lua.LValue) *lua.LTable {
	if hashName == nil || len(names) == 0 || len(names) > groupSlots {
		return newRecord(names, values)
	}
	p, x := newPieced()
	if !p.group.fill(names) {
		return newRecord(names, values)
	}
	for i, v := range values {
		p.group.slots[i&(groupSlots-1)].value = v
	}
	p.fields.used = uint64(len(names))
	x.keys = names[:len(names):len(names)]
	return &p.LTable
}

// newRecord is NewRecord for any names.
func newRecord(names, values []lua.LValue) *lua.LTable {
	t := &lua.LTable{Metatable: lua.LNil}
	if len(names) == 0 {
		return t
	}
	x := tableOf(t)
	if n := len(names); n >= large/hashedBytes {
		Need(n * hashedBytes)
	}
	x.strdict = make(map[string]lua.LValue, len(names))
	for i, name := range names {
		x.strdict[string(name.(lua.LString))] = values[i]
	}
	x.k2i = make(map[lua.LValue]int)
	// Without room, so that an addition copies it.
	x.keys = names[:len(names):len(names)]
	if len(x.strdict) != len(names) {
		x.index()
	}
	return t
}

// NewList makes a table of elements from 1 on, which it copies. None may be nil.
func NewList(elements []lua.LValue) *lua.LTable {
	n := len(elements)
	switch {
	case n == 0:
		return &lua.LTable{Metatable: lua.LNil}
	case n <= 4:
		t := &struct {
			lua.LTable
			room [4]lua.LValue
		}{}
		return newList(&t.LTable, t.room[:n:n], elements)
	case n <= 8:
		t := &struct {
			lua.LTable
			room [8]lua.LValue
		}{}
		return newList(&t.LTable, t.room[:n:n], elements)
	case n >= large/16:
		Need(n * 16)
	}
	return newList(new(lua.LTable), make([]lua.LValue, n), elements)
}

func newList(t *lua.LTable, room, elements []lua.LValue) *lua.LTable {
	copy(room, elements)
	t.Metatable = lua.LNil
	tableOf(t).array = room
	return t
}

// Keys are those of the elements outside of the array part, in the order of traversal; the elements of some may be gone. The slice
// must not be changed. It stays as it is when t changes, unless t is emptied: then it may have nils.
func Keys(t *lua.LTable) []lua.LValue {
	x := tableOf(t)
	x.unique()
	return x.keys
}

// Field is t[name] without metamethods.
func Field(t *lua.LTable, name string) lua.LValue {
	if v, ok := tableOf(t).strdict[name]; ok {
		return v
	}
	return lua.LNil
}

var stringTab = func() unsafe.Pointer {
	var v lua.LValue = lua.LString("x")
	return (*iface)(unsafe.Pointer(&v)).tab
}()

// String makes a Lua value of the string at p, without an allocation. The string there must never change.
func String(p *lua.LString) (lv lua.LValue) {
	i := (*iface)(unsafe.Pointer(&lv))
	i.tab, i.data = stringTab, unsafe.Pointer(p)
	return lv
}

// Values of short strings that CopyString makes, with the bytes beside the head.
type (
	string16 struct {
		head lua.LString
		room [16]byte
	}
	string32 struct {
		head lua.LString
		room [32]byte
	}
	string48 struct {
		head lua.LString
		room [48]byte
	}
	string80 struct {
		head lua.LString
		room [roomy]byte
	}
)

// roomy is how long a string may be that CopyString copies in one allocation.
const roomy = 80

// CopyString makes a Lua value of a copy of b; that of a short one takes one allocation, not two.
func CopyString(b []byte) lua.LValue {
	var head *lua.LString
	var room []byte
	switch n := len(b); {
	case n == 0:
		return empty
	case n <= 16:
		s := new(string16)
		head, room = &s.head, s.room[:n]
	case n <= 32:
		s := new(string32)
		head, room = &s.head, s.room[:n]
	case n <= 48:
		s := new(string48)
		head, room = &s.head, s.room[:n]
	case n <= roomy:
		s := new(string80)
		head, room = &s.head, s.room[:n]
	default:
		return lua.LString(b)
	}
	copy(room, b)
	*head = lua.LString(unsafe.String(unsafe.SliceData(room), len(room)))
	return String(head)
}

var empty lua.LValue = lua.LString("")
