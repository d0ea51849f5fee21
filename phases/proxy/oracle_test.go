package proxy_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"moongate/phases/phasetest"
)

// nginx serves the same configuration with the distribution's nginx, in a prefix of its own, and answers with its address. Debian's
// 1.22 is what the accepted differences below are written for.
func nginx(t *testing.T, text string) (addr, dir string) {
	t.Helper()
	dir = phasetest.Dir(t)
	if addr = phasetest.Nginx(t, dir, text); addr == "" {
		t.Skip("no nginx here to compare with: install the nginx package")
	}
	return addr, dir
}

func rawTo(t *testing.T, addr, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // the read will tell
	io.WriteString(c, request)                 //nolint:errcheck // as above
	b, _ := io.ReadAll(c)
	return string(b)
}

// TestOracleChoice: the same servers are chosen, in the same order, as nginx chooses them.
func TestOracleChoice(t *testing.T) {
	bs := named(t, 4)
	const four = "server BACKEND0; server BACKEND1 weight=2; server BACKEND2; server BACKEND3 weight=3;"
	for _, method := range []string{"", "least_conn;", "ip_hash;", "hash $arg_k;", "hash $arg_k consistent;", "hash $uri$arg_k consistent;"} {
		t.Run(method, func(t *testing.T) {
			text := config("upstream u { "+method+four+" }", "location / { proxy_pass http://u; }", bs...)
			addr, _ := nginx(t, text)
			s := phasetest.Start(t, text, modules()...)
			var want, got strings.Builder
			for i := range 60 {
				req := fmt.Sprintf("GET /?k=key-%d HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", i*7919)
				want.WriteString(phasetest.Parse(t, rawTo(t, addr, req), "GET").Body)
				got.WriteString(phasetest.Parse(t, s.Raw(req), "GET").Body)
			}
			if got.String() != want.String() {
				t.Errorf("\n got %s\nwant %s", got.String(), want.String())
			}
		})
	}
}

// TestOracleTalk: the upstream gets the same request, and the client the same answer, as through nginx.
func TestOracleTalk(t *testing.T) {
	const get = "GET /a/b%20c/../d?x=%20y HTTP/1.1\r\nHost: Front.Example:81\r\nConnection: close\r\nUser-Agent: t\r\nAccept: */*\r\nX-Forwarded-For: 9.9.9.9\r\nx-lower: 1\r\nCookie: a=b\r\n\r\n"
	const post = "POST /a/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: text/a\r\nContent-Length: 5\r\nExpect: nothing\r\n\r\nhello"
	plain := ok("body", "Content-Type: text/html; charset=utf-8", "Last-Modified: Tue, 01 Jan 2019 00:00:00 GMT", `ETag: "x"`, "Cache-Control: a", "Cache-Control: b", "Accept-Ranges: bytes", "Vary: X", "Link: y", "X-Accel-Expires: 5", "Status: 200")
	redirect := "HTTP/1.1 301 Gone Away\r\nLocation: http://BACKEND0/new/place?q\r\nContent-Length: 3\r\nRefresh: 3; url=http://BACKEND0/r\r\n\r\nfoo"
	for _, tt := range []struct{ name, conf, request, reply string }{
		{"default", "location / { proxy_pass http://BACKEND0; }", get, plain},
		{"post", "location / { proxy_pass http://BACKEND0; }", post, plain},
		{"prefix", "location /a/ { proxy_pass http://BACKEND0/z; }", get, plain},
		{"prefix and escapes", "location /a/ { proxy_pass http://BACKEND0/z%20z/; }", get, plain},
		{"exact", "location = /a/x { proxy_pass http://BACKEND0/only; }", post, plain},
		{"regex", "location ~ ^/(a) { proxy_pass http://BACKEND0; }", get, plain},
		{"variable", "location / { proxy_pass http://BACKEND0$uri?$args; }", post, plain},
		{"query only", "location /a/ { proxy_pass http://BACKEND0?fixed=1; }", get, plain},
		{"HTTP/1.1", "location / { proxy_http_version 1.1; proxy_pass http://BACKEND0; }", get, plain},
		{"headers", "location / { proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header Host $host; proxy_set_header Accept ''; proxy_set_header Cookie $cookie_a; proxy_set_header X-P $proxy_host:$proxy_port; proxy_pass http://BACKEND0; }", get, plain},
		{"set body", "location / { proxy_set_body '$request_body!'; proxy_pass http://BACKEND0; }", post, plain},
		{"method", "location / { proxy_method DELETE; proxy_pass http://BACKEND0; }", post, plain},
		{"no headers", "location / { proxy_pass_request_headers off; proxy_pass http://BACKEND0; }", post, plain},
		{"pass header", "location / { proxy_pass_header X-Accel-Expires; proxy_hide_header Vary; proxy_pass http://BACKEND0; }", get, plain},
		{"redirect", "location / { proxy_pass http://BACKEND0; }", get, redirect},
		{"redirect into a location", "location /a/ { proxy_pass http://BACKEND0/new/; }", get, redirect},
		{"redirect rewritten", "location / { proxy_redirect ~^http://[^/]+/(.*) /$1; proxy_pass http://BACKEND0; }", get, redirect},
		{"redirect off", "location / { proxy_redirect off; proxy_pass http://BACKEND0; }", get, redirect},
		{"cookies", "location / { proxy_cookie_path ~^/(x)/ /$1$1/; proxy_cookie_domain a.b c.d; proxy_cookie_flags k nosecure samesite=strict; proxy_pass http://BACKEND0; }", get,
			ok("", "Set-Cookie: k=v; path=/x/y;secure ; Domain=A.b", "Set-Cookie: z=1;Path=/x/;  HttpOnly")},
		{"close delimited", "location / { proxy_pass http://BACKEND0; }", get, "HTTP/1.0 200 OK\r\nX: y\r\n\r\nto the end"},
		{"chunked", "location / { proxy_http_version 1.1; proxy_pass http://BACKEND0; }", get, "HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
		{"not modified", "location / { proxy_pass http://BACKEND0; }", get, "HTTP/1.1 304 Not Modified\r\nETag: x\r\nConnection: close\r\n\r\n"},
		{"odd status", "location / { proxy_pass http://BACKEND0; }", get, "HTTP/1.1 299\r\nContent-Length: 0\r\n\r\n"},
		{"accel", "location / { proxy_pass http://BACKEND0; } location /in { internal; proxy_pass http://BACKEND0/inner; }", get, ok("x", "X-Accel-Redirect: /in?z", "Set-Cookie: q=r", "X-Lost: 1", "Content-Disposition: c")},
		{"intercept", "location / { error_page 404 = /in; proxy_intercept_errors on; proxy_pass http://BACKEND0; } location /in { proxy_pass http://BACKEND0/inner; }", post, "HTTP/1.1 404 N\r\nContent-Length: 1\r\n\r\nn"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			reply := tt.reply
			var heads []string
			b := answering(t, func(head, body string) string {
				heads = append(heads, head+body)
				if strings.Contains(head, " /inner") {
					return ok("inner")
				}
				return reply
			})
			reply = strings.ReplaceAll(reply, "BACKEND0", b.addr())
			text := config("", tt.conf, b)
			addr, _ := nginx(t, text)
			want := comparable(rawTo(t, addr, tt.request), addr)
			wantHeads := heads
			heads = nil
			s := phasetest.Start(t, text, modules()...)
			got := comparable(s.Raw(tt.request), s.Addr())
			if d := cmp.Diff(wantHeads, heads); d != "" {
				t.Errorf("requests to the upstream (-nginx +moongate)\n%s", d)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("response (-nginx +moongate)\n%s\n%s", d, s.ErrorLog())
			}
		})
	}
}

// comparable leaves out of a response what differs by design: the name of the server, the date, the port. A
// Location comes first: nginx prints one that it completed before Connection, and others in their place.
func comparable(raw, addr string) []string {
	_, port, _ := net.SplitHostPort(addr)
	var out []string
	for line := range strings.SplitSeq(raw, "\r\n") {
		if strings.HasPrefix(line, "Date: ") || strings.HasPrefix(line, "Server: ") {
			continue
		}
		line = strings.ReplaceAll(line, ":"+port, ":PORT")
		if strings.HasPrefix(line, "Location: ") {
			out = slices.Insert(out, 0, line)
			continue
		}
		out = append(out, line)
	}
	return out
}

// TestOracleFailure: a failing upstream leads to the same status and the same log lines.
func TestOracleFailure(t *testing.T) {
	reply := func(text string, stay bool) func(e *exchange) {
		return func(e *exchange) {
			if _, _, err := e.request(); err != nil {
				return
			}
			io.WriteString(e, text) //nolint:errcheck // the test sees what came
			if stay {
				io.Copy(io.Discard, e.br) //nolint:errcheck // until the proxy closes
			}
		}
	}
	for _, tt := range []struct {
		name, http, conf string
		script           func(e *exchange)
	}{
		{"closed", "", "", reply("", false)},
		{"closed in the head", "", "", reply("HTTP/1.1 200 OK\r\nA:", false)},
		{"silent", "", "proxy_read_timeout 200ms;", reply("", true)},
		{"too big", "", "proxy_buffer_size 1k;", reply("HTTP/1.1 200 OK\r\nA: "+strings.Repeat("x", 2000)+"\r\n\r\n", true)},
		{"short body", "", "", reply("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", false)},
		{"short chunks", "", "proxy_http_version 1.1;", reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nshort", false)},
		{"bad chunks", "", "proxy_http_version 1.1;", reply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n", true)},
		{"stalled body", "", "proxy_read_timeout 200ms;", reply("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", true)},
		{"too long body", "", "", reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nlonger", false)},
		{"refused", "", "proxy_pass http://DEAD/x;", nil},
		{"no live", "upstream none { server DEAD down; }", "proxy_pass http://none;", nil},
		{"all fail", "upstream all { server DEAD; server DEAD; }", "proxy_pass http://all/z;", nil},
		{"no socket", "", "proxy_pass http://unix:/nonexistent/sock:/u;", nil},
		{"no resolver", "", "set $h some.host; proxy_pass http://$http_x;", nil},
		{"prefix", "", "proxy_pass $http_x;", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conf, script := tt.conf, tt.script
			if script == nil {
				script = func(*exchange) {}
			} else {
				conf += " proxy_pass http://BACKEND0;"
			}
			b := scripted(t, script)
			conf = strings.ReplaceAll(strings.ReplaceAll(conf, "set $h some.host;", ""), "DEAD", "127.0.0.1:1")
			text := config(strings.ReplaceAll(tt.http, "DEAD", "127.0.0.1:1"), "location /a { "+conf+" }", b)
			const req = "GET /a/b?c HTTP/1.1\r\nHost: h\r\nReferer: r\r\nX: some.host\r\nConnection: close\r\n\r\n"
			text = strings.Replace(text, "events", "error_log logs/error.log; events", 1)
			addr, dir := nginx(t, text)
			wantStatus, _, _ := strings.Cut(rawTo(t, addr, req), "\r\n")
			log, _ := os.ReadFile(dir + "logs/error.log")
			s := phasetest.Start(t, text, modules()...)
			gotStatus, _, _ := strings.Cut(s.Raw(req), "\r\n")
			// nginx drops a head that it has not sent when the body breaks; here it goes out, followed by nothing
			if d := cmp.Diff(wantStatus, gotStatus); d != "" && wantStatus != "" {
				t.Errorf("status (-nginx +moongate)\n%s", d)
			}
			if d := cmp.Diff(messages(string(log)), messages(s.ErrorLog())); d != "" {
				t.Errorf("log (-nginx +moongate)\n%s", d)
			}
		})
	}
}

// messages are the lines of an error log without time and connection number.
func messages(log string) []string {
	var out []string
	for line := range strings.SplitSeq(log, "\n") {
		level, rest, _ := strings.Cut(line, "] ")
		_, level, _ = strings.Cut(level, "[")
		if _, msg, ok := strings.Cut(rest, ": *"); ok {
			_, msg, _ = strings.Cut(msg, " ")
			out = append(out, level+": "+msg)
		}
	}
	return out
}
