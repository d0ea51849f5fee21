package upstream

import (
	"io"
	"net"
	"testing"
	"time"

	"moongate/phases/event"
)

// silent is a poller that tells nothing.
type silent struct{ _ int }

func (*silent) Add(int, event.Sink) (int32, error) { return 0, nil }
func (*silent) Change(int, int32) error            { return nil }
func (*silent) Drop(int32)                         {}

// TestPoolDoubts: that its poller has not told of a connection's end counts only where the request would know of it.
func TestPoolDoubts(t *testing.T) {
	own, other := &silent{}, &silent{}
	for _, tt := range []struct {
		name string
		told event.Poller
		want bool // the connection is taken for a live one
	}{
		{"the same loop", own, true},
		{"another loop", other, false},
		{"no loop", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ln, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer ln.Close()
			raw, err := net.Dial("tcp4", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			far, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			far.Close()
			if n, err := raw.Read(make([]byte, 1)); err != io.EOF {
				t.Fatalf("%d, %v", n, err) // the end has come when this returns
			}
			p, now := newPool(1, 1), time.Now()
			defer p.close()
			c := newConn(event.Adopt(own, raw))
			p.put(c, now, 0)
			if got := p.get(c.key, now, own, tt.told); (got == c) != tt.want {
				t.Errorf("got %p; want %p: %v", got, c, tt.want)
			} else if got != nil {
				got.close()
			}
		})
	}
}

// TestPoolPrefersOwnLoop: a connection of the request's own loop comes first, even before one that has waited for less long.
func TestPoolPrefersOwnLoop(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	own, other := &silent{}, &silent{}
	p, now := newPool(4, 2), time.Now()
	defer p.close()
	dial := func(loop event.Poller) *conn { return putNew(t, p, ln, loop) }
	mine, first, second := dial(own), dial(other), dial(other)
	for i, want := range []*conn{mine, second, first, nil} {
		got := p.get(poolKey{}, now, own, nil)
		if got != want {
			t.Errorf("get %d: %p, want %p", i, got, want)
		}
		if got != nil {
			got.close()
		}
	}
}

// putNew puts a new connection to ln, which loop watches, into the pool.
func putNew(t *testing.T, p *pool, ln net.Listener, loop event.Poller) *conn {
	t.Helper()
	raw, err := net.Dial("tcp4", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := newConn(event.Adopt(loop, raw))
	p.put(c, time.Now(), 0)
	return c
}

// TestPoolRoom: each loop has its share of the room, and the connection that has waited for longest makes way.
func TestPoolRoom(t *testing.T) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	own, other := &silent{}, &silent{}
	p := newPool(3, 2) // two for each
	defer p.close()
	theirs := putNew(t, p, ln, other)
	putNew(t, p, ln, own) // makes way
	first, second := putNew(t, p, ln, own), putNew(t, p, ln, own)
	if n := p.size(); n != 3 {
		t.Errorf("%d connections are kept, want 3", n)
	}
	for i, want := range []*conn{second, first, theirs, nil} {
		got := p.get(poolKey{}, time.Now(), own, nil)
		if got != want {
			t.Errorf("get %d: %p, want %p", i, got, want)
		}
		if got != nil {
			got.close()
		}
	}
	p.close()
	putNew(t, p, ln, own)
	if n := p.size(); n != 0 {
		t.Errorf("a closed pool keeps %d", n)
	}
}
