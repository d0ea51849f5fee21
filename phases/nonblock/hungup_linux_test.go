package nonblock

import (
	"syscall"
	"testing"
)

func TestHungUp(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(pair[0])
	defer syscall.Close(pair[1])
	if _, errno := Write(pair[1], []byte("unread")); errno != 0 {
		t.Fatal(errno)
	}
	if HungUp(pair[0]) {
		t.Error("hung up while it may send on")
	}
	if err := syscall.Shutdown(pair[1], syscall.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	if !HungUp(pair[0]) {
		t.Error("the end behind unread bytes is not seen")
	}
}
