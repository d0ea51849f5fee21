package http1

import "golang.org/x/sys/unix"

// deferAccept has connections accepted only once they have sent something.
func deferAccept(fd int) error {
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 1)
}
