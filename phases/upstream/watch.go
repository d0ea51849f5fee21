package upstream

import (
	"errors"
	"os"
	"time"

	"moongate/phases"
	"moongate/phases/event"
)

// probe is how long an upstream may be silent before the client is watched: watching costs more than a
// quick answer does.
const probe = 100 * time.Millisecond

// errGone ends a wait because the client has gone.
var errGone = errors.New("client has gone")

// mayWatch reports whether the exchange ends when its client goes.
func (x *Exchange) mayWatch() bool {
	return !x.Conf.IgnoreClientAbort && !x.R.IsSub() && x.R.Wire != nil
}

// setVictim names what a client's leaving interrupts.
func (x *Exchange) setVictim(f func()) {
	x.mu.Lock()
	x.victim = f
	x.mu.Unlock()
	if f != nil && x.aborted.Load() {
		f()
	}
}

// startWatch has the client's leaving interrupt the exchange. It may be called by a timer while the
// exchange's own goroutine connects.
func (x *Exchange) startWatch() {
	if x.watching {
		return
	}
	x.watching = true
	gone := x.R.Wire.Gone()
	x.quit, x.watched = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(x.watched)
		select {
		case <-gone:
			x.aborted.Store(true)
			x.mu.Lock()
			if x.victim != nil {
				x.victim()
			}
			x.mu.Unlock()
		case <-x.quit:
		}
	}()
}

// Close ends an exchange that Run is not called for.
func (x *Exchange) Close() { x.stopWatch() }

func (x *Exchange) stopWatch() {
	if x.watching {
		close(x.quit)
		<-x.watched
		x.watching = false
	}
}

// read reads from the upstream once, for at most the read timeout; a client that leaves meanwhile ends it
// with errGone.
func (x *Exchange) read(p []byte) (int, error) {
	c := x.c
	if c.direct() && c.event.Readable() {
		if n, err := c.event.TryRead(p); err != event.ErrAgain { //nolint:errorlint // it comes bare
			return x.outcome(n, err)
		}
	}
	begin, short := x.limit()
	if x.aborted.Load() {
		return 0, errGone
	}
	x.R.Waiting()
	n, err := c.Read(p)
	if n == 0 && short && errors.Is(err, os.ErrDeadlineExceeded) {
		x.startWatch()
		c.readByExactly(begin.Add(x.readTimeout))
		if x.aborted.Load() {
			return 0, errGone
		}
		n, err = c.Read(p)
	}
	return x.outcome(n, err)
}

// limit sets the time limit of a read that begins now. short: it is only that of the time without a watch.
func (x *Exchange) limit() (begin time.Time, short bool) {
	c, d := x.c, x.readTimeout
	if begin = x.since; begin.IsZero() {
		begin = x.R.Now()
	}
	x.since = time.Time{}
	switch {
	case d <= 2*probe || x.watching:
		c.readByExactly(begin.Add(d))
	case !x.mayWatch():
		c.readBy(begin, d)
	default:
		c.readBy(begin, probe)
		return begin, true
	}
	return begin, false
}

// outcome is that of a read: one that the client's leaving has ended fails with errGone.
func (x *Exchange) outcome(n int, err error) (int, error) {
	if n == 0 && err != nil && x.aborted.Load() {
		err = errGone
	}
	return n, err
}

// putAside has the request go on without a goroutine until the upstream answers. False: it has, or the request needs its goroutine.
func (x *Exchange) putAside() bool {
	c, r := x.c, x.R
	if !r.CanPause() || x.watching || !c.direct() || c.r != c.w || c.event.Readable() {
		return false
	}
	x.since, _ = x.limit()
	if x.aborted.Load() || !c.event.WakeReadable(r) {
		return false
	}
	r.Pause(goOn)
	return true
}

// dispatched follows where sending was deferred.
func dispatched(r *phases.Request) phases.Status {
	x := Of(r)
	return x.run(x.dispatch())
}

// goOn follows putAside. Of the answers that came together all are read before the first is passed on.
func goOn(r *phases.Request) phases.Status {
	if Of(r).readAhead() && r.Defer() {
		return r.Pause(arrived)
	}
	return arrived(r)
}

// arrived passes on what has come.
func arrived(r *phases.Request) phases.Status {
	x := Of(r)
	return x.run(x.receive())
}

// readAhead reads once what is there. receive looks at it, and meets again what else becomes of the connection.
func (x *Exchange) readAhead() bool {
	c := x.c
	if !c.event.Readable() || c.w == len(c.buf) {
		return false
	}
	n, _ := c.event.TryRead(c.buf[c.w:])
	c.w += max(n, 0)
	return n > 0
}
