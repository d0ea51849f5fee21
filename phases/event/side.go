package event

import (
	"net"
	"os"
	"sync/atomic"
	"time"
)

// What is known of one direction of a connection.
const (
	quiet   int32 = iota // nothing to be had until the poller tells of something
	ready                // something, perhaps
	waiting              // somebody waits
	late                 // one did, for too long
)

// side is one direction of a connection.
type side struct {
	state atomic.Int32
	until atomic.Int64  // the deadline: 0 for none, overdue, or nanoseconds since began
	wake  chan struct{} // one token for each time that somebody else ends a goroutine's wait; made by the first of these
	waker Waker         // whom to wake instead
}

// Waker waits without a goroutine. Wake ends its wait; any goroutine may call it, and it does not block.
type Waker interface{ Wake() }

// end ends the wait that the caller has won, and reports whether it was a goroutine's.
func (s *side) end() bool {
	if w := s.waker; w != nil {
		s.waker = nil
		w.Wake()
		return false
	}
	s.wake <- struct{}{}
	return true
}

// overdue is the deadline of an interrupted direction.
const overdue = 1

// began is where deadlines count from.
var began = time.Now()

// take claims what the poller has told of; false where that is nothing.
func (s *side) take() bool { return s.state.CompareAndSwap(ready, quiet) }

// tell notes that there may be something, and reports whether a goroutine goes on for that.
func (s *side) tell() bool {
	for {
		switch old := s.state.Load(); old {
		case ready:
			return false
		case waiting:
			if s.state.CompareAndSwap(waiting, ready) {
				return s.end()
			}
		default:
			if s.state.CompareAndSwap(old, ready) {
				return false
			}
		}
	}
}

// release ends a wait so that it looks at the connection again.
func (s *side) release() {
	if s.state.CompareAndSwap(waiting, quiet) {
		s.end()
	}
}

// await waits until the poller tells of something, the deadline has passed, or the connection is closed.
func (c *Conn) await(s *side) error {
	if s.wake == nil {
		s.wake = make(chan struct{}, 1)
	}
	for {
		switch {
		case c.closed():
			return net.ErrClosed
		case s.until.Load() == overdue, s.state.CompareAndSwap(late, quiet): // by a Waker's wait
			return os.ErrDeadlineExceeded
		case !s.state.CompareAndSwap(quiet, waiting):
			return nil // there is something by now
		}
		// who closes or interrupts from here on sees the wait
		until := s.until.Load()
		if !c.closed() && until != overdue {
			if until != 0 {
				c.arm(until)
			}
			<-s.wake
		} else if !s.state.CompareAndSwap(waiting, quiet) {
			<-s.wake
		}
		switch s.state.Load() {
		case ready:
			return nil
		case late:
			if s.state.CompareAndSwap(late, quiet) {
				return os.ErrDeadlineExceeded
			}
			return nil
		}
	}
}

// WakeReadable has w woken once a read is worth trying, has failed for its deadline, or the connection is closed: Read tells
// which. It reports false, and does nothing, where one of these is the case. One wait at a time, as with Read.
func (c *Conn) WakeReadable(w Waker) bool {
	s := &c.read
	s.waker = w
	if c.closed() || s.until.Load() == overdue || !s.state.CompareAndSwap(quiet, waiting) {
		s.waker = nil
		return false
	}
	// as in await
	until := s.until.Load()
	if !c.closed() && until != overdue {
		if until != 0 {
			c.arm(until)
		}
	} else if s.state.CompareAndSwap(waiting, quiet) {
		s.waker = nil
		return false
	}
	return true
}

func (c *Conn) setUntil(s *side, t time.Time) error {
	if c.closed() {
		return net.ErrClosed
	}
	var until int64
	if !t.IsZero() {
		until = max(int64(t.Sub(began)), overdue)
	}
	s.until.Store(until)
	if s.state.Load() == waiting {
		switch until {
		case 0:
		case overdue:
			s.release()
		default:
			c.arm(until)
		}
	}
	return nil
}
