package luastd

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/lualib"
	"moongate/phases"
)

// guardGlobals makes a script's first write to a global variable a warning in the error log: all
// requests of a worker share them.
func guardGlobals(v *handler.VM) {
	L := v.W.L
	mt := L.NewTable()
	mt.RawSetString("__newindex", L.NewFunction(func(L *lua.LState) int {
		t, key, value := L.CheckTable(1), L.Get(2), L.Get(3)
		t.RawSet(key, value)
		c := v.Current()
		if c == nil || c.Phase&(handler.Init|handler.InitWorker) != 0 || !c.Enabled(phases.LogWarn) {
			return 0
		}
		c.Log(phases.LogWarn, "[lua] _G write guard:12: __newindex(): writing a global Lua variable ('"+lua.LVAsString(L.ToStringMeta(key))+
			"') which may lead to race conditions between concurrent requests, so prefer the use of 'local' variables\nstack traceback:\n"+lualib.Traceback(L))
		return 0
	}))
	L.G.Global.Metatable = mt
}
