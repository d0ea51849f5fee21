package http1

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What becomes of a request whose handler goes on later, in conn.pause.
const (
	atWork int32 = iota
	aside        // nobody serves it
	called       // Wake came before it was set aside
)

// CanPause implements phases.Pauser: a loop's request can be put aside.
func (c *conn) CanPause() bool { return c.loop != nil }

// Wake implements phases.Pauser.
func (c *conn) Wake() {
	if !c.pause.CompareAndSwap(atWork, called) && c.pause.CompareAndSwap(aside, atWork) {
		c.loop.wakeUp(c)
	}
}

// Defer implements phases.Pauser.
func (c *conn) Defer() bool {
	c.later = c.accompanied()
	return c.later
}

// accompanied reports whether the loop has others to serve, too, before it asks for events again.
func (c *conn) accompanied() bool {
	t := c.leading()
	return t != nil && t.others && !c.ending.Load()
}

// crowded reports whether others are to be served before the loop asks for events again.
func (l *loop) crowded() bool {
	return l.next < l.n || l.dueNext < len(l.due) || l.leave < len(l.leaving) || len(l.deferred) > 0
}

// setAside leaves the paused request, whose goroutine has returned from its handlers, to whoever wakes it. False: that has
// happened already.
func (c *conn) setAside() bool {
	if c.w.ended {
		c.w.Flush() //nolint:errcheck // the end of the request finds a connection that is broken
	}
	c.w.lend()
	if c.pause.CompareAndSwap(atWork, aside) {
		return true
	}
	c.pause.Store(atWork)
	return false
}

// goOn serves the request that was set aside. False: the connection is over.
func (c *conn) goOn() bool {
	r := c.paused
	c.paused = nil
	c.w.borrow()
	again := c.serve(r)
	if c.paused != nil {
		return true
	}
	return c.served(r, again)
}

// wakeUp has c's request go on.
func (l *loop) wakeUp(c *conn) {
	l.mu.Lock()
	l.woken = append(l.woken, c)
	first := len(l.woken) == 1
	l.waking.Store(true)
	l.mu.Unlock()
	if first && !l.rapt.Load() {
		l.nudge()
	}
}

// nextLeaving is the next of those that were deferred, once nothing else is there to serve or many are.
func (l *loop) nextLeaving() *conn {
	if l.leave == len(l.leaving) {
		if len(l.deferred) == 0 || len(l.deferred) < deferRoom && !l.hurry && (l.next < l.n || l.dueNext < len(l.due)) {
			return nil
		}
		l.leaving, l.deferred = l.deferred, l.leaving[:0]
		l.leave, l.hurry = 0, false
	}
	c := l.leaving[l.leave]
	l.leaving[l.leave] = nil
	l.leave++
	return c
}

// nudge has the leader return from its wait for events.
func (l *loop) nudge() {
	one := uint64(1)
	syscall.RawSyscall(unix.SYS_WRITE, uintptr(l.kick), uintptr(unsafe.Pointer(&one)), 8) //nolint:errcheck // its counter cannot overflow
}

// takeWoken reports whether requests go on, which nextDue gives then. It is asked once for every look at the events, so that
// neither keep the others waiting.
func (l *loop) takeWoken() bool {
	if !l.waking.Load() {
		return false
	}
	l.mu.Lock()
	l.due, l.woken = l.woken, l.due[:0]
	l.waking.Store(false)
	l.mu.Unlock()
	l.dueNext = 0
	return true
}

// nextDue is the next connection whose request goes on, nil where there is none.
func (l *loop) nextDue() *conn {
	if l.dueNext == len(l.due) {
		return nil
	}
	c := l.due[l.dueNext]
	l.due[l.dueNext] = nil
	l.dueNext++
	return c
}
