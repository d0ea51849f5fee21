package event

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// bell counts how often it was rung.
type bell chan struct{}

func (b bell) Wake() { b <- struct{}{} }

// TestWakeReadable: what ends a wait without a goroutine wakes once, and the read that follows tells what it was.
func TestWakeReadable(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(c *Conn, other net.Conn)
		err  error
	}{
		{"something comes", func(_ *Conn, other net.Conn) { io.WriteString(other, "x") }, nil}, //nolint:errcheck // the read would fail
		{"the end comes", func(_ *Conn, other net.Conn) { other.Close() }, io.EOF},
		{"it is closed", func(c *Conn, _ net.Conn) { c.Close() }, net.ErrClosed},
		{"it is interrupted", func(c *Conn, _ net.Conn) { c.SetReadDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},                  //nolint:errcheck // ditto
		{"a deadline is set", func(c *Conn, _ net.Conn) { c.SetReadDeadline(time.Now().Add(time.Millisecond)) }, os.ErrDeadlineExceeded}, //nolint:errcheck // ditto
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, other := pair(t, newPoller(t), "tcp")
			b := make(bell, 2)
			if !conn.WakeReadable(b) {
				t.Fatal("there is nothing to read")
			}
			c.end(conn, other)
			<-b
			n, err := conn.Read(make([]byte, 10))
			if !errors.Is(err, c.err) || (n == 1) != (c.err == nil) {
				t.Errorf("read %d, %v", n, err)
			}
			conn.Close()
			if len(b) != 0 {
				t.Error("woken twice")
			}
		})
	}
}

// TestWakeLate: a deadline that was set before the wait ends it, once; the next read has one of its own.
func TestWakeLate(t *testing.T) {
	c, other := pair(t, newPoller(t), "tcp")
	b := make(bell, 2)
	for range 3 {
		c.SetReadDeadline(time.Now().Add(2 * time.Millisecond)) //nolint:errcheck // open
		if !c.WakeReadable(b) {
			t.Fatal("there is nothing to read")
		}
		<-b
		c.SetReadDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // open
		if n, err := c.Read(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("read %d, %v", n, err)
		}
		say(t, other, "late")
		hear(t, c, 10, "late")
	}
}

// TestWakeRefused: where a read need not wait, nobody is woken.
func TestWakeRefused(t *testing.T) {
	c, other := pair(t, newPoller(t), "tcp")
	b := make(bell, 2)
	say(t, other, "here")
	for !c.Readable() {
		time.Sleep(time.Millisecond)
	}
	if c.WakeReadable(b) {
		t.Error("there is something to read")
	}
	hear(t, c, 10, "here")
	c.SetReadDeadline(time.Unix(1, 0)) //nolint:errcheck // open
	if c.WakeReadable(b) {
		t.Error("it is interrupted")
	}
	c.SetReadDeadline(time.Time{}) //nolint:errcheck // open
	c.Close()
	if c.WakeReadable(b) || len(b) != 0 {
		t.Error("it is closed")
	}
}
