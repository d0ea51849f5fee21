package lualib

import (
	"slices"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// table.sort(t [, less])
func tableSort(L *lua.LState) int {
	t := checkTable(L, 1)
	var less *lua.LFunction
	if L.Get(2) != lua.LNil {
		less = checkFunction(L, 2)
	}
	n := machine.Len(t)
	if less == nil && n <= len(machine.Array(t)) && sortPlain(machine.Array(t)[:n]) {
		return 0
	}
	s := sorter{L: L, t: t, less: less}
	if less != nil {
		s.plain, s.isPlain = comparatorOf(less)
	}
	s.sort(1, n)
	return 0
}

// sortPlain sorts values that are all numbers or all strings. It reports false, and does nothing, for any others, and for nan.
func sortPlain(a []lua.LValue) bool {
	if len(a) == 0 {
		return true
	}
	switch a[0].(type) {
	case lua.LNumber:
		for _, v := range a {
			if n, ok := v.(lua.LNumber); !ok || n != n {
				return false
			}
		}
		slices.SortFunc(a, func(x, y lua.LValue) int {
			m, n := x.(lua.LNumber), y.(lua.LNumber)
			switch {
			case m < n:
				return -1
			case m > n:
				return 1
			}
			return 0
		})
		return true
	case lua.LString:
		for _, v := range a {
			if _, ok := v.(lua.LString); !ok {
				return false
			}
		}
		slices.SortFunc(a, func(x, y lua.LValue) int {
			m, n := x.(lua.LString), y.(lua.LString)
			switch {
			case m < n:
				return -1
			case m > n:
				return 1
			}
			return 0
		})
		return true
	}
	return false
}

// sorter is Lua's own quicksort. It compares in the same order as LuaJIT's, so that a comparison function sees the same calls and
// one that is inconsistent leads to the same error.
type sorter struct {
	L    *lua.LState
	t    *lua.LTable
	less *lua.LFunction
	// plain is what less does, if that is so plain that it need not be called.
	plain   comparator
	isPlain bool
}

func (s *sorter) get(i int) lua.LValue { return machine.GetInt(s.t, i) }

func (s *sorter) set(i int, v lua.LValue) { machine.SetInt(s.t, i, v) }

func (s *sorter) before(a, b lua.LValue) bool {
	if s.less == nil {
		return machine.Less(s.L, a, b)
	}
	if s.isPlain {
		if less, ok := s.plain.compare(a, b); ok {
			return less
		}
	}
	s.L.Push(s.less)
	s.L.Push(a)
	s.L.Push(b)
	machine.Invoke(s.L, 2, 1)
	r := lua.LVAsBool(s.L.Get(-1))
	s.L.Pop(1)
	return r
}

// order swaps two elements if the second belongs before the first.
func (s *sorter) order(i, j int) {
	if a, b := s.get(i), s.get(j); s.before(b, a) {
		s.set(i, b)
		s.set(j, a)
	}
}

func (s *sorter) sort(lo, hi int) {
	for lo < hi {
		s.order(lo, hi)
		if hi-lo == 1 {
			return
		}
		mid := int(uint(lo+hi) >> 1)
		if a, b := s.get(mid), s.get(lo); s.before(a, b) {
			s.set(mid, b)
			s.set(lo, a)
		} else {
			s.order(mid, hi)
		}
		if hi-lo == 2 {
			return
		}
		pivot := s.get(mid)
		other := s.get(hi - 1)
		s.set(mid, other)
		s.set(hi-1, pivot)
		i := s.partition(lo, hi, pivot)
		a, b := s.get(hi-1), s.get(i)
		s.set(hi-1, b)
		s.set(i, a)
		if i-lo < hi-i {
			s.sort(lo, i-1)
			lo = i + 1
		} else {
			s.sort(i+1, hi)
			hi = i - 1
		}
	}
}

// partition moves what belongs before the pivot to the left and returns where the rest begins.
func (s *sorter) partition(lo, hi int, pivot lua.LValue) int {
	i, j := lo, hi-1
	for {
		var a, b lua.LValue
		for i++; ; i++ {
			if a = s.get(i); !s.before(a, pivot) {
				break
			}
			if i >= hi {
				machine.Errorf(s.L, "invalid order function for sorting")
			}
		}
		for j--; ; j-- {
			if b = s.get(j); !s.before(pivot, b) {
				break
			}
			if j <= lo {
				machine.Errorf(s.L, "invalid order function for sorting")
			}
		}
		if j < i {
			return i
		}
		s.set(i, b)
		s.set(j, a)
	}
}
