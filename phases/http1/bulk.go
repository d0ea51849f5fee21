package http1

import (
	"net"
	"os"

	"moongate/phases/event"
)

// socket is the connection's socket where it waits in a loop and nothing lies over it; nil otherwise.
func (c *conn) socket() *event.Conn {
	if c.home == nil || c.netConn != c.raw {
		return nil
	}
	return &c.sock
}

// writeBehind sends what was gathered and p behind it with one call.
func (w *wire) writeBehind(p []byte) error {
	out := w.out
	w.out = out[:0]
	s := w.c.socket()
	if s == nil {
		bufs := net.Buffers{out, p}
		w.c.setWrite(w.sendTimeout())
		var n int64
		var err error
		w.c.Waiting()
		w.blocking(func() { n, err = bufs.WriteTo(w.c.netConn) })
		w.sent += n
		return w.failed(err)
	}
	n, err := s.TryWritePair(out, p)
	if err != nil && err != event.ErrAgain { //nolint:errorlint // it comes bare
		return w.failed(err)
	}
	w.sent += int64(n)
	if n < len(out) {
		err = w.write(out[n:])
		n = len(out)
	}
	if p = p[n-len(out):]; err != nil || len(p) == 0 {
		return err
	}
	return w.write(p)
}

// sendFile sends n bytes of f that begin at off, as the kernel takes them.
func (w *wire) sendFile(s *event.Conn, f *os.File, off, n int64) error {
	for n > 0 {
		m, err := s.TrySendFile(f, off, n)
		if err == event.ErrAgain { //nolint:errorlint // it comes bare
			w.c.Waiting()
			w.c.setWrite(w.sendTimeout())
			w.blocking(func() { err = s.AwaitWritable() })
		}
		if err != nil {
			return w.failed(err)
		}
		w.sent += int64(m)
		off += int64(m)
		n -= int64(m)
	}
	return nil
}
