package vm

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Errors of NewTimer, in OpenResty's words.
var (
	ErrTooManyPendingTimers = errors.New("too many pending timers")
	ErrExiting              = errors.New("process exiting")
)

// Timer is a pending or repeating timer.
type Timer struct {
	w          *Worker
	delay      time.Duration
	repeat     bool
	run        func(premature bool)
	clock      *time.Timer
	prev, next *Timer
	listed     bool
}

// timers are a worker's. The lock is taken for a few instructions, with or without the baton.
type timers struct {
	w                *Worker
	mu               sync.Mutex
	list             *Timer
	pending, running int
}

// NewTimer calls run after delay on a goroutine of its own, and again after each further delay if repeat is set, as ngx.timer.at and every do. When
// the group drains, what is pending is called at once with premature true, for the last time. It fails with
// ErrTooManyPendingTimers or, in a group that drains, with ErrExiting unless the delay is 0. Where more than MaxRunningTimers
// run, a call is left out and an alert logged. A timer holds a reference to the group. No baton is needed; run starts without it.
func (w *Worker) NewTimer(delay time.Duration, repeat bool, run func(premature bool)) (*Timer, error) {
	ts := &w.timers
	delay = max(delay, 0)
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if w.Group.Exiting() && (delay > 0 || repeat) {
		return nil, ErrExiting
	}
	if ts.pending >= w.Group.opts.MaxPendingTimers {
		return nil, ErrTooManyPendingTimers
	}
	if !w.Group.Acquire() {
		return nil, ErrExiting
	}
	t := &Timer{w: w, delay: delay, repeat: repeat, run: run}
	ts.arm(t)
	return t, nil
}

// PendingTimers returns ngx.timer.pending_count().
func (w *Worker) PendingTimers() int {
	w.timers.mu.Lock()
	defer w.timers.mu.Unlock()
	return w.timers.pending
}

// RunningTimers returns ngx.timer.running_count().
func (w *Worker) RunningTimers() int {
	w.timers.mu.Lock()
	defer w.timers.mu.Unlock()
	return w.timers.running
}

// Stop takes a pending timer away; false if it was not pending. A call under way goes on, and is the last.
func (t *Timer) Stop() bool {
	ts := &t.w.timers
	ts.mu.Lock()
	t.repeat = false
	was := ts.remove(t)
	ts.mu.Unlock()
	if was {
		t.clock.Stop()
		t.w.Group.Release()
	}
	return was
}

func (ts *timers) arm(t *Timer) {
	t.prev, t.next, t.listed = nil, ts.list, true
	if t.next != nil {
		t.next.prev = t
	}
	ts.list = t
	ts.pending++
	t.clock = time.AfterFunc(t.delay, func() { ts.fire(t) })
}

// remove takes t off the list; whoever gets true owns its next step.
func (ts *timers) remove(t *Timer) bool {
	if !t.listed {
		return false
	}
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		ts.list = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	t.prev, t.next, t.listed = nil, nil, false
	ts.pending--
	return true
}

func (ts *timers) fire(t *Timer) {
	ts.mu.Lock()
	if !ts.remove(t) {
		ts.mu.Unlock()
		return
	}
	ts.mu.Unlock()
	ts.call(t)
}

// call runs a timer that remove has given to the caller.
func (ts *timers) call(t *Timer) {
	g := ts.w.Group
	defer g.Release()
	ts.mu.Lock()
	premature := g.Exiting() && t.delay > 0
	if t.repeat && !g.Exiting() && g.Acquire() {
		ts.arm(t)
	}
	if ts.running >= g.opts.MaxRunningTimers {
		ts.mu.Unlock()
		ts.w.log(LogAlert, fmt.Sprintf("%d lua_max_running_timers are not enough", g.opts.MaxRunningTimers))
		return
	}
	ts.running++
	ts.mu.Unlock()
	defer func() {
		ts.mu.Lock()
		ts.running--
		ts.mu.Unlock()
	}()
	t.run(premature)
}

// expireTimers calls all pending timers as premature.
func (w *Worker) expireTimers() {
	ts := &w.timers
	ts.mu.Lock()
	var list []*Timer
	for ts.list != nil {
		t := ts.list
		ts.remove(t)
		t.clock.Stop()
		list = append(list, t)
	}
	ts.mu.Unlock()
	for i := len(list) - 1; i >= 0; i-- {
		go ts.call(list[i])
	}
}
