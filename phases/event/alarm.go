package event

import (
	"sync"
	"sync/atomic"
	"time"
)

// alarm is the timer of a connection's deadlines. It is left as it is where it fires early enough: it looks then what is still
// waited for.
type alarm struct {
	fires atomic.Int64 // nanoseconds since began; 0: it is not set
	mu    sync.Mutex
	timer *time.Timer
	over  bool
}

// arm has the alarm look at until, or earlier.
func (c *Conn) arm(until int64) {
	a := &c.alarm
	if f := a.fires.Load(); f != 0 && f <= until {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.fires.Load(); a.over || f != 0 && f <= until {
		return
	}
	a.fires.Store(until)
	d := time.Duration(until) - time.Since(began)
	if a.timer == nil {
		a.timer = time.AfterFunc(d, c.ring)
	} else {
		a.timer.Reset(d)
	}
}

// ring ends waits that are too long, and sets the alarm for those that are not yet.
func (c *Conn) ring() {
	c.alarm.fires.Store(0) // a wait that begins after this sets it
	now, next := int64(time.Since(began)), int64(0)
	for _, s := range [...]*side{&c.read, &c.write} {
		until := s.until.Load()
		if until == 0 || s.state.Load() != waiting {
			continue
		}
		if until <= now {
			if s.state.CompareAndSwap(waiting, late) {
				s.end()
			}
		} else if next == 0 || until < next {
			next = until
		}
	}
	if next != 0 {
		c.arm(next)
	}
}

func (a *alarm) stop() {
	a.mu.Lock()
	a.over = true
	if a.timer != nil {
		a.timer.Stop()
	}
	a.mu.Unlock()
}
