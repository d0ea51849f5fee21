package event

import (
	"io"
	"math"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"moongate/phases/nonblock"
)

// ErrAgain says that a call would have to wait. It counts as temporary, so that crypto/tls keeps what it has read so far.
var ErrAgain error = &again{}

type again struct{}

func (*again) Error() string   { return "would block" }
func (*again) Timeout() bool   { return true }
func (*again) Temporary() bool { return true }

// Conn is a stream socket that a Poller watches.
type Conn struct {
	fd            int
	slot          int32
	poller        Poller
	local, remote net.Addr

	users       atomic.Int64 // calls that use fd; negative once the connection was closed
	hungUp      atomic.Bool
	deaf        atomic.Bool // the poller does not tell when bytes are taken again
	read, write side
	idle        atomic.Pointer[func()]
	alarm       alarm
}

// closedUsers is added to users by Close.
const closedUsers = math.MinInt64 / 2

// Adopt makes raw, a socket of package net, one that p watches, where p is not nil and that is possible; else it returns raw.
// What it returns takes raw's place.
func Adopt(p Poller, raw net.Conn) net.Conn {
	sc, ok := raw.(syscall.Conn)
	if p == nil || !ok {
		return raw
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return raw
	}
	// Go's poller knows the descriptor, and lets go of it only when it is closed: so this goes on with another one
	fd := -1
	if rc.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 3) }) != nil || err != nil || fd < 0 {
		return raw
	}
	// nothing is known to have come: the poller tells of what came before, too
	c := &Conn{fd: fd, poller: p, local: raw.LocalAddr(), remote: raw.RemoteAddr()}
	raw.Close() //nolint:errcheck // the socket lives on
	slot, err := p.Add(fd, c)
	if err != nil {
		return c.back()
	}
	c.slot = slot
	return c
}

// Init makes c, which is new, a connection over fd, a stream socket in non-blocking mode that belongs to it from now on. The caller has p
// watch the socket, under slot, for what comes, and passes on what p tells; c asks p for the rest when it has to.
func (c *Conn) Init(p Poller, slot int32, fd int, local, remote net.Addr) {
	c.poller, c.slot, c.fd, c.local, c.remote = p, slot, fd, local, remote
	c.deaf.Store(true)
}

// back is Adopt's way out once the first descriptor is closed: to package net again.
func (c *Conn) back() net.Conn {
	f := os.NewFile(uintptr(c.fd), "socket")
	defer f.Close() //nolint:errcheck // FileConn has a descriptor of its own
	raw, err := net.FileConn(f)
	if err != nil {
		return broken{c.local, c.remote, err}
	}
	return raw
}

// enter keeps fd open until leave; false where the connection is closed.
func (c *Conn) enter() bool {
	for {
		n := c.users.Load()
		if n < 0 {
			return false
		}
		if c.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (c *Conn) leave() {
	if c.users.Add(-1) == closedUsers {
		c.destroy()
	}
}

func (c *Conn) closed() bool { return c.users.Load() < 0 }

// Close ends the connection, and whatever waits on it.
func (c *Conn) Close() error {
	for {
		n := c.users.Load()
		if n < 0 {
			return net.ErrClosed
		}
		if c.users.CompareAndSwap(n, n+closedUsers) {
			c.read.release()
			c.write.release()
			if n == 0 {
				c.destroy()
			}
			return nil
		}
	}
}

func (c *Conn) destroy() {
	c.alarm.stop()
	c.idle.Store(nil)
	c.poller.Drop(c.slot)
	unix.Close(c.fd) //nolint:errcheck // nothing is left to be told
}

// Event implements Sink.
func (c *Conn) Event(what int) (goesOn bool) {
	if what&HungUp != 0 {
		c.hungUp.Store(true)
	}
	if what&(Readable|HungUp) != 0 {
		goesOn = c.read.tell()
		if f := c.idle.Load(); f != nil && c.idle.CompareAndSwap(f, nil) {
			(*f)()
			goesOn = true // who knows
		}
	}
	if what&(Writable|HungUp) != 0 && c.write.tell() {
		goesOn = true
	}
	return goesOn
}

// OnEvent has f called once something comes, or comes to an end: for connections that nobody uses. f must not block, and may
// be called for nothing. Nil: nobody wants to know any more; a call may be under way.
func (c *Conn) OnEvent(f *func()) { c.idle.Store(f) }

// Readable reports whether a read is worth trying.
func (c *Conn) Readable() bool { return c.read.state.Load() == ready }

// TryRead is Read for what has come already; ErrAgain means nothing.
func (c *Conn) TryRead(p []byte) (int, error) {
	s := &c.read
	if !s.take() {
		return 0, c.why()
	}
	if !c.enter() {
		return 0, net.ErrClosed
	}
	n, errno := nonblock.Read(c.fd, p)
	c.leave()
	switch {
	case errno == unix.EAGAIN:
		return 0, ErrAgain
	case errno != 0:
		s.tell()
		return 0, os.NewSyscallError("read", errno)
	case n == 0:
		s.tell()
		return 0, io.EOF
	case n == len(p) || c.hungUp.Load():
		s.tell() // there may be more, of which nothing will be told again
	}
	return n, nil
}

// why is what a call that has nothing to find fails with.
func (c *Conn) why() error {
	if c.closed() {
		return net.ErrClosed
	}
	return ErrAgain
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.read.until.Load() == overdue {
		return 0, os.ErrDeadlineExceeded
	}
	for {
		n, err := c.TryRead(p)
		if err != ErrAgain { //nolint:errorlint // our own value
			return n, err
		}
		if err := c.await(&c.read); err != nil {
			return 0, err
		}
	}
}

// TryWrite sends what the kernel takes at once of p, which must not be empty; ErrAgain means nothing.
func (c *Conn) TryWrite(p []byte) (int, error) {
	c.write.take()
	if !c.enter() {
		return 0, net.ErrClosed
	}
	n, errno := nonblock.Write(c.fd, p)
	c.leave()
	return written("write", n, errno)
}

// written is the outcome of an attempt to send.
func written(call string, n int, errno syscall.Errno) (int, error) {
	switch errno {
	case 0:
		return n, nil
	case unix.EAGAIN:
		return 0, ErrAgain
	}
	return 0, os.NewSyscallError(call, errno)
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	for done := 0; ; {
		if done == len(p) && done > 0 {
			return done, nil // even where the deadline has passed meanwhile
		}
		if c.write.until.Load() == overdue {
			return done, os.ErrDeadlineExceeded
		}
		if len(p) == 0 {
			return 0, nil
		}
		n, err := c.TryWrite(p[done:])
		done += n
		if err == ErrAgain { //nolint:errorlint // our own value
			err = c.AwaitWritable()
		}
		if err != nil {
			return done, err
		}
	}
}

// AwaitWritable waits until the kernel takes bytes, perhaps, after a call that has found that it does not; it fails as a write would.
func (c *Conn) AwaitWritable() error {
	if err := c.listen(); err != nil {
		return err
	}
	return c.await(&c.write)
}

// listen has the poller tell when bytes are taken again.
func (c *Conn) listen() error {
	if !c.deaf.Load() {
		return nil
	}
	if !c.enter() {
		return net.ErrClosed
	}
	defer c.leave()
	c.deaf.Store(false)
	return os.NewSyscallError("epoll_ctl", c.poller.Change(c.fd, c.slot))
}

// Peek looks whether something has come, without taking it: nil for something, ErrAgain for nothing, io.EOF for the end. What
// the poller has not told yet it does not see.
func (c *Conn) Peek() error {
	if !c.Readable() {
		return c.why()
	}
	s := &c.read
	s.take()
	if !c.enter() {
		return net.ErrClosed
	}
	n, errno := nonblock.Peek(c.fd)
	c.leave()
	if errno == unix.EAGAIN {
		return ErrAgain
	}
	s.tell()
	switch {
	case errno != 0:
		return errno
	case n == 0:
		return io.EOF
	}
	return nil
}

// Doubt has the next Peek or TryRead ask the kernel, unless p watches c: another poller may not have told yet what came before
// the present event of p's. Only for connections that nobody else uses.
func (c *Conn) Doubt(p Poller) {
	if c.poller != p {
		c.read.tell()
	}
}

// Poller is who watches c.
func (c *Conn) Poller() Poller { return c.poller }

// LocalAddr implements net.Conn.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setUntil(&c.read, t) }

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setUntil(&c.write, t) }

// SetNoDelay sets TCP_NODELAY.
func (c *Conn) SetNoDelay(on bool) error {
	v := 0
	if on {
		v = 1
	}
	if !c.enter() {
		return net.ErrClosed
	}
	defer c.leave()
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(c.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, v))
}

// CloseWrite ends what is sent.
func (c *Conn) CloseWrite() error {
	if !c.enter() {
		return net.ErrClosed
	}
	defer c.leave()
	return os.NewSyscallError("shutdown", unix.Shutdown(c.fd, unix.SHUT_WR))
}

// broken is a connection that was lost on the way.
type broken struct {
	local, remote net.Addr
	err           error
}

func (b broken) Read([]byte) (int, error)         { return 0, b.err }
func (b broken) Write([]byte) (int, error)        { return 0, b.err }
func (broken) Close() error                       { return nil }
func (b broken) LocalAddr() net.Addr              { return b.local }
func (b broken) RemoteAddr() net.Addr             { return b.remote }
func (b broken) SetDeadline(time.Time) error      { return b.err }
func (b broken) SetReadDeadline(time.Time) error  { return b.err }
func (b broken) SetWriteDeadline(time.Time) error { return b.err }

var (
	_ net.Conn     = (*Conn)(nil)
	_ Sink         = (*Conn)(nil)
	_ syscall.Conn = (*Conn)(nil)
)
