package thread

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
)

// completeCoroutine adds the names under which ngx_lua keeps LuaJIT's own functions (coroutine._yield …)
// and its own (coroutine.__yield …); lua-resty-core and libraries built on it call them. Here they are all
// the same functions.
//
// Deviation: OpenResty refuses coroutines in set_by_lua, log_by_lua, balancer_by_lua and init_worker_by_lua;
// here they work everywhere unless lua_strict_phases asks for the refusal.
func completeCoroutine(v *handler.VM) {
	lib, ok := v.W.L.GetGlobal("coroutine").(*lua.LTable)
	if !ok {
		return
	}
	lib.RawSetString("isyieldable", lua.LNil) // OpenResty's table has none
	for _, name := range [...]string{"create", "wrap", "resume", "yield", "status"} {
		fn, ok := lib.RawGetString(name).(*lua.LFunction)
		if !ok {
			continue
		}
		lib.RawSetString("_"+name, fn)
		if v.Strict && fn.IsG {
			std := fn.GFunction
			fn = v.W.L.NewFunction(func(L *lua.LState) int {
				if c := v.Current(); c != nil && c.Phase&refused != 0 {
					codec.Raise(L, "API disabled in the context of "+c.Phase.ContextName())
				}
				return std(L)
			})
			lib.RawSetString(name, fn)
		}
		lib.RawSetString("__"+name, fn)
	}
}

// refused are the contexts in which OpenResty has no coroutines.
const refused = handler.InitWorker | handler.ExitWorker | handler.Set | handler.Log | handler.Balancer | handler.SSLSessionStore
