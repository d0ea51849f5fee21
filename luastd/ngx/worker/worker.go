package worker

import (
	"os"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/phases"
)

// The versions that moongate follows: nginx 1.27.1, ngx_lua 0.10.27.
const (
	NginxVersion = 1027001
	LuaVersion   = 10027
)

var pid = sync.OnceValue(os.Getpid)

// Register puts ngx.worker, ngx.config and ngx.run_worker_thread into v.Ngx. Called with the baton held.
func Register(v *handler.VM) {
	L := v.W.L
	w := L.CreateTable(0, 5)
	fill(L, w, map[string]lua.LGFunction{
		// exiting = ngx.worker.exiting()
		"exiting": func(L *lua.LState) int { return push(L, lua.LBool(v.W.Group.Exiting())) },
		// pid = ngx.worker.pid()
		"pid": func(L *lua.LState) int { return push(L, lua.LNumber(pid())) },
		// pids = ngx.worker.pids()
		"pids": func(L *lua.LState) int { return pids(v, L) },
		// id = ngx.worker.id()
		"id": func(L *lua.LState) int { return push(L, lua.LNumber(v.W.ID)) },
		// count = ngx.worker.count()
		"count": func(L *lua.LState) int { return push(L, lua.LNumber(v.Tree.Core.Workers)) },
	})
	v.Ngx.RawSetString("worker", w)

	prefix := v.Tree.Prefix
	if !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	config := L.CreateTable(0, 6)
	config.RawSetString("subsystem", lua.LString("http"))
	// a debug build of nginx is one that can log debug lines; whether this one does decides the error log
	config.RawSetString("debug", lua.LBool(v.Tree.Core.ErrorLog.Enabled(phases.LogDebug)))
	config.RawSetString("nginx_version", lua.LNumber(NginxVersion))
	config.RawSetString("ngx_lua_version", lua.LNumber(LuaVersion))
	fill(L, config, map[string]lua.LGFunction{
		// prefix = ngx.config.prefix()
		"prefix": func(L *lua.LState) int { return push(L, lua.LString(prefix)) },
		// str = ngx.config.nginx_configure()
		"nginx_configure": func(L *lua.LState) int { return push(L, lua.LString(" "+phases.ConfigureArguments)) },
	})
	v.Ngx.RawSetString("config", config)

	p := &pool{v: v}
	v.Ngx.RawSetString("run_worker_thread", L.NewFunction(p.run))
}

func fill(L *lua.LState, t *lua.LTable, fs map[string]lua.LGFunction) {
	for name, f := range fs {
		t.RawSetString(name, L.NewFunction(f))
	}
}

func push(L *lua.LState, v lua.LValue) int {
	L.Push(v)
	return 1
}

func refuse(L *lua.LState, first lua.LValue, why string) int {
	L.Push(first)
	L.Push(lua.LString(why))
	return 2
}

// pids lists one pid for each worker, so that its length is the workers' number; they are all the same.
func pids(v *handler.VM, L *lua.LState) int {
	if c := v.Current(); c != nil && c.Phase&(handler.Init|handler.InitWorker) != 0 {
		return refuse(L, lua.LNil, "API disabled in the current context")
	}
	n := v.Tree.Core.Workers
	t := L.CreateTable(n, 0)
	for range n {
		t.Append(lua.LNumber(pid()))
	}
	return push(L, t)
}
