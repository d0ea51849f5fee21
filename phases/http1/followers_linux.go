package http1

import "sync"

const (
	keptFollowers = 64  // that are kept in any case
	trimTicks     = 200 // of a loop's overseer, from one look at unused followers to the next
)

// followers are goroutines that wait for their turn to lead a loop. The last that came is the first to be woken: its stack is
// still warm, and those that are not needed any more gather at the other end.
type followers struct {
	mu     sync.Mutex
	idle   []chan bool
	least  int // of them were idle at all times since the last trim
	closed bool
}

// wait waits on turn, which is the caller's own with room for one, until it is the caller's turn. False: it is to end.
func (f *followers) wait(turn chan bool) bool {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return false
	}
	f.idle = append(f.idle, turn)
	f.mu.Unlock()
	return <-turn
}

// wake gives a follower its turn; false where there is none.
func (f *followers) wake() bool {
	f.mu.Lock()
	n := len(f.idle) - 1
	if n < 0 {
		f.mu.Unlock()
		return false
	}
	turn := f.idle[n]
	f.idle[n] = nil
	f.idle = f.idle[:n]
	f.least = min(f.least, n)
	f.mu.Unlock()
	turn <- true
	return true
}

// trim ends half of those that nobody has needed since the last time, or all where the loop has nothing to do.
func (f *followers) trim(quiet bool) {
	f.mu.Lock()
	n := (f.least + 1) / 2
	if quiet {
		n = len(f.idle)
	}
	n = max(min(n, len(f.idle)-keptFollowers), 0)
	for _, turn := range f.idle[:n] {
		turn <- false
	}
	rest := copy(f.idle, f.idle[n:])
	clear(f.idle[rest:])
	f.idle = f.idle[:rest]
	f.least = rest
	f.mu.Unlock()
}

// close ends all, now and later.
func (f *followers) close() {
	f.mu.Lock()
	f.closed = true
	for _, turn := range f.idle {
		turn <- false
	}
	f.idle = nil
	f.mu.Unlock()
}
