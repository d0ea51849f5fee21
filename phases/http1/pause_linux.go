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

// setAside leaves the paused request, whose goroutine has returned from its handlers, to whoever wakes it. False: that has
// happened already.
func (c *conn) setAside() bool {
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
	if !c.server.engine.Continue(r) {
		c.paused = r
		return true
	}
	return c.served(r, c.after(r))
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
