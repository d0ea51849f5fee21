package http1_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"moongate/phases"
	"moongate/phases/headers"
	"moongate/phases/phasetest"
)

// probe is a content handler for tests: it says what the request was, reads the body, and obeys a few
// arguments.
var probe = phases.NewModule(phases.Module{
	Name: "probe",
	Postconfigure: func(l *phases.Load) error {
		l.Handle(phases.PhaseContent, func(r *phases.Request) phases.Status {
			if rc := r.ReadBody(); rc != phases.OK {
				return rc
			}
			switch r.URI {
			case "/panic":
				panic("a bug")
			case "/stream":
				r.Out.ContentType = "text/plain"
				r.SendHeader()
				for i := range 3 {
					r.Output(phases.Buf{B: fmt.Appendf(nil, "%d;", i), Flush: true})
				}
				return r.SendLast()
			case "/short":
				r.Out.ContentLength = 10
				r.SendHeader()
				return r.Output(phases.Buf{B: []byte("abc"), Last: true})
			case "/skip":
				return r.Respond(200, "text/plain", []byte("skipped"))
			}
			b, _ := r.Body.Bytes()
			return r.Respond(200, "text/plain", fmt.Appendf(nil, "%s %s|%s|%s", r.Method, r.URI, r.Args, b))
		})
		return nil
	},
})

const config = `events {} http { client_max_body_size 1k; server { listen ADDR; server_name localhost; root PREFIX; keepalive_timeout 5s; } }`

func TestWire(t *testing.T) {
	s := phasetest.Start(t, config, probe)
	for _, c := range []struct{ name, send, want string }{
		{"get", "GET /a?b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /a|b|"},
		{"leading line breaks", "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /||"},
		{"bare line feeds", "GET /lf HTTP/1.1\nHost: x\nConnection: close\n\n", "GET /lf||"},
		{"body with a length", "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "POST /||abc"},
		{"chunked body", "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: v\r\n\r\n", "POST /||abcde"},
		{"pipelined", "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /2||"},
		{"pipelined behind a body", "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhiGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /2||"},
		{"absolute target", "GET http://other/p?q HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /p|q|"},
		{"HTTP/1.0", "GET /old HTTP/1.0\r\n\r\n", "GET /old||"},
		{"HTTP/0.9", "GET /oldest\r\n", "GET /oldest||"},
		{"head has no body", "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "Content-Length: 8\r\n"},
		{"100-continue", "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", "POST /||ok"},
		{"streamed", "GET /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "2\r\n0;\r\n2\r\n1;\r\n2\r\n2;\r\n0\r\n\r\n"},
		{"streamed to an old client", "GET /stream HTTP/1.0\r\n\r\n", "\r\n\r\n0;1;2;"},
		{"a panic is a 500", "GET /panic HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 500 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.Raw(c.send); !strings.Contains(got, c.want) {
				t.Errorf("answer\n%s\nlacks %q", got, c.want)
			}
		})
	}
	if !strings.Contains(s.ErrorLog(), "panic: a bug") {
		t.Error("the panic is not in the error log")
	}
}

// TestRefusals are requests that must not reach a handler.
func TestRefusals(t *testing.T) {
	s := phasetest.Start(t, config, probe)
	for _, c := range []struct{ name, send, want string }{
		{"garbage", "\x16\x03\x01\x02garbage\r\n\r\n", "HTTP/1.1 400 "},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
		{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 "},
		{"bad host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "HTTP/1.1 400 "},
		{"lower-case method", "get / HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
		{"connect", "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 40"},
		{"version 2", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", "HTTP/1.1 505 "},
		{"length and chunks", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 400 "},
		{"two lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "HTTP/1.1 400 "},
		{"negative length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\n", "HTTP/1.1 400 "},
		{"unknown coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 "},
		{"folded header", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", "HTTP/1.1 400 "},
		{"space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "HTTP/1.1 400 "},
		{"folded header, in nginx's words", "GET / HTTP/1.1\r\nHost: x\r\n c\r\n\r\n", "HTTP/1.1 400 "},
		{"method that cannot be, alone", "GeT / HTTP/1.1\r\n", "HTTP/1.1 400 "},
		{"target that cannot be, alone", "GET x HTTP/1.1\r\n", "HTTP/1.1 400 "},
		{"HTTP/0.9 with another method", "POST /\r\n", "400 Bad Request"},
		{"bad escape", "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 "},
		{"header of a megabyte", "GET / HTTP/1.1\r\nHost: x\r\nA: " + strings.Repeat("a", 1<<20) + "\r\n\r\n", "Request Header Or Cookie Too Large"},
		{"request line of a megabyte", "GET /" + strings.Repeat("a", 1<<20) + " HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 414 "},
		{"body too large", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n" + strings.Repeat("a", 2000), "HTTP/1.1 413 "},
		{"chunked body too large", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + strings.Repeat("a", 2000) + "\r\n0\r\n\r\n", "HTTP/1.1 413 "},
		{"chunks that make no sense", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.Raw(c.send); !strings.HasPrefix(got, c.want) && !strings.Contains(got, c.want) {
				t.Errorf("answer %.300q lacks %q", got, c.want)
			}
		})
	}
	if res := s.Get("/after"); res.Status != 200 {
		t.Errorf("after all that: %d", res.Status)
	}
}

func TestKeepAlive(t *testing.T) {
	s := phasetest.Start(t, config, probe)
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	br := bufio.NewReader(c)
	for i, path := range []string{"/1", "/skip", "/stream", "/4"} {
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody", path)
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		io.Copy(io.Discard, res.Body)
		if res.Header.Get("Connection") != "keep-alive" {
			t.Errorf("request %d: Connection: %s", i, res.Header.Get("Connection"))
		}
	}
	fmt.Fprintf(c, "GET /short HTTP/1.1\r\nHost: x\r\n\r\n")
	b, _ := io.ReadAll(br)
	if !strings.HasSuffix(string(b), "abc") {
		t.Errorf("a body shorter than promised: %q", b)
	}
}

// TestReloadKeepsConnections: a kept-alive connection outlives a reload, and its next request is served
// by the new configuration.
func TestReloadKeepsConnections(t *testing.T) {
	one := `events {} http { server { listen ADDR; add_header X-Config "1"; } }`
	s := phasetest.Start(t, one, headers.Module, probe)
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	br := bufio.NewReader(c)
	ask := func(want string) {
		t.Helper()
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, res.Body)
		if got := res.Header.Get("X-Config"); got != want {
			t.Errorf("configuration %q, want %q", got, want)
		}
	}
	ask("1")
	if err := s.Reload(strings.Replace(one, `"1"`, `"2"`, 1)); err != nil {
		t.Fatal(err)
	}
	ask("2")
}

// TestAllocations bounds what one plain request costs in allocations, the client's side included in
// none of it: the client writes and reads raw bytes.
func TestAllocations(t *testing.T) {
	if phasetest.Race {
		t.Skip("the race detector allocates")
	}
	s := phasetest.Start(t, strings.Replace(config, "events", "error_log logs/error.log error; events", 1), probe)
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	req, buf := []byte("GET /skip HTTP/1.1\r\nHost: x\r\n\r\n"), make([]byte, 4096)
	got := testing.AllocsPerRun(500, func() {
		c.Write(req)
		c.Read(buf)
	})
	if got > 10 {
		t.Errorf("%.1f allocations a request, want at most 10", got)
	}
	t.Logf("%.1f allocations a request", got)
}

func TestHTTP09HasNoHead(t *testing.T) {
	s := phasetest.Start(t, config, probe)
	if got := s.Raw("GET /a\r\n"); strings.Contains(got, "HTTP/1.1") {
		t.Errorf("answer %q, want the body alone", got)
	}
}

func TestProxyProtocol(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR proxy_protocol;
		add_header X-Addr "$proxy_protocol_addr:$proxy_protocol_port $proxy_protocol_server_port"; } }`, headers.Module, probe)
	got := s.Raw("PROXY TCP4 192.0.2.7 192.0.2.1 4711 80\r\nGET /skip HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	if !strings.Contains(got, "X-Addr: 192.0.2.7:4711 80\r\n") {
		t.Errorf("with a header: %q", got)
	}
	if got := s.Raw("GET /skip HTTP/1.1\r\nHost: x\r\n\r\n"); got != "" {
		t.Errorf("without: %q", got)
	}
	if !s.WaitLog("broken header while reading PROXY protocol") {
		t.Error("no log line")
	}
	if e := phasetest.LoadError(t, "events {} http { server { listen ADDR http2; } }"); !strings.Contains(e, `"http2" of "listen" is not supported by moongate yet`) {
		t.Errorf("http2: %q", e)
	}
}
