package vm

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// Thread is one Lua thread of ngx_lua's kind: an entry thread (a phase handler or a timer's callback) or a light thread. It runs on one
// goroutine at a time, and only while that goroutine holds the baton. Whoever holds on to one beyond the call that gave it must Keep it; it
// is then valid, if dead, for as long as it is referenced.
type Thread struct {
	// W is the worker the thread belongs to.
	W *Worker
	// L is the innermost running coroutine's state, which changes as coroutines are resumed and yield. Guarded by the baton.
	L *lua.LState
	// Owner is the request or timer given to Run; a light thread has its parent's.
	Owner any
	// Parent is the thread that spawned this one; nil for an entry thread.
	Parent *Thread

	body        *body
	fiber       *fiber // the innermost running coroutine, nil when the thread's own function runs
	family      *family
	parentFiber *fiber // which coroutine of Parent's spawned this thread
	parentGen   uint64
	value       *Coroutine

	wk     *waiter
	joiner *Thread // waits for this thread's end
	joined *Thread // whose end ended the wait

	kill    *killState
	ownKill killState

	results  []lua.LValue
	err      error
	raw      lua.LValue
	next     *Thread // in family.threads
	plain    bool    // coroutine.yield outside a coroutine is an error
	ended    bool
	reaped   bool
	kept     bool // may be referenced after its end
	overtime bool // has used up its CPU time
	pausable bool // whoever ran it can go on later: see RunPausable
}

// Keep says that the caller will hold on to t. A thread that nobody keeps, and that has neither waited nor spawned others, serves another handler
// after its end. Call it with the baton held.
func (t *Thread) Keep() { t.kept = true }

// killState is shared by a thread and the handlers that run nested inside it.
type killState struct {
	on     atomic.Bool
	mu     sync.Mutex
	cancel chan struct{}
	stop   func() // of the WaitStop under way; called with mu held
}

func (k *killState) channel() <-chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.cancel == nil {
		k.cancel = make(chan struct{})
		if k.on.Load() {
			close(k.cancel)
		}
	}
	return k.cancel
}

func (k *killState) kill() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.on.Swap(true) {
		return
	}
	if k.cancel != nil {
		close(k.cancel)
	}
	if k.stop != nil {
		k.stop()
	}
}

// stopWith has kill call stop, at once if there was one.
func (k *killState) stopWith(stop func()) {
	k.mu.Lock()
	k.stop = stop
	if stop != nil && k.on.Load() {
		stop()
	}
	k.mu.Unlock()
}

// Starter is implemented by owners that want to know their entry threads, to be able to kill them. ThreadStarted is called by Run with the
// baton held, before any Lua runs; a thread that it kills does not run at all.
type Starter interface{ ThreadStarted(t *Thread) }

// Ender is implemented by owners that want to know when their entry threads have ended, light threads included. ThreadEnded is called by Run
// with the baton held, whether ThreadStarted killed the thread or not.
type Ender interface{ ThreadEnded(t *Thread) }

// Waiter is implemented by owners that want to know before one of their threads waits. WillWait is called with the baton held,
// before it is given away; it must not block.
type Waiter interface{ WillWait() }

// Holder is implemented by owners that want to know that something may know them for longer: Hold is called, with the baton held, at the end of
// each thread that may be referenced beyond it (see Keep), with Owner in it.
type Holder interface{ Hold() }

// willWait tells the owner.
func (t *Thread) willWait() {
	if o, ok := t.Owner.(Waiter); ok {
		o.WillWait()
	}
}

// entry is an entry thread with its family. Its state stays with it from one handler to the next.
type entry struct {
	Thread
	fam family
}

// takeEntry gives a thread that nobody knows of, with a state.
func (w *Worker) takeEntry(owner any, plain bool) *entry {
	var e *entry
	n := len(w.entries)
	switch {
	case n > 0:
		e = w.entries[n-1]
		w.entries = w.entries[:n-1]
	case len(w.bodies) == 0:
		e, _ = w.surplus.Get().(*entry)
	}
	if e == nil {
		e = new(entry)
		e.W, e.Owner, e.plain = w, owner, plain
		e.takeState()
		return e
	}
	e.Owner, e.plain, e.fiber, e.L = owner, plain, nil, &e.body.L
	if n > 0 {
		e.stateKept(true)
	}
	return e
}

// putEntry keeps e, which has ended, for another handler if nobody can know of it any more. spare is keepState's.
func (w *Worker) putEntry(e *entry, spare bool) {
	t := &e.Thread
	if t.body == nil || t.kept || t.value != nil || t.ownKill.on.Load() || t.ownKill.cancel != nil {
		if o, ok := t.Owner.(Holder); ok {
			o.Hold()
		}
		if t.body != nil && !spare {
			w.bodies = append(w.bodies, t.body)
		}
		t.body, t.L = nil, nil
		return
	}
	t.Owner, t.joined = nil, nil
	t.ended, t.reaped, t.overtime, t.pausable = false, false, false, false
	e.fam.control = nil
	if spare {
		w.surplus.Put(e)
		return
	}
	w.entries = append(w.entries, e)
}

// Run takes the baton, runs fn as an entry thread on the calling goroutine, and gives the baton back. nret is how many results are
// wanted, or lua.MultRet; fewer are filled up with nil. It returns when fn and all light threads that it began have ended,
// as a phase handler does in OpenResty. A Control raised by any of them ends all of them and is returned as the error, and so is an
// error of fn's, an *lua.ApiError with its traceback; an error in a light thread ends that one only.
// Coroutines that are still suspended then are stopped.
//
// The caller must not hold the worker's baton (see Thread.Run for that). An owner that is a Starter is told of the thread.
func (w *Worker) Run(owner any, fn *lua.LFunction, nret int, args ...lua.LValue) ([]lua.LValue, error) {
	return w.run(owner, false, fn, nret, args)
}

// RunPlain is Run for handlers that OpenResty runs without a light thread (header, body and log filters, set): there
// coroutine.yield outside a coroutine is an error.
func (w *Worker) RunPlain(owner any, fn *lua.LFunction, nret int, args ...lua.LValue) ([]lua.LValue, error) {
	return w.run(owner, true, fn, nret, args)
}

func (w *Worker) run(owner any, plain bool, fn *lua.LFunction, nret int, args []lua.LValue) ([]lua.LValue, error) {
	e := w.begin(owner, plain)
	defer e.leave()
	if err := e.started(); err != nil {
		return nil, err
	}
	res, err := e.call(fn, nret, args)
	if err = e.settled(err); err != nil {
		res = nil
	}
	return res, err
}

// started tells the owner of the thread, and reports an error if that has killed it.
func (e *entry) started() error {
	if o, ok := e.Owner.(Starter); ok {
		o.ThreadStarted(&e.Thread)
		if e.kill.on.Load() {
			return controlError(Killed{})
		}
	}
	return nil
}

// settled waits for the light threads of an entry thread whose function has ended with err, and gives the error that counts.
func (e *entry) settled(err error) error {
	if e.fam.live > 1 {
		return e.fam.settle(&e.Thread, err)
	}
	if c := e.fam.control; c != nil {
		return c
	}
	return err
}

// begin takes the baton for a new entry thread.
func (w *Worker) begin(owner any, plain bool) *entry {
	var wk *waiter
	if !w.baton.tryLock() {
		wk = waiters.Get().(*waiter)
		w.baton.lock(wk)
	}
	e := w.takeEntry(owner, plain)
	t := &e.Thread
	t.wk, t.kill, t.family = wk, &t.ownKill, &e.fam
	e.fam.live, e.fam.entry = 1, t
	t.resumed()
	return e
}

// leave ends an entry thread, even where a panic passes.
func (e *entry) leave() {
	t := &e.Thread
	t.ended, t.reaped = true, true
	if t.family.fibers != nil {
		t.family.stopFibers(t)
	}
	w := t.W
	spare := w.keepState(t)
	if o, ok := t.Owner.(Ender); ok {
		o.ThreadEnded(t)
	}
	t.putWaiter()
	next := t.family.takePosted()
	w.putEntry(e, spare)
	w.handOn(next)
}

// Run runs fn on the calling goroutine, which is t's and keeps the baton, on a state of its own: a filter that ngx.say sets off.
// The nested thread has t's owner and family and dies with t; coroutine.yield outside a coroutine is an error in it.
func (t *Thread) Run(fn *lua.LFunction, nret int, args ...lua.LValue) ([]lua.LValue, error) {
	e := t.W.takeEntry(t.Owner, true)
	n := &e.Thread
	n.kill, n.family, n.overtime = t.kill, t.family, t.overtime
	t.W.cur = n
	defer func() {
		n.ended, n.reaped = true, true
		spare := t.W.keepState(n)
		n.putWaiter()
		t.resumed()
		t.W.putEntry(e, spare)
	}()
	return n.call(fn, nret, args)
}

func (t *Thread) call(fn *lua.LFunction, nret int, args []lua.LValue) ([]lua.LValue, error) {
	L := t.L
	L.Push(fn)
	for _, a := range args {
		L.Push(a)
	}
	if err := PCall(L, len(args), nret, threadError); err != nil {
		return nil, finishTrace(err)
	}
	if nret == 0 {
		return nil, nil // what lies on the stack belongs to a script that was put aside
	}
	return takeResults(L), nil
}

// oneNil is what most filters return. Nobody writes to it.
var oneNil = []lua.LValue{lua.LNil}

func takeResults(L *lua.LState) []lua.LValue {
	n := L.GetTop()
	switch {
	case n == 0:
		return nil
	case n == 1 && L.Get(1) == lua.LNil:
		return oneNil
	}
	res := make([]lua.LValue, n)
	for i := range res {
		res[i] = L.Get(i + 1)
	}
	return res
}

// takeState gives t its state.
func (t *Thread) takeState() {
	w := t.W
	if n := len(w.bodies); n > 0 {
		t.stateKept(true)
		t.body = w.bodies[n-1]
		w.bodies[n-1] = nil
		w.bodies = w.bodies[:n-1]
	} else {
		t.body = w.newBody()
	}
	t.L = &t.body.L
}

// keepState makes the state of t, which has ended, ready for the next thread, or drops it. spare: there are as many already as are kept for good.
func (w *Worker) keepState(t *Thread) (spare bool) {
	switch {
	case !w.clean(t.body):
		t.body, t.L = nil, nil
	case len(w.bodies)+len(w.entries) >= w.Group.opts.ThreadCache:
		return true
	default:
		t.stateKept(false)
	}
	return false
}

func (t *Thread) stateKept(reused bool) {
	if f := t.W.Group.opts.StateKept; f != nil && !t.plain {
		f(t, reused)
	}
}

// dropBody ends the use of a state by a light thread.
func (t *Thread) dropBody() {
	w := t.W
	if !w.keepState(t) && t.body != nil {
		w.bodies = append(w.bodies, t.body)
	}
	t.body, t.L = nil, nil
}

func (t *Thread) waiter() *waiter {
	if t.wk == nil {
		t.wk = waiters.Get().(*waiter)
	}
	return t.wk
}

func (t *Thread) putWaiter() {
	if t.wk != nil {
		waiters.Put(t.wk)
		t.wk = nil
	}
}

// acquire takes the baton for t.
func (t *Thread) acquire() {
	if !t.W.baton.tryLock() {
		t.W.baton.lock(t.waiter())
	}
	t.resumed()
}

// resumed notes that t holds the baton.
func (t *Thread) resumed() {
	t.W.cur = t
	if b := t.W.budget; b != nil {
		b.start(t)
	}
}

// vacate notes that nobody holds the baton for now. Call it before the baton is given away.
func (w *Worker) vacate() {
	w.cur = nil
	if w.budget != nil {
		w.budget.stop()
	}
}

// release gives the baton to the first of the family that was put off, or else to the first in the queue.
func (t *Thread) release() { t.W.handOn(t.family.takePosted()) }

// handOn gives the baton to next, or if that is nil to the first in the queue.
func (w *Worker) handOn(next *waiter) {
	w.vacate()
	if next != nil {
		w.baton.unlockTo(next, false)
		return
	}
	w.baton.unlock()
}

// Wait is the one way for a Go function that Lua called to block: it gives the baton back, runs f, takes it again. f must touch
// nothing of Lua, and must return soon after cancel is closed, which Kill does. If t was killed, Wait does not return: it unwinds with Killed.
// It is called with the baton held, by t = w.Current(); it may be called inside coroutines at any depth.
func (t *Thread) Wait(f func(cancel <-chan struct{})) {
	t.checkKilled()
	cancel := t.kill.channel()
	t.blocked(f, cancel)
	t.checkKilled()
}

// WaitStop is Wait for an f that can be stopped from outside, which costs less than a channel to listen to. Kill calls stop, on any
// goroutine, at most once, possibly just before f begins and never after WaitStop has returned. It must make f return soon, and must not block.
func (t *Thread) WaitStop(f, stop func()) {
	t.checkKilled()
	t.stoppable(f, stop)
	t.checkKilled()
}

func (t *Thread) stoppable(f, stop func()) {
	k := t.kill
	k.stopWith(stop)
	t.willWait()
	t.release()
	defer t.acquire()
	defer k.stopWith(nil)
	f()
}

func (t *Thread) blocked(f func(cancel <-chan struct{}), cancel <-chan struct{}) {
	t.willWait()
	t.release()
	defer t.acquire()
	f(cancel)
}

// Aside runs f with the baton given back, where f works rather than waits, or tells those whom it concerns itself: the owner is not told. Kill does
// not end f; the thread unwinds after it. Else it is as Wait.
func (t *Thread) Aside(f func()) {
	t.checkKilled()
	t.aside(f)
	t.checkKilled()
}

func (t *Thread) aside(f func()) {
	t.release()
	defer t.acquire()
	f()
}

func (t *Thread) checkKilled() {
	if t.kill.on.Load() || (t.fiber != nil && t.fiber.killed) {
		panic(controlError(Killed{}))
	}
}

// Kill makes t unwind: at once if it waits, or else at its next wait. An entry thread takes its light threads with it. It is idempotent,
// does nothing to a thread that has ended, and needs no baton.
func (t *Thread) Kill() { t.kill.kill() }

// Killed reports whether Kill was called. It needs no baton.
func (t *Thread) Killed() bool { return t.kill.on.Load() }

// Yield gives others that are ready their turn before t goes on: ngx.sleep(0), coroutine.yield outside a coroutine. Where threads of its
// family were put off, it joins their queue; else it queues for the baton. It is called with the baton held, by t, and unwinds as
// Wait does.
func (t *Thread) Yield() {
	t.checkKilled()
	t.willWait()
	b := &t.W.baton
	if next := t.family.takePosted(); next != nil {
		wk := t.waiter()
		t.family.posted = append(t.family.posted, wk)
		next.ch <- struct{}{}
		<-wk.ch
		t.resumed()
	} else if b.yield(t.waiter()) {
		t.resumed()
	}
	t.checkKilled()
}

// Value returns what Lua sees as the thread: ngx.thread.spawn's result, coroutine.running() outside a coroutine. Call it with the baton held.
func (t *Thread) Value() *Coroutine {
	if t.value == nil {
		t.value = &Coroutine{w: t.W, thread: t}
	}
	return t.value
}

// Yieldable reports whether coroutine.yield may be called where t is now.
func (t *Thread) Yieldable() bool { return t.fiber != nil || !t.plain }

// traceback gathers the frames of the coroutines that an error has passed, the innermost first. It travels in the
// Cause of an *lua.ApiError.
type traceback struct {
	parts []string
	raw   lua.LValue // see Thread.Raw
}

func (tb *traceback) Error() string {
	var b strings.Builder
	b.WriteString("stack traceback:")
	for i, p := range tb.parts {
		fmt.Fprintf(&b, "\ncoroutine %d:\n%s", i, p)
	}
	return b.String()
}

// threadError is the Handler of threads, and of coroutines made by wrap: it adds the frames of L.
func threadError(L *lua.LState, e *lua.ApiError) {
	tb, ok := e.Cause.(*traceback) //nolint:errorlint // set by this function only
	if ok {
		tb.raw = nil
	} else {
		tb = &traceback{raw: rawMessage(L, e)}
		e.Cause = tb
	}
	if w := workerOf(L); w != nil {
		tb.parts = append(tb.parts, w.Group.opts.Traceback(L))
	}
}

// rawMessage is the first argument of the Go function that has raised e, where e is that string with a position in front, as Lua's
// error makes it. L runs the handler, called from that function.
func rawMessage(L *lua.LState, e *lua.ApiError) lua.LValue {
	full, ok := e.Object.(lua.LString)
	cf := machine.CurrentFrame(L)
	if !ok || cf == nil || cf.Parent == nil || cf.Parent.Fn == nil || !cf.Parent.Fn.IsG {
		return nil
	}
	if raw, ok := machine.RegistryOf(L).At(cf.Parent.LocalBase).(lua.LString); ok && strings.HasSuffix(string(full), ": "+string(raw)) {
		return raw
	}
	return nil
}

// finishTrace puts the whole trace where users of gopher-lua look for it.
func finishTrace(err error) error {
	if e, ok := err.(*lua.ApiError); ok { //nolint:errorlint // PCall returns nothing else
		if tb, ok := e.Cause.(*traceback); ok { //nolint:errorlint // ditto
			e.StackTrace = tb.Error()
			e.Cause = nil
		}
	}
	return err
}
