package socket

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"moongate/phases/event"
	"moongate/phases/nonblock"
)

var (
	errAgain   = event.ErrAgain // crypto/tls takes it for a passing trouble and keeps what it has read so far
	errTimeout = os.ErrDeadlineExceeded
	past       = time.Unix(1, 0)
)

// link is a transport that can be tried without waiting. One goroutine may read while another writes.
type link struct {
	raw net.Conn        // the socket; for a client's TLS connection that connection
	rc  syscall.RawConn // nil where the socket cannot be tried
	tls *tls.Conn       // over the link itself
	// event is raw where a loop watches it.
	event *event.Conn

	// owned: nobody else sets the socket's deadlines.
	owned bool
	// asked: something was sent, so that a read has to wait, most likely.
	asked bool

	try         bool // reads must not wait
	readTimeout time.Duration
	readUntil   time.Time // the deadline that is set; zero for not known
	readHalted  atomic.Bool
	readInto    []byte
	readN       int
	readErr     error
	readOnce    func(fd uintptr)
	readSoon    func()
	readStop    func() // ends readSoon; from any goroutine
	waitInto    []byte
	waitN       int
	waitErrno   syscall.Errno
	waitOnce    func(fd uintptr) bool

	writeTimeout time.Duration
	writeHalted  atomic.Bool
	writeFrom    []byte
	writeN       int
	writeErr     error
	writeOnce    func(fd uintptr)
	writeSoon    func()
	writeStop    func() // ends writeSoon; from any goroutine
}

// open makes l a link over raw.
func (l *link) open(raw net.Conn) {
	l.raw = raw
	l.event, _ = raw.(*event.Conn)
	if sc, ok := raw.(syscall.Conn); ok {
		l.rc, _ = sc.SyscallConn()
	}
	l.readOnce, l.writeOnce = l.sysRead, l.sysWrite
	l.readSoon, l.writeSoon = l.awaitRead, l.awaitWrite
	l.readStop, l.writeStop = l.haltRead, l.haltWrite
	l.waitOnce = l.sysWaitRead
}

func (l *link) sysRead(fd uintptr) {
	n, errno := nonblock.Read(int(fd), l.readInto)
	switch {
	case errno == unix.EAGAIN:
		l.readN, l.readErr = 0, errAgain
	case errno != 0:
		l.readN, l.readErr = 0, errno
	case n == 0:
		l.readN, l.readErr = 0, io.EOF
	default:
		l.readN, l.readErr = n, nil
	}
}

func (l *link) sysWaitRead(fd uintptr) bool {
	l.waitN, l.waitErrno = nonblock.Read(int(fd), l.waitInto)
	return l.waitErrno != unix.EAGAIN
}

func (l *link) sysWrite(fd uintptr) {
	n, errno := nonblock.Write(int(fd), l.writeFrom)
	switch errno {
	case 0:
		l.writeN, l.writeErr = n, nil
	case unix.EAGAIN:
		l.writeN, l.writeErr = 0, errAgain
	default:
		l.writeN, l.writeErr = 0, errno
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
	if l.asked {
		l.asked = false
		return 0, errAgain
	}
	return l.rawReadNow(p)
}

func (l *link) rawReadNow(p []byte) (int, error) {
	if l.event != nil {
		return l.event.TryRead(p)
	}
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
	l.readHalted.Store(false)
}

func (l *link) awaitRead() {
	p := l.readInto
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
	l.readN, l.readErr, l.readInto = n, err, nil
}

func (l *link) haltRead() {
	l.readHalted.Store(true)
	l.raw.SetReadDeadline(past) //nolint:errcheck // a closed socket shows at the call
}

// rawRead waits for bytes at most readTimeout, or until readStop is called.
func (l *link) rawRead(p []byte) (int, error) {
	now := time.Now()
	end := now.Add(l.readTimeout)
	if l.event != nil {
		l.readBy(end)
		return l.event.Read(p)
	}
	// a deadline that is a little early stays: moving one costs more than to find out that it was early
	if !l.owned || l.readUntil.After(end) || l.readUntil.Sub(now) < l.readTimeout/2 {
		l.readBy(end)
	}
	for {
		n, err := l.waitRead(p)
		if n > 0 || err == nil || !errors.Is(err, errTimeout) {
			return n, err
		}
		if l.readHalted.Load() || !time.Now().Before(end) {
			l.readUntil = time.Time{}
			return 0, errTimeout
		}
		l.readBy(end)
	}
}

// readBy sets the deadline for reads.
func (l *link) readBy(end time.Time) {
	l.readUntil = end
	l.raw.SetReadDeadline(end) //nolint:errcheck // a closed socket shows at the call
	if l.readHalted.Load() {
		l.raw.SetReadDeadline(past) //nolint:errcheck // ditto
	}
}

func (l *link) waitRead(p []byte) (int, error) {
	if l.rc == nil {
		return l.raw.Read(p)
	}
	l.waitInto = p
	err := l.rc.Read(l.waitOnce)
	l.waitInto = nil
	switch {
	case err != nil:
		return 0, err
	case l.waitErrno != 0:
		return 0, os.NewSyscallError("read", l.waitErrno)
	case l.waitN == 0:
		return 0, io.EOF
	}
	return l.waitN, nil
}

// writeNow sends what the kernel takes at once.
func (l *link) writeNow(p []byte) (int, error) {
	if l.tls != nil || l.rc == nil {
		return 0, errAgain
	}
	if l.event != nil {
		return l.event.TryWrite(p)
	}
	l.writeFrom = p
	if err := l.rc.Control(l.writeOnce); err != nil {
		return 0, err
	}
	l.writeFrom = nil
	l.asked = l.owned && l.writeErr == nil
	return l.writeN, l.writeErr
}

func (l *link) writeLater(p []byte, timeout time.Duration) {
	l.writeFrom, l.writeTimeout = p, timeout
	l.writeHalted.Store(false)
}

func (l *link) awaitWrite() {
	p := l.writeFrom
	var n int
	var err error
	if l.tls != nil {
		n, err = l.tls.Write(p)
	} else {
		n, err = l.rawWrite(p)
	}
	l.writeN, l.writeErr, l.writeFrom = n, err, nil
}

func (l *link) haltWrite() {
	l.writeHalted.Store(true)
	l.raw.SetWriteDeadline(past) //nolint:errcheck // a closed socket shows at the call
}

// halt ends what waits, both ways.
func (l *link) halt() {
	l.haltRead()
	l.haltWrite()
}

// rawWrite sends all of p; the timeout is between two pieces that leave.
func (l *link) rawWrite(p []byte) (int, error) {
	for done := 0; ; {
		l.raw.SetWriteDeadline(time.Now().Add(l.writeTimeout)) //nolint:errcheck // a closed socket shows at the call
		if l.writeHalted.Load() {
			l.raw.SetWriteDeadline(past) //nolint:errcheck // ditto
		}
		n, err := l.raw.Write(p[done:min(len(p), done+64<<10)])
		done += n
		if done == len(p) {
			return done, nil
		}
		if err != nil && (n == 0 || l.writeHalted.Load() || !errors.Is(err, errTimeout)) {
			return done, err
		}
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
	if l.event != nil {
		return l.event.Peek()
	}
	state := errAgain
	if l.rc == nil {
		return state
	}
	err := l.rc.Control(func(fd uintptr) { state = peek(int(fd)) })
	if err != nil {
		return err
	}
	return state
}

// look is idleState for a connection that goes from a request to the pool, or back. told has told of all that came before the request's latest
// event; where another poller watches, the kernel is asked.
func (l *link) look(told event.Poller) error {
	if l.event != nil {
		l.event.Doubt(told)
	}
	return l.idleState()
}

// hungUp reports whether the peer has closed its side, however much is to be read before that.
func (l *link) hungUp() bool {
	if l.rc == nil {
		return false
	}
	up := false
	err := l.rc.Control(func(fd uintptr) { up = nonblock.HungUp(int(fd)) })
	return err != nil || up
}

func peek(fd int) error {
	n, errno := nonblock.Peek(fd)
	switch {
	case errno == unix.EAGAIN:
		return errAgain
	case errno != 0:
		return errno
	case n == 0:
		return io.EOF
	}
	return nil
}

// fd is the socket's number, -1 where there is none.
func (l *link) fd() int {
	n := -1
	if l.rc != nil {
		l.rc.Control(func(fd uintptr) { n = int(fd) }) //nolint:errcheck // -1 then
	}
	return n
}
