package http1

import (
	"errors"
	"os"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"moongate/phases/event"
)

// told is a sink that passes on what it is told.
type told chan int

func (c told) Event(what int) (goesOn bool) {
	c <- what
	return true
}

// socketPair is two ends of a socket, of which the first does not block.
func socketPair(t *testing.T) (own, other int) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(pair[0], true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, fd := range pair {
			unix.Close(fd)
		}
	})
	return pair[0], pair[1]
}

// TestLoopEnds: a loop whose server has ended goes on for what waits in it, takes more, and ends with the last of it.
func TestLoopEnds(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	l, err := newLoop()
	if err != nil {
		t.Fatal(err)
	}
	add := func() (slot int32, events told, other int) {
		t.Helper()
		own, other := socketPair(t)
		events = make(told, 10)
		slot, err := l.Add(own, events)
		if err != nil {
			t.Fatal(err)
		}
		return slot, events, other
	}
	expect := func(events told, what int) { // other ones may come before
		for got := 0; got&what == 0; got = <-events {
		}
	}
	first, firstEvents, firstOther := add()
	l.close()
	if _, err := unix.Write(firstOther, []byte("x")); err != nil {
		t.Fatal(err)
	}
	expect(firstEvents, event.Readable)
	second, secondEvents, secondOther := add()
	l.Drop(first)
	if err := unix.Shutdown(secondOther, unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	expect(secondEvents, event.HungUp)
	select {
	case <-l.closed:
		t.Fatal("the loop has ended before the last one was dropped")
	default:
	}
	l.Drop(second)
	<-l.closed
	own, _ := socketPair(t)
	if _, err := l.Add(own, make(told, 10)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("adding to a loop that has ended: %v", err)
	}
}

// TestLoopEndsEmpty: without anything that waits it ends at once; what cannot be watched leaves no trace.
func TestLoopEndsEmpty(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	l, err := newLoop()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Add(-1, make(told, 10)); !errors.Is(err, unix.EBADF) {
		t.Errorf("adding no descriptor: %v", err)
	}
	l.close()
	<-l.closed
}
