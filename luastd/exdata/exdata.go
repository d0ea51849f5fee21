// Package exdata is luajit2's modules thread.exdata and thread.exdata2: one value of C's that a Lua thread carries about.
package exdata

import (
	"runtime"
	"sync"
	"weak"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
	"moongate/runtime/vm"
)

// values are what the threads of one worker carry. The lock is for the collector, which takes away those of dead threads.
type values struct {
	mu sync.Mutex
	of map[weak.Pointer[vm.Thread]]lua.LValue
}

func (x *values) forget(key weak.Pointer[vm.Thread]) {
	x.mu.Lock()
	delete(x.of, key)
	x.mu.Unlock()
}

// Loader returns the loader of thread.exdata or thread.exdata2 (each has a value of its own), for package.preload. What require gives is
// a function: exdata(v) sets the running thread's value, and exdata() is that value.
//
// Deviation: in OpenResty, thread.exdata begins as the address of the request. Here both begin as nil, which a NULL pointer equals. A
// coroutine shares the value of the thread that it runs in; a light thread has its parent's until it sets its own.
func Loader(w *vm.Worker) lua.LGFunction {
	x := &values{of: make(map[weak.Pointer[vm.Thread]]lua.LValue)}
	return func(L *lua.LState) int {
		L.Push(L.NewFunction(func(L *lua.LState) int {
			t := w.Current()
			if L.GetTop() == 0 {
				L.Push(x.get(t))
				return 1
			}
			v := L.Get(1)
			if machine.TypeName(v) != "cdata" {
				machine.TypeError(L, 1, "cdata")
			}
			x.set(t, v)
			return 0
		}))
		return 1
	}
}

func (x *values) get(t *vm.Thread) lua.LValue {
	x.mu.Lock()
	defer x.mu.Unlock()
	for ; t != nil && len(x.of) > 0; t = t.Parent {
		if v, ok := x.of[weak.Make(t)]; ok {
			return v
		}
	}
	return lua.LNil
}

func (x *values) set(t *vm.Thread, v lua.LValue) {
	if t == nil {
		return
	}
	t.Keep()
	key := weak.Make(t)
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, known := x.of[key]; !known {
		runtime.AddCleanup(t, x.forget, key)
	}
	x.of[key] = v
}
