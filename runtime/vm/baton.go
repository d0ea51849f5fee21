package vm

import (
	"sync"
	"sync/atomic"
)

// baton is the right to run Lua in one worker: a FIFO lock that can also be handed to a chosen waiter, past the queue.
// Where nobody waits, to take it or to give it back is one atomic step. Its own mutex is held for a few instructions and never over anything
// that blocks.
type baton struct {
	// state is free, held, or queued. Without mu it goes from free to held and from held to free only.
	state      atomic.Int32
	waiting    atomic.Int32 // waiters, those included that were put off; for Pick
	mu         sync.Mutex
	head, tail *waiter
}

const (
	free   = iota
	held   // and nobody is in the queue
	queued // held, and somebody is in the queue
)

// waiter is a goroutine's place in the queue. Its channel has room for the one token that it may be sent.
type waiter struct {
	ch     chan struct{}
	next   *waiter
	parked bool // waits for a direct hand-off, not in the queue
}

var waiters = sync.Pool{New: func() any { return &waiter{ch: make(chan struct{}, 1)} }}

// load is how many hold the baton or wait for it.
func (b *baton) load() int32 {
	n := b.waiting.Load()
	if b.state.Load() != free {
		n++
	}
	return n
}

// tryLock takes the baton if it is free.
func (b *baton) tryLock() bool { return b.state.CompareAndSwap(free, held) }

// lock takes the baton after all that wait already.
func (b *baton) lock(wk *waiter) {
	b.mu.Lock()
	if !b.enqueue(wk) {
		b.mu.Unlock()
		return
	}
	b.mu.Unlock()
	<-wk.ch
}

// enqueue puts wk at the end of the queue, or takes the baton for it and reports false. Called with mu held.
func (b *baton) enqueue(wk *waiter) bool {
	for b.state.Load() != queued {
		if b.state.CompareAndSwap(free, held) {
			return false
		}
		if b.state.CompareAndSwap(held, queued) {
			break
		}
	}
	wk.next = nil
	if b.tail == nil {
		b.head = wk
	} else {
		b.tail.next = wk
	}
	b.tail = wk
	b.waiting.Add(1)
	return true
}

// unlock gives the baton to the first that waits.
func (b *baton) unlock() {
	if b.state.CompareAndSwap(held, free) {
		return
	}
	b.mu.Lock()
	b.next()
	b.mu.Unlock()
}

// next is called by the holder, with mu held.
func (b *baton) next() {
	wk := b.head
	if wk == nil {
		b.state.Store(free)
		return
	}
	b.head = wk.next
	if b.head == nil {
		b.tail = nil
		b.state.Store(held)
	}
	wk.next = nil
	b.waiting.Add(-1)
	wk.ch <- struct{}{}
}

// park gives the baton to the first that waits, or to hb if not nil, and marks wk as one that unlockTo may wake.
func (b *baton) park(wk, hb *waiter) {
	b.mu.Lock()
	wk.parked = true
	if hb != nil {
		b.waiting.Add(-1)
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
		b.waiting.Add(-1)
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
	if !b.enqueue(wk) {
		wk.ch <- struct{}{}
	}
	return true
}

// yield gives the baton to the first that waits and queues wk behind the others; false when nobody waits.
func (b *baton) yield(wk *waiter) bool {
	if b.state.Load() != queued {
		return false
	}
	b.mu.Lock()
	b.enqueue(wk)
	b.next()
	b.mu.Unlock()
	<-wk.ch
	return true
}
