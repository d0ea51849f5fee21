package proxy_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"moongate/phases/phasetest"
)

// named are n backends that answer with their number.
func named(t testing.TB, n int) []*backend {
	t.Helper()
	out := make([]*backend, n)
	for i := range out {
		out[i] = fixed(t, ok(fmt.Sprint(i)))
	}
	return out
}

// sequence is what n requests are answered with.
func sequence(s *phasetest.Server, n int, path string, headers ...string) string {
	var b strings.Builder
	for range n {
		b.WriteString(s.Get(path, headers...).Body)
	}
	return b.String()
}

func TestRoundRobin(t *testing.T) {
	for _, tt := range []struct{ name, servers, want string }{
		{"equal", "server BACKEND0; server BACKEND1; server BACKEND2;", "012012012012"},
		{"weights", "server BACKEND0 weight=5; server BACKEND1; server BACKEND2;", "001020000102"},
		{"down", "server BACKEND0 down; server BACKEND1; server BACKEND2;", "121212121212"},
		{"backup", "server BACKEND0 backup; server BACKEND1 down; server BACKEND2 down;", "000000000000"},
		{"backup after failures", "server DEAD; server BACKEND1 backup;", "111111111111"},
		{"least_conn without load", "least_conn; server BACKEND0 weight=2; server BACKEND1;", "010010010010"},
		{"ip_hash", "ip_hash; server BACKEND0; server BACKEND1; server BACKEND2;", "000000000000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			servers := strings.ReplaceAll(tt.servers, "DEAD", deadAddr(t))
			s := start(t, "upstream u { "+servers+" }", "location / { proxy_pass http://u; }", named(t, 3)...)
			got := sequence(s, 12, "/")
			if tt.name == "ip_hash" { // the one that 127.0.0 hashes to, always the same
				tt.want = strings.Repeat(got[:1], 12)
			}
			if tt.name == "weights" { // smooth: seven in a row hold five, one and one
				tt.want = "0010200" + "00102"
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestHashing(t *testing.T) {
	for _, conf := range []string{"hash $arg_k;", "hash $arg_k consistent;"} {
		t.Run(conf, func(t *testing.T) {
			s := start(t, "upstream u { "+conf+" server BACKEND0; server BACKEND1; server BACKEND2; }", "location / { proxy_pass http://u; }", named(t, 3)...)
			count := map[string]int{}
			for i := range 90 {
				path := fmt.Sprintf("/?k=key%d", i)
				first := s.Get(path).Body
				count[first]++
				if i < 10 && s.Get(path).Body != first {
					t.Errorf("%s went elsewhere the second time", path)
				}
			}
			for i := range 3 {
				if n := count[fmt.Sprint(i)]; n < 10 {
					t.Errorf("server %d got %d of 90", i, n)
				}
			}
		})
	}
}

func TestRandom(t *testing.T) {
	for _, conf := range []string{"random;", "random two;", "random two least_conn;"} {
		t.Run(conf, func(t *testing.T) {
			s := start(t, "upstream u { "+conf+" server BACKEND0; server BACKEND1; server BACKEND2 weight=2; }", "location / { proxy_pass http://u; }", named(t, 3)...)
			got := sequence(s, 60, "/")
			for _, c := range "012" {
				if n := strings.Count(got, string(c)); n == 0 { // of 60, which would be odd once in ten million times
					t.Errorf("server %c got %d of 60", c, n)
				}
			}
		})
	}
}

// TestNextUpstream: which failures lead to another server, and what the variables say then.
func TestNextUpstream(t *testing.T) {
	broken := func(reply string) func() *backend {
		return func() *backend {
			return scripted(t, func(e *exchange) {
				if _, _, err := e.request(); err == nil {
					io.WriteString(e, reply) //nolint:errcheck // the test sees what came
				}
			})
		}
	}
	e503 := "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"
	for _, tt := range []struct {
		name, conf, method string
		first              func() *backend
		status             int
		body, statuses     string
	}{
		{"closed", "", "GET", broken(""), 200, "good", "502, 200"},
		{"closed, not idempotent", "", "POST", broken(""), 502, "", "502"},
		{"closed, non_idempotent", "proxy_next_upstream error non_idempotent;", "POST", broken(""), 200, "good", "502, 200"},
		{"off", "proxy_next_upstream off;", "GET", broken(""), 502, "", "502"},
		{"503 by default", "", "GET", broken(e503), 503, "busy", "503"},
		{"503 listed", "proxy_next_upstream http_503;", "GET", broken(e503), 200, "good", "503, 200"},
		{"invalid header", "proxy_next_upstream invalid_header;", "GET", broken("nonsense\r\n\r\n"), 200, "good", "502, 200"},
		{"one try", "proxy_next_upstream_tries 1;", "GET", broken(""), 502, "", "502"},
		{"timeout", "proxy_read_timeout LIMIT;", "GET", func() *backend {
			return scripted(t, func(e *exchange) { io.Copy(io.Discard, e.br) }) //nolint:errcheck // silent
		}, 200, "good", "504, 200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := ""
			if tt.method == "POST" {
				body = "data"
			}
			b, good := tt.first(), fixed(t, ok("good"))
			s, res := withLimits(tt.conf, 504, func(conf string) (*phasetest.Server, *phasetest.Response) {
				s := start(t, "upstream u { server BACKEND0; server BACKEND1; }", "location / { "+conf+" proxy_pass http://u; }", b, good)
				return s, s.Do(tt.method, "/", body)
			})
			if res.Status != tt.status || tt.body != "" && res.Body != tt.body {
				t.Errorf("%d %q, want %d %q\n%s", res.Status, res.Body, tt.status, tt.body, s.ErrorLog())
			}
		})
	}
}

func TestMaxFails(t *testing.T) {
	dead := deadAddr(t)
	s := start(t, "upstream u { server "+dead+" max_fails=2 fail_timeout=1h; server BACKEND0; }", "location / { proxy_pass http://u; }", named(t, 1)...)
	if got := sequence(s, 10, "/"); got != "0000000000" {
		t.Errorf("got %s", got)
	}
	if n := strings.Count(s.ErrorLog(), "connect() failed"); n != 2 {
		t.Errorf("%d attempts at a server with max_fails=2", n)
	}
}

// TestKeepalive counts connections to the upstream.
func TestKeepalive(t *testing.T) {
	const kept = `location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }`
	for _, tt := range []struct {
		name, upstream, reply string
		conns                 int
	}{
		{"none", "", ok("x"), 10},
		{"kept", "keepalive 2;", ok("x"), 1},
		{"chunked", "keepalive 2;", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 1},
		{"no body", "keepalive 2;", "HTTP/1.1 304 Not Modified\r\nETag: Content-Length\r\n\r\n", 1},
		{"closed by the upstream", "keepalive 2;", ok("x", "Connection: close"), 10},
		{"HTTP/1.0", "keepalive 2;", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 10},
		{"keepalive_requests", "keepalive 2; keepalive_requests 5;", ok("x"), 2},
		{"extra bytes", "keepalive 2;", ok("x") + "y", 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := fixed(t, tt.reply)
			s := start(t, "upstream u { server BACKEND0; "+tt.upstream+" }", kept, b)
			for range 10 {
				if res := s.Get("/"); res.Status != 200 && res.Status != 304 {
					t.Fatalf("status %d\n%s", res.Status, s.ErrorLog())
				}
			}
			if conns, requests := b.counts(); conns != tt.conns || requests != 10 {
				t.Errorf("%d connections for %d requests, want %d", conns, requests, tt.conns)
			}
		})
	}
}

// TestStaleConnection: one that the upstream closed while it was kept does not show.
func TestStaleConnection(t *testing.T) {
	closed := make(chan struct{})
	b := scripted(t, func(e *exchange) {
		if _, _, err := e.request(); err == nil {
			io.WriteString(e, ok("x")) //nolint:errcheck // the test sees what came
			e.Close()
			closed <- struct{}{}
		}
	})
	s := start(t, "upstream u { server BACKEND0; keepalive 2; }", `location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }`, b)
	for range 5 {
		if res := s.Do("POST", "/", "body"); res.Status != 200 {
			t.Fatalf("status %d\n%s", res.Status, s.ErrorLog())
		}
		<-closed // else the next request may come before the close, and fail as it would with nginx
	}
}

func TestUnixSocket(t *testing.T) {
	var head string
	path := unixBackend(t, func(e *exchange) {
		head, _, _ = e.request()
		io.WriteString(e, ok("unix")) //nolint:errcheck // the test sees what came
	})
	s := start(t, "", "location /a/ { proxy_pass http://unix:"+path+":/b/; }")
	if res := s.Get("/a/c"); res.Body != "unix" || !strings.HasPrefix(head, "GET /b/c HTTP/1.0\r\nHost: localhost\r\n") {
		t.Errorf("%q %q", res.Body, head)
	}
}

func TestConfigErrors(t *testing.T) {
	for _, tt := range []struct{ name, http, server, want string }{
		{"unknown host", "", "location / { proxy_pass http://nowhere.invalid; }", `host not found in upstream "nowhere.invalid" in conf/nginx.conf:7`},
		{"unknown server", "upstream u { server nowhere.invalid:80; }", "", `host not found in upstream "nowhere.invalid:80" in conf/nginx.conf:4`},
		{"no servers", "upstream u { }", "", `no servers are inside upstream in conf/nginx.conf:4`},
		{"twice", "upstream u { server 1.1.1.1; }\nupstream u { server 1.1.1.1; }", "", `duplicate upstream "u" in conf/nginx.conf:5`},
		{"bad port", "", "location / { proxy_pass http://127.0.0.1:99999; }", `invalid port in upstream "127.0.0.1:99999"`},
		{"bad prefix", "", "location / { proxy_pass 127.0.0.1; }", `invalid URL prefix in`},
		{"regex and URI", "", "location ~ x { proxy_pass http://127.0.0.1/y; }", `"proxy_pass" cannot have URI part in location given by regular expression`},
		{"duplicate", "", "location / { proxy_pass http://127.0.0.1; proxy_pass http://127.0.0.1; }", `"proxy_pass" directive is duplicate`},
		{"parameter", "upstream u { server 127.0.0.1 wait=1; }", "", `invalid parameter "wait=1"`},
		{"plus", "upstream u { server 127.0.0.1 slow_start=1s; }", "", `NGINX Plus`},
		{"next", "", "proxy_next_upstream sometimes;", `invalid value "sometimes"`},
		{"cache", "", "proxy_cache x;", `the directive "proxy_cache" is not supported by moongate yet`},
		{"transparent", "", "proxy_bind 127.0.0.1 transparent;", `"proxy_bind" is not supported`},
		{"default too early", "", "location / { proxy_redirect default; proxy_pass http://127.0.0.1; }", `should be placed after the "proxy_pass" directive`},
		{"flag", "", "proxy_buffering maybe;", `invalid value "maybe" in "proxy_buffering" directive, it must be "on" or "off"`},
		{"certificate", "", "location / { proxy_ssl_certificate /nonexistent.pem; proxy_ssl_certificate_key /nonexistent.key; proxy_pass https://127.0.0.1; }", `cannot load certificate "/nonexistent.pem"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := phasetest.LoadError(t, config(tt.http, tt.server), modules()...)
			if !strings.Contains(got, tt.want) {
				t.Errorf("error %q lacks %q", got, tt.want)
			}
		})
	}
}

// TestKeptAfterLargeBody: a connection over which a body was streamed serves the next request too.
func TestKeptAfterLargeBody(t *testing.T) {
	for _, conf := range []string{"", "proxy_request_buffering off;"} {
		t.Run(conf, func(t *testing.T) {
			b := answering(t, func(_, body string) string { return ok(fmt.Sprint(len(body))) })
			s := start(t, "upstream u { server BACKEND0; keepalive 2; }", `client_max_body_size 0; location / { `+conf+` proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }`, b)
			for range 3 {
				if res := s.Do("POST", "/", strings.Repeat("x", 300<<10)); res.Body != "307200" {
					t.Fatalf("%d %q\n%s", res.Status, res.Body, s.ErrorLog())
				}
			}
			if conns, requests := b.counts(); conns != 1 || requests != 3 {
				t.Errorf("%d connections for %d requests", conns, requests)
			}
		})
	}
}
