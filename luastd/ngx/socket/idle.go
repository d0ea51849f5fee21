package socket

import (
	"slices"
	"time"

	"moongate/phases"
)

// idle is a connection that nobody uses. Guarded by the pools' lock.
//
// Where a loop watches the connection, the loop tells when something comes, the same idle serves the connection all its life, and
// its timer is set again only when it fires. Elsewhere a goroutine watches what lies idle for long.
type idle struct {
	peer  *peer
	pool  *pool
	until time.Time // zero: for ever
	taken bool
	timer *time.Timer
	fires time.Time // zero: the timer is not set
	came  func()    // notice
	// watching is closed when the watch is over; nil before it began.
	watching chan struct{}
}

// unwatched is how long a connection lies idle before a goroutine is spent on noticing that its peer closes it.
const unwatched = 10 * time.Millisecond

// rest is what pr is in p while it is idle.
func (pr *peer) rest(p *pool) *idle {
	if pr.event == nil {
		return &idle{peer: pr, pool: p}
	}
	if pr.idle == nil {
		pr.idle = &idle{peer: pr}
		pr.idle.came = pr.idle.notice
	}
	pr.idle.pool = p
	return pr.idle
}

// begin has it lie idle for at most timeout, 0 for ever. The lock is held.
func (it *idle) begin(timeout time.Duration) {
	it.taken, it.until = false, time.Time{}
	now := time.Now()
	if timeout > 0 {
		it.until = now.Add(timeout)
	}
	if it.peer.event == nil {
		soon := unwatched
		if timeout > 0 {
			soon = min(soon, timeout)
		}
		it.timer = time.AfterFunc(soon, it.look)
		return
	}
	it.peer.event.OnEvent(&it.came)
	if timeout > 0 {
		it.expireBy(now)
	}
}

// expireBy sets the timer, unless it fires early enough. The lock is held.
func (it *idle) expireBy(now time.Time) {
	if !it.fires.IsZero() && !it.fires.After(it.until) {
		return
	}
	it.fires = it.until
	if d := it.until.Sub(now); it.timer == nil {
		it.timer = time.AfterFunc(d, it.expire)
	} else {
		it.timer.Reset(d)
	}
}

// expire ends the idle time of a connection that a loop watches.
func (it *idle) expire() {
	ps := it.pools()
	ps.mu.Lock()
	it.fires = time.Time{}
	now := time.Now()
	switch {
	case it.taken || it.until.IsZero():
		ps.mu.Unlock()
	case now.Before(it.until):
		it.expireBy(now)
		ps.mu.Unlock()
	default:
		it.leave()
		ps.mu.Unlock()
		it.end("lua tcp socket keepalive max idle timeout")
	}
}

// notice is what the loop calls when something has come.
func (it *idle) notice() {
	ps := it.pools()
	ps.mu.Lock()
	switch {
	case it.taken:
		ps.mu.Unlock()
	case it.peer.idleState() == errAgain: //nolint:errorlint // our own value
		it.peer.event.OnEvent(&it.came)
		ps.mu.Unlock()
	default:
		it.leave()
		ps.mu.Unlock()
		it.end(stale)
	}
}

// noticed is for what came before the loop knew whom to tell.
func (it *idle) noticed() {
	if e := it.peer.event; e != nil && e.Readable() {
		it.notice()
	}
}

// pools are those that it belongs to, whichever of them it lies in.
func (it *idle) pools() *pools { return &it.peer.of.pools }

// wake ends the watch of one that was taken.
func (it *idle) wake() {
	pr := it.peer
	if pr.event != nil {
		pr.event.OnEvent(nil)
		return
	}
	it.timer.Stop()
	it.pool.of.mu.Lock()
	watching := it.watching
	it.pool.of.mu.Unlock()
	if watching != nil {
		pr.raw.SetReadDeadline(past) //nolint:errcheck // wakes the watch
		<-watching
		pr.raw.SetReadDeadline(time.Time{}) //nolint:errcheck // a closed socket shows at once
		pr.readUntil = time.Time{}
	}
}

// discard closes one that was taken.
func (it *idle) discard() {
	ps := it.pools()
	ps.mu.Lock()
	if it.timer != nil {
		it.timer.Stop()
	}
	ps.mu.Unlock()
	it.peer.raw.Close() //nolint:errcheck // nobody wants it any more
}

// leave takes it out of its pool. The lock is held.
func (it *idle) leave() {
	it.taken = true
	if i := slices.Index(it.pool.idle, it); i >= 0 {
		it.pool.idle = slices.Delete(it.pool.idle, i, i+1)
	}
}

// end closes one that has left its pool.
func (it *idle) end(why string) {
	t := it.pool.of.v.Tree
	t.Log(phases.LogDebug, "%s", why)
	t.Log(phases.LogDebug, "lua tcp socket keepalive close handler: fd:%d", it.peer.fd())
	it.discard()
	it.pool.closed()
}

const stale = "lua tcp socket keepalive close handler check stale events"

// look watches an idle connection until it is taken, its peer closes it, or its time is over.
func (it *idle) look() {
	ps := it.pool.of
	ps.mu.Lock()
	if it.taken {
		ps.mu.Unlock()
		return
	}
	it.watching = make(chan struct{})
	it.peer.raw.SetReadDeadline(it.until) //nolint:errcheck // a closed socket shows at once
	ps.mu.Unlock()
	why := it.await()
	ps.mu.Lock()
	taken := it.taken
	if !taken {
		it.leave()
	}
	ps.mu.Unlock()
	close(it.watching)
	if !taken {
		it.end(why)
	}
}

// await returns once the connection is no longer quiet or its deadline has passed.
func (it *idle) await() string {
	if it.peer.rc == nil {
		return stale
	}
	for {
		err := it.peer.rc.Read(func(fd uintptr) bool { return peek(int(fd)) != errAgain }) //nolint:errorlint // our own value
		if err != nil {
			return "lua tcp socket keepalive max idle timeout"
		}
		if it.peer.tls == nil {
			return stale
		}
		it.pool.of.mu.Lock()
		quiet := !it.taken && it.peer.idleState() == errAgain //nolint:errorlint // our own value
		it.pool.of.mu.Unlock()
		if !quiet {
			return stale
		}
	}
}
