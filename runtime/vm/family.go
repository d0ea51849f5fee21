package vm

import lua "github.com/yuin/gopher-lua"

// family is an entry thread with the light threads and coroutines that began in it. Guarded by the baton.
type family struct {
	entry   *Thread
	live    int // threads that have not ended
	threads *Thread
	fibers  *fiber // coroutines that were begun and have not ended
	nfibers int
	// posted are the threads that were put off and go on, in this order, at the family's next wait, before anyone else: parents
	// inside Spawn, and threads that yielded while others were there (ngx_lua's posted threads). They count as waiters.
	posted  []*waiter
	control error // a Control that a light thread raised
	done    chan struct{}
	worker  bool // the worker's own family, which ends with it
}

// settle waits until the entry thread t, which has ended with err, is the only one left.
func (fam *family) settle(t *Thread, err error) error {
	if err != nil {
		fam.killThreads()
	}
	for fam.live > 1 {
		done := make(chan struct{})
		fam.done = done
		cancel := t.kill.channel()
		if t.kill.on.Load() {
			fam.killThreads()
			cancel = nil
		}
		t.blocked(func(cancel <-chan struct{}) {
			select {
			case <-done:
			case <-cancel:
			}
		}, cancel)
	}
	switch {
	case fam.control != nil:
		return fam.control
	case err == nil && t.kill.on.Load():
		return controlError(Killed{})
	}
	return err
}

// takePosted takes the first of the threads that were put off; nil where there is none.
func (fam *family) takePosted() *waiter {
	if len(fam.posted) == 0 {
		return nil
	}
	wk := fam.posted[0]
	n := copy(fam.posted, fam.posted[1:])
	fam.posted[n] = nil
	fam.posted = fam.posted[:n]
	return wk
}

func (fam *family) killThreads() {
	for t := fam.threads; t != nil; t = t.next {
		t.Kill()
	}
}

func (fam *family) add(t *Thread) {
	fam.live++
	t.next = fam.threads
	fam.threads = t
}

func (fam *family) remove(t *Thread) {
	for p := &fam.threads; *p != nil; p = &(*p).next {
		if *p == t {
			*p = t.next
			break
		}
	}
	t.next = nil
	fam.live--
	if fam.live <= 1 && fam.done != nil {
		close(fam.done)
		fam.done = nil
	}
}

// Spawn begins a light thread (ngx.thread.spawn). The child runs at once, until it first waits or ends; t goes on then, after those of
// its family that were put off before it and before anyone else that is ready. It is called with the baton held, by t, and
// unwinds as Wait does.
func (t *Thread) Spawn(fn *lua.LFunction, args ...lua.LValue) *Thread {
	t.checkKilled()
	t.kept = true
	w := t.W
	c := &Thread{W: w, Owner: t.Owner, Parent: t, family: t.family, parentFiber: t.fiber}
	c.kill = &c.ownKill
	if t.fiber != nil {
		c.parentGen = t.fiber.gen
	}
	t.family.add(c)
	c.takeState()
	c.L.Push(fn)
	for _, a := range args {
		c.L.Push(a)
	}
	wk := t.waiter()
	t.family.posted = append(t.family.posted, wk)
	w.baton.waiting.Add(1)
	c.resumed()
	go c.light(len(args))
	<-wk.ch
	t.resumed()
	t.checkKilled()
	return c
}

// light is a light thread's life on its goroutine, which begins with the baton.
func (t *Thread) light(nargs int) {
	err := PCall(t.L, nargs, lua.MultRet, threadError)
	if err == nil {
		t.results = takeResults(t.L)
	}
	if e, ok := err.(*lua.ApiError); ok { //nolint:errorlint // PCall returns nothing else
		if tb, ok := e.Cause.(*traceback); ok { //nolint:errorlint // set by threadError
			t.raw = tb.raw
		}
	}
	t.err = finishTrace(err)
	t.ended = true
	w, fam := t.W, t.family
	if c := ControlOf(err); c != nil {
		if _, killed := c.(Killed); !killed {
			if fam.control == nil {
				fam.control = err
			}
			fam.killThreads()
			if fam.entry != nil {
				fam.entry.Kill()
			}
		}
	}
	if w.Group.opts.Ended != nil {
		w.Group.opts.Ended(t)
	}
	t.dropBody()
	fam.remove(t)
	j := t.joiner
	if j == nil {
		t.release()
	} else {
		w.vacate()
		j.joined = t
		if !w.baton.unlockTo(j.wk, true) {
			w.baton.unlock()
		}
	}
	t.putWaiter()
}

// Join waits until one of the threads has ended and returns it, having marked it as waited for: the first in order of those that have ended
// already, or else whichever ends first, in which case t goes on at once, before anyone else that is ready. It returns nil when all of them were
// waited for or killed before. It is called with the baton held, by t, and unwinds as Wait does.
func (t *Thread) Join(threads ...*Thread) *Thread {
	t.checkKilled()
	for _, c := range threads {
		if c.ended && !c.reaped {
			c.reaped = true
			return c
		}
	}
	wait := false
	for _, c := range threads {
		if !c.ended && !c.reaped {
			c.joiner = t
			wait = true
		}
	}
	if !wait {
		return nil
	}
	t.willWait()
	b, wk := &t.W.baton, t.waiter()
	cancel := t.kill.channel()
	t.W.vacate()
	b.park(wk, t.family.takePosted())
	select {
	case <-wk.ch:
	case <-cancel:
		b.requeue(wk)
		<-wk.ch
	}
	t.resumed()
	for _, c := range threads {
		if c.joiner == t {
			c.joiner = nil
		}
	}
	got := t.joined
	t.joined = nil
	t.checkKilled()
	got.reaped = true
	return got
}

// IsParentOf reports whether t, in the coroutine that runs now, is what spawned c: only the parent may wait for a light thread or kill it.
func (t *Thread) IsParentOf(c *Thread) bool {
	if c.Parent != t || c.parentFiber != t.fiber {
		return false
	}
	return t.fiber == nil || t.fiber.gen == c.parentGen
}

// IsLight reports whether t is a light thread, not an entry thread.
func (t *Thread) IsLight() bool { return t.Parent != nil }

// Status returns coroutine.status's word for the thread itself: running, also while it waits; normal, while a coroutine runs in it;
// zombie, when it has ended and its parent has not waited for it yet; dead.
func (t *Thread) Status() string {
	switch {
	case t.reaped:
		return statusDead
	case t.ended:
		return statusZombie
	case t.fiber != nil:
		return statusNormal
	}
	return statusRunning
}

// Reap marks t as waited for, so that its Status is dead and Join passes over it; it returns false if it was so already. With Kill it makes
// ngx.thread.kill. Call it with the baton held.
func (t *Thread) Reap() bool {
	was := t.reaped
	t.reaped = true
	return !was
}

// Results returns what a light thread's function returned, once it has ended.
func (t *Thread) Results() []lua.LValue { return t.results }

// Err returns how a light thread ended: nil, an *lua.ApiError with its traceback, or an error that carries a Control.
func (t *Thread) Err() error { return t.err }

// Raw returns what error was called with in a light thread that it has ended, where Err's message is that with a position in front; else
// nil. LuaJIT leaves both on the thread's stack, and ngx.thread.wait returns them.
func (t *Thread) Raw() lua.LValue { return t.raw }
