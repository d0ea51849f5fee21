package load

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// These calls never block, as the descriptors are non-blocking ones, so Go's scheduler is not told of them. That
// is a fifth of what the load costs for each request, and the load must not be slower than the servers.

func readNow(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), errno
}

func writeNow(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return int(n), errno
}

// poll takes the events that are there.
func poll(ep int, events []unix.EpollEvent) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

// fault is an error value where there is one.
func fault(errno unix.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
