package http1

import (
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"moongate/phases"
	"moongate/phases/event"
	"moongate/phases/nonblock"
)

const (
	eventRoom    = 64 // events taken from the kernel at once
	roundsInARow = 4  // of events without a look at what else the process has to do
	overdue      = 5 * time.Millisecond
	deferRoom    = 32 // connections that wait for each other, at most

	edges = unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff
)

// loop waits for the requests of many connections with one epoll instance and serves them on its own
// goroutine, one after the other: a request that waits for nobody costs no switch between goroutines and
// no read that finds nothing.
//
// Of the requests that come together it reads all, then serves all, then sends all there is to send: each of these is done faster in a row. Who waits
// for the others meanwhile is in deferred.
//
// A request that has to wait says so (conn.Waiting): another goroutine then leads the loop, and the one that was
// leading goes on with its request alone. One that waits, or computes for long, without saying so is noticed by the
// loop's overseer within a few milliseconds, with the same effect.
type loop struct {
	index uint32 // among the server's

	ep   *os.File // the epoll instance, which Go's own poller watches
	rc   syscall.RawConn
	fd   int
	kick int // an eventfd in the instance
	poll func(uintptr) bool

	// Of the leader alone.
	events  [eventRoom]unix.EpollEvent
	next, n int
	rounds  int
	kicked  bool
	roused  bool    // goroutines that waited in the loop go on
	due     []*conn // whose requests go on,
	dueNext int     // from this one on

	deferred []*conn // go on when what came with them is served
	leaving  []*conn // those whose time has come,
	leave    int     // from this one on
	hurry    bool    // they do not wait for more

	leader atomic.Pointer[lead]
	still  atomic.Bool // nothing was served since the overseer's last look
	spare  followers
	asleep atomic.Bool // the overseer is
	wake   chan struct{}
	closed chan struct{}

	mu     sync.Mutex
	slots  []event.Sink // who an event is for
	free   []int32
	used   int         // slots
	woken  []*conn     // due next
	waking atomic.Bool // some are
	rapt   atomic.Bool // the leader is at work and looks for them before it waits
	ending bool        // close was called
	ended  bool
}

func newLoop() (*loop, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	kick, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err == nil {
		err = unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, kick, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET&0xffffffff, Fd: -1})
		if err == nil {
			err = unix.SetNonblock(fd, true) // so that Go's poller takes it
		}
		if err != nil {
			unix.Close(kick) //nolint:errcheck // nothing was written
		}
	}
	if err != nil {
		unix.Close(fd) //nolint:errcheck // ditto
		return nil, err
	}
	l := &loop{ep: os.NewFile(uintptr(fd), "epoll"), fd: fd, kick: kick, wake: make(chan struct{}, 1), closed: make(chan struct{})}
	if err = l.ep.SetReadDeadline(time.Time{}); err == nil { // fails where the poller did not take it
		l.rc, err = l.ep.SyscallConn()
	}
	if err != nil {
		l.ep.Close()
		unix.Close(kick) //nolint:errcheck // ditto
		return nil, err
	}
	l.poll = l.events0
	l.leader.Store(&lead{}) // until the first one leads
	go l.run()
	go l.oversee()
	return l, nil
}

// lead is what a goroutine has as the leader of a loop. It leads for as long as nobody takes conn away.
type lead struct {
	conn   atomic.Pointer[conn] // that it serves
	others bool                 // are to be served, too
	now    time.Time            // when its events came
	kept
}

// leading is the lead that c's request is served with; nil where its goroutine does not lead. Only for the
// request's goroutine.
func (c *conn) leading() *lead {
	if c.loop == nil {
		return nil
	}
	if t := c.loop.leader.Load(); t.conn.Load() == c {
		return t
	}
	return nil
}

// Now is the present time. While it leads a loop, that is the time at which its events came, as in nginx.
func (c *conn) Now() time.Time {
	if t := c.leading(); t != nil {
		return t.now
	}
	return time.Now()
}

// spared is what is at hand for c's next request without asking a pool; nil where nothing can be.
func (c *conn) spared() *kept {
	if t := c.leading(); t != nil {
		return &t.kept
	}
	return nil
}

// close ends the loop once nothing waits in it.
func (l *loop) close() {
	l.mu.Lock()
	l.ending = true
	l.end()
}

// end ends the loop where nobody needs it any more. It unlocks.
func (l *loop) end() {
	over := l.ending && l.used == 0 && !l.ended
	l.ended = l.ended || over
	l.mu.Unlock()
	if over {
		close(l.closed)
		l.spare.close()
		l.ep.Close() // which wakes the leader
	}
}

// put finds a slot for s. The lock is held.
func (l *loop) put(s event.Sink) int32 {
	l.used++
	if n := len(l.free); n > 0 {
		i := l.free[n-1]
		l.free = l.free[:n-1]
		l.slots[i] = s
		return i
	}
	l.slots = append(l.slots, s)
	return int32(len(l.slots) - 1)
}

// reserve gives s a slot in a loop that has not ended.
func (l *loop) reserve(s event.Sink) int32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.put(s)
}

// watch has the kernel tell what happens on fd to who has slot i.
func (l *loop) watch(fd int, what uint32, i int32) error {
	return unix.EpollCtl(l.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: what, Fd: i})
}

// Change implements event.Poller.
func (l *loop) Change(fd int, i int32) error {
	return unix.EpollCtl(l.fd, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | edges, Fd: i})
}

// Add implements event.Poller.
func (l *loop) Add(fd int, s event.Sink) (int32, error) {
	l.mu.Lock()
	if l.ended {
		l.mu.Unlock()
		return 0, os.ErrClosed
	}
	i := l.put(s)
	l.mu.Unlock()
	err := l.watch(fd, unix.EPOLLIN|unix.EPOLLOUT|edges, i)
	if err != nil {
		l.Drop(i)
	}
	return i, err
}

// Drop implements event.Poller. An event that is on its way may hit who gets the slot next, and finds nothing to read then.
func (l *loop) Drop(i int32) {
	l.mu.Lock()
	l.slots[i] = nil
	l.free = append(l.free, i)
	l.used--
	l.end()
}

// seen is an event in the words of package event.
func seen(events uint32) (what int) {
	if events&unix.EPOLLIN != 0 {
		what |= event.Readable
	}
	if events&unix.EPOLLOUT != 0 {
		what |= event.Writable
	}
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		what |= event.HungUp
	}
	return what
}

// run leads the loop, and when that was taken away serves its request to the end and waits to lead again.
func (l *loop) run() {
	turn := make(chan bool, 1)
	t := &lead{}
	for {
		t.now = time.Now() // it may begin amid the events of another leader
		l.hurry = true     // who was deferred should not pay for one that took long
		l.leader.Store(t)
		for l.step(t) {
		}
		t.release()
		if !l.spare.wait(turn) {
			return
		}
	}
}

// promote has another goroutine lead.
func (l *loop) promote() {
	if !l.spare.wake() {
		go l.run()
	}
}

// step serves one event and reports whether the goroutine still leads.
func (l *loop) step(t *lead) bool {
	if c := l.nextLeaving(); c != nil {
		return l.lead(t, c)
	}
	if c := l.nextDue(); c != nil {
		return l.lead(t, c)
	}
	for l.next == l.n {
		l.kicked = false
		if l.roused {
			l.roused = false
			runtime.Gosched() // they go first
		}
		if err := l.rc.Read(l.poll); err != nil {
			<-l.closed
			unix.Close(l.kick) //nolint:errcheck // nobody else uses it any more
			return false
		}
		t.now = time.Now()
		if !l.rapt.Load() {
			l.rapt.Store(true)
		}
		if l.takeWoken() {
			return true
		}
	}
	ev := &l.events[l.next]
	l.next++
	if ev.Fd < 0 {
		return true
	}
	l.mu.Lock()
	to := l.slots[ev.Fd]
	l.mu.Unlock()
	c, ok := to.(*conn)
	if !ok {
		if to != nil && to.Event(seen(ev.Events)) {
			l.roused = true
		}
		return true
	}
	if c.Event(seen(ev.Events)) {
		l.roused = true
	}
	if !c.rouse() {
		return true
	}
	return l.lead(t, c)
}

// lead serves c and reports whether the goroutine still leads.
func (l *loop) lead(t *lead, c *conn) bool {
	if l.still.Load() {
		l.still.Store(false)
		if l.asleep.Load() && l.asleep.CompareAndSwap(true, false) {
			l.wake <- struct{}{}
		}
	}
	t.others = l.crowded()
	t.conn.Store(c)
	deferred := c.turn()
	// Where it was not deferred, another goroutine may be serving c by now, with a lead of its own.
	leads := t.conn.CompareAndSwap(c, nil)
	if deferred {
		if leads {
			l.deferred = append(l.deferred, c)
		} else {
			c.turn()
		}
	}
	return leads
}

// events0 takes events from the kernel, for RawConn.Read: false waits. After some rounds in a row it waits in
// any case, with an event of its own making, so that goroutines which wait for other descriptors get their turn.
func (l *loop) events0(uintptr) bool {
	if l.rounds >= roundsInARow && !l.kicked {
		l.kicked, l.rounds = true, 0
		l.nudge()
		return false
	}
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.fd), uintptr(unsafe.Pointer(&l.events[0])), eventRoom, 0, 0, 0)
	if errno != 0 || n == 0 {
		l.rounds = 0
		l.rapt.Store(false)
		return l.waking.Load() // who comes after this look nudges
	}
	l.next, l.n = 0, int(n)
	l.rounds++
	return true
}

// oversee takes the lead away from a request that keeps it for long. While nothing happens it sleeps.
func (l *loop) oversee() {
	quiet, ticks := 0, 0
	tick := time.NewTimer(overdue)
	defer tick.Stop()
	for {
		select {
		case <-l.closed:
			return
		case <-tick.C:
		}
		if ticks++; ticks%trimTicks == 0 {
			l.spare.trim(false)
		}
		if !l.still.Load() {
			quiet = 0
			l.still.Store(true)
		} else if t := l.leader.Load(); t != nil && t.conn.Load() != nil {
			t.take(t.conn.Load(), l)
		} else if quiet++; quiet > 20 {
			quiet = 0
			l.spare.trim(true)
			l.asleep.Store(true)
			if l.still.Load() || !l.asleep.CompareAndSwap(true, false) { // a turn that began before knows nothing of the sleep
				select {
				case <-l.closed:
					return
				case <-l.wake:
				}
			}
		}
		tick.Reset(overdue)
	}
}

// Waiting tells that c's request is about to wait: another goroutine leads the loop meanwhile. Any goroutine
// of the request may call it, any number of times.
func (c *conn) Waiting() {
	if c.loop != nil {
		c.loop.leader.Load().take(c, c.loop)
	}
}

// take ends the lead where it is c that is being served.
func (t *lead) take(c *conn, l *loop) {
	if c != nil && t.conn.Load() == c && t.conn.CompareAndSwap(c, nil) {
		l.promote()
	}
}

// rouse makes an idle connection active; the caller then owns it. Whoever has an active one is told that more has come.
func (c *conn) rouse() bool {
	for {
		switch s := c.state.Load(); s {
		case stateIdle, stateFresh:
			if c.state.CompareAndSwap(s, stateActive) {
				return true
			}
		case stateActive:
			if c.state.CompareAndSwap(stateActive, stateMore) {
				return false
			}
		default:
			return false
		}
	}
}

// turn serves what has come on a connection that rouse gave, until it is idle again or over, or waits without a goroutine. deferred: it goes
// on with another turn.
func (c *conn) turn() (deferred bool) {
	defer func() {
		if p := recover(); p != nil {
			c.server.panicked(p)
			c.over()
		}
	}()
	for {
		open := true
		if c.paused != nil {
			open = c.goOn()
		} else if len(c.w.out) > 0 {
			open = c.sendLate()
		}
		if open && c.paused == nil && !c.later {
			open = c.ready()
		}
		if c.later {
			c.later = false
			return true
		}
		if c.paused != nil {
			if c.setAside() {
				return false
			}
			continue
		}
		if !open {
			c.over()
			return false
		}
		idle := stateFresh // after an event that was another connection's
		if c.info.Requests > 0 {
			idle = stateIdle
			c.expire(c.w.keepalive)
		}
		if c.state.CompareAndSwap(stateActive, idle) {
			if c.server.closed.Load() && c.state.CompareAndSwap(stateIdle, stateClosed) {
				c.over() // CloseIdle may have come too early for this one
				return false
			}
			if c.fires.Load() == 0 { // the timer has just found the connection active
				c.fires.Store(c.idleUntil.Load())
				c.timer.Reset(max(time.Until(time.Unix(0, c.idleUntil.Load())), 0))
			}
			return false
		}
		c.state.Store(stateActive)
	}
}

// ready serves the requests that have come. False: the connection is over.
func (c *conn) ready() bool {
	for {
		if c.br != nil && c.br.Buffered() == 0 {
			c.dropReader()
		}
		if c.br == nil && len(c.pending) == 0 {
			if c.drained && !c.ending.Load() {
				c.drained = false
				c.w.rest()
				return true
			}
			n, again := c.tryRead()
			if again {
				c.w.rest()
				return true
			}
			if n == 0 {
				return false
			}
		}
		if !c.one() {
			return false
		}
		if c.paused != nil || c.later {
			return true
		}
	}
}

// sendLate sends the answer that was deferred.
func (c *conn) sendLate() bool {
	c.w.Flush() //nolint:errcheck // the connection ends
	return !c.w.broken
}

// tryRead reads what has come into a borrowed buffer. again: nothing has come yet.
func (c *conn) tryRead() (n int, again bool) {
	b := c.spared().takeFirst()
	n, errno := nonblock.Read(c.fd, b[:])
	if errno != 0 || n == 0 {
		c.spared().giveFirst(b)
		return 0, errno == unix.EAGAIN
	}
	c.pending, c.first = b[:n], b
	c.drained = n < firstSize
	return n, false
}

// sendNow writes what the kernel takes without waiting.
func (c *conn) sendNow(p []byte) (int, error) {
	switch n, errno := nonblock.Write(c.fd, p); errno {
	case 0:
		return n, nil
	case unix.EAGAIN:
		return 0, nil
	default:
		return 0, os.NewSyscallError("write", errno)
	}
}

// expire closes the connection if it is still idle in d. The timer is left as it is where it fires early enough:
// it looks then how long is left.
func (c *conn) expire(d time.Duration) {
	at := c.Now().Add(d).UnixNano()
	c.idleUntil.Store(at)
	if c.timer == nil {
		c.fires.Store(at)
		c.timer = time.AfterFunc(d, c.expired)
		return
	}
	if fires := c.fires.Load(); at < fires || fires == 0 {
		c.fires.Store(at)
		c.timer.Reset(d)
	}
}

func (c *conn) expired() {
	c.fires.Store(0)
	idle := c.state.Load()
	if idle != stateIdle && idle != stateFresh {
		return // the next wait sets the timer
	}
	if left := c.idleUntil.Load() - time.Now().UnixNano(); left > 0 {
		c.fires.Store(c.idleUntil.Load())
		c.timer.Reset(time.Duration(left))
		return
	}
	if c.state.CompareAndSwap(idle, stateClosed) {
		c.over()
	}
}

// Event implements event.Sink, for who waits for more of the request that is being served.
func (c *conn) Event(what int) (goesOn bool) {
	if what&event.HungUp != 0 {
		c.ending.Store(true)
	}
	return c.sock.Event(what)
}

// over ends a connection of the loop.
func (c *conn) over() {
	c.state.Store(stateClosed)
	if c.timer != nil {
		c.timer.Stop()
	}
	c.server.gone(c)
}

// loops are a server's loops: as many as the configuration has workers, or as Go uses processors where those are fewer.
type loops struct {
	all  atomic.Pointer[[]*loop]
	turn atomic.Uint32

	mu    sync.Mutex // held to change all
	ended bool
}

func newLoops() *loops {
	ls := &loops{}
	ls.all.Store(&[]*loop{})
	return ls
}

// grow adds the loops that so many workers need. Those of a configuration with more workers remain.
func (ls *loops) grow(workers int) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	all := slices.Clone(*ls.all.Load())
	for n := min(workers, runtime.GOMAXPROCS(0)); len(all) < n && !ls.ended; {
		l, err := newLoop()
		if err != nil {
			break
		}
		l.index = uint32(len(all))
		all = append(all, l)
	}
	ls.all.Store(&all)
}

func (ls *loops) close() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.ended = true
	for _, l := range *ls.all.Load() {
		l.close()
	}
}

// next is the loop whose turn it is to get a descriptor.
func (ls *loops) next() *loop {
	all := *ls.all.Load()
	return all[int(ls.turn.Add(1)%uint32(len(all)))]
}

// Poller is the loop that the request's upstreams wait in: its client's own, if there is one.
func (c *conn) Poller() event.Poller {
	if c.home == nil {
		return nil
	}
	return c.home
}

// Told is the loop that c's request leads: it gets events in the order in which they came.
func (c *conn) Told() event.Poller {
	if c.leading() != nil {
		return c.loop
	}
	return nil
}

var (
	_ phases.Pauser = (*conn)(nil)
	_ event.Poller  = (*loop)(nil)
)
