package timer

import (
	"container/heap"
	"sync"
	"time"

	"moongate/luastd/handler"
)

// schedule gives the expired timers of one worker their turns, in the order in which they are due, and those
// that are due together in the order of their making.
type schedule struct {
	v       *handler.VM
	running int // callbacks at work; guarded by the baton

	mu    sync.Mutex // taken before the host's own lock of timers
	turns turns      // of the pending timers, and of those that wait for their turn
	made  uint64
}

// turn is one call of a timer.
type turn struct {
	due  time.Time
	seq  uint64
	at   int           // in the heap
	wait chan struct{} // closed when it is first; nil while nobody waits
}

// add makes a pending call of fire, which has to await its turn.
func (s *schedule) add(delay time.Duration, fire func(e *turn, premature bool)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.made++
	e := &turn{due: time.Now().Add(max(delay, 0)), seq: s.made}
	if _, err := s.v.W.NewTimer(delay, false, func(premature bool) { fire(e, premature) }); err != nil {
		return err
	}
	heap.Push(&s.turns, e)
	return nil
}

// await returns when no call that is due before e's is still to begin.
func (s *schedule) await(e *turn) {
	s.mu.Lock()
	if s.turns[0] == e {
		s.mu.Unlock()
		return
	}
	wait := make(chan struct{})
	e.wait = wait
	s.mu.Unlock()
	<-wait
}

// began ends e's turn, with the baton held: what is behind it queues for the baton from now on. It reports
// whether the callback may run.
func (s *schedule) began(e *turn) bool {
	s.mu.Lock()
	heap.Remove(&s.turns, e.at)
	if len(s.turns) > 0 && s.turns[0].wait != nil {
		close(s.turns[0].wait)
		s.turns[0].wait = nil
	}
	s.mu.Unlock()
	if most := s.v.MaxRunningTimers; most > 0 && s.running >= most {
		return false
	}
	s.running++
	return true
}

type turns []*turn

func (h turns) Len() int { return len(h) }

func (h turns) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].seq < h[j].seq
}

func (h turns) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *turns) Push(x any) {
	e := x.(*turn)
	e.at = len(*h)
	*h = append(*h, e)
}

func (h *turns) Pop() any {
	old := *h
	n := len(old) - 1
	x := old[n]
	old[n] = nil
	*h = old[:n]
	return x
}
