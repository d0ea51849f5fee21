package upstream

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"moongate/phases"
)

func TestStatusLine(t *testing.T) {
	for _, tt := range []struct {
		line   string
		status int
		text   string
		close  bool
	}{
		{"HTTP/1.1 200 OK", 200, "200 OK", false},
		{"HTTP/1.0 404 Not Here", 404, "404 Not Here", true},
		{"HTTP/1.1 299", 299, "299", false},
		{"HTTP/1.1 200 ", 200, "200", false},
		{"HTTP/1.1  200 OK", 200, "200 OK", false},
		{"HTTP/2.0 200 OK", 200, "200 OK", false},
		{"HTTP/1.1 20 OK", 0, "", false},
		{"HTTP/1.1 2000 OK", 0, "", false},
		{"HTTP/1.1 099 OK", 0, "", false},
		{"HTTP/x.1 200 OK", 0, "", false},
		{"HTTP/1 200 OK", 0, "", false},
		{"http/1.1 200 OK", 0, "", false},
		{"", 0, "", false},
	} {
		t.Run(tt.line, func(t *testing.T) {
			var p response
			err := p.statusLine(tt.line)
			if (err != nil) != (tt.status == 0) || err == nil && (p.status != tt.status || p.text != tt.text || p.close != tt.close) {
				t.Errorf("%d %q close=%v, %v", p.status, p.text, p.close, err)
			}
		})
	}
}

func TestHeaderLine(t *testing.T) {
	for _, tt := range []struct{ line, name, value, err string }{
		{"A: b", "A", "b", ""},
		{"A:b ", "A", "b", ""},
		{"A_b.c: \t d e\t", "A_b.c", "d e", ""},
		{"A:", "A", "", ""},
		{"bare", "bare", "", ""},
		{"A: é", "A", "é", ""},
		{": b", "", "", `upstream sent invalid header: "\x3a..."`},
		{"A : b", "", "", `upstream sent invalid header: "A\x20..."`},
		{" A: b", "", "", `upstream sent invalid header: "\x20..."`},
		{"A: b\x00", "", "", `upstream sent invalid header: "A: b\x00..."`},
	} {
		t.Run(tt.line, func(t *testing.T) {
			name, value, err := headerLine(tt.line)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if d := cmp.Diff([]string{tt.name, tt.value, tt.err}, []string{name, value, text}); d != "" {
				t.Error(d)
			}
		})
	}
}

// decode runs the chunk decoder over data that arrives in steps of n bytes.
func decode(data []byte, n int) (body []byte, done bool, err error) {
	x := &Exchange{c: &conn{buf: make([]byte, len(data)+1)}}
	for {
		done, err = x.relay.chunks.cut(x)
		for _, b := range x.relay.bufs {
			body = append(body, b.B...)
		}
		x.relay.bufs = x.relay.bufs[:0]
		if done || err != nil || len(data) == 0 {
			return body, done, err
		}
		k := copy(x.c.buf[x.c.w:], data[:min(n, len(data))])
		x.c.w += k
		data = data[k:]
	}
}

func TestChunks(t *testing.T) {
	for _, tt := range []struct {
		name, data, body string
		done, fails      bool
	}{
		{"two", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", true, false},
		{"bare line feeds", "3\nabc\n0\n\n", "abc", true, false},
		{"extensions", "3 ; a=b\r\nabc\r\n0;x\r\n\r\n", "abc", true, false},
		{"trailers", "0\r\nA: b\r\nC: d\r\n\r\n", "", true, false},
		{"unfinished", "3\r\nab", "ab", false, false},
		{"upper and lower case", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789", true, false},
		{"no size", "\r\nabc", "", false, true},
		{"negative", "-1\r\nabc", "", false, true},
		{"prefix", "0x3\r\nabc", "", false, true},
		{"too long", "3\r\nabcd\r\n", "abc", false, true},
		{"overflow", "fffffffffffffffff\r\nabc", "", false, true},
		{"bad trailer", "0\r\nA b\r\n\r\n", "", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, n := range []int{1, 2, 3, 1000} {
				body, done, err := decode([]byte(tt.data), n)
				if string(body) != tt.body || done != tt.done || (err != nil) != tt.fails {
					t.Errorf("in steps of %d: %q done=%v %v", n, body, done, err)
				}
			}
		})
	}
}

// FuzzChunks: what is accepted means the same in one piece and in many, and to net/http.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("3\r\nabc\r\n0\r\n\r\n"))
	f.Add([]byte("3;x=y\r\nabc\r\n2\nde\n0\r\nA: b\r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		one, done1, err1 := decode(data, len(data)+1)
		many, doneN, errN := decode(data, 1)
		if done1 != doneN || (err1 != nil) != (errN != nil) || err1 == nil && !bytes.Equal(one, many) {
			t.Fatalf("whole: %q %v %v; bytewise: %q %v %v", one, done1, err1, many, doneN, errN)
		}
		if !done1 {
			return
		}
		std, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(data)))
		if err == nil && !bytes.Equal(std, one) {
			t.Fatalf("net/http reads %q, not %q", std, one)
		}
	})
}

// FuzzHead: no head makes the parser panic, and what it accepts is framed in one way.
func FuzzHead(f *testing.F) {
	f.Add("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA: b\r\n\r\n")
	f.Add("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n")
	f.Fuzz(func(t *testing.T, head string) {
		if headEnd([]byte(head)) != len(head) {
			return
		}
		r := phases.NewRequest()
		r.Tree = &phases.Tree{Core: &phases.CoreMain{}}
		x := &Exchange{R: r}
		if err := x.parse(head); err != nil {
			return
		}
		if x.resp.chunked && x.resp.length >= 0 {
			t.Fatal("both a length and chunks")
		}
		for _, h := range x.resp.headers {
			if strings.ContainsAny(h.Name+h.Value, "\r\n\x00") || strings.ContainsAny(h.Name, " :") {
				t.Fatalf("line %q: %q", h.Name, h.Value)
			}
		}
	})
}

func TestHostPort(t *testing.T) {
	for _, tt := range []struct {
		in, host string
		port     int
		ok       bool
	}{
		{"a", "a", 0, true}, {"a:80", "a", 80, true}, {"[::1]:80", "[::1]", 80, true}, {"[::1]", "[::1]", 0, true},
		{"a:", "", 0, false}, {":80", "", 0, false}, {"a:0", "", 0, false}, {"a:65536", "", 0, false}, {"[::1", "", 0, false}, {"", "", 0, false},
	} {
		host, port, err := hostPort(tt.in)
		if (err == nil) != tt.ok || err == nil && (host != tt.host || port != tt.port) {
			t.Errorf("%q: %q %d %v", tt.in, host, port, err)
		}
	}
}

func TestPool(t *testing.T) {
	open := func(key string) *conn {
		a, b := net.Pipe()
		t.Cleanup(func() { b.Close() })
		c := newConn(a)
		c.key = poolKey{addr: key}
		return c
	}
	p, now := newPool(2, 1), time.Now()
	a, b, c := open("x"), open("x"), open("y")
	p.put(a, now, 0)
	p.put(b, now, 0)
	p.put(c, now, 0) // a is the oldest and goes
	if p.size() != 2 {
		t.Errorf("%d connections", p.size())
	}
	if got := p.get(poolKey{addr: "x"}, now, nil, nil); got != b {
		t.Errorf("got %p", got)
	}
	if got := p.get(poolKey{addr: "x"}, now, nil, nil); got != nil {
		t.Errorf("got %p", got)
	}
	p.close()
	p.put(b, now, 0)
	if p.size() != 0 {
		t.Error("a closed pool keeps connections")
	}
}

func TestPoints(t *testing.T) {
	list := []*Peer{{Server: "a:1", Weight: 1}, {Server: "b", Weight: 2}, {Server: "unix:/s", Weight: 1}}
	ps := points(list)
	if n := len(ps); n > 640 || n < 630 {
		t.Errorf("%d points", n)
	}
	count := map[string]int{}
	for i, p := range ps {
		count[p.server]++
		if i > 0 && ps[i-1].hash >= p.hash {
			t.Fatal("not sorted")
		}
	}
	if fmt.Sprint(count["b"]/160) != "2" && count["b"] < 315 {
		t.Errorf("%v", count)
	}
}
