package nonblock

import (
	"syscall"
	"testing"
)

func TestSocket(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(pair[0])
	for _, fd := range pair {
		if err := syscall.SetNonblock(fd, true); err != nil {
			t.Fatal(err)
		}
	}
	buf := make([]byte, 16)
	for _, step := range []struct {
		name  string
		call  func() (int, syscall.Errno)
		n     int
		errno syscall.Errno
	}{
		{"nothing to peek at", func() (int, syscall.Errno) { return Peek(pair[0]) }, 0, syscall.EAGAIN},
		{"nothing to read", func() (int, syscall.Errno) { return Read(pair[0], buf) }, 0, syscall.EAGAIN},
		{"write", func() (int, syscall.Errno) { return Write(pair[1], []byte("hello")) }, 5, 0},
		{"write two", func() (int, syscall.Errno) { return WritePair(pair[1], []byte(", "), []byte("world")) }, 7, 0},
		{"peek", func() (int, syscall.Errno) { return Peek(pair[0]) }, 1, 0},
		{"read", func() (int, syscall.Errno) { return Read(pair[0], buf) }, 12, 0},
		{"close", func() (int, syscall.Errno) { return 0, errno(syscall.Close(pair[1])) }, 0, 0},
		{"the end at a peek", func() (int, syscall.Errno) { return Peek(pair[0]) }, 0, 0},
		{"the end at a read", func() (int, syscall.Errno) { return Read(pair[0], buf) }, 0, 0},
		{"write to nobody", func() (int, syscall.Errno) { return Write(pair[0], []byte("x")) }, 0, syscall.EPIPE},
		{"no descriptor", func() (int, syscall.Errno) { return Read(-1, buf) }, 0, syscall.EBADF},
	} {
		if n, errno := step.call(); n != step.n || errno != step.errno {
			t.Errorf("%s: %d, %v; want %d, %v", step.name, n, errno, step.n, step.errno)
		}
	}
	if string(buf[:12]) != "hello, world" {
		t.Errorf("read %q", buf[:5])
	}
}

func errno(err error) syscall.Errno {
	no, _ := err.(syscall.Errno)
	return no
}
