package event

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

// say writes to a net.Conn of package net.
func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

// hear reads once.
func hear(t *testing.T, c *Conn, size int, want string) {
	t.Helper()
	b := make([]byte, size)
	n, err := c.Read(b)
	if err != nil || string(b[:n]) != want {
		t.Fatalf("read %q, %v; want %q", b[:n], err, want)
	}
}

// inWait returns when a goroutine waits on s.
func inWait(s *side) {
	for s.state.Load() != waiting {
		time.Sleep(time.Millisecond)
	}
}

func TestRead(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			p := newPoller(t)
			c, other := pair(t, p, network)
			go func() {
				inWait(&c.read)
				io.WriteString(other, "hello") //nolint:errcheck // the read would hang
			}()
			hear(t, c, 100, "hello")
			if n, err := c.TryRead(make([]byte, 10)); n != 0 || !errors.Is(err, ErrAgain) {
				t.Errorf("nothing has come: %d, %v", n, err)
			}
			say(t, other, "more than fits")
			for _, want := range []string{"more", " tha", "n fi", "ts"} {
				hear(t, c, 4, want)
			}
			say(t, other, "last words")
			other.Close()
			hear(t, c, 5, "last ")
			hear(t, c, 100, "words")
			for range 2 {
				if n, err := c.Read(make([]byte, 10)); n != 0 || err != io.EOF {
					t.Errorf("after the end: %d, %v", n, err)
				}
			}
		})
	}
}

// TestBefore has something come before the connection is watched.
func TestBefore(t *testing.T) {
	p := newPoller(t)
	raw, other := netPair(t, "tcp")
	say(t, other, "early")
	other.Close()
	c := Adopt(p, raw).(*Conn)
	defer c.Close()
	hear(t, c, 100, "early")
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the end: %v", err)
	}
}

// TestUntold holds that nothing is asked of the kernel that the poller would have told.
func TestUntold(t *testing.T) {
	c, other := pair(t, deaf{}, "tcp")
	say(t, other, "hello")
	for _, try := range []struct {
		name string
		call func() error
	}{
		{"read", func() error { _, err := c.TryRead(make([]byte, 10)); return err }},
		{"peek", c.Peek},
	} {
		if err := try.call(); !errors.Is(err, ErrAgain) {
			t.Errorf("%s: %v", try.name, err)
		}
	}
	if c.Readable() {
		t.Error("readable without being told")
	}
	c.Event(Readable)
	hear(t, c, 10, "hello")
}

type deaf struct{}

func (deaf) Add(int, Sink) (int32, error) { return 0, nil }
func (deaf) Change(int, int32) error      { return nil }
func (deaf) Drop(int32)                   {}

func TestDeadlines(t *testing.T) {
	p := newPoller(t)
	past := time.Unix(1, 0)
	for _, tt := range []struct {
		name   string
		before time.Time
		during func(c *Conn, other net.Conn)
		want   error
	}{
		{"passed before", past, nil, os.ErrDeadlineExceeded},
		{"passes", time.Now().Add(20 * time.Millisecond), nil, os.ErrDeadlineExceeded},
		{"interrupted", time.Time{}, func(c *Conn, _ net.Conn) { c.SetDeadline(past) }, os.ErrDeadlineExceeded},
		{"interrupted while one is set", time.Now().Add(time.Hour), func(c *Conn, _ net.Conn) { c.SetReadDeadline(past) }, os.ErrDeadlineExceeded},
		{"set meanwhile", time.Time{}, func(c *Conn, _ net.Conn) { c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) }, os.ErrDeadlineExceeded},
		{"moved nearer", time.Now().Add(time.Hour), func(c *Conn, _ net.Conn) { c.SetReadDeadline(time.Now().Add(20 * time.Millisecond)) }, os.ErrDeadlineExceeded},
		{"moved away", time.Now().Add(3 * time.Second), func(c *Conn, o net.Conn) {
			c.SetReadDeadline(time.Time{})
			time.AfterFunc(3100*time.Millisecond, func() { o.Write([]byte("x")) })
		}, nil},
		{"kept", time.Now().Add(time.Hour), func(_ *Conn, o net.Conn) { o.Write([]byte("x")) }, nil},
		{"closed", time.Now().Add(time.Hour), func(c *Conn, _ net.Conn) { c.Close() }, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, other := pair(t, p, "tcp")
			c.SetReadDeadline(tt.before)
			if tt.during != nil {
				go func() {
					inWait(&c.read)
					tt.during(c, other)
				}()
			}
			_, err := c.Read(make([]byte, 1))
			if !errors.Is(err, tt.want) {
				t.Fatalf("read: %v; want %v", err, tt.want)
			}
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
			// the connection is as good as before
			c.SetDeadline(time.Time{})
			say(t, other, "later")
			hear(t, c, 10, "later")
		})
	}
}

func TestWriteDeadline(t *testing.T) {
	p := newPoller(t)
	c, other := pair(t, p, "unix")
	c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
	big := make([]byte, 16<<20)
	n, err := c.Write(big)
	if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || n == len(big) {
		t.Fatalf("nobody reads: %d written, %v", n, err)
	}
	c.SetWriteDeadline(time.Time{})
	go func() {
		io.CopyN(io.Discard, other, int64(len(big))) //nolint:errcheck // the write would hang
	}()
	if m, err := c.Write(big[n:]); m != len(big)-n || err != nil {
		t.Fatalf("somebody reads: %d of %d, %v", m, len(big)-n, err)
	}
}

// TestBothWays has one goroutine read while another writes, in pieces of all sizes, with deadlines that move.
func TestBothWays(t *testing.T) {
	p := newPoller(t)
	c, other := pair(t, p, "tcp")
	go func() {
		io.Copy(other, other)             //nolint:errcheck // the sums would differ
		other.(*net.TCPConn).CloseWrite() //nolint:errcheck // ditto
	}()
	const total = 4 << 20
	data := make([]byte, total)
	rand.NewChaCha8([32]byte{}).Read(data) //nolint:errcheck // it does not fail
	sent := sha256.Sum256(data)
	go func() {
		for rest := data; len(rest) > 0; {
			n := min(1+rand.IntN(100_000), len(rest))
			c.SetWriteDeadline(time.Now().Add(time.Minute))
			if _, err := c.Write(rest[:n]); err != nil {
				t.Error(err)
				break
			}
			rest = rest[n:]
		}
		c.CloseWrite() //nolint:errcheck // the read would hang
	}()
	var got bytes.Buffer
	buf := make([]byte, 40_000)
	for {
		c.SetReadDeadline(time.Now().Add(time.Minute))
		n, err := c.Read(buf[:1+rand.IntN(len(buf)-1)])
		got.Write(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if sha256.Sum256(got.Bytes()) != sent {
		t.Errorf("%d bytes came back otherwise than the %d that were sent", got.Len(), total)
	}
}

func TestPeek(t *testing.T) {
	p := newPoller(t)
	c, other := pair(t, p, "tcp")
	told := make(chan struct{}, 1)
	f := func() { told <- struct{}{} }
	c.OnEvent(&f)
	if err := c.Peek(); !errors.Is(err, ErrAgain) {
		t.Errorf("quiet: %v", err)
	}
	say(t, other, "x")
	<-told
	for range 2 {
		if err := c.Peek(); err != nil {
			t.Errorf("something has come: %v", err)
		}
	}
	hear(t, c, 10, "x")
	if err := c.Peek(); !errors.Is(err, ErrAgain) {
		t.Errorf("quiet again: %v", err)
	}
	c.OnEvent(&f)
	other.Close()
	<-told
	for range 2 {
		if err := c.Peek(); err != io.EOF {
			t.Errorf("the end: %v", err)
		}
	}
}

func TestClose(t *testing.T) {
	p := newPoller(t)
	c, _ := pair(t, p, "tcp")
	if n := p.left(); n != 1 {
		t.Fatalf("%d sockets watched", n)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if n := p.left(); n != 0 {
		t.Errorf("%d sockets watched after the close", n)
	}
	for _, call := range []struct {
		name string
		f    func() error
	}{
		{"close", c.Close},
		{"peek", c.Peek},
		{"read", func() error { _, err := c.Read(make([]byte, 1)); return err }},
		{"write", func() error { _, err := c.Write(make([]byte, 1)); return err }},
		{"deadline", func() error { return c.SetDeadline(time.Now()) }},
		{"option", func() error { return c.SetNoDelay(true) }},
		{"shutdown", c.CloseWrite},
	} {
		if err := call.f(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s of a closed connection: %v", call.name, err)
		}
	}
}

// TestEnded has a poller that takes nothing any more: the connection goes on in Go's own.
func TestEnded(t *testing.T) {
	raw, other := netPair(t, "tcp")
	c := Adopt(over{}, raw)
	defer c.Close()
	say(t, other, "hello")
	b := make([]byte, 10)
	if n, err := c.Read(b); err != nil || string(b[:n]) != "hello" {
		t.Errorf("%q, %v", b[:n], err)
	}
	if _, ok := c.(*Conn); ok {
		t.Error("adopted by a poller that has ended")
	}
}

type over struct{ deaf }

func (over) Add(int, Sink) (int32, error) { return 0, os.ErrClosed }

func TestRawConn(t *testing.T) {
	p := newPoller(t)
	c, other := pair(t, p, "tcp")
	rc, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	go func() {
		inWait(&c.read)
		io.WriteString(other, "x") //nolint:errcheck // the read would hang
	}()
	err = rc.Read(func(uintptr) bool { calls++; return calls == 2 })
	if err != nil || calls != 2 {
		t.Errorf("%d calls, %v", calls, err)
	}
	hear(t, c, 10, "x")
}

// woken is a Waker.
type woken struct{ n int }

func (w *woken) Wake() { w.n++ }

// TestGoesOn holds that an event tells of a goroutine that it has made go on, and of nothing else.
func TestGoesOn(t *testing.T) {
	c, _ := pair(t, deaf{}, "tcp")
	if c.Event(Readable) {
		t.Error("nobody waits, and somebody goes on")
	}
	c.read.take()
	w := &woken{}
	if !c.WakeReadable(w) || c.Event(Readable) || w.n != 1 {
		t.Errorf("who waits without a goroutine was woken %d times, or goes on with one", w.n)
	}
	c.read.take()
	done := make(chan error)
	go func() { done <- c.await(&c.read) }()
	for c.read.state.Load() != waiting {
		runtime.Gosched()
	}
	if !c.Event(Readable) {
		t.Error("no goroutine goes on")
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
