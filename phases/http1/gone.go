package http1

import (
	"sync"

	"golang.org/x/sys/unix"

	"moongate/phases/nonblock"
)

// watch tells when a client closes its connection while a request is at work. It looks at the socket
// without taking anything from it.
type watch struct {
	ch   chan struct{}
	c    *conn
	once sync.Once
	done chan struct{}
	quit chan struct{}
}

func newWatch(c *conn) *watch {
	w := &watch{ch: make(chan struct{}), c: c, done: make(chan struct{}), quit: make(chan struct{})}
	if c.rc == nil {
		close(w.done)
		return w
	}
	c.raw.SetReadDeadline(noDeadline) //nolint:errcheck // a dead connection shows at the read
	c.readUntil = noDeadline
	go w.run()
	return w
}

func (w *watch) run() {
	defer close(w.done)
	gone := false
	w.c.rc.Read(func(fd uintptr) bool { //nolint:errcheck // a deadline ends it: see stop
		var b [1]byte
		select {
		case <-w.quit:
			return true
		default:
		}
		n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		switch {
		case err == unix.EAGAIN || err == unix.EINTR:
			return false
		case n > 0 && !nonblock.HungUp(int(fd)):
			return false // a pipelined request, the rest of a body, or TLS's farewell: what ends the connection comes behind it
		}
		gone = true
		return true
	})
	if gone {
		close(w.ch)
	}
}

// stop ends the watch and waits for it.
func (w *watch) stop() {
	w.once.Do(func() {
		close(w.quit)
		w.c.raw.SetReadDeadline(past) //nolint:errcheck // wakes the read
		<-w.done
		w.c.raw.SetReadDeadline(noDeadline) //nolint:errcheck // as before
		w.c.readUntil = noDeadline
	})
}
