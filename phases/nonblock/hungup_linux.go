package nonblock

import "golang.org/x/sys/unix"

// HungUp reports whether the other side of a socket has ended its sending, whatever is still unread.
func HungUp(fd int) bool {
	p := [1]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(p[:], 0)
	return err == nil && n > 0 && p[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
}
