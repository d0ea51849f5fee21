package worker

import (
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
)

// ProcessLoader opens the module ngx.process (lua-resty-core, lib/ngx/process.md).
func ProcessLoader(v *handler.VM) lua.LGFunction {
	master := !v.Tree.Core.MasterProcess.Set || v.Tree.Core.MasterProcess.V
	inInit := func() bool {
		c := v.Current()
		return c != nil && c.Phase == handler.Init
	}
	return func(L *lua.LState) int {
		mod := L.CreateTable(0, 5)
		mod.RawSetString("version", lua.LString(codec.CoreVersion))
		fill(L, mod, map[string]lua.LGFunction{
			// type_name = process.type()
			"type": func(L *lua.LState) int {
				name := "worker"
				switch {
				case !master:
					name = "single"
				case inInit():
					name = "master"
				}
				return push(L, lua.LString(name))
			},
			// ok, err = process.enable_privileged_agent(connections?)
			//
			// Deviation: there is one process, hence no agent beside the workers. A timer in init_worker_by_lua
			// of the worker with id 0 does what agents are used for.
			"enable_privileged_agent": func(L *lua.LState) int {
				if !inInit() {
					return refuse(L, lua.LNil, "API disabled in the current context")
				}
				switch n := L.Get(1).(type) {
				case *lua.LNilType:
				case lua.LNumber:
					if n < 0 {
						return refuse(L, lua.LNil, "bad 'connections' argument: number expected and greater than 0")
					}
				default:
					return refuse(L, lua.LNil, "bad 'connections' argument: number expected and greater than 0")
				}
				return refuse(L, lua.LNil, "no privileged agent: moongate is a single process")
			},
			// process.signal_graceful_exit()
			//
			// Where a master would start another worker in place of the one that leaves, all workers are
			// replaced, as by a reload; without a master the process ends gracefully.
			"signal_graceful_exit": func(*lua.LState) int {
				sig := syscall.SIGQUIT
				if master {
					sig = syscall.SIGHUP
				}
				syscall.Kill(pid(), sig) //nolint:errcheck // signalling oneself cannot fail
				return 0
			},
			// pid = process.get_master_pid()
			"get_master_pid": func(L *lua.LState) int { return push(L, lua.LNumber(pid())) },
		})
		return push(L, mod)
	}
}
