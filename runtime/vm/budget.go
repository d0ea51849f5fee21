package vm

import (
	"errors"
	"time"
)

// budget is the context that a worker's states carry where CPULimit is set. gopher-lua asks it for Done before every
// instruction; it looks at the clock once in a thousand. Once a thread is over its time it stays so, which is
// why pcall cannot catch its way out. Guarded by the baton.
type budget struct {
	w        *Worker
	limit    time.Duration
	deadline time.Time
	n        int
	done     <-chan struct{} // nil while there is time left
	over     chan struct{}   // closed
}

const instructionsPerLook = 1024

var errCPULimit = errors.New("cpu limit exceeded")

func newBudget(w *Worker, limit time.Duration) *budget {
	b := &budget{w: w, limit: limit, over: make(chan struct{})}
	close(b.over)
	return b
}

// start begins a slice for t.
func (b *budget) start(t *Thread) {
	b.deadline = time.Now().Add(b.limit)
	b.n = 0
	b.done = nil
	if t.overtime {
		b.done = b.over
	}
}

// Done is closed when the running thread has used up its time.
func (b *budget) Done() <-chan struct{} {
	if b.n++; b.n < instructionsPerLook {
		return b.done
	}
	b.n = 0
	if b.done == nil && time.Now().After(b.deadline) {
		b.done = b.over
		if t := b.w.cur; t != nil {
			t.overtime = true
		}
	}
	return b.done
}

// Err says why Done is closed.
func (b *budget) Err() error {
	if b.done == nil {
		return nil
	}
	return errCPULimit
}

// Deadline says that there is none: it moves.
func (b *budget) Deadline() (time.Time, bool) { return time.Time{}, false }

// Value returns nil.
func (b *budget) Value(any) any { return nil }
