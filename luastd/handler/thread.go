package handler

import (
	"slices"
	"sync"
	"sync/atomic"

	"moongate/runtime/vm"
)

// life is what Kill and the beginning and end of entry threads have to agree on. Its lock may be taken
// with or without a baton.
type life struct {
	mu       sync.Mutex
	entry    *vm.Thread  // one that may wait; a script that cannot is over before anybody could kill it
	killed   atomic.Bool // set with mu held
	children []*Ctx
	start    func(t *vm.Thread)
	end      func()
}

// Adopt makes Kill reach the context of a subrequest that the script waits for, until Disown.
func (c *Ctx) Adopt(child *Ctx) {
	c.held = true
	c.life.mu.Lock()
	c.life.children = append(c.life.children, child)
	killed := c.life.killed.Load()
	c.life.mu.Unlock()
	if killed {
		child.Kill()
	}
}

// Disown ends what Adopt began.
func (c *Ctx) Disown(child *Ctx) {
	c.life.mu.Lock()
	if i := slices.Index(c.life.children, child); i >= 0 {
		c.life.children = slices.Delete(c.life.children, i, i+1)
	}
	c.life.mu.Unlock()
}

// ThreadStarted is told by package vm of each entry thread of the context; the outermost one is Entry.
func (c *Ctx) ThreadStarted(t *vm.Thread) {
	if c.Entry != nil {
		return
	}
	c.Entry = t
	if t.Yieldable() {
		c.life.mu.Lock()
		c.life.entry = t
		c.life.mu.Unlock()
	}
	if c.life.killed.Load() && c.Phase != Log {
		t.Kill()
	}
	if c.life.start != nil {
		t.Keep()
		c.life.start(t)
	}
}

// WillWait is told by package vm before a thread of the context waits: the front end serves others meanwhile.
func (c *Ctx) WillWait() {
	c.held = true
	if c.R != nil {
		c.R.Waiting()
	}
}

// ThreadEnded is told by package vm of the end of each entry thread, which Kill does not reach from then on.
func (c *Ctx) ThreadEnded(t *vm.Thread) {
	if t != c.Entry {
		return
	}
	if t.Yieldable() {
		c.life.mu.Lock()
		c.life.entry = nil
		c.life.mu.Unlock()
	}
	if c.life.end != nil {
		c.life.end()
	}
}

// Around has start called with the baton held before the entry thread runs any Lua, and end when it and its
// light threads have ended; a thread that start kills does not run.
func (c *Ctx) Around(start func(t *vm.Thread), end func()) { c.life.start, c.life.end = start, end }

// HandlerEnded says that Entry has ended. Call it on the request's goroutine.
func (c *Ctx) HandlerEnded() { c.Entry = nil }

// Kill unwinds the handler at work at its next wait, and any later one of the context, because nobody
// wants its outcome any more. No baton is needed.
func (c *Ctx) Kill() {
	c.life.mu.Lock()
	c.life.killed.Store(true)
	children := slices.Clone(c.life.children)
	if t := c.life.entry; t != nil {
		t.Kill() // with the lock held: once the thread has ended, it may serve another request
	}
	c.life.mu.Unlock()
	for _, child := range children {
		child.Kill()
	}
}

// OnEnd has f called when what c works for ends: the request, or the timer's callback. The last one added
// runs first, without the baton.
func (c *Ctx) OnEnd(f func()) {
	if c.R != nil {
		c.R.OnEnd(f)
		return
	}
	c.ends = append(c.ends, f)
}

// End runs what OnEnd has gathered for a context without a request.
func (c *Ctx) End() {
	for i := len(c.ends) - 1; i >= 0; i-- {
		c.ends[i]()
	}
	c.ends = nil
}
