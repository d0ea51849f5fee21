package thread

import (
	"slices"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/vm"
)

// Register puts ngx.thread and ngx.on_abort into v.Ngx and completes the table coroutine, which vm's
// OpenCoroutine has installed. Called with the baton held.
func Register(v *handler.VM) {
	L := v.W.L
	t := L.CreateTable(0, 3)
	for name, f := range map[string]func(*handler.VM, *lua.LState) int{"spawn": spawn, "wait": wait, "kill": kill} {
		t.RawSetString(name, L.NewFunction(func(L *lua.LState) int { return f(v, L) }))
	}
	v.Ngx.RawSetString("thread", t)
	v.Ngx.RawSetString("on_abort", L.NewFunction(func(L *lua.LState) int { return onAbort(v, L) }))
	completeCoroutine(v)
}

// Ended reports a light thread that an error has ended; it is for vm.Options.Ended.
func Ended(t *vm.Thread) {
	if c, ok := t.Owner.(*handler.Ctx); ok {
		c.LogAborted("user", t.Err())
	}
}

// StateKept writes the debug lines about the cache of Lua threads (lua_thread_cache_max_entries); it is for vm.Options.StateKept.
func StateKept(t *vm.Thread, reused bool) {
	c, ok := t.Owner.(*handler.Ctx)
	switch {
	case !ok || !c.Enabled(phases.LogDebug):
	case reused:
		c.Log(phases.LogDebug, "lua reusing cached lua thread")
	default:
		c.Log(phases.LogDebug, "lua caching unused lua thread")
	}
}

// require is the check of functions that may wait: they need a context that may.
func require(L *lua.LState, c *handler.Ctx) {
	if c.Phase&handler.Yieldable == 0 {
		codec.Raise(L, "API disabled in the context of "+c.Phase.ContextName())
	}
}

// current is the context at work; where there is none, as in init_by_lua, it raises.
func current(v *handler.VM, L *lua.LState) *handler.Ctx {
	c := v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	return c
}

func luaFunction(L *lua.LState, name string) *lua.LFunction {
	fn, ok := L.Get(1).(*lua.LFunction)
	if !ok || fn.IsG {
		codec.ArgError(L, 1, name, "Lua function expected")
	}
	return fn
}

// co = ngx.thread.spawn(func, arg1, arg2, ...)
func spawn(v *handler.VM, L *lua.LState) int {
	c := current(v, L)
	fn := luaFunction(L, "spawn")
	require(L, c)
	var args []lua.LValue
	if n := L.GetTop(); n > 1 {
		args = make([]lua.LValue, 0, n-1)
		for i := 2; i <= n; i++ {
			args = append(args, L.Get(i))
		}
	}
	L.Push(v.Thread().Spawn(fn, args...).Value())
	return 1
}

// lightThread is argument i as a thread of the same handler. light is false where it is none of
// ngx.thread.spawn's.
func lightThread(L *lua.LState, i int, name string, t *vm.Thread) (child *vm.Thread, light bool) {
	co, ok := L.Get(i).(*vm.Coroutine)
	if !ok {
		codec.ArgError(L, i, name, "lua thread expected")
	}
	child = co.Thread()
	if child != nil && entryOf(child) != entryOf(t) {
		codec.Raise(L, "no co ctx found")
	}
	return child, child != nil && child.IsLight()
}

func entryOf(t *vm.Thread) *vm.Thread {
	for t.Parent != nil {
		t = t.Parent
	}
	return t
}

// ok, res1, res2, ... = ngx.thread.wait(thread1, thread2, ...)
func wait(v *handler.VM, L *lua.LState) int {
	require(L, current(v, L))
	n := L.GetTop()
	if n == 0 {
		codec.Raise(L, "at least one coroutine should be specified")
	}
	t := v.Thread()
	var room [8]*vm.Thread
	threads := room[:0]
	for i := 1; i <= n; i++ {
		child, light := lightThread(L, i, "wait", t)
		if !light {
			codec.Raise(L, "attempt to wait on a coroutine that is not a user thread")
		}
		if !t.IsParentOf(child) {
			codec.Raise(L, "only the parent coroutine can wait on the thread")
		}
		switch child.Status() {
		case "zombie":
			return outcome(L, t.Join(child))
		case "dead":
			if i == n {
				return refuse(L, "already waited or killed")
			}
		default:
			threads = append(threads, child)
		}
	}
	return outcome(L, t.Join(threads...))
}

// outcome pushes how a thread ended.
func outcome(L *lua.LState, child *vm.Thread) int {
	if err := child.Err(); err != nil {
		L.Push(lua.LFalse)
		n := 2
		if raw := child.Raw(); raw != nil {
			// what is left on the thread's stack in OpenResty: the message as it was given, then as it was raised
			L.Push(raw)
			n++
		}
		if e, ok := err.(*lua.ApiError); ok { //nolint:errorlint // vm's threads end with nothing else
			L.Push(e.Object)
		} else {
			L.Push(lua.LString(err.Error()))
		}
		return n
	}
	L.Push(lua.LTrue)
	res := child.Results()
	for _, x := range res {
		L.Push(x)
	}
	return 1 + len(res)
}

// ok, err = ngx.thread.kill(thread)
func kill(v *handler.VM, L *lua.LState) int {
	c := current(v, L)
	require(L, c)
	t := v.Thread()
	child, light := lightThread(L, 1, "kill", t)
	switch {
	case !light:
		return refuse(L, "not user thread")
	case !t.IsParentOf(child):
		return refuse(L, "killer not parent")
	case slices.Contains(c.Capturing, child):
		return refuse(L, "pending subrequests")
	}
	switch child.Status() {
	case "zombie":
		child.Reap()
		return refuse(L, "already terminated")
	case "dead":
		return refuse(L, "already waited or killed")
	}
	child.Kill()
	child.Reap()
	L.Push(lua.LNumber(1))
	return 1
}

func refuse(L *lua.LState, why string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(why))
	return 2
}
