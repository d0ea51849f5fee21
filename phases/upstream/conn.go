package upstream

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"moongate/phases/event"
	"moongate/phases/nonblock"
)

const (
	smallBuffer = 16 << 10
	largeBuffer = 64 << 10
)

var (
	smallBuffers = sync.Pool{New: func() any { b := make([]byte, smallBuffer); return &b }}
	largeBuffers = sync.Pool{New: func() any { b := make([]byte, largeBuffer); return &b }}
)

// conn is a connection to an upstream server. It has a buffer only while it is at work.
type conn struct {
	net.Conn             // the socket, or TLS over it
	raw      net.Conn    // the socket
	event    *event.Conn // the same, where a loop watches it
	key      poolKey
	requests int
	started  time.Time
	expires  time.Time

	box        *[]byte // what buf came from
	buf        []byte
	r, w       int // what is unread in buf
	readUntil  time.Time
	writeUntil time.Time

	stop func() // interrupt
}

func newConn(raw net.Conn) *conn {
	c := &conn{Conn: raw, raw: raw, started: time.Now()}
	c.event, _ = raw.(*event.Conn)
	c.stop = c.interrupt
	return c
}

// direct reports whether what goes over the socket is what c reads and writes, and the socket can be tried without waiting.
func (c *conn) direct() bool { return c.event != nil && c.Conn == c.raw }

// alive reports whether the other side has kept silent and open. Nobody else may be using c.
func (c *conn) alive() bool {
	if c.event != nil {
		return c.event.Peek() == event.ErrAgain //nolint:errorlint // it comes bare
	}
	sc, ok := c.raw.(syscall.Conn)
	if !ok {
		return true
	}
	rc, err := sc.SyscallConn()
	silent := true
	if err == nil {
		err = rc.Control(func(fd uintptr) {
			_, errno := nonblock.Peek(int(fd))
			silent = errno == unix.EAGAIN
		})
	}
	return err == nil && silent
}

// hold gives c a buffer of at least size bytes.
func (c *conn) hold(size int) {
	if size > smallBuffer {
		c.box, c.buf = nil, make([]byte, size)
	} else {
		c.box = smallBuffers.Get().(*[]byte)
		c.buf = *c.box
	}
	c.r, c.w = 0, 0
}

// enlarge exchanges an empty buffer for a large one.
func (c *conn) enlarge() {
	if len(c.buf) >= largeBuffer || c.r != c.w {
		return
	}
	c.release()
	c.box = largeBuffers.Get().(*[]byte)
	c.buf = *c.box
}

// release gives the buffer back.
func (c *conn) release() {
	if c.box != nil {
		if len(*c.box) == largeBuffer {
			largeBuffers.Put(c.box)
		} else {
			smallBuffers.Put(c.box)
		}
	}
	c.box, c.buf, c.r, c.w = nil, nil, 0, 0
}

func (c *conn) close() {
	c.raw.Close()
	c.release()
}

// deadlines that are nearly right stay: moving one costs.

// readBy has reads fail d after now, or up to d/4 earlier.
func (c *conn) readBy(now time.Time, d time.Duration) {
	t := now.Add(d)
	if diff := t.Sub(c.readUntil); diff >= 0 && diff < d/4 {
		return
	}
	c.readUntil = t
	c.raw.SetReadDeadline(t) //nolint:errcheck // a dead connection shows at the read
}

// readByExactly has reads fail at t.
func (c *conn) readByExactly(t time.Time) {
	c.readUntil = t
	c.raw.SetReadDeadline(t) //nolint:errcheck // a dead connection shows at the read
}

func (c *conn) writeBy(d time.Duration) {
	t := time.Now().Add(d)
	if diff := t.Sub(c.writeUntil); diff >= 0 && diff < d/16 {
		return
	}
	c.writeUntil = t
	c.raw.SetWriteDeadline(t) //nolint:errcheck // a dead connection shows at the write
}

// past is a deadline that has gone by.
var past = time.Unix(1, 0)

// interrupt ends what is waiting on c. From any goroutine.
func (c *conn) interrupt() {
	c.raw.SetDeadline(past) //nolint:errcheck // a dead connection waits for nothing
}

// dialOptions shape a new connection.
type dialOptions struct {
	local          netip.AddrPort
	keepAlive      bool
	rcvBuf, sndBuf int
}

// dial opens a connection to a, for p to watch. The context carries the time limit.
func dial(ctx context.Context, p event.Poller, a *Addr, o *dialOptions) (*conn, error) {
	d := net.Dialer{KeepAlive: -1}
	if o.keepAlive {
		d.KeepAlive = 0
		d.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: 2 * time.Hour, Interval: 75 * time.Second, Count: 9}
	}
	if o.rcvBuf > 0 || o.sndBuf > 0 {
		d.Control = func(_, _ string, rc syscall.RawConn) error {
			return rc.Control(func(fd uintptr) {
				if o.rcvBuf > 0 {
					unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, o.rcvBuf) //nolint:errcheck // a wish
				}
				if o.sndBuf > 0 {
					unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, o.sndBuf) //nolint:errcheck // a wish
				}
			})
		}
	}
	if a.Path != "" {
		raw, err := d.DialUnix(ctx, "unix", nil, &net.UnixAddr{Name: a.Path, Net: "unix"})
		if err != nil {
			return nil, err
		}
		return newConn(event.Adopt(p, raw)), nil
	}
	raw, err := d.DialTCP(ctx, "tcp", o.local, a.AP)
	if err != nil {
		return nil, err
	}
	return newConn(event.Adopt(p, raw)), nil
}

// secure puts TLS over c.
func (c *conn) secure(ctx context.Context, cfg *tls.Config) error {
	tc := tls.Client(c.raw, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		return err
	}
	c.Conn = tc
	return nil
}
