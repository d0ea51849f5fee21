package worker

import (
	"errors"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
	"moongate/runtime/vm"
)

// VMSource makes the Lua VMs that ngx.run_worker_thread runs functions in; the Lua module's Owner of a
// handler.VM implements it.
type VMSource interface {
	// ThreadVM makes a VM of its own group, with all libraries. It lives as long as the configuration.
	ThreadVM() (*handler.VM, error)
	// ThreadVMs is how many a worker may have (lua_worker_thread_vm_pool_size).
	ThreadVMs() int
}

// pool is a worker's VMs for run_worker_thread. Safe for concurrent use.
type pool struct {
	v    *handler.VM
	mu   sync.Mutex
	idle []*handler.VM
	made int
}

// idleVM takes a VM that is there; nil where none is idle.
func (p *pool) idleVM() *handler.VM {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	v := p.idle[n-1]
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
	return v
}

// newVM makes one more; nil where there are enough.
func (p *pool) newVM() *handler.VM {
	src, ok := p.v.Owner.(VMSource)
	if !ok {
		return nil
	}
	p.mu.Lock()
	if p.made >= src.ThreadVMs() {
		p.mu.Unlock()
		return nil
	}
	p.made++
	p.mu.Unlock()
	v, err := src.ThreadVM()
	if err != nil {
		p.mu.Lock()
		p.made--
		p.mu.Unlock()
		return nil
	}
	return v
}

func (p *pool) put(v *handler.VM) {
	p.mu.Lock()
	p.idle = append(p.idle, v)
	p.mu.Unlock()
}

// ok, res1, res2, ... = ngx.run_worker_thread(threadpool, module_name, func_name, arg1, arg2, ...)
//
// Deviation: the thread's VM has the whole ngx API, in a timer's context; OpenResty's has a few functions.
func (p *pool) run(L *lua.LState) int {
	c := p.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	if c.Phase&handler.Yieldable == 0 {
		codec.Raise(L, "API disabled in the context of "+c.Phase.ContextName())
	}
	n := L.GetTop()
	if n < 3 {
		return refuse(L, lua.LFalse, "expecting at least 3 arguments")
	}
	var names [3]string
	for i, what := range [...]string{"threadpool", "module name", "function name"} {
		switch x := L.Get(i + 1).(type) {
		case lua.LString, lua.LNumber:
			names[i] = codec.ToString(L, x)
		default:
			return refuse(L, lua.LFalse, what+" should be a string")
		}
		if i == 0 && names[0] != "default" && !p.v.Tree.Core.ThreadPools[names[0]] {
			return refuse(L, lua.LFalse, "thread pool "+names[0]+" not found")
		}
	}
	v := p.idleVM()
	working := false
	defer func() { // also where the thread is killed while the VM is made
		if v != nil && !working {
			p.put(v)
		}
	}()
	if v == nil {
		p.v.Wait(func(<-chan struct{}) { v = p.newVM() })
	}
	if v == nil {
		return refuse(L, lua.LFalse, "no available Lua vm")
	}
	j := &job{pool: p, v: v, settings: c.Settings, module: names[1], function: names[2], done: make(chan struct{})}
	for i := 4; i <= n; i++ {
		x, err := copyValue(L.Get(i), p.v.Null, v.Null, 1, true)
		if err != nil {
			return refuse(L, lua.LFalse, err.Error()+" in the argument")
		}
		j.args = append(j.args, x)
	}
	working = true
	go j.work()
	p.v.Wait(func(cancel <-chan struct{}) {
		select {
		case <-j.done:
		case <-cancel: // the result is dropped
		}
	})
	if j.err != "" {
		return refuse(L, lua.LFalse, j.err)
	}
	L.Push(lua.LTrue)
	for _, x := range j.results {
		L.Push(x)
	}
	return 1 + len(j.results)
}

// job is one call. Its goroutine owns it until done is closed.
type job struct {
	pool             *pool
	v                *handler.VM // the thread's
	settings         *handler.Settings
	module, function string
	args             []lua.LValue
	results          []lua.LValue
	err              string
	done             chan struct{}
}

func (j *job) work() {
	defer close(j.done)
	v := j.v
	defer j.pool.put(v)
	c := &handler.Ctx{Tree: v.Tree, VM: v, Phase: handler.Timer, Settings: j.settings}
	if e := v.Tree.Engine(); e != nil {
		c.Serial = e.NextSerial()
	}
	defer c.End()
	entry := &lua.LFunction{IsG: true, Env: v.W.L.Env, GFunction: func(L *lua.LState) int { return j.call(L, v) }}
	if _, err := v.W.Run(c, entry, 0); err != nil && j.err == "" {
		j.err = message(err)
	}
	c.HandlerEnded()
}

// call loads the module and runs its function, in the thread's VM.
func (j *job) call(L *lua.LState, v *handler.VM) int {
	L.Push(L.GetGlobal("require"))
	L.Push(lua.LString(j.module))
	if err := vm.PCall(L, 1, 1, nil); err != nil {
		j.err = message(err)
		return 0
	}
	mod, ok := L.Get(-1).(*lua.LTable)
	L.SetTop(0)
	if !ok {
		j.err = "invalid lua module"
		return 0
	}
	fn, ok := L.GetField(mod, j.function).(*lua.LFunction)
	if !ok {
		j.err = "invalid function"
		return 0
	}
	L.Push(fn)
	for _, x := range j.args {
		L.Push(x)
	}
	if err := vm.PCall(L, len(j.args), lua.MultRet, nil); err != nil {
		j.err = message(err)
		return 0
	}
	for i := 1; i <= L.GetTop(); i++ {
		x, err := copyValue(L.Get(i), v.Null, j.pool.v.Null, 1, true)
		if err != nil {
			j.err, j.results = err.Error()+" in the return value", nil
			return 0
		}
		j.results = append(j.results, x)
	}
	return 0
}

func message(err error) string {
	var ae *lua.ApiError
	if errors.As(err, &ae) && ae.Object != nil {
		return lua.LVAsString(ae.Object)
	}
	return err.Error()
}

const maxDepth = 100

var errDepth = errors.New("suspicious circular references, table depth exceed max depth: 100")

// copyValue copies what may go from one VM to another: nil (at the top only), booleans, numbers, strings,
// tables of them, and ngx.null, which becomes the other VM's.
func copyValue(x lua.LValue, null, to *lua.LUserData, depth int, nilToo bool) (lua.LValue, error) {
	switch x := x.(type) {
	case lua.LBool, lua.LNumber, lua.LString:
		return x, nil
	case *lua.LNilType:
		if nilToo {
			return x, nil
		}
		return nil, errors.New("unsupported Lua type: LUA_TNIL")
	case *lua.LTable:
		if depth >= maxDepth {
			return nil, errDepth
		}
		out := new(lua.LState).NewTable()
		for k, v := range machine.Pairs(x) {
			k2, err := copyValue(k, null, to, depth+1, false)
			if err != nil {
				return nil, err
			}
			v2, err := copyValue(v, null, to, depth+1, false)
			if err != nil {
				return nil, err
			}
			machine.Set(out, k2, v2)
		}
		return out, nil
	case *lua.LUserData:
		if x == null {
			return to, nil
		}
		return nil, errors.New("unsupported Lua type: LUA_TUSERDATA")
	}
	switch x.Type() {
	case lua.LTFunction:
		return nil, errors.New("unsupported Lua type: LUA_TFUNCTION")
	case lua.LTThread:
		return nil, errors.New("unsupported Lua type: LUA_TTHREAD")
	}
	return nil, errors.New("unsupported Lua type")
}
