package vm

import (
	"iter"
	"runtime"

	lua "github.com/yuin/gopher-lua"
)

// fiber is what a coroutine runs on: a Lua state and, by iter.Pull, a stack of Go's. It serves one coroutine after the other,
// and never refers to the Coroutine that Lua holds, unless that is running: so a suspended one that Lua has dropped
// can be noticed by the garbage collector and stopped. Guarded by the baton.
type fiber struct {
	*body
	w      *Worker
	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool

	gen     uint64 // counts the coroutines served
	nargs   int
	wrapped bool
	done    bool   // the function has returned or failed
	err     error  // how
	trace   string // where, see Coroutine.Trace

	status     string
	killed     bool
	handle     *Coroutine // while it runs
	caller     *fiber     // the coroutine that resumed it
	depth      int        // how many coroutines it runs inside
	family     *family
	prev, next *fiber // in family.fibers
}

const (
	statusSuspended = "suspended"
	statusRunning   = "running"
	statusNormal    = "normal"
	statusDead      = "dead"
	statusZombie    = "zombie"
)

// unwatched is how many suspended coroutines of a family may wait for its end, should Lua drop them, rather than for the garbage collector: to
// watch one costs more than to make one, and few handlers have more.
const unwatched = 8

// maxNesting is how deep coroutines may be resumed inside each other: LuaJIT's limit for its C stack.
const maxNesting = 8000

func (w *Worker) takeFiber() *fiber {
	if n := len(w.fibers); n > 0 {
		f := w.fibers[n-1]
		w.fibers[n-1] = nil
		w.fibers = w.fibers[:n-1]
		return f
	}
	f := &fiber{w: w, body: w.newBody()}
	f.resume, f.stop = iter.Pull(f.serve)
	return f
}

func (w *Worker) putFiber(f *fiber) {
	if len(w.fibers) < w.Group.opts.ThreadCache && w.clean(f.body) {
		w.fibers = append(w.fibers, f)
		return
	}
	f.stop()
}

// serve runs coroutines on a goroutine of its own, switching back to who resumed it at each end.
func (f *fiber) serve(yield func(struct{}) bool) {
	f.yield = yield
	for {
		h := f.noteTrace
		if f.wrapped {
			h = threadError
		}
		f.err = PCall(&f.L, f.nargs, lua.MultRet, h)
		f.done = true
		if !yield(struct{}{}) {
			return
		}
	}
}

// noteTrace is the Handler of coroutines made by create.
func (f *fiber) noteTrace(L *lua.LState, _ *lua.ApiError) { f.trace = f.w.Group.opts.Traceback(L) }

// begin gives co a fiber, owned by t's family.
func (t *Thread) begin(co *Coroutine) *fiber {
	f := t.W.takeFiber()
	f.gen++
	f.done, f.err, f.trace, f.killed, f.wrapped = false, nil, "", false, co.wrapped
	f.status = statusSuspended
	f.L.Push(co.fn)
	fam := t.family
	f.family = fam
	f.prev, f.next = nil, fam.fibers
	if f.next != nil {
		f.next.prev = f
	}
	fam.fibers = f
	fam.nfibers++
	co.fiber, co.gen, co.fn = f, f.gen, nil
	return f
}

// run switches to f until it yields or ends.
func (t *Thread) run(f *fiber, co *Coroutine) {
	caller, L := t.fiber, t.L
	f.depth = 0
	if caller != nil {
		caller.status = statusNormal
		f.depth = caller.depth + 1
	}
	f.status, f.handle, f.caller = statusRunning, co, caller
	t.fiber, t.L = f, &f.L
	_, ok := f.resume()
	t.fiber, t.L = caller, L
	if caller != nil {
		caller.status = statusRunning
	}
	f.handle, f.caller = nil, nil
	if !ok {
		f.done = true
	}
	if !f.done {
		f.status = statusSuspended
		if co != nil && !co.watched && f.family.nfibers > unwatched {
			co.watched = true
			runtime.AddCleanup(co, dropFiber, drop{f, f.gen})
		}
	}
}

// end takes a fiber whose coroutine has ended out of its family and keeps it for the next one.
func (f *fiber) end() {
	f.gen++
	f.status = statusDead
	if f.prev != nil {
		f.prev.next = f.next
	} else {
		f.family.fibers = f.next
	}
	if f.next != nil {
		f.next.prev = f.prev
	}
	f.family.nfibers--
	f.prev, f.next, f.family, f.err = nil, nil, nil, nil
	f.w.putFiber(f)
}

// suspend is coroutine.yield inside a fiber: it switches to who resumed it, and returns when it is resumed again.
func (f *fiber) suspend() {
	if f.killed || !f.yield(struct{}{}) || f.killed {
		panic(controlError(Killed{}))
	}
}

// destroy unwinds a suspended fiber, on behalf of t.
func (t *Thread) destroy(f *fiber) {
	f.killed = true
	t.run(f, nil)
	f.end()
}

func (fam *family) stopFibers(t *Thread) {
	for fam.fibers != nil {
		t.destroy(fam.fibers)
	}
}

// drop says which coroutine of a fiber's has become unreachable.
type drop struct {
	f   *fiber
	gen uint64
}

// dropFiber is called by the garbage collector's goroutine, which must not wait for a baton.
func dropFiber(d drop) {
	w := d.f.w
	w.dropMu.Lock()
	defer w.dropMu.Unlock()
	if w.closing {
		return
	}
	w.dropped = append(w.dropped, d)
	w.startReaper()
}

// Later runs f as Do does, soon, on a goroutine of the worker's: for finalizers, which the garbage collector's goroutine finds due
// and must not wait for. What f raises is logged. A worker that is being closed does not run it. It may be called without the baton.
func (w *Worker) Later(f func(L *lua.LState) error) {
	w.dropMu.Lock()
	defer w.dropMu.Unlock()
	if !w.closing {
		w.later = append(w.later, f)
		w.startReaper()
	}
}

// startReaper is called with dropMu held.
func (w *Worker) startReaper() {
	if !w.reaping {
		w.reaping = true
		w.reapDone.Add(1)
		go w.reap()
	}
}

// reap stops the coroutines that Lua has dropped, and runs what is due.
func (w *Worker) reap() {
	defer w.reapDone.Done()
	for {
		w.dropMu.Lock()
		list, later := w.dropped, w.later
		w.dropped, w.later = nil, nil
		if len(list)+len(later) == 0 {
			w.reaping = false
			w.dropMu.Unlock()
			return
		}
		w.dropMu.Unlock()
		if len(list) > 0 {
			w.reaper.acquire()
			for _, d := range list {
				if d.f.gen == d.gen && d.f.status == statusSuspended {
					w.reaper.destroy(d.f)
				}
			}
			w.reaper.release()
		}
		for _, f := range later {
			if err := w.Do(f); err != nil {
				w.log(LogErr, err.Error())
			}
		}
	}
}
