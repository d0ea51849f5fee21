package vm

import (
	"sync"
	"sync/atomic"
)

// baton is the right to run Lua in one worker: a FIFO lock that can also be handed to a chosen waiter, past the queue.
// Its own mutex is held for a few instructions and never over anything that blocks.
type baton struct {
	mu         sync.Mutex
	held       bool
	head, tail *waiter
	load       atomic.Int32 // holder and waiters, for Pick
}

// waiter is a goroutine's place in the queue. Its channel has room for the one token that it may be sent.
type waiter struct {
	ch     chan struct{}
	next   *waiter
	parked bool // waits for a direct hand-off, not in the queue
}

var waiters = sync.Pool{New: func() any { return &waiter{ch: make(chan struct{}, 1)} }}

// tryLock takes the baton if it is free.
func (b *baton) tryLock() bool {
	b.mu.Lock()
	free := !b.held
	if free {
		b.held = true
		b.load.Add(1)
	}
	b.mu.Unlock()
	return free
}

// lock takes the baton after all that wait already.
func (b *baton) lock(wk *waiter) {
	b.mu.Lock()
	b.load.Add(1)
	if !b.held {
		b.held = true
		b.mu.Unlock()
		return
	}
	b.enqueue(wk)
	b.mu.Unlock()
	<-wk.ch
}

func (b *baton) enqueue(wk *waiter) {
	wk.next = nil
	if b.tail == nil {
		b.head = wk
	} else {
		b.tail.next = wk
	}
	b.tail = wk
}

// unlock gives the baton to the first that waits.
func (b *baton) unlock() {
	b.mu.Lock()
	b.load.Add(-1)
	b.next()
	b.mu.Unlock()
}

func (b *baton) next() {
	wk := b.head
	if wk == nil {
		b.held = false
		return
	}
	b.head = wk.next
	if b.head == nil {
		b.tail = nil
	}
	wk.next = nil
	wk.ch <- struct{}{}
}

// park gives the baton to the first that waits, or to hb if not nil, and marks wk as one that unlockTo may wake.
func (b *baton) park(wk, hb *waiter) {
	b.mu.Lock()
	wk.parked = true
	b.load.Add(-1)
	if hb != nil {
		hb.ch <- struct{}{}
	} else {
		b.next()
	}
	b.mu.Unlock()
}

// unlockTo hands the baton to wk, which is parked or was put off (family.posted); it reports false, and does nothing, when wk
// is parked no more.
func (b *baton) unlockTo(wk *waiter, mustPark bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if mustPark {
		if !wk.parked {
			return false
		}
		wk.parked = false
	} else {
		b.load.Add(-1)
	}
	wk.ch <- struct{}{}
	return true
}

// requeue moves wk from parked to the end of the queue; false when it was woken meanwhile.
func (b *baton) requeue(wk *waiter) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !wk.parked {
		return false
	}
	wk.parked = false
	b.load.Add(1)
	if !b.held {
		b.held = true
		wk.ch <- struct{}{}
		return true
	}
	b.enqueue(wk)
	return true
}

// yield gives the baton to the first that waits and queues wk behind the others; false when nobody waits.
func (b *baton) yield(wk *waiter) bool {
	b.mu.Lock()
	if b.head == nil {
		b.mu.Unlock()
		return false
	}
	b.enqueue(wk)
	b.next()
	b.mu.Unlock()
	<-wk.ch
	return true
}
