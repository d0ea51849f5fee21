package core

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
)

// newTab is base.new_tab(narr, nrec).
func newTab(L *lua.LState) int {
	narr, nrec := int(codec.CheckNumber(L, 1, "new_tab")), int(codec.CheckNumber(L, 2, "new_tab"))
	const most = 1 << 20 // a hint must not eat the memory
	L.Push(L.CreateTable(max(min(narr, most), 0), max(min(nrec, most), 0)))
	return 1
}

// clearTab is base.clear_tab(t).
func clearTab(L *lua.LState) int {
	t := L.CheckTable(1)
	machine.Clear(t)
	return 0
}

// refInTable is base.ref_in_table(t, key): the number under which t keeps key from now on, -1 for nil.
// t[0] begins the list of numbers that are free again.
func refInTable(L *lua.LState) int {
	t, key := L.CheckTable(1), L.Get(2)
	if key == lua.LNil {
		L.Push(lua.LNumber(-1))
		return 1
	}
	ref := 0
	if free, ok := machine.GetInt(t, 0).(lua.LNumber); ok && free != 0 {
		ref = int(free)
		machine.SetInt(t, 0, machine.GetInt(t, ref))
	} else {
		ref = machine.Len(t) + 1
	}
	machine.SetInt(t, ref, key)
	L.Push(lua.LNumber(ref))
	return 1
}

// allowsSubsystem is base.allows_subsystem(...): an error where "http" is not among the arguments.
func allowsSubsystem(L *lua.LState) int {
	for i := range L.GetTop() {
		if L.CheckString(i+1) == "http" {
			return 0
		}
	}
	codec.Raise(L, "unsupported subsystem: http")
	return 0
}
