package socket

import "golang.org/x/sys/unix"

// setTransparent lets a socket have an address that is not the machine's.
func setTransparent(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_TRANSPARENT, 1)
}
