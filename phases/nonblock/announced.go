//go:build !linux || race

// The race detector learns from package syscall's calls that what is read was written before.

package nonblock

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// Read reads what has come, at most len(p) bytes, which must not be 0. Zero bytes without an error are the end.
func Read(fd int, p []byte) (int, syscall.Errno) {
	return again(func() (int, error) { return syscall.Read(fd, p) })
}

// Write sends what the kernel takes of p, at least a byte where there is no error.
func Write(fd int, p []byte) (int, syscall.Errno) {
	return again(func() (int, error) { return syscall.Write(fd, p) })
}

// WritePair is Write for two pieces, neither of which may be empty.
func WritePair(fd int, a, b []byte) (int, syscall.Errno) {
	return again(func() (int, error) { return unix.SendmsgBuffers(fd, [][]byte{a, b}, nil, nil, unix.MSG_DONTWAIT) })
}

// Peek looks whether something has come: EAGAIN for nothing, 0 bytes for the end.
func Peek(fd int) (int, syscall.Errno) {
	var b [1]byte
	return again(func() (int, error) {
		n, _, err := unix.Recvfrom(fd, b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		return n, err
	})
}

func again(call func() (int, error)) (int, syscall.Errno) {
	for {
		n, err := call()
		var no syscall.Errno
		switch {
		case err == nil:
			return n, 0
		case errors.Is(err, unix.EINTR):
			continue
		case errors.As(err, &no):
			return 0, no
		}
		return 0, unix.EIO
	}
}
