package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

var hello = Request{
	Wire: []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
	Check: func(r *Response) error {
		if r.Status != 200 || string(r.Body) != "hello" {
			return fmt.Errorf("%d %q", r.Status, r.Body)
		}
		return nil
	},
}

// serve answers each request on a connection with what answer returns; "" hangs up.
func serve(t *testing.T, answer func(n int64) string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	var count atomic.Int64
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					req, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					out := answer(count.Add(1))
					if out == "" {
						return
					}
					if _, err := c.Write([]byte(out)); err != nil || req.Close {
						return
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}

func ok(int64) string { return "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" }

func run(t *testing.T, o Options) *Result {
	t.Helper()
	if o.Requests == nil {
		o.Requests = []Request{hello}
	}
	o.Warmup = 20 * time.Millisecond
	marks := 0
	o.Mark = func(end bool) {
		if end != (marks == 1) {
			t.Errorf("mark %d says end: %v", marks, end)
		}
		marks++
	}
	r, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if marks != 2 {
		t.Errorf("%d marks", marks)
	}
	return r
}

func TestSaturation(t *testing.T) {
	for _, threads := range []int{1, 2} {
		r := run(t, Options{Addr: serve(t, ok), Connections: 8, KeepAlive: true, Duration: 200 * time.Millisecond, Threads: threads})
		if r.Requests == 0 || r.Failures() != 0 || r.Latency.Count() != uint64(r.Requests) || r.Elapsed < 200*time.Millisecond {
			t.Errorf("%d threads: %+v", threads, r.Example)
		}
	}
}

func TestNewConnections(t *testing.T) {
	close := Request{Wire: []byte("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), Check: hello.Check}
	r := run(t, Options{Addr: serve(t, ok), Requests: []Request{close}, Connections: 4, Duration: 200 * time.Millisecond})
	if r.Requests == 0 || r.Failures() != 0 || r.Connects < r.Requests/2 {
		t.Errorf("%d requests, %d connections, %v", r.Requests, r.Connects, r.Example)
	}
}

func TestFixedRate(t *testing.T) {
	for _, idle := range []Idle{Sleep, Yield, Spin} {
		r := run(t, Options{Addr: serve(t, ok), Connections: 8, KeepAlive: true, Rate: 500, Duration: 400 * time.Millisecond, Idle: idle, Threads: 1})
		// every request that was due within the window is counted, however late the machine was
		if total := r.Requests + r.Late; total < 199 || total > 202 || r.Failures() != 0 {
			t.Errorf("%d requests and %d late ones of 200: %v", r.Requests, r.Late, r.Example)
		}
		if r.Lag.Count() == 0 {
			t.Error("no request was sent while a connection was free")
		}
	}
}

// An answer that was right once is known again without being parsed; one that differs in a byte, or has more, is not.
func TestKnownAnswers(t *testing.T) {
	tests := []struct {
		name   string
		answer func(n int64) string
		wrong  bool
	}{
		{"the same", ok, false},
		{"another head", func(n int64) string {
			return fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Count: %d\r\nContent-Length: 5\r\n\r\nhello", n)
		}, false},
		{"the tenth is wrong", func(n int64) string {
			if n%10 == 0 {
				return "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhellO"
			}
			return ok(n)
		}, true},
		{"the tenth has more", func(n int64) string {
			if n%10 == 0 {
				return ok(n) + "!"
			}
			return ok(n)
		}, true},
		{"with their connection's end", func(int64) string { return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello" }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := run(t, Options{Addr: serve(t, tt.answer), Connections: 2, KeepAlive: true, Duration: 150 * time.Millisecond, Threads: 1})
			if r.Requests == 0 || (r.Wrong > 0) != tt.wrong {
				t.Errorf("%d right, %d wrong: %v", r.Requests, r.Wrong, r.Example)
			}
			if tt.wrong && r.Wrong > r.Requests {
				t.Errorf("%d right, %d wrong of ten that are right but one", r.Requests, r.Wrong)
			}
		})
	}
}

// A server that stalls once delays all the requests that were due meanwhile: each of them counts with its wait.
func TestNoCoordinatedOmission(t *testing.T) {
	const stall = 200 * time.Millisecond
	addr := serve(t, func(n int64) string {
		if n == 100 {
			time.Sleep(stall)
		}
		return ok(n)
	})
	r := run(t, Options{Addr: addr, Connections: 1, KeepAlive: true, Rate: 1000, Duration: 500 * time.Millisecond})
	if got := time.Duration(r.Latency.Quantile(0.75)); got < stall/4 {
		t.Errorf("a quarter of all requests waited %v at least: the stall went unnoticed", got)
	}
	if got := time.Duration(r.Latency.Max()); got < stall-5*time.Millisecond {
		t.Errorf("the longest wait is %v", got)
	}
}

func TestFailures(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	tests := []struct {
		name string
		addr string
		pick func(*Result) int64
	}{
		{"wrong", serve(t, func(int64) string { return "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhallo" }), func(r *Result) int64 { return r.Wrong }},
		{"more than the answer", serve(t, func(n int64) string { return ok(n) + "!" }), func(r *Result) int64 { return r.Wrong }},
		{"lost", serve(t, func(int64) string { return "" }), func(r *Result) int64 { return r.Lost }},
		{"malformed", serve(t, func(int64) string { return "SSH-2.0-OpenSSH, what do you want?\r\n\r\n" }), func(r *Result) int64 { return r.Lost }},
		{"refused", closed.Addr().String(), func(r *Result) int64 { return r.Refused }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := run(t, Options{Addr: tt.addr, Connections: 2, KeepAlive: true, Duration: 150 * time.Millisecond})
			if r.Requests != 0 || tt.pick(r) == 0 || r.Failures() != tt.pick(r) || r.Example == nil {
				t.Errorf("%d right, %d wrong, %d lost, %d refused: %v", r.Requests, r.Wrong, r.Lost, r.Refused, r.Example)
			}
		})
	}
}

func TestOnce(t *testing.T) {
	if err := Once(t.Context(), Options{Addr: serve(t, ok), Requests: []Request{hello}}); err != nil {
		t.Error(err)
	}
	wrong := errors.New("never right")
	picky := Request{Wire: hello.Wire, Check: func(*Response) error { return wrong }}
	if err := Once(t.Context(), Options{Addr: serve(t, ok), Requests: []Request{picky}}); !errors.Is(err, wrong) {
		t.Error(err)
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []Options{{}, {Requests: []Request{hello}, Connections: 1, Addr: "localhost:80"}} {
		if _, err := Run(context.Background(), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
