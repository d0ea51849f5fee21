package timer

import (
	"sync"
	"sync/atomic"
	"time"

	"moongate/luastd/handler"
	"moongate/phases"
)

// clock wakes one sleeper, once for each time that it is set.
type clock struct {
	ch         chan struct{}   // has room for the one token
	sleeper    *phases.Request // that was put aside; nil where a goroutine waits for the token
	set        atomic.Bool
	wait, stop func()
}

// clocks that nobody waits for, and that are in no round.
var clocks = sync.Pool{New: func() any {
	k := &clock{ch: make(chan struct{}, 1)}
	k.wait = func() { <-k.ch }
	k.stop = k.ring
	return k
}}

// ring ends the wait, if nobody else has. A clock that was rung before its time stays in its round and cannot be set again.
func (k *clock) ring() {
	if !k.set.CompareAndSwap(true, false) {
		return
	}
	if k.sleeper != nil {
		k.sleeper.Wake()
		return
	}
	k.ch <- struct{}{}
}

// round is the sleepers of one millisecond, which is how finely nginx's own timers look at time. Thousands that sleep need a
// timer of Go's for each millisecond, not for each of them.
type round struct {
	due    int64
	clocks []*clock
	timer  *time.Timer
}

// rounds are all that are to come.
type rounds struct {
	mu   sync.Mutex
	all  map[int64]*round // by milliseconds since began
	free []*round
	_    [64]byte // of the cache line that another core writes to
}

const (
	keptRounds = 64   // that are free
	keptRoom   = 1024 // sleepers that a free one has room for, at most
)

var (
	began    = time.Now()
	sleepers [8]rounds // loops do not share, as long as there are no more
)

// roundsFor are those of c's loop.
func roundsFor(c *handler.Ctx) *rounds {
	if c.R == nil || c.R.Conn == nil {
		return &sleepers[0]
	}
	return &sleepers[c.R.Conn.Home%uint32(len(sleepers))]
}

// add has k ring after d, or up to a millisecond later.
func (rs *rounds) add(k *clock, d time.Duration) {
	k.set.Store(true)
	now := time.Since(began)
	due := int64((now + d + time.Millisecond - 1) / time.Millisecond)
	rs.mu.Lock()
	r := rs.all[due]
	if r == nil {
		r = rs.begin(due, time.Duration(due)*time.Millisecond-now)
	}
	r.clocks = append(r.clocks, k)
	rs.mu.Unlock()
}

// begin makes the round that is due in d. The lock is held.
func (rs *rounds) begin(due int64, d time.Duration) *round {
	var r *round
	if n := len(rs.free); n > 0 {
		r = rs.free[n-1]
		rs.free = rs.free[:n-1]
		r.due = due
		r.timer.Reset(d)
	} else {
		r = &round{due: due}
		r.timer = time.AfterFunc(d, func() { rs.end(r) })
	}
	if rs.all == nil {
		rs.all = map[int64]*round{}
	}
	rs.all[due] = r
	return r
}

// end wakes those whose time has come.
func (rs *rounds) end(r *round) {
	rs.mu.Lock()
	delete(rs.all, r.due)
	rs.mu.Unlock()
	for i, k := range r.clocks {
		r.clocks[i] = nil
		k.ring()
	}
	if cap(r.clocks) > keptRoom {
		r.clocks = nil
	}
	r.clocks = r.clocks[:0]
	rs.mu.Lock()
	if len(rs.free) < keptRounds {
		rs.free = append(rs.free, r)
	}
	rs.mu.Unlock()
}
