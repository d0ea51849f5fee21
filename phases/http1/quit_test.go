package http1_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestQuitUnderLoad stops a server whose connections are busy, waiting and idle: what a handler was begun for is answered as a
// whole, nobody is left open for the rest of keepalive_timeout, and a client that has not asked yet may do so.
func TestQuitUnderLoad(t *testing.T) {
	times := 5
	if testing.Short() {
		times = 1
	}
	for range times {
		p := press(t, stressConfig)
		var wg sync.WaitGroup
		var got atomic.Int64
		client := func(path string, dial func() (net.Conn, error), started *sync.WaitGroup) {
			first := true
			defer func() {
				if first {
					started.Done()
				}
			}()
			for {
				c, err := dial()
				if err != nil {
					return // nobody listens any more
				}
				c.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // the read will tell
				br := bufio.NewReader(c)
				for n := 0; ; n++ {
					if n == 3 && first {
						first = false
						started.Done()
					}
					if _, err = fmt.Fprintf(c, "GET %s?%d HTTP/1.1\r\nHost: x\r\n\r\n", path, n); err != nil {
						break
					}
					if _, err = br.Peek(1); err != nil {
						if ne, ok := err.(net.Error); ok && ne.Timeout() {
							t.Error("neither an answer nor an end")
						}
						break // closed while it was idle
					}
					res, err := answer(br, fmt.Sprint(n))
					if err != nil {
						t.Errorf("an answer breaks off: %v", err)
						break
					}
					got.Add(1)
					if res.Close {
						break
					}
				}
				c.Close()
			}
		}
		var started sync.WaitGroup
		for i := range 12 {
			started.Add(1)
			wg.Go(func() { client([]string{"/ok", "/told", "/untold"}[i%3], p.dials[i%len(p.dials)], &started) })
		}
		started.Wait()
		fresh, err := p.dials[0]()
		if err != nil {
			t.Fatal(err)
		}
		half, err := p.dials[1]()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(half, "GET /ok?half HTTP/1.1\r\nHo") //nolint:errcheck // the answer will tell
		settle(t, "the head is not being read", func() bool { return p.Engine.Stats.Reading.Load() > 0 })
		for _, dial := range p.dials[:2] { // what is served has been accepted, and all before it: a queue is lost with its listener
			c, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(c, "GET /ok?seen HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			if _, err := answer(bufio.NewReader(c), "seen"); err != nil {
				t.Fatal(err)
			}
			got.Add(1)
			c.Close()
		}
		stopped := make(chan struct{})
		go func() {
			p.Engine.Stop(true, 0)
			close(stopped)
		}()
		wg.Wait()
		for name, c := range map[string]net.Conn{"fresh": fresh, "half": half} {
			c.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // the read will tell
			rest := "GET /ok?fresh HTTP/1.1\r\nHost: x\r\n\r\n"
			if name == "half" {
				rest = "st: x\r\n\r\n"
			}
			io.WriteString(c, rest) //nolint:errcheck // the answer will tell
			b, err := io.ReadAll(c)
			if err != nil || !strings.HasSuffix(string(b), "Connection: close\r\n\r\n"+name) {
				t.Errorf("%s: %v, %q", name, err, b)
			} else {
				got.Add(1)
			}
			c.Close()
		}
		select {
		case <-stopped:
		case <-time.After(10 * time.Second): // keepalive_timeout is twice as long
			t.Fatal("the server does not end")
		}
		if served := p.served.Load(); served != got.Load() {
			t.Errorf("%d requests were served, %d answers have come", served, got.Load())
		}
	}
}

// TestReloadUnderLoad swaps configurations while clients ask: no request is lost, and no connection.
func TestReloadUnderLoad(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	conf := strings.Replace(stressConfig, "keepalive_requests 100", "keepalive_requests 1000000", 1)
	p := press(t, conf)
	end := time.Now().Add(*stressTime + 500*time.Millisecond)
	var wg sync.WaitGroup
	var asked atomic.Int64
	for i := range 12 {
		wg.Go(func() {
			c, err := p.dials[i%len(p.dials)]()
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // the read will tell
			br := bufio.NewReader(c)
			for n := 0; time.Now().Before(end); n++ {
				fmt.Fprintf(c, "GET %s?%d HTTP/1.1\r\nHost: x\r\n\r\n", []string{"/ok", "/told", "/untold"}[i%3], n)
				if _, err := answer(br, fmt.Sprint(n)); err != nil {
					t.Errorf("request %d: %v", n, err)
					return
				}
				asked.Add(1)
			}
		})
	}
	reloads := 0
	for ; time.Now().Before(end); reloads++ {
		if err := p.Reload(conf); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	t.Logf("%d reloads during %d requests", reloads, asked.Load())
}

// TestAddressTakenAway reloads without an address that a request is busy on, and then quits: the request is still answered.
func TestAddressTakenAway(t *testing.T) {
	p := press(t, stressConfig)
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	idle, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	for _, c := range []net.Conn{c, idle} {
		c.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // the read will tell
	}
	fmt.Fprint(idle, "GET /ok?idle HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := answer(bufio.NewReader(idle), "idle"); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, "GET /gate?1 HTTP/1.1\r\nHost: x\r\n\r\n")
	settle(t, "nobody waits at the gate", func() bool { return p.waiting.Load() == 1 })
	if err := p.Reload(strings.Replace(stressConfig, "listen ADDR;", "", 1)); err != nil {
		t.Fatal(err)
	}
	if n, err := idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the idle connection: %d, %v, want its end", n, err)
	}
	stopped := make(chan struct{})
	go func() {
		p.Engine.Stop(true, 0)
		close(stopped)
	}()
	select {
	case <-stopped:
		t.Error("the server ends before its last request")
	case <-time.After(50 * time.Millisecond):
	}
	close(p.gate)
	if _, err := answer(bufio.NewReader(c), "1"); err != nil {
		t.Error(err)
	}
	<-stopped
}
