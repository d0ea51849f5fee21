package http1

import (
	"errors"
	"io"
	"sync/atomic"
)

// bodyReader reads a request's body out of the connection's buffer.
type bodyReader struct {
	w        *wire
	left     int64   // of a body with a length
	chunks   *chunks // of a chunked one
	read     int64
	done     bool
	started  bool
	skipping bool        // what is read is dropped: however much it is
	cut      atomic.Bool // by WatchBody
}

// errCut ends the reading of a body that nobody waits for any more.
var errCut = errors.New("the reading of the body was given up")

// WatchBody ends the reading of the request's body when cancel is closed, which leaves the rest unread. stop ends
// the watch; call it when the reading has ended.
func (w *wire) WatchBody(cancel <-chan struct{}) (stop func()) {
	b := w.body
	if b == nil || b.done || b.chunks == nil && int64(w.c.buffered()) >= b.left {
		return func() {} // nothing to wait for
	}
	ended, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-cancel:
			b.cut.Store(true)
			w.c.raw.SetReadDeadline(past) //nolint:errcheck // wakes the read
		case <-ended:
		}
	}()
	return func() {
		close(ended)
		<-over
	}
}

func newChunkedBody(w *wire) *bodyReader {
	b := &bodyReader{w: w}
	b.chunks = &chunks{br: w.c.reader()}
	return b
}

// Read reads decoded body bytes; the deadline is client_body_timeout, between two reads.
func (b *bodyReader) Read(p []byte) (int, error) {
	if b.done {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	if !b.started {
		b.started = true
		b.w.Continue()
	}
	if b.w.r.Loc != nil {
		b.w.c.setRead(b.w.r.Loc.Core.BodyTimeout.V)
	}
	if b.cut.Load() {
		return 0, errCut
	}
	if b.chunks != nil {
		if l := b.w.r.Loc; l != nil && !b.skipping {
			b.chunks.limit = l.Core.MaxBodySize.V
		}
		n, err := b.chunks.Read(p)
		b.read = b.chunks.framed
		b.done = err == io.EOF //nolint:errorlint // io.Reader's contract
		return n, err
	}
	n, err := b.w.c.reader().Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	b.read += int64(n)
	if b.left == 0 {
		b.done = true
		if n > 0 {
			return n, nil
		}
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// drain reads the rest, at most most bytes, and reports whether the end was reached.
func (b *bodyReader) drain(most int64) bool {
	b.skipping = true
	if b.chunks != nil {
		b.chunks.limit = 0
	}
	var buf [4096]byte
	for most > 0 {
		n, err := b.Read(buf[:])
		most -= int64(n)
		if err != nil {
			return err == io.EOF //nolint:errorlint // io.Reader's contract
		}
	}
	return false
}
