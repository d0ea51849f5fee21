package vm

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// Coroutine is a value of Lua's type thread: a coroutine, or a light or entry thread as Lua sees it. It is not an
// *lua.LState, because a state is referenced by the Go stack that it is suspended on: nobody could tell that Lua has dropped it.
// State returns the state where there is one. So L.CheckThread and L.ToThread do not know it: assert the type.
type Coroutine struct {
	w       *Worker
	fn      *lua.LFunction // until it is first resumed
	fiber   *fiber
	gen     uint64
	thread  *Thread
	trace   string // where its function failed
	wrapped bool
	watched bool
}

// String returns "thread: 0x…", as tostring does.
func (co *Coroutine) String() string { return fmt.Sprintf("thread: %p", co) }

// Type returns lua.LTThread.
func (co *Coroutine) Type() lua.LValueType { return lua.LTThread }

// Thread returns the light or entry thread that co is, or nil for an ordinary coroutine.
func (co *Coroutine) Thread() *Thread { return co.thread }

// State returns the Lua state that co's frames are on, or nil if it has not begun or has ended. Valid until co next runs;
// call it with the baton held.
func (co *Coroutine) State() *lua.LState {
	if co.thread != nil {
		if co.thread.body == nil {
			return nil
		}
		return &co.thread.body.L
	}
	if f := co.live(); f != nil {
		return &f.L
	}
	return nil
}

// Function returns the function of a coroutine that was not resumed yet, or else nil.
func (co *Coroutine) Function() *lua.LFunction { return co.fn }

// Trace lists the calls that were in progress when the coroutine failed, as the option Traceback does; it is empty for one that has
// not failed, and for those made by wrap, whose errors go on to the caller.
func (co *Coroutine) Trace() string { return co.trace }

// live returns the fiber that co runs on, nil before and after.
func (co *Coroutine) live() *fiber {
	if co.fiber != nil && co.fiber.gen == co.gen {
		return co.fiber
	}
	return nil
}

// Status returns coroutine.status's word. Call it with the baton held.
func (co *Coroutine) Status() string {
	if co.thread != nil {
		return co.thread.Status()
	}
	if co.fn != nil {
		return statusSuspended
	}
	if f := co.live(); f != nil {
		return f.status
	}
	return statusDead
}

// OpenCoroutine installs the table coroutine into L's globals and package.loaded: create, resume, yield, status, running, wrap,
// isyieldable. A coroutine may yield from anywhere, pcall, metamethods and callbacks of Go functions included, and may wait.
//
// Deviation: LuaJIT refuses to yield across table.sort, string.gsub and the like ("attempt to yield across C-call
// boundary"); here it works.
func (w *Worker) OpenCoroutine(L *lua.LState) {
	lib := L.CreateTable(0, 8)
	for name, fn := range map[string]lua.LGFunction{
		"create": w.coCreate, "resume": w.coResume, "yield": w.coYield, "status": w.coStatus,
		"running": w.coRunning, "wrap": w.coWrap, "isyieldable": w.coIsYieldable,
	} {
		f := L.NewFunction(fn)
		machine.SetBuiltin(f, builtins[name])
		lib.RawSetString(name, f)
	}
	L.SetGlobal("coroutine", lib)
	if loaded, ok := L.GetField(L.Get(lua.RegistryIndex), "_LOADED").(*lua.LTable); ok {
		loaded.RawSetString("coroutine", lib)
	}
	if pkg, ok := L.GetGlobal("package").(*lua.LTable); ok {
		if loaded, ok := pkg.RawGetString("loaded").(*lua.LTable); ok {
			loaded.RawSetString("coroutine", lib)
		}
	}
}

// builtins are the numbers that LuaJIT's tostring shows for these functions; wrapped is that of what wrap returns.
var builtins = map[string]int{
	"status": 30, "running": 31, "isyieldable": 32, "create": 33, "yield": 34, "resume": 35, "wrap": 37,
}

const wrapped = 36

// NewCoroutine makes a coroutine of fn's. Call it with the baton held.
func (w *Worker) NewCoroutine(fn *lua.LFunction) *Coroutine {
	return &Coroutine{w: w, fn: fn}
}

// co = coroutine.create(f)
func (w *Worker) coCreate(L *lua.LState) int {
	L.Push(w.NewCoroutine(w.checkBody(L)))
	return 1
}

// checkBody returns the function that create or wrap was given. In a thread that OpenResty manages it has to be Lua's.
func (w *Worker) checkBody(L *lua.LState) *lua.LFunction {
	fn, ok := L.Get(1).(*lua.LFunction)
	switch {
	case w.cur.plain && !ok:
		machine.TypeError(L, 1, "function")
	case !w.cur.plain && (!ok || fn.IsG):
		machine.ArgError(L, 1, "Lua function expected")
	}
	return fn
}

func checkCoroutine(L *lua.LState) *Coroutine {
	co, ok := L.Get(1).(*Coroutine)
	if !ok {
		machine.ArgError(L, 1, "coroutine expected")
	}
	return co
}

// ok, ... = coroutine.resume(co, ...)
func (w *Worker) coResume(L *lua.LState) int {
	co := checkCoroutine(L)
	t := w.cur
	if msg := t.cannotResume(co); msg != "" {
		L.Push(lua.LFalse)
		L.Push(lua.LString(msg))
		return 2
	}
	L.Push(lua.LTrue) // takes the place of false once the outcome is known
	mark := L.GetTop()
	n, e := t.resume(L, co, 2, mark-1)
	if e != nil {
		L.Push(lua.LFalse)
		L.Push(e.Object)
		return 2
	}
	return n + 1
}

// f = coroutine.wrap(g)
func (w *Worker) coWrap(L *lua.LState) int {
	co := w.NewCoroutine(w.checkBody(L))
	co.wrapped = true
	fn := L.NewFunction(func(L *lua.LState) int {
		t := w.cur
		if msg := t.cannotResume(co); msg != "" {
			t.raiseFrom(L, &lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString(msg)}, true)
		}
		n, e := t.resume(L, co, 1, L.GetTop())
		if e != nil {
			// OpenResty's own wrap hands the error on as it is, LuaJIT's says where it was called.
			t.raiseFrom(L, e, t.plain)
		}
		return n
	})
	machine.SetBuiltin(fn, wrapped)
	L.Push(fn)
	return 1
}

func (t *Thread) raiseFrom(L *lua.LState, e *lua.ApiError, where bool) {
	obj := e.Object
	if s, ok := machine.ToString(obj); ok && where {
		obj = lua.LString(machine.Where(L, 1) + s)
	}
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: obj, Cause: e.Cause})
}

// cannotResume returns why co cannot be resumed, in LuaJIT's words or OpenResty's, or "".
func (t *Thread) cannotResume(co *Coroutine) string {
	status := co.Status()
	if status == statusSuspended {
		if t.fiber != nil && t.fiber.depth >= maxNesting {
			return "C stack overflow"
		}
		if f := co.live(); f == nil || f.family == t.family || f.family.worker {
			return ""
		}
		return "no co ctx found"
	}
	if t.plain && status != statusDead {
		status = statusRunning
	}
	return "cannot resume " + status + " coroutine"
}

// resume passes L's values first to last to co, runs it until it yields or ends, and pushes what it passes back: n values, or an error. A
// Control goes through.
func (t *Thread) resume(L *lua.LState, co *Coroutine, first, last int) (int, *lua.ApiError) {
	f := co.live()
	if f == nil {
		f = t.begin(co)
	}
	to := &f.L
	f.nargs = max(last-first+1, 0)
	machine.Reserve(to, f.nargs)
	for i := first; i <= last; i++ {
		to.Push(L.Get(i))
	}
	t.run(f, co)
	if f.done && f.err != nil {
		e := f.err.(*lua.ApiError) //nolint:errorlint // PCall returns nothing else
		co.trace = f.trace
		f.end()
		if controlOf(e) != nil {
			panic(e)
		}
		return 0, e
	}
	n := to.GetTop()
	machine.Reserve(L, n)
	for i := 1; i <= n; i++ {
		L.Push(to.Get(i))
	}
	to.SetTop(0)
	if f.done {
		f.end()
	}
	return n, nil
}

// ... = coroutine.yield(...)
func (w *Worker) coYield(L *lua.LState) int {
	t := w.cur
	f := t.fiber
	switch {
	case f != nil:
		f.suspend()
		return L.GetTop()
	case t.plain:
		machine.Errorf(L, "attempt to yield across C-call boundary")
	}
	t.Yield()
	return 0
}

// status = coroutine.status(co)
func (w *Worker) coStatus(L *lua.LState) int {
	L.Push(lua.LString(checkCoroutine(L).Status()))
	return 1
}

// co = coroutine.running()
func (w *Worker) coRunning(L *lua.LState) int {
	t := w.cur
	switch {
	case t.fiber != nil:
		L.Push(t.fiber.handle)
	case t == w.main:
		L.Push(lua.LNil)
	default:
		L.Push(t.Value())
	}
	return 1
}

// yes = coroutine.isyieldable()
func (w *Worker) coIsYieldable(L *lua.LState) int {
	L.Push(lua.LBool(w.cur.Yieldable()))
	return 1
}
