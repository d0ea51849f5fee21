package luastd

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/resty/http"
	"moongate/luastd/resty/limit"
	"moongate/luastd/resty/lock"
	"moongate/luastd/resty/lrucache"
)

// replaceable are built-in modules that are Lua everywhere else: a file on lua_package_path goes first. The other built-in ones stand for
// libraries that need machine code, so that a copy of OpenResty's Lua files on the path does no harm.
var replaceable = map[string]func(v *handler.VM) lua.LGFunction{
	"resty.limit.conn":       limit.Conn,
	"resty.limit.count":      limit.Count,
	"resty.limit.req":        limit.Req,
	"resty.limit.traffic":    limit.Traffic,
	"resty.http":             http.Loader,
	"resty.http_headers":     http.Headers,
	"resty.lock":             lock.Loader,
	"resty.lrucache":         lrucache.Loader,
	"resty.lrucache.pureffi": lrucache.Loader,
}

// offerReplaceable makes require fall back on the replaceable modules after it has looked for a file.
func offerReplaceable(v *handler.VM, pkg lua.LValue) {
	L := v.W.L
	loaders, ok := L.GetField(pkg, "loaders").(*lua.LTable)
	if !ok {
		return
	}
	find, ok := loaders.RawGetInt(2).(*lua.LFunction)
	if !ok || !find.IsG {
		return
	}
	made := make(map[string]*lua.LFunction, len(replaceable))
	for name, loader := range replaceable {
		made[name] = L.NewFunction(loader(v))
	}
	loaders.RawSetInt(2, L.NewFunction(func(L *lua.LState) int {
		name := L.Get(1)
		n := find.GFunction(L)
		if _, found := L.Get(-1).(*lua.LFunction); !found || n != 1 {
			if fn := made[lua.LVAsString(name)]; fn != nil {
				L.Push(fn)
				return 1
			}
		}
		return n
	}))
}
