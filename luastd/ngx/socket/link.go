package socket

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

var (
	errAgain   = &againError{}
	errTimeout = os.ErrDeadlineExceeded
	past       = time.Unix(1, 0)
)

// againError says that a read would have to wait. crypto/tls takes it for a passing trouble and
// keeps what it has read so far.
type againError struct{}

func (*againError) Error() string   { return "would block" }
func (*againError) Timeout() bool   { return true }
func (*againError) Temporary() bool { return true }

// quick is how long an operation waits before it costs a goroutine to have it noticed when its thread
// is killed.
const quick = 2 * time.Millisecond

// link is a transport that can be tried without waiting. One goroutine may read while another writes.
type link struct {
	raw net.Conn        // the socket; for a client's TLS connection that connection
	rc  syscall.RawConn // nil where the socket cannot be tried
	tls *tls.Conn       // over the link itself

	try         bool // reads must not wait
	readTimeout time.Duration
	readCancel  <-chan struct{}
	readInto    []byte
	readN       int
	readErr     error
	readOnce    func(fd uintptr)
	readSoon    func(cancel <-chan struct{})

	writeTimeout time.Duration
	writeCancel  <-chan struct{}
	writeFrom    []byte
	writeN       int
	writeErr     error
	writeOnce    func(fd uintptr)
	writeSoon    func(cancel <-chan struct{})
}

// open makes l a link over raw.
func (l *link) open(raw net.Conn) {
	l.raw = raw
	if sc, ok := raw.(syscall.Conn); ok {
		l.rc, _ = sc.SyscallConn()
	}
	l.readOnce, l.writeOnce = l.sysRead, l.sysWrite
	l.readSoon, l.writeSoon = l.awaitRead, l.awaitWrite
}

func (l *link) sysRead(fd uintptr) {
	for {
		n, err := unix.Read(int(fd), l.readInto)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			l.readN, l.readErr = 0, errAgain
		case err != nil:
			l.readN, l.readErr = 0, err
		case n == 0:
			l.readN, l.readErr = 0, io.EOF
		default:
			l.readN, l.readErr = n, nil
		}
		return
	}
}

func (l *link) sysWrite(fd uintptr) {
	for {
		n, err := unix.Write(int(fd), l.writeFrom)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			l.writeN, l.writeErr = 0, errAgain
		case err != nil:
			l.writeN, l.writeErr = 0, err
		default:
			l.writeN, l.writeErr = n, nil
		}
		return
	}
}

// readNow reads what is there, with errAgain for nothing.
func (l *link) readNow(p []byte) (int, error) {
	if l.tls != nil {
		l.try = true
		n, err := l.tls.Read(p)
		l.try = false
		if n > 0 {
			return n, nil
		}
		if errors.Is(err, errAgain) {
			err = errAgain
		}
		return n, err
	}
	return l.rawReadNow(p)
}

func (l *link) rawReadNow(p []byte) (int, error) {
	if l.rc == nil {
		return 0, errAgain
	}
	l.readInto = p
	if err := l.rc.Control(l.readOnce); err != nil {
		return 0, err
	}
	l.readInto = nil
	return l.readN, l.readErr
}

// readLater prepares readSoon, which is to run without the baton; its outcome is in readN and readErr.
func (l *link) readLater(p []byte, timeout time.Duration) {
	l.readInto, l.readTimeout = p, timeout
}

func (l *link) awaitRead(cancel <-chan struct{}) {
	p := l.readInto
	l.readCancel = cancel
	var n int
	var err error
	if l.tls != nil {
		n, err = l.tls.Read(p)
	} else {
		n, err = l.rawRead(p)
	}
	if n > 0 {
		err = nil
	}
	l.readN, l.readErr, l.readInto, l.readCancel = n, err, nil, nil
}

// rawRead waits for bytes at most readTimeout, or until readCancel is closed.
func (l *link) rawRead(p []byte) (int, error) {
	end := time.Now().Add(l.readTimeout)
	w := waiter{deadline: l.raw.SetReadDeadline, cancel: l.readCancel}
	defer w.stop()
	w.arm(end, l.readTimeout > quick)
	for {
		n, err := l.raw.Read(p)
		if n > 0 || err == nil || !errors.Is(err, errTimeout) {
			return n, err
		}
		if w.expired(end) {
			return 0, errTimeout
		}
	}
}

// writeNow sends what the kernel takes at once.
func (l *link) writeNow(p []byte) (int, error) {
	if l.tls != nil || l.rc == nil {
		return 0, errAgain
	}
	l.writeFrom = p
	if err := l.rc.Control(l.writeOnce); err != nil {
		return 0, err
	}
	l.writeFrom = nil
	return l.writeN, l.writeErr
}

func (l *link) writeLater(p []byte, timeout time.Duration) {
	l.writeFrom, l.writeTimeout = p, timeout
}

func (l *link) awaitWrite(cancel <-chan struct{}) {
	p := l.writeFrom
	l.writeCancel = cancel
	var n int
	var err error
	if l.tls != nil {
		n, err = l.tls.Write(p)
	} else {
		n, err = l.rawWrite(p)
	}
	l.writeN, l.writeErr, l.writeFrom, l.writeCancel = n, err, nil, nil
}

// rawWrite sends all of p; the timeout is between two pieces that leave.
func (l *link) rawWrite(p []byte) (int, error) {
	end := time.Now().Add(l.writeTimeout)
	w := waiter{deadline: l.raw.SetWriteDeadline, cancel: l.writeCancel}
	defer w.stop()
	// a client's TLS connection does not survive a deadline that passes
	w.arm(end, l.writeTimeout > quick && l.rc != nil)
	done := 0
	for {
		n, err := l.raw.Write(p[done:min(len(p), done+64<<10)])
		done += n
		if done == len(p) {
			return done, nil
		}
		if n > 0 {
			end = time.Now().Add(l.writeTimeout)
			if err == nil {
				w.arm(end, !w.watched && l.writeTimeout > quick && l.rc != nil)
				continue
			}
		}
		if !errors.Is(err, errTimeout) || w.expired(end) {
			return done, err
		}
	}
}

// waiter ends a blocking call at its deadline, or when its thread is killed.
type waiter struct {
	deadline func(time.Time) error
	cancel   <-chan struct{}
	watched  bool
	done     chan struct{}
	over     chan struct{}
}

// arm sets the deadline: a near one where the wait may turn out to be short.
func (w *waiter) arm(end time.Time, short bool) {
	if short {
		if soon := time.Now().Add(quick); soon.Before(end) {
			end = soon
		}
	} else if !w.watched {
		w.watch()
	}
	w.deadline(end) //nolint:errcheck // a closed socket shows at the call
	if w.killed() {
		w.deadline(past) //nolint:errcheck // ditto
	}
}

// expired tells whether a deadline that passed was the real one, and goes on waiting where not.
func (w *waiter) expired(end time.Time) bool {
	if w.killed() || !time.Now().Before(end) {
		return true
	}
	w.arm(end, false)
	return false
}

func (w *waiter) killed() bool {
	select {
	case <-w.cancel:
		return true
	default:
		return false
	}
}

func (w *waiter) watch() {
	w.watched = true
	if w.cancel == nil {
		return
	}
	w.done, w.over = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(w.over)
		select {
		case <-w.cancel:
			w.deadline(past) //nolint:errcheck // the call ends, one way or the other
		case <-w.done:
		}
	}()
}

func (w *waiter) stop() {
	if w.done != nil {
		close(w.done)
		<-w.over
	}
}

// The methods below make a link the net.Conn under its own TLS.

func (l *link) Read(p []byte) (int, error) {
	n, err := l.rawReadTLS(p)
	if err != errAgain || l.try { //nolint:errorlint // our own value
		return n, err
	}
	return l.rawRead(p)
}

// rawReadTLS is rawReadNow for the TLS layer, whose own caller's readInto must survive.
func (l *link) rawReadTLS(p []byte) (int, error) {
	into := l.readInto
	n, err := l.rawReadNow(p)
	l.readInto = into
	return n, err
}

func (l *link) Write(p []byte) (int, error)        { return l.rawWrite(p) }
func (l *link) Close() error                       { return l.raw.Close() }
func (l *link) LocalAddr() net.Addr                { return l.raw.LocalAddr() }
func (l *link) RemoteAddr() net.Addr               { return l.raw.RemoteAddr() }
func (l *link) SetDeadline(t time.Time) error      { return l.raw.SetDeadline(t) }
func (l *link) SetReadDeadline(t time.Time) error  { return l.raw.SetReadDeadline(t) }
func (l *link) SetWriteDeadline(t time.Time) error { return l.raw.SetWriteDeadline(t) }

// idleState looks at a connection that nobody uses: errAgain where it is quiet, io.EOF where the peer
// has closed it, nil where it has sent something.
func (l *link) idleState() error {
	if l.tls != nil {
		// session tickets and their like are read here, and are no data
		var b [1]byte
		_, err := l.readNow(b[:])
		return err
	}
	var state error = errAgain
	if l.rc == nil {
		return state
	}
	err := l.rc.Control(func(fd uintptr) { state = peek(int(fd)) })
	if err != nil {
		return err
	}
	return state
}

// hungUp reports whether the peer has closed its side, however much is to be read before that.
func (l *link) hungUp() bool {
	if l.rc == nil {
		return false
	}
	up := false
	err := l.rc.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(p, 0)
		up = err == nil && n > 0 && p[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
	})
	return err != nil || up
}

func peek(fd int) error {
	var b [1]byte
	for {
		n, _, err := unix.Recvfrom(fd, b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return errAgain
		case err != nil:
			return err
		case n == 0:
			return io.EOF
		}
		return nil
	}
}

// fd is the socket's number, -1 where there is none.
func (l *link) fd() int {
	n := -1
	if l.rc != nil {
		l.rc.Control(func(fd uintptr) { n = int(fd) }) //nolint:errcheck // -1 then
	}
	return n
}
