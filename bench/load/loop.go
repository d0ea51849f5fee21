package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxConnecting = 128 // connections being made at once: fewer than a server's backlog holds
	coolDown      = 20 * time.Millisecond
	drainClosed   = 500 * time.Millisecond
	drainOpen     = 3 * time.Second
	firstBuffer   = 4 << 10
	maxKnown      = 16 << 10
)

// conn is a place for one connection. Its socket comes and goes.
type conn struct {
	fd         int // -1: not open
	connecting bool
	writing    bool // epoll also waits until there is room for the rest of the request
	busy       bool
	req        *Request
	out        []byte // what is left of the request
	in         []byte
	n          int
	p          parser
	index      int           // of the request
	due        time.Duration // where the latency is counted from
}

// loop drives some of a run's connections with one thread and one epoll descriptor.
type loop struct {
	o          *Options
	w          *window
	addr       unix.SockaddrInet4
	ep, timer  int
	first      bool // the thread that opens and closes the window
	conns      []*conn
	byFD       []*conn
	idle       []*conn // queue
	cooling    []*conn // after a refused connection
	coolUntil  time.Duration
	connecting int
	busy       int
	next       int // request
	schedule   *Schedule
	starved    bool     // requests were due when no connection was free
	known      [][]byte // for each request the last right answer, byte for byte
	res        Result
}

func runLoop(ctx context.Context, o *Options, w *window, conns, index int) (*Result, error) {
	l := &loop{o: o, w: w, first: index == 0, next: index * 7, known: make([][]byte, len(o.Requests))}
	ap, err := netip.ParseAddrPort(o.Addr)
	if err != nil || !ap.Addr().Is4() {
		return nil, fmt.Errorf("load: %q is no numeric IPv4 address and port", o.Addr)
	}
	l.addr = unix.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}
	if l.ep, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("load: epoll: %w", err)
	}
	defer unix.Close(l.ep) //nolint:errcheck // nothing is left to do with it
	if l.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("load: timerfd: %w", err)
	}
	defer unix.Close(l.timer) //nolint:errcheck // nothing is left to do with it
	if err := unix.EpollCtl(l.ep, unix.EPOLL_CTL_ADD, l.timer, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET&0xffffffff, Fd: int32(l.timer)}); err != nil {
		return nil, fmt.Errorf("load: epoll: %w", err)
	}
	for range conns {
		c := &conn{fd: -1}
		l.conns = append(l.conns, c)
		l.idle = append(l.idle, c)
	}
	if o.Rate > 0 {
		l.schedule = NewSchedule(w.now(), o.Rate*float64(conns)/float64(o.Connections))
	}
	l.run(ctx)
	for _, c := range l.conns {
		if c.fd >= 0 {
			unix.Close(c.fd) //nolint:errcheck // nothing is left to do with it
		}
	}
	return &l.res, nil
}

func (l *loop) run(ctx context.Context) {
	events := make([]unix.EpollEvent, 256)
	scan := time.Second
	var over time.Duration // when the window closed
	for ctx.Err() == nil {
		now := l.w.now()
		if l.first {
			l.w.tick(now)
		}
		if l.w.state.Load() == 2 {
			if over == 0 {
				over = now
				l.noteLate(now)
			}
			grace := drainClosed
			if l.schedule != nil {
				grace = drainOpen
			}
			if l.busy == 0 || now > over+grace {
				l.noteUnanswered()
				return
			}
		} else {
			l.begin(now)
		}
		if now > scan {
			l.timeouts(now)
			scan = now + time.Second
		}
		n, err := l.await(now, events)
		if err != nil {
			l.fail(nil, &l.res.Lost, fmt.Errorf("epoll: %w", err))
			return
		}
		for i := range n {
			fd := int(events[i].Fd)
			if fd == l.timer {
				continue // its edge was all
			}
			if c := l.byFD[fd]; c != nil {
				l.event(c, events[i].Events)
			}
		}
	}
}

// await takes events from the kernel. It looks first and waits only if there are none: at saturation there
// always are, and a call that cannot block need not be announced to Go's scheduler. With a rate it need not wait at
// all (Idle).
func (l *loop) await(now time.Duration, events []unix.EpollEvent) (int, error) {
	if n, errno := poll(l.ep, events); n > 0 || errno != 0 && errno != unix.EINTR {
		return n, fault(errno)
	}
	if l.schedule != nil && l.w.state.Load() < 2 {
		switch l.o.Idle {
		case Spin:
			return 0, nil
		case Yield:
			unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) //nolint:errcheck // it cannot fail
			return 0, nil
		}
	}
	l.arm(now)
	n, err := unix.EpollWait(l.ep, events, 50)
	if errors.Is(err, unix.EINTR) {
		return 0, nil
	}
	return max(n, 0), err
}

// arm sets the timer to the next instant at which something is to do.
func (l *loop) arm(now time.Duration) {
	wait := 50 * time.Millisecond
	if l.first {
		switch l.w.state.Load() {
		case 0:
			wait = min(wait, l.w.from-now)
		case 1:
			wait = min(wait, l.w.to-now)
		}
	}
	if l.schedule != nil && len(l.idle) > 0 && l.w.state.Load() < 2 {
		wait = min(wait, l.schedule.Next()-now)
	}
	if wait >= 50*time.Millisecond {
		return // epoll's own time-out will do
	}
	wait = max(wait, 1)
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(wait))}
	unix.TimerfdSettime(l.timer, 0, &spec, nil) //nolint:errcheck // epoll's time-out is there too
}

// begin gives requests to idle connections: all of them, or those that the schedule says are due.
func (l *loop) begin(now time.Duration) {
	if len(l.cooling) > 0 && now > l.coolUntil {
		l.idle = append(l.idle, l.cooling...)
		l.cooling = l.cooling[:0]
	}
	starved := l.starved
	l.starved = false
	for len(l.idle) > 0 {
		c := l.idle[0]
		if c.fd < 0 && l.connecting >= maxConnecting {
			l.starved = true
			return
		}
		due := now
		if l.schedule != nil {
			var ok bool
			if due, ok = l.schedule.Take(now); !ok {
				return
			}
			if !starved && l.w.state.Load() == 1 {
				l.res.Lag.Record(int64(now - due))
			}
		}
		l.idle = l.idle[1:]
		l.start(c, due)
	}
	l.starved = true
}

func (l *loop) start(c *conn, due time.Duration) {
	c.index = l.next % len(l.o.Requests)
	c.req = &l.o.Requests[c.index]
	l.next++
	c.due, c.out, c.n, c.busy = due, c.req.Wire, 0, true
	c.p.reset()
	l.busy++
	if c.fd < 0 {
		l.connect(c)
		return
	}
	l.write(c)
}

func (l *loop) connect(c *conn) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		l.fail(c, &l.res.Refused, fmt.Errorf("socket: %w", err))
		return
	}
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) //nolint:errcheck // a nicety
	c.fd, c.connecting, c.writing = fd, true, true
	l.connecting++
	for fd >= len(l.byFD) {
		l.byFD = append(l.byFD, make([]*conn, 256)...)
	}
	l.byFD[fd] = c
	err = unix.Connect(fd, &l.addr)
	if err != nil && !errors.Is(err, unix.EINPROGRESS) {
		l.fail(c, &l.res.Refused, fmt.Errorf("connect: %w", err))
		return
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT, Fd: int32(fd)}
	if err := unix.EpollCtl(l.ep, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		l.fail(c, &l.res.Refused, fmt.Errorf("epoll: %w", err))
	}
}

func (l *loop) write(c *conn) {
	for len(c.out) > 0 {
		n, errno := writeNow(c.fd, c.out)
		switch errno {
		case 0:
		case unix.EAGAIN:
			l.wantWrite(c, true)
			return
		case unix.EINTR:
			continue
		default:
			// an early answer may lie there, though the server takes no more of the request
			c.out = nil
			l.read(c)
			return
		}
		c.out = c.out[n:]
	}
	l.wantWrite(c, false)
}

func (l *loop) wantWrite(c *conn, on bool) {
	if c.writing == on {
		return
	}
	c.writing = on
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.fd)}
	if on {
		ev.Events |= unix.EPOLLOUT
	}
	unix.EpollCtl(l.ep, unix.EPOLL_CTL_MOD, c.fd, &ev) //nolint:errcheck // the descriptor is in the set
}

func (l *loop) event(c *conn, events uint32) {
	if c.connecting {
		code, err := unix.GetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && code != 0 {
			err = unix.Errno(code)
		}
		if err != nil {
			l.fail(c, &l.res.Refused, fmt.Errorf("connect: %w", err))
			return
		}
		c.connecting = false
		l.connecting--
		if l.w.state.Load() == 1 {
			l.res.Connects++
		}
		l.write(c)
		return
	}
	if events&(unix.EPOLLIN|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		l.read(c)
	} else if events&unix.EPOLLOUT != 0 {
		l.write(c)
	}
}

func (l *loop) read(c *conn) {
	for {
		if c.n == len(c.in) {
			c.in = append(c.in, make([]byte, max(firstBuffer, len(c.in)))...)
		}
		n, errno := readNow(c.fd, c.in[c.n:])
		switch {
		case errno == unix.EAGAIN:
			return
		case errno == unix.EINTR:
			continue
		case !c.busy:
			l.close(c) // the server ended a connection that was not in use
			return
		case errno != 0:
			l.fail(c, &l.res.Lost, fmt.Errorf("read: %w", errno))
			return
		}
		full := n == len(c.in)-c.n
		c.n += n
		if l.w.state.Load() == 1 {
			l.res.Bytes += int64(n)
		}
		if known := l.known[c.index]; n > 0 && bytes.Equal(c.in[:c.n], known) {
			l.finish(c, false) // the same bytes as the last right answer are right
			return
		}
		used, done, err := c.p.parse(c.in[:c.n], n == 0)
		switch {
		case err != nil:
			l.fail(c, &l.res.Lost, err)
			return
		case done:
			if l.check(c, used) {
				l.remember(c, used)
				l.finish(c, n == 0)
			}
			return
		case n == 0:
			l.fail(c, &l.res.Lost, errTruncated)
			return
		case !full:
			return
		}
	}
}

// check reports whether a complete answer is right, and counts it if not.
func (l *loop) check(c *conn, used int) bool {
	var wrong error
	if c.req.Check != nil {
		wrong = c.req.Check(&c.p.res)
	}
	if wrong == nil && used < c.n {
		wrong = fmt.Errorf("%d bytes after the answer", c.n-used)
	}
	if wrong != nil {
		l.fail(c, &l.res.Wrong, wrong)
	}
	return wrong == nil
}

// remember keeps a right answer, so that the same bytes need not be parsed and checked again: most servers' answers
// change once a second, with their Date. An answer that ends with its connection is none of these, nor is a long one.
func (l *loop) remember(c *conn, used int) {
	if used <= maxKnown && !c.p.res.Close {
		l.known[c.index] = append(l.known[c.index][:0], c.in[:used]...)
	}
}

// finish counts a right answer, and sends the next request where there is no schedule.
func (l *loop) finish(c *conn, eof bool) {
	now := l.w.now()
	if l.counts(c) {
		l.res.Requests++
		l.res.Latency.Record(int64(now - c.due))
	}
	c.busy = false
	l.busy--
	if eof || c.p.res.Close || !l.o.KeepAlive || len(c.out) > 0 {
		l.close(c)
	}
	if l.schedule == nil && l.w.state.Load() < 2 && (c.fd >= 0 || l.connecting < maxConnecting) {
		l.start(c, now)
		return
	}
	l.idle = append(l.idle, c)
}

// counts reports whether what a connection's request came to belongs to the result: without a schedule what
// ends within the window, with one what was due within it.
func (l *loop) counts(c *conn) bool {
	state := l.w.state.Load()
	if l.schedule == nil || c == nil {
		return state == 1
	}
	return state >= 1 && c.due >= l.w.began && c.due < l.w.to
}

func (l *loop) fail(c *conn, kind *int64, err error) {
	if l.counts(c) {
		*kind++
		if l.res.Example == nil {
			l.res.Example = err
		}
	}
	if c == nil {
		return
	}
	if c.busy {
		c.busy = false
		l.busy--
	}
	l.close(c)
	if kind == &l.res.Refused {
		l.cooling = append(l.cooling, c)
		l.coolUntil = l.w.now() + coolDown
		return
	}
	l.idle = append(l.idle, c)
}

func (l *loop) close(c *conn) {
	if c.fd < 0 {
		return
	}
	if c.connecting {
		c.connecting = false
		l.connecting--
	}
	l.byFD[c.fd] = nil
	unix.Close(c.fd) //nolint:errcheck // nothing is left to do with it
	c.fd, c.writing = -1, false
}

func (l *loop) timeouts(now time.Duration) {
	for _, c := range l.conns {
		if c.busy && now-c.due > l.o.Timeout {
			l.fail(c, &l.res.Timeouts, fmt.Errorf("no answer within %v", l.o.Timeout))
		}
	}
}

// noteLate counts what the schedule asked for and no connection was free for.
func (l *loop) noteLate(now time.Duration) {
	if l.schedule == nil {
		return
	}
	for due := l.schedule.Next(); due < l.w.to; due = l.schedule.Next() {
		l.schedule.next++
		if due >= l.w.began {
			l.res.Late++
			l.res.Latency.Record(int64(now - due))
		}
	}
}

// noteUnanswered counts requests of the schedule that are still open at the very end.
func (l *loop) noteUnanswered() {
	if l.schedule == nil {
		return
	}
	for _, c := range l.conns {
		if c.busy {
			l.fail(c, &l.res.Timeouts, fmt.Errorf("no answer %v after the end", drainOpen))
		}
	}
}
