package lualib

import (
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
	"moongate/runtime/vm"
)

// collector stands for Lua's garbage collector. Memory is Go's business, so all that is left of it are its answers, and the
// finalizers of newproxy's userdata, which run soon after Go's collector has found them dead.
type collector struct {
	pause, stepmul int
	stopped        bool
	proxies        *proxies
	weak           weakTables
}

// proxies gathers the userdata with __gc that Go's collector has found dead. Its goroutine adds to dead, Lua takes from it.
type proxies struct {
	mu    sync.Mutex
	live  int
	dead  []*lua.LUserData
	found chan struct{}
	// due makes the worker finalize what is dead, if it has not done so before.
	due func()
}

// result = collectgarbage([opt [, arg]])
//
// Deviation: the collector is Go's and works all the time, beside the program. "collect" and "step" only make it run if there are
// userdata of newproxy to finalize at once, and "collect" if there are weak tables; "stop" and the tuning of "setpause" and "setstepmul" have no effect but on what they return.
func (l *library) baseCollectGarbage(L *lua.LState) int {
	opt := optString(L, 1, "collect")
	arg := optInt(L, 2, 0)
	gc := &l.gc
	switch opt {
	case "collect":
		l.collect(L)
		l.finalize(L)
		return pushNumber(L, 0)
	case "step":
		l.finalize(L)
		return pushBool(L, false)
	case "count":
		return pushNumber(L, heapBytes()/1024)
	case "stop":
		gc.stopped = true
		return pushNumber(L, 0)
	case "restart":
		gc.stopped = false
		return pushNumber(L, 0)
	case "setpause":
		old := gc.pause
		gc.pause = arg - 200
		return pushNumber(L, float64(old+200))
	case "setstepmul":
		old := gc.stepmul
		gc.stepmul = arg - 200
		return pushNumber(L, float64(old+200))
	case "isrunning":
		return pushBool(L, !gc.stopped)
	}
	machine.ArgError(L, 1, fmt.Sprintf("invalid option '%s'", opt))
	return 0
}

// kilobytes, count = gcinfo()
func baseGCInfo(L *lua.LState) int {
	return pushNumber(L, math.Floor(heapBytes()/1024))
}

// heapBytes is the size of all live objects of the process, and of the dead ones that have not been swept.
func heapBytes() float64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return float64(sample[0].Value.Uint64())
}

// ud = newproxy([true | proxy])
func (l *library) baseNewProxy(L *lua.LState) int {
	ud := L.NewUserData()
	switch v := L.Get(1).(type) {
	case lua.LBool:
		if v {
			ud.Metatable = L.NewTable()
			l.watch(L, ud)
		}
	case *lua.LNilType:
	case *lua.LUserData:
		if _, ok := v.Metatable.(*lua.LTable); !ok || v.Value != nil {
			machine.ArgError(L, 1, "boolean or proxy expected")
		}
		ud.Metatable = v.Metatable
		l.watch(L, ud)
	default:
		machine.ArgError(L, 1, "boolean or proxy expected")
	}
	L.Push(ud)
	return 1
}

func (l *library) watch(L *lua.LState, ud *lua.LUserData) {
	p := l.gc.proxies
	if p == nil {
		p = &proxies{found: make(chan struct{}, 1), due: func() {}}
		if w := vm.WorkerOf(L); w != nil {
			p.due = func() { w.Later(p.finalize) }
		}
		l.gc.proxies = p
	}
	p.mu.Lock()
	p.live++
	p.mu.Unlock()
	runtime.SetFinalizer(ud, p.add)
}

func (p *proxies) add(ud *lua.LUserData) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.live--
	// Whoever never collects must not keep what is dead for ever.
	if len(p.dead) < 1<<16 {
		p.dead = append(p.dead, ud)
	}
	if len(p.dead) == 1 {
		p.due()
	}
	select {
	case p.found <- struct{}{}:
	default:
	}
}

// finalizeWait is how long a collection waits for Go to find a dead proxy.
const finalizeWait = 20 * time.Millisecond

// finalize runs the __gc metamethods of dead userdata, after a collection if any userdata of that kind is alive.
func (l *library) finalize(L *lua.LState) {
	p := l.gc.proxies
	if p == nil {
		return
	}
	p.mu.Lock()
	waiting := p.live > 0 && len(p.dead) == 0
	p.mu.Unlock()
	if waiting {
		machine.ClearDead(L)
		runtime.GC()
		timer := time.NewTimer(finalizeWait)
		defer timer.Stop()
		select {
		case <-p.found:
		case <-timer.C:
		}
	}
	if err := p.finalize(L); err != nil {
		machine.Throw(L, errorObject(err))
	}
}

// finalize calls the __gc metamethods of what is dead. The first error ends it, as in LuaJIT's collectgarbage.
func (p *proxies) finalize(L *lua.LState) error {
	p.mu.Lock()
	dead := p.dead
	p.dead = nil
	p.mu.Unlock()
	for _, ud := range dead {
		fn := machine.Metamethod(L, ud, "__gc")
		if !machine.Callable(L, fn) {
			continue
		}
		L.Push(fn)
		L.Push(ud)
		if err := vm.PCall(L, 1, 0, nil); err != nil {
			return err
		}
	}
	return nil
}
