package proxy_test

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"moongate/phases/phasetest"
)

// TestFailure checks what clients see and what the log says when an upstream misbehaves.
func TestFailure(t *testing.T) {
	write := func(s string) func(e *exchange) {
		return func(e *exchange) {
			if _, _, err := e.request(); err == nil {
				io.WriteString(e, s) //nolint:errcheck // the test sees what came
			}
		}
	}
	hang := func(s string) func(e *exchange) {
		return func(e *exchange) {
			write(s)(e)
			io.Copy(io.Discard, e.br) //nolint:errcheck // until the proxy gives up
		}
	}
	const where = `, client: 127.0.0.1, server: , request: "GET /x HTTP/1.1", upstream: "http://ADDRESS/x", host: "localhost"`
	tests := []struct {
		name   string
		script func(e *exchange)
		conf   string
		status int
		body   string
		log    string
	}{
		{"closed at once", func(e *exchange) { e.request() }, "", 502, "", "upstream prematurely closed connection while reading response header from upstream" + where}, //nolint:errcheck // any request
		{"closed in the head", write("HTTP/1.1 200 OK\r\nA: b"), "", 502, "", "upstream prematurely closed connection while reading response header from upstream" + where},
		{"silent", hang(""), "proxy_read_timeout 150ms;", 504, "", "upstream timed out (110: Connection timed out) while reading response header from upstream" + where},
		{"silent past the probe", hang(""), "proxy_read_timeout 400ms;", 504, "", "upstream timed out (110: Connection timed out) while reading response header from upstream" + where},
		{"no HTTP", write("SSH-2.0-OpenSSH\r\n"), "", 502, "", "upstream sent no valid HTTP/1.0 header while reading response header from upstream" + where},
		{"bad status", write("HTTP/1.1 2x0 OK\r\n\r\n"), "", 502, "", "upstream sent no valid HTTP/1.0 header while reading"},
		{"bad name", write("HTTP/1.1 200 OK\r\nA b: c\r\n\r\n"), "", 502, "", `upstream sent invalid header: "A\x20..." while reading`},
		{"folded line", write("HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\n\r\n"), "", 502, "", `upstream sent invalid header: "\x20..." while reading`},
		{"bare CR", write("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n"), "", 502, "", `upstream sent invalid header: "A: b\x0d..." while reading`},
		{"zero byte", write("HTTP/1.1 200 OK\r\nA: b\x00\r\n\r\n"), "", 502, "", `upstream sent invalid header: "A: b\x00..." while reading`},
		{"two lengths", write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "", 502, "", `upstream sent duplicate header line: "Content-Length: 2", previous value: "Content-Length: 1" while reading`},
		{"bad length", write("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na"), "", 502, "", `upstream sent invalid "Content-Length" header: "Content-Length: +1" while reading`},
		{"length and chunks", write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "", 502, "", `upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time while`},
		{"unknown coding", write("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "", 502, "", `upstream sent unknown "Transfer-Encoding": "gzip, chunked" while`},
		{"head too big", write("HTTP/1.1 200 OK\r\nA: " + strings.Repeat("b", 5000) + "\r\n\r\n"), "", 502, "", "upstream sent too big header while reading response header from upstream" + where},
		{"head fits a larger buffer", write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: " + strings.Repeat("b", 5000) + "\r\n\r\nx"), "proxy_buffer_size 8k;", 200, "x", ""},
		{"upgrade not asked for", write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), "", 502, "", `upstream sent "101 Switching Protocols" although`},
		{"body cut off", write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"), "", 200, "abc", "upstream prematurely closed connection while reading upstream" + where},
		{"body stalls", hang("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"), "proxy_read_timeout LIMIT;", 200, "abc", "upstream timed out (110: Connection timed out) while reading upstream" + where},
		{"chunks cut off", write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"), "", 200, "abc", "upstream prematurely closed connection while reading upstream" + where},
		{"bad chunk", write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n"), "", 200, "abc", "upstream sent invalid chunked response while reading upstream"},
		{"bad chunk size", write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 3\r\nabc\r\n0\r\n\r\n"), "", 200, "", "upstream sent invalid chunked response while reading upstream"},
		{"too much", write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef"), "", 200, "abc", `upstream sent more data than specified in "Content-Length" header while reading upstream`},
		{"interim answer", write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), "", 200, "x", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := scripted(t, tt.script)
			s, res := withLimits(tt.conf, 504, func(conf string) (*phasetest.Server, *phasetest.Response) {
				s := start(t, "", "location / { "+conf+" proxy_pass http://BACKEND0; }", b)
				return s, s.Get("/x")
			})
			if res.Status != tt.status || tt.status == 200 && res.Body != tt.body {
				t.Errorf("%d %q, want %d %q", res.Status, res.Body, tt.status, tt.body)
			}
			if want := strings.ReplaceAll(tt.log, "ADDRESS", b.addr()); !s.WaitLog(want) {
				t.Errorf("log lacks %q:\n%s", want, s.ErrorLog())
			}
		})
	}
}

func TestConnectFailures(t *testing.T) {
	dead := deadAddr(t)
	noSocket := filepath.Join(t.TempDir(), "none")
	s := start(t,
		"upstream all { server "+dead+" down; } upstream two { server "+dead+" max_fails=0; server "+dead+"; }",
		`location /refused { proxy_pass http://`+dead+`; }
		 location /unix { proxy_pass http://unix:`+noSocket+`:/u; }
		 location /unreachable { proxy_pass http://255.255.255.255:80; }
		 location /all { proxy_pass http://all; }
		 location /two { proxy_pass http://two; }
		 location /resolve { proxy_pass http://$arg_h; }
		 location /prefix { proxy_pass $arg_h; }
		 location /page { error_page 502 = /fallback; proxy_pass http://`+dead+`; }
		 location /fallback { proxy_pass http://BACKEND0; }`, fixed(t, ok("fallback")))
	for _, tt := range []struct {
		path   string
		status int
		log    string
	}{
		{"/refused?q", 502, "http next upstream, 2"},
		{"/refused?q", 502, `connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: , request: "GET /refused?q HTTP/1.1", upstream: "http://` + dead + `/refused?q", host: "localhost"`},
		{"/unix", 502, `[crit]`},
		{"/unix", 502, `connect() to unix:` + noSocket + ` failed (2: No such file or directory) while connecting to upstream, client: 127.0.0.1, server: , request: "GET /unix HTTP/1.1", upstream: "http://unix:` + noSocket + `:/u", host:`},
		{"/unreachable", 502, `connect() to 255.255.255.255:80 failed (101: Network is unreachable) while connecting to upstream, client: 127.0.0.1, server: , request: "GET /unreachable HTTP/1.1", upstream: "http://255.255.255.255:80/unreachable"`},
		{"/all", 502, `no live upstreams while connecting to upstream, client: 127.0.0.1, server: , request: "GET /all HTTP/1.1", upstream: "http://all/all"`},
		{"/two", 502, `upstream server temporarily disabled while connecting to upstream`},
		{"/resolve?h=nowhere.test", 502, `no resolver defined to resolve nowhere.test, client`},
		{"/resolve?h=", 500, `no host in upstream`},
		{"/prefix?h=ftp://x", 500, `invalid URL prefix in "ftp://x"`},
		{"/page", 200, ``},
	} {
		t.Run(tt.path, func(t *testing.T) {
			if res := s.Get(tt.path); res.Status != tt.status {
				t.Errorf("status %d, want %d", res.Status, tt.status)
			}
			if !s.WaitLog(tt.log) {
				t.Errorf("log lacks %q:\n%s", tt.log, s.ErrorLog())
			}
		})
	}
}

// TestClientLeaves: a client that goes away ends the request with 499, unless proxy_ignore_client_abort is on.
func TestClientLeaves(t *testing.T) {
	for _, tt := range []struct {
		name, conf, log string
		finished        bool
	}{
		{"aborted", "", "client prematurely closed connection, so upstream connection is closed too while reading response header from upstream", false},
		{"ignored", "proxy_ignore_client_abort on;", "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, proceed := make(chan bool), make(chan bool)
			finished := make(chan bool, 1)
			b := scripted(t, func(e *exchange) {
				if _, _, err := e.request(); err != nil {
					return
				}
				close(got)
				if !tt.finished {
					_, err := e.br.ReadByte() // returns when the proxy closes
					finished <- err == nil
					return
				}
				<-proceed
				_, err := io.WriteString(e, ok("late"))
				finished <- err == nil
			})
			s := start(t, "", "location / { "+tt.conf+" proxy_pass http://BACKEND0; }", b)
			c, err := net.Dial("tcp", s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			<-got
			c.Close()
			close(proceed)
			select {
			case f := <-finished:
				if f != tt.finished {
					t.Errorf("finished %v", f)
				}
			case <-time.After(5 * time.Second):
				t.Fatal("the upstream connection stays open")
			}
			if !s.WaitLog(tt.log) {
				t.Errorf("log:\n%s", s.ErrorLog())
			}
		})
	}
}
