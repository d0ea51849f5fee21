package upstream

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"moongate/phases"
)

// upgrade answers 101 and then passes bytes both ways until one side ends, or until nothing moves for the
// read timeout.
func (x *Exchange) upgrade() phases.Status {
	r, c := x.R, x.c
	x.stopWatch()
	if rc := r.SendHeader(); rc == phases.Error || rc > phases.OK {
		return x.end(rc)
	}
	client, err := r.Wire.Hijack()
	if err != nil {
		r.Logf(phases.LogErr, "%v", err)
		return x.end(phases.Error)
	}
	r.KeepAlive = false
	x.action = "proxying upgraded connection"
	t := &tunnel{client: client, up: c, read: x.readTimeout, send: x.sendTimeout}
	early := c.buf[c.r:c.w]
	x.relay.received += int64(len(early))
	t.touch()
	if len(early) > 0 {
		if err := t.write(client, early); err != nil {
			client.Close()
			return x.end(phases.OK)
		}
		x.relay.length += int64(len(early))
	}
	c.release()
	done := make(chan struct{})
	go func() {
		defer close(done)
		sent := t.copy(c, client, false)
		t.sent.Store(sent)
		t.stop()
	}()
	n := t.copy(client, c, true)
	t.stop()
	<-done
	client.Close()
	x.relay.received += n
	x.relay.length += n
	x.state.BytesSent += t.sent.Load()
	if t.timedOut.Load() {
		x.logf(phases.LogErr, "upstream timed out (110: Connection timed out)")
	}
	return x.end(phases.OK)
}

// tunnel joins two connections.
type tunnel struct {
	client     net.Conn
	up         *conn
	read, send time.Duration
	sent       atomic.Int64
	stopped    atomic.Bool
	timedOut   atomic.Bool
	moved      atomic.Int64 // when the upstream's deadline was set, in Unix nanoseconds
}

// touch moves the time limit: traffic of either side counts.
func (t *tunnel) touch() {
	now := time.Now()
	if now.UnixNano()-t.moved.Load() < int64(t.read/16) {
		return
	}
	t.moved.Store(now.UnixNano())
	t.up.raw.SetReadDeadline(now.Add(t.read)) //nolint:errcheck // a dead connection shows at the read
	if t.stopped.Load() {
		t.up.raw.SetReadDeadline(past) //nolint:errcheck // as above
	}
}

func (t *tunnel) write(to net.Conn, p []byte) error {
	to.SetWriteDeadline(time.Now().Add(t.send)) //nolint:errcheck // a dead connection shows at the write
	_, err := to.Write(p)
	return err
}

// copy passes bytes from one side to the other until one of them ends.
func (t *tunnel) copy(to, from net.Conn, up bool) (n int64) {
	box := smallBuffers.Get().(*[]byte)
	defer smallBuffers.Put(box)
	for {
		m, err := from.Read(*box)
		if m > 0 {
			t.touch()
			if t.write(to, (*box)[:m]) != nil {
				return n
			}
			n += int64(m)
		}
		if err != nil {
			if up && errors.Is(err, os.ErrDeadlineExceeded) && !t.stopped.Load() {
				t.timedOut.Store(true)
			}
			return n
		}
	}
}

// stop ends both directions.
func (t *tunnel) stop() {
	if t.stopped.CompareAndSwap(false, true) {
		t.up.raw.SetReadDeadline(past) //nolint:errcheck // a dead connection waits for nothing
		t.client.SetReadDeadline(past) //nolint:errcheck // as above
	}
}
