package upstream

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"moongate/phases"
	"moongate/phases/nonblock"
)

// swap is the exchange of a whole request for the first bytes of its answer on a connection that has been silent. The
// answer cannot be there before the request has left: so the first read waits until the poller tells of
// something, instead of finding out that there is nothing yet.
type swap struct {
	once  func(fd uintptr) bool
	r     *phases.Request
	out   []byte
	asked bool // what follows is reading
	sent  int
	errno syscall.Errno // of sending
}

// swapOnce is called by the connection's RawConn, which has made the poller ready before.
func (c *conn) swapOnce(fd uintptr) bool {
	s := &c.swap
	if s.asked {
		return c.readOnce(fd)
	}
	// The poller tells of what comes from now on: whoever speaks before it is asked may have done so already. A kept
	// connection was looked at when it was taken.
	early := !c.reused && !c.alive()
	s.sent, s.errno = nonblock.Write(int(fd), s.out)
	if s.errno != 0 || s.sent < len(s.out) {
		return true
	}
	s.asked = true
	if early {
		return c.readOnce(fd)
	}
	s.r.Waiting()
	return false
}

// swap sends the request and reads the beginning of the answer into the buffer, where the kernel takes the whole request at
// once: else sent says how far that has come. A failed read is told by the next call of read.
func (x *Exchange) swap() (sent int, err error) {
	c := x.c
	s := &c.swap
	begin, short := x.limit()
	s.r, s.out, s.asked, s.sent, s.errno = x.R, x.out, false, 0, 0
	c.into = c.buf[c.w:]
	err = c.rc.Read(s.once)
	s.r, s.out, c.into = nil, nil, nil
	switch {
	case s.asked:
		n := 0
		if err == nil {
			n, err = c.outcome()
		}
		n, err = x.settle(c.buf[c.w:], begin, short, n, err)
		c.w += n
		if n == 0 {
			x.late = err
		}
		return s.sent, nil
	case err != nil:
		return 0, err
	case s.errno != 0 && s.errno != unix.EAGAIN:
		return 0, os.NewSyscallError("write", s.errno)
	}
	return s.sent, nil
}
