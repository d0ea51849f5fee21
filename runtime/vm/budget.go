package vm

import (
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// budget bounds how long a worker's threads run without a wait, where CPULimit is set. A timer sees who is over it, and has running code look
// around. Once a thread is over its time it stays so, which is why pcall cannot catch its way out.
type budget struct {
	limit time.Duration

	mu       sync.Mutex
	running  *Thread // nil while nobody has the baton
	deadline time.Time
	over     bool // running is beyond its time
	armed    bool // the timer is under way
	timer    *time.Timer
}

func newBudget(w *Worker, limit time.Duration) *budget {
	b := &budget{limit: limit}
	b.timer = time.AfterFunc(limit, b.look)
	b.timer.Stop()
	machine.SetLimit(w.L, b.check)
	return b
}

// start begins a slice for t, which has just taken the baton.
func (b *budget) start(t *Thread) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running, b.deadline = t, time.Now().Add(b.limit)
	b.alert(t.overtime)
	if !b.armed {
		b.armed = true
		b.timer.Reset(b.limit)
	}
}

// stop says that the baton is about to be given away.
func (b *budget) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = nil
	b.alert(false)
}

// look is called by the timer.
func (b *budget) look() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running != nil {
		if left := time.Until(b.deadline); left > 0 {
			b.timer.Reset(left)
			return
		}
		b.alert(true)
	}
	b.armed = false
}

// alert is called with mu held.
func (b *budget) alert(over bool) {
	if over == b.over {
		return
	}
	b.over = over
	if over {
		machine.Alert(1)
	} else {
		machine.Alert(-1)
	}
}

// check is what running code does when it looks around: it raises the error where the thread's time is up.
func (b *budget) check(L *lua.LState) {
	b.mu.Lock()
	over, t := b.over, b.running
	b.mu.Unlock()
	if over && t != nil {
		t.overtime = true
		machine.Throw(L, lua.LString(machine.Where(L, 0)+"cpu limit exceeded"))
	}
}

// close ends the account.
func (b *budget) close(w *Worker) {
	b.stop()
	b.timer.Stop()
	machine.SetLimit(w.L, nil)
}
