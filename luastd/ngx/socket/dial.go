package socket

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"moongate/phases/event"
	"moongate/phases/resolver"
)

// dialContext is a context that ends when a thread is killed; its deadline is told to the socket, so it
// needs no timer.
type dialContext struct {
	context.Context
	end    time.Time
	cancel <-chan struct{}
}

func (d *dialContext) Deadline() (time.Time, bool) { return d.end, true }
func (d *dialContext) Done() <-chan struct{}       { return d.cancel }
func (d *dialContext) Err() error {
	select {
	case <-d.cancel:
		return context.Canceled
	default:
	}
	if !time.Now().Before(d.end) {
		return context.DeadlineExceeded
	}
	return nil
}

// dialing is one attempt to connect: what it needs, and its outcome. It touches nothing of Lua.
type dialing struct {
	target
	rs             *resolver.Resolver
	resolveTimeout time.Duration
	timeout        time.Duration
	local          *localAddr
	transparent    bool
	datagram       bool
	poller         event.Poller // that is to watch the connection; nil for Go's own

	conn     net.Conn
	resolve  error // of the name
	err      error // of connecting
	resolved []netip.Addr
}

func (d *dialing) run(cancel <-chan struct{}) {
	if d.name != "" {
		ctx, stop := context.WithTimeout(context.Background(), d.resolveTimeout)
		over := make(chan struct{})
		go func() {
			select {
			case <-cancel:
				stop()
			case <-over:
			}
		}()
		d.resolved, d.resolve = d.rs.Lookup(ctx, d.name)
		close(over)
		stop()
		if d.resolve != nil {
			return
		}
		d.ip = d.resolved[rand.IntN(len(d.resolved))]
	}
	d.connect(cancel)
}

func (d *dialing) connect(cancel <-chan struct{}) {
	ctx := &dialContext{context.Background(), time.Now().Add(d.timeout), cancel}
	dialer := net.Dialer{KeepAlive: -1}
	if d.transparent {
		dialer.Control = transparent
	}
	var local netip.AddrPort
	if d.local != nil {
		local = d.local.addr
	}
	var conn net.Conn
	var err error
	switch {
	case d.path != "" && d.datagram:
		var c *net.UnixConn
		dialer.Control = autobind
		c, err = dialer.DialUnix(ctx, "unixgram", nil, &net.UnixAddr{Name: d.path, Net: "unixgram"})
		conn = c
	case d.path != "":
		var c *net.UnixConn
		c, err = dialer.DialUnix(ctx, "unix", nil, &net.UnixAddr{Name: d.path, Net: "unix"})
		conn = c
	case d.datagram:
		var c *net.UDPConn
		c, err = dialer.DialUDP(ctx, "udp", local, netip.AddrPortFrom(d.ip, uint16(d.port)))
		conn = c
	default:
		var c *net.TCPConn
		c, err = dialer.DialTCP(ctx, "tcp", local, netip.AddrPortFrom(d.ip, uint16(d.port)))
		conn = c
	}
	if d.err = err; err != nil {
		return
	}
	if d.conn = conn; !d.datagram {
		d.conn = event.Adopt(d.poller, conn)
	}
}

func transparent(_, _ string, c syscall.RawConn) error {
	var err error
	cerr := c.Control(func(fd uintptr) { err = setTransparent(int(fd)) })
	return errors.Join(cerr, err)
}

// autobind gives a datagram socket an address of its own, without which nobody could answer.
func autobind(_, _ string, c syscall.RawConn) error {
	var err error
	cerr := c.Control(func(fd uintptr) { err = os.NewSyscallError("bind", unix.Bind(int(fd), &unix.SockaddrUnix{})) })
	return errors.Join(cerr, err)
}

// call is the system call that a dialling error came from.
func call(err error) string {
	var se *os.SyscallError
	if errors.As(err, &se) {
		return se.Syscall
	}
	return ""
}

// timedOut tells a wait that took too long from a failure that the system reported.
func timedOut(err error) bool {
	var no syscall.Errno
	if errors.As(err, &no) {
		return false
	}
	var te interface{ Timeout() bool }
	return errors.As(err, &te) && te.Timeout()
}
