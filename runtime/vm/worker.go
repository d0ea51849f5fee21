package vm

import (
	"fmt"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// Worker is one Lua VM and its baton: what a worker process is to OpenResty. Module state lives in it and is seen by all its
// requests and timers.
type Worker struct {
	// ID counts from 0: ngx.worker.id().
	ID int
	// L is the main state. It may be touched only inside Do, or (its globals and registry) with the baton held.
	L *lua.LState
	// Group is the generation that the worker belongs to.
	Group *Group

	baton baton
	cur   *Thread // who holds the baton; guarded by the baton

	doMu sync.Mutex // orders the users of L's stack; taken before the baton
	main *Thread

	template *lua.LState // what new states are copied from
	bodies   []*body
	fibers   []*fiber
	entries  []*entry  // guarded by the baton
	surplus  sync.Pool // of entries, beyond those that are kept for good
	envMeta  *lua.LTable
	codes    sync.Map // *lua.FunctionProto, as it was compiled, to the worker's own
	budget   *budget

	dropMu   sync.Mutex
	dropped  []drop
	later    []func(L *lua.LState) error
	reaping  bool
	closing  bool
	reaper   *Thread
	reapDone sync.WaitGroup

	timers timers
}

const (
	registrySlots = 128       // value slots that a thread starts with
	registryStep  = 128       // slots by which it grows while it is shallow
	keepSlots     = 16 * 1024 // a state that grew beyond this is not kept for reuse
	keepChunks    = 3         // chunks of call frames (56 frames) that are kept with it
)

const workerKey = "moongate.worker"

func newWorker(g *Group, id int) *Worker {
	o := &g.opts
	w := &Worker{ID: id, Group: g}
	stock := lua.NewState(lua.Options{
		CallStackSize:    256,
		RegistrySize:     registrySlots,
		RegistryGrowStep: registryStep,
		RegistryMaxSize:  max(o.RegistryMaxSize, registrySlots),
		SkipOpenLibs:     true,
	})
	w.template = stock
	w.L = &w.newBody().L
	if o.CPULimit > 0 {
		w.budget = newBudget(w, o.CPULimit)
	}
	w.L.G.MainThread, w.L.G.CurrentThread = w.L, w.L
	ud := w.L.NewUserData()
	ud.Value = w
	w.L.G.Registry.RawSetString(workerKey, ud)
	w.main = &Thread{W: w, L: w.L, plain: true}
	w.main.kill = &w.main.ownKill
	w.main.family = &family{live: 1, worker: true}
	w.reaper = &Thread{W: w, L: w.L, plain: true, family: w.main.family}
	w.reaper.kill = &w.reaper.ownKill
	w.timers.w = w
	return w
}

func raise(L *lua.LState) {
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: L.Get(-1)})
}

func (w *Worker) newBody() *body {
	b := new(body)
	b.init(w.template, w.Group.opts.CallStackSize)
	if w.L != nil {
		b.L.Env = w.L.Env
	}
	return b
}

// clean makes a state ready for its next user, or reports that it had better be dropped.
func (w *Worker) clean(b *body) bool {
	L := &b.L
	if machine.CurrentFrame(L) != nil || L.Dead || L.Parent != nil || b.reg.Len() > keepSlots {
		return false
	}
	machine.CloseUpvalues(L, 0)
	L.SetTop(0)
	machine.ClearDead(L)
	b.stack.Clean(keepChunks)
	L.Env = w.L.Env
	return true
}

// Current returns the thread that holds the baton: a field read. It is valid only with the baton held, and is how a
// Go function that Lua called finds its request. Inside Do it is a thread without an owner.
func (w *Worker) Current() *Thread { return w.cur }

// WorkerOf returns the worker whose state L is, or nil for a state of another make. It costs a table lookup.
func WorkerOf(L *lua.LState) *Worker { return workerOf(L) }

func workerOf(L *lua.LState) *Worker {
	if ud, ok := L.G.Registry.RawGetString(workerKey).(*lua.LUserData); ok {
		if w, ok := ud.Value.(*Worker); ok {
			return w
		}
	}
	return nil
}

// Do runs f with the baton held, on the main state: opening libraries, init_by_lua. What f raises is returned. Calls are run
// one after the other, each to its end. Do must not be called by a goroutine that holds a baton.
func (w *Worker) Do(f func(L *lua.LState) error) error {
	w.doMu.Lock()
	defer w.doMu.Unlock()
	t := w.main
	t.acquire()
	defer t.release()
	var ferr error
	L := w.L
	L.Push(&lua.LFunction{IsG: true, Env: L.Env, GFunction: func(L *lua.LState) int {
		ferr = f(L)
		return 0
	}})
	err := PCall(L, 0, 0, threadError)
	if err == nil {
		err = ferr
	}
	return err
}

// GlobalsFor makes an environment for one request: a table that reads through to the worker's globals and keeps what is written.
// Call it with the baton held.
func (w *Worker) GlobalsFor() *lua.LTable {
	if w.envMeta == nil {
		w.envMeta = w.L.CreateTable(0, 1)
		w.envMeta.RawSetString("__index", w.L.G.Global)
	}
	env := w.L.CreateTable(0, 2)
	env.Metatable = w.envMeta
	env.RawSetString("_G", env)
	return env
}

func (w *Worker) log(level int, msg string) {
	if w.Group.opts.Log != nil {
		w.Group.opts.Log(level, msg)
	}
}

// close ends what is left of the worker. Nobody holds a reference any more.
func (w *Worker) close() {
	w.dropMu.Lock()
	w.closing = true
	w.dropMu.Unlock()
	w.reapDone.Wait()
	w.doMu.Lock()
	defer w.doMu.Unlock()
	w.main.acquire()
	w.main.family.stopFibers(w.main)
	for _, f := range w.fibers {
		f.stop()
	}
	w.fibers, w.bodies, w.entries = nil, nil, nil
	w.main.release()
	if w.budget != nil {
		w.budget.close(w)
	}
}

// stockTraceback names the running function of each frame.
func stockTraceback(L *lua.LState) string {
	var b strings.Builder
	cf := machine.CurrentFrame(L)
	if cf != nil {
		cf = cf.Parent // the handler itself
	}
	for ; cf != nil; cf = cf.Parent {
		if cf.Fn.IsG {
			b.WriteString("\t[C]: in ?\n")
			continue
		}
		fmt.Fprintf(&b, "\t%sin function <%s:%d>\n", position(cf), cf.Fn.Proto.SourceName, cf.Fn.Proto.LineDefined)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
