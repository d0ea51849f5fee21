package lualib

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

func (l *library) openTable(L *lua.LState) {
	t := l.provide("table", fill(L, L.CreateTable(0, 16), map[string]lua.LGFunction{
		"concat": tableConcat, "insert": tableInsert, "remove": tableRemove, "sort": tableSort, "maxn": tableMaxN,
		"foreach": tableForEach, "foreachi": tableForEachI, "getn": tableGetN, "move": tableMove,
	}))
	hasten(L, t, map[string]machine.Quick{"insert": quickInsert})
	for name, fn := range map[string]lua.LGFunction{
		"new": tableNew, "clear": tableClear, "nkeys": tableNKeys, "isarray": tableIsArray, "isempty": tableIsEmpty,
		"clone": tableClone,
	} {
		l.lazily(L, t, "table", name, fn)
	}
}

// s = table.concat(t [, sep [, i [, j]]])
func tableConcat(L *lua.LState) int {
	t := checkTable(L, 1)
	sep := optString(L, 2, "")
	i := optInt(L, 3, 1)
	j := 0
	if L.Get(4) == lua.LNil {
		j = machine.Len(t)
	} else {
		j = checkInt(L, 4)
	}
	size := 0
	for k := i; k <= j; k++ {
		switch v := machine.GetInt(t, k).(type) {
		case lua.LString:
			size += len(v) + len(sep)
		case lua.LNumber:
			size += 8 + len(sep)
		default:
			machine.Errorf(L, "invalid value (%s) at index %d in table for 'concat'", machine.TypeName(v), k)
		}
	}
	// A Builder, unlike make, does not clear its room first.
	var b strings.Builder
	b.Grow(size)
	var digits [32]byte
	for k := i; k <= j; k++ {
		if k > i {
			b.WriteString(sep)
		}
		switch v := machine.GetInt(t, k).(type) {
		case lua.LString:
			b.WriteString(string(v))
		case lua.LNumber:
			b.Write(machine.AppendNumber(digits[:0], float64(v)))
		}
	}
	return pushString(L, b.String())
}

// table.insert(t, [pos,] v)
func tableInsert(L *lua.LState) int {
	t := checkTable(L, 1)
	n := machine.Len(t) + 1
	switch L.GetTop() {
	case 2:
		machine.SetInt(t, n, L.Get(2))
		return 0
	case 3:
	default:
		machine.Errorf(L, "wrong number of arguments to 'insert'")
	}
	pos := checkInt(L, 2)
	n = max(n, pos)
	if a := machine.Array(t); pos >= 1 && n == len(a)+1 && pos < n {
		machine.SetInt(t, n, a[n-2])
		a = machine.Array(t)
		copy(a[pos:n-1], a[pos-1:n-2])
		a[pos-1] = L.Get(3)
		return 0
	}
	for i := n; i > pos; i-- {
		machine.SetInt(t, i, machine.GetInt(t, i-1))
	}
	machine.SetInt(t, pos, L.Get(3))
	return 0
}

// v = table.remove(t [, pos])
func tableRemove(L *lua.LState) int {
	declare(L, 1)
	t := checkTable(L, 1)
	n := machine.Len(t)
	if L.Get(2) == lua.LNil {
		if n == 0 {
			return 0
		}
		L.Push(machine.GetInt(t, n))
		machine.SetInt(t, n, lua.LNil)
		return 1
	}
	p := checkNumber(L, 2)
	if !(p >= 1 && p <= float64(n)) {
		return 0
	}
	pos := int(p)
	L.Push(machine.GetInt(t, pos))
	// From a fraction on, LuaJIT counts in fractions, and cuts them off at each access.
	last := pos + int(float64(n)-p)
	if a := machine.Array(t); n <= len(a) {
		copy(a[pos-1:last-1], a[pos:last])
	} else {
		for i := pos; i < last; i++ {
			machine.SetInt(t, i, machine.GetInt(t, i+1))
		}
	}
	machine.SetInt(t, n, lua.LNil)
	return 1
}

// n = table.maxn(t)
func tableMaxN(L *lua.LState) int {
	t := checkTable(L, 1)
	highest := 0.0
	for k := lua.LValue(lua.LNil); ; {
		var ok bool
		if k, _, ok = machine.Next(t, k); !ok || k == lua.LNil {
			return pushNumber(L, highest)
		}
		if n, ok := k.(lua.LNumber); ok {
			highest = math.Max(highest, float64(n))
		}
	}
}

// n = table.getn(t)
func tableGetN(L *lua.LState) int {
	declare(L, 1)
	return pushNumber(L, float64(machine.Len(checkTable(L, 1))))
}

// v = table.foreach(t, f)
func tableForEach(L *lua.LState) int {
	declare(L, 2)
	t, f := checkTable(L, 1), checkFunction(L, 2)
	for k := lua.LValue(lua.LNil); ; {
		next, v, ok := machine.Next(t, k)
		if !ok {
			machine.Errorf(L, "invalid key to 'next'")
		}
		if k = next; k == lua.LNil {
			return 0
		}
		if visit(L, f, k, v) {
			return 1
		}
	}
}

// v = table.foreachi(t, f)
func tableForEachI(L *lua.LState) int {
	declare(L, 2)
	t, f := checkTable(L, 1), checkFunction(L, 2)
	for i := 1; i <= machine.Len(t); i++ {
		if visit(L, f, lua.LNumber(i), machine.GetInt(t, i)) {
			return 1
		}
	}
	return 0
}

// visit calls f(k, v) and leaves its result on the stack if that is not nil.
func visit(L *lua.LState, f *lua.LFunction, k, v lua.LValue) bool {
	L.Push(f)
	L.Push(k)
	L.Push(v)
	L.Call(2, 1)
	if L.Get(-1) != lua.LNil {
		return true
	}
	L.Pop(1)
	return false
}

// to = table.move(from, f, e, t [, to])
func tableMove(L *lua.LState) int {
	declare(L, 4)
	from := checkTable(L, 1)
	f, e, t := checkInt(L, 2), checkInt(L, 3), checkInt(L, 4)
	to := from
	if L.Get(5) != lua.LNil {
		to = checkTable(L, 5)
	}
	if e >= f {
		if t <= f || t > e || to != from {
			for i := f; i <= e; i++ {
				machine.SetInt(to, t+i-f, machine.GetInt(from, i))
			}
		} else {
			for i := e; i >= f; i-- {
				machine.SetInt(to, t+i-f, machine.GetInt(from, i))
			}
		}
	}
	L.Push(to)
	return 1
}

// maxRoom bounds what table.new sets aside at once; the table grows beyond it as needed.
const maxRoom = 1 << 20

// maxArray is the size of an array part that is refused.
const maxArray = 1 << 27

// t = table.new(narray, nhash)
func tableNew(L *lua.LState) int {
	a, h := checkInt(L, 1), checkInt(L, 2)
	if a < 0 || h < 0 || a >= maxArray {
		machine.Throw(L, lua.LString("table overflow"))
	}
	L.Push(L.CreateTable(min(a, maxRoom), min(h, maxRoom)))
	return 1
}

// table.clear(t)
func tableClear(L *lua.LState) int {
	machine.Clear(checkTable(L, 1))
	return 0
}

// n = table.nkeys(t)
func tableNKeys(L *lua.LState) int { return pushNumber(L, float64(machine.Count(checkTable(L, 1)))) }

// yes = table.isempty(t)
func tableIsEmpty(L *lua.LState) int {
	k, _, _ := machine.Next(checkTable(L, 1), lua.LNil)
	return pushBool(L, k == lua.LNil)
}

// yes = table.isarray(t)
func tableIsArray(L *lua.LState) int {
	t := checkTable(L, 1)
	if machine.Hashed(t) == 0 {
		return pushBool(L, true)
	}
	for k := lua.LValue(lua.LNil); ; {
		var ok bool
		if k, _, ok = machine.Next(t, k); !ok || k == lua.LNil {
			return pushBool(L, true)
		}
		if n, ok := k.(lua.LNumber); !ok || math.Trunc(float64(n)) != float64(n) {
			return pushBool(L, false)
		}
	}
}

// copy = table.clone(t)
func tableClone(L *lua.LState) int {
	t := checkTable(L, 1)
	c := L.CreateTable(len(machine.Array(t)), machine.Hashed(t))
	for k := lua.LValue(lua.LNil); ; {
		next, v, ok := machine.Next(t, k)
		if k = next; !ok || k == lua.LNil {
			break
		}
		machine.Set(c, k, v)
	}
	L.Push(c)
	return 1
}
