package http1

import (
	"bytes"
	"errors"
	"net"
	"time"

	"moongate/phases"
)

var _ phases.SocketWire = (*wire)(nil)

var errTaken = errors.New("the connection was handed over already")

// Take lends the connection to a request socket.
func (w *wire) Take(all bool) (net.Conn, []byte, error) {
	c := w.c
	if w.hijacked || w.taken {
		return nil, nil, errTaken
	}
	if all {
		if err := w.Flush(); err != nil {
			return nil, nil, err
		}
		w.taken, w.broken = true, true
		w.r.KeepAlive = false
		return c.netConn, c.readAhead(-1), nil
	}
	b := w.body
	if b == nil || b.chunks != nil {
		return nil, nil, errors.New("the request has no body of a known length")
	}
	if w.expect && !w.headDone {
		w.expect = false
		if err := w.write([]byte("HTTP/1.1 100 Continue\r\n\r\n")); err != nil {
			return nil, nil, err
		}
	}
	b.started, w.lent = true, true
	ahead := c.readAhead(b.left)
	w.Took(len(ahead))
	return c.netConn, ahead, nil
}

// readAhead takes at most most bytes (-1: all) of what was read from the socket already.
func (c *conn) readAhead(most int64) []byte {
	take := func(n int) int {
		if most >= 0 {
			n = int(min(int64(n), most))
			most -= int64(n)
		}
		return n
	}
	n := take(c.reader().Buffered())
	b, _ := c.reader().Peek(n)
	ahead := bytes.Clone(b)
	c.reader().Discard(n) //nolint:errcheck // it is buffered
	n = take(len(c.pending))
	ahead = append(ahead, c.pending[:n]...)
	c.pending = c.pending[n:]
	return ahead
}

// Took counts what a request socket has read.
func (w *wire) Took(n int) {
	if b := w.body; b != nil && !w.taken {
		b.left -= int64(n)
		b.read += int64(n)
		b.done = b.left <= 0
	}
}

// Wrote counts what a request socket has sent.
func (w *wire) Wrote(n int) { w.sent += int64(n) }

// Quiet pauses the watch for the client's leaving.
func (w *wire) Quiet() (resume func()) {
	old := w.c.gone
	if old == nil {
		return func() {}
	}
	old.stop()
	return func() {
		select {
		case <-old.ch:
		default:
			w.c.gone = old.again()
		}
	}
}

// again is a watch that goes on where w stopped.
func (w *watch) again() *watch {
	n := &watch{ch: w.ch, c: w.c, done: make(chan struct{}), quit: make(chan struct{})}
	if w.c.rc == nil {
		close(n.done)
		return n
	}
	go n.run()
	return n
}

// returned makes the deadlines, which a request socket has moved, be set anew.
func (c *conn) returned() {
	c.raw.SetDeadline(time.Time{}) //nolint:errcheck // a dead connection shows at the next call
	c.readUntil, c.writeUntil = time.Time{}, time.Time{}
}
