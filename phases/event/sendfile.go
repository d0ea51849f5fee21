package event

import (
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"moongate/phases/nonblock"
)

// TryWritePair sends what the kernel takes at once of a and, behind it, b, neither of which must be empty; ErrAgain means nothing.
func (c *Conn) TryWritePair(a, b []byte) (int, error) {
	c.write.take()
	if !c.enter() {
		return 0, net.ErrClosed
	}
	n, errno := nonblock.WritePair(c.fd, a, b)
	c.leave()
	return written("sendmsg", n, errno)
}

// TrySendFile sends what the kernel takes at once of size bytes of f that begin at off, without copying them; ErrAgain means nothing. It
// may wait for the disk.
func (c *Conn) TrySendFile(f *os.File, off, size int64) (n int, err error) {
	rc, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	c.write.take()
	if !c.enter() {
		return 0, net.ErrClosed
	}
	defer c.leave()
	var sent error
	err = rc.Control(func(from uintptr) {
		for n, sent = -1, unix.EINTR; sent == unix.EINTR; { //nolint:errorlint // it comes bare
			n, sent = unix.Sendfile(c.fd, int(from), &off, int(min(size, 1<<30)))
		}
	})
	switch {
	case err != nil:
		return 0, err
	case sent == unix.EAGAIN: //nolint:errorlint // ditto
		return 0, ErrAgain
	case sent != nil:
		return 0, os.NewSyscallError("sendfile", sent)
	case n == 0: // the file has become shorter
		return 0, io.ErrUnexpectedEOF
	}
	return n, nil
}
