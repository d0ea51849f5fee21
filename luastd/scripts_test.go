package luastd_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/echo"
	"moongate/phases/notmodified"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

var modules = []*phases.Module{rewrite.Module, echo.Module, notmodified.Module, luastd.Complete()}

func serve(t *testing.T, http, server string) *phasetest.Server {
	t.Helper()
	return phasetest.Start(t, "worker_processes 1;\nevents {}\nhttp { default_type text/plain;\n"+http+"\nserver { listen ADDR;\n"+server+"\n} }", modules...)
}

func TestScripts(t *testing.T) {
	tests := []struct {
		name, http, server string
		method             string // GET
		headers            []string
		status             int
		body               string // a part of it; "-" for none
		log                []string
		without            string // what the log must not say
	}{
		{name: "exit in a header filter", server: `location /t { content_by_lua_block { ngx.say("hi") } header_filter_by_lua_block { return ngx.exit(403) } }`,
			status: 403, body: "403 Forbidden"},
		{name: "exit with success in a header filter", server: `location /t { content_by_lua_block { ngx.say("hi") } header_filter_by_lua_block { return ngx.exit(201) } }`,
			status: 201, body: "-"},
		{name: "exit in filter and handler", server: `location /t { content_by_lua_block { ngx.status = 201 ngx.say("hi") ngx.exit(201) } header_filter_by_lua_block { return ngx.exit(201) } }`,
			status: 201, body: "-"},
		{name: "filter's exit goes to an error page", server: `error_page 582 = /bar;
			location /t { echo ok; header_filter_by_lua_block { return ngx.exit(582) } }
			location /bar { echo hi; header_filter_by_lua_block { return ngx.exit(302) } }`, status: 302, body: "302 Found"},
		{name: "an error page of Lua's while a script writes", server: `error_page 412 /failed;
			location /t { content_by_lua_block { ngx.say("hi") } }
			location /failed { content_by_lua_block { ngx.sleep(0.001) ngx.say("condition failed") } }`,
			headers: []string{"If-Match: 1"}, status: 412, body: "condition failed\n"},
		{name: "conditions put aside", server: `location /t { access_by_lua_block { require("ngx.resp").bypass_if_checks() } content_by_lua_block { ngx.say("hi") } }`,
			headers: []string{"If-Match: 1"}, status: 200, body: "hi\n"},
		{name: "jump without ngx.ctx", server: `location /t { rewrite_by_lua_block { ngx.ctx.a = 1 ngx.req.set_uri("/to", true) } }
			location /to { content_by_lua_block { ngx.say(ngx.ctx.a) } }`, status: 200, body: "nil\n", log: []string{`lua set uri jump to "/to"`}},
		{name: "server_rewrite_by_lua comes before rewrite", server: `server_rewrite_by_lua_block { ngx.log(ngx.INFO, "uri is ", ngx.var.uri) } rewrite ^ /re;
			location /re { content_by_lua_block { ngx.say("RE") } }`, status: 200, body: "RE\n", log: []string{"uri is /t"}},
		{name: "syntax error in a worker's script", http: "init_worker_by_lua_block {\nerror('a'\nerror('b')\n}", server: `location /t { echo ok; }`,
			status: 200, log: []string{"init_worker_by_lua error: init_worker_by_lua(nginx.conf:"}, without: "failed to load"},
		{name: "level stderr", server: `location /t { content_by_lua_block { ngx.log(ngx.STDERR, "x", 1) } }`, status: 200, log: []string{" [] "}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.http, tt.server)
			method := tt.method
			if method == "" {
				method = "GET"
			}
			r := s.Do(method, "/t", "", tt.headers...)
			if r.Status != tt.status {
				t.Errorf("status %d, want %d", r.Status, tt.status)
			}
			if tt.body == "-" && r.Body != "" || tt.body != "-" && !strings.Contains(r.Body, tt.body) {
				t.Errorf("body %q, want %q", r.Body, tt.body)
			}
			for _, line := range tt.log {
				if !s.WaitLog(line) {
					t.Errorf("the log lacks %q:\n%s", line, s.ErrorLog())
				}
			}
			if tt.without != "" && strings.Contains(s.ErrorLog(), tt.without) {
				t.Errorf("the log has %q:\n%s", tt.without, s.ErrorLog())
			}
		})
	}
}

func TestHTTP10(t *testing.T) {
	s := serve(t, "", `location /t { content_by_lua_block { ngx.say("hello") ngx.flush(true) ngx.say("you") } }`)
	get := s.Raw("GET /t HTTP/1.0\r\n\r\n")
	if !strings.Contains(get, "Content-Length: 10\r\n") || !strings.HasSuffix(get, "hello\nyou\n") {
		t.Errorf("GET: %q", get)
	}
	if head := s.Raw("HEAD /t HTTP/1.0\r\n\r\n"); strings.Contains(head, "Content-Length") {
		t.Errorf("HEAD: %q", head)
	}
}

func TestExitDeclined(t *testing.T) {
	s := serve(t, "", `location /t { content_by_lua_block { ngx.exit(ngx.DECLINED) } }`)
	if got := s.Raw("GET /t HTTP/1.1\r\nHost: a\r\n\r\n"); got != "" {
		t.Errorf("answer %q, want none", got)
	}
}

func TestChunkNames(t *testing.T) {
	dir := phasetest.Dir(t)
	bad := "location /%s { content_by_lua_block {\nbad bad\n} }"
	long := strings.Repeat("0123456789", 5) + ".conf"
	phasetest.WriteFile(t, dir+"conf/sub/a.conf", strings.ReplaceAll(bad, "%s", "a"))
	phasetest.WriteFile(t, dir+"conf/"+long, strings.ReplaceAll(bad, "%s", "b"))
	s := phasetest.StartIn(t, dir, "events {} http { server { listen ADDR;\ninclude sub/a.conf; include "+long+"; } }", modules...)
	s.Get("/a")
	s.Get("/b")
	for _, want := range []string{"content_by_lua(sub/a.conf:1):2:", "content_by_lua(..." + long[len(long)-38:] + ":1):2:"} {
		if !s.WaitLog(want) {
			t.Errorf("the log lacks %q:\n%s", want, s.ErrorLog())
		}
	}
}

func TestUnreadableFile(t *testing.T) {
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"html/dir.lua/x", "")
	s := phasetest.StartIn(t, dir, "events {} http { server { listen ADDR; location /none { content_by_lua_file html/none.lua; } location /dir { content_by_lua_file html/dir.lua; } } }", modules...)
	if got := s.Get("/none").Status; got != 404 {
		t.Errorf("a missing file: %d, want 404", got)
	}
	if got := s.Get("/dir").Status; got != 503 {
		t.Errorf("a file that cannot be read: %d, want 503", got)
	}
}

// TestPostponeOutput reads what a script has printed while it is still at work.
func TestPostponeOutput(t *testing.T) {
	s := serve(t, "", `
		location /t { content_by_lua_block { ngx.print(string.rep("a", 2000)) while not package.loaded.released do ngx.sleep(0.005) end ngx.print("b") } }
		location /release { content_by_lua_block { package.loaded.released = true } }`)
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))                              //nolint:errcheck // the read will tell
	io.WriteString(c, "GET /t HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") //nolint:errcheck // the read will tell
	if _, err = io.ReadFull(c, make([]byte, 2000)); err != nil {
		t.Error(err)
	}
	s.Get("/release")
	rest, _ := io.ReadAll(c)
	if !strings.HasSuffix(string(rest), "1\r\nb\r\n0\r\n\r\n") {
		t.Errorf("the rest is %q", rest)
	}
}

func TestDebugLines(t *testing.T) {
	s := serve(t, "", `location /t { rewrite_by_lua_block { } access_by_lua_block { } echo ok; header_filter_by_lua_block { } body_filter_by_lua_block { } log_by_lua_block { } }`)
	s.Get("/t")
	for _, want := range []string{
		`lua rewrite handler, uri:"/t" c:1`, `lua access handler, uri:"/t" c:1`, `lua log handler, uri:"/t"`, `lua header filter for user lua code, uri "/t"`,
		`lua body filter for user lua code, uri "/t"`, `lua capture header filter, uri "/t"`,
	} {
		if !s.WaitLog(want) {
			t.Errorf("the log lacks %q:\n%s", want, s.ErrorLog())
		}
	}
	if strings.Contains(s.ErrorLog(), "lua content handler") {
		t.Error("a handler that is not there is logged")
	}
}

func TestNoTypeFor304(t *testing.T) {
	s := serve(t, "", `location /t { content_by_lua_block { ngx.status = 304 } }`)
	if r := s.Get("/t"); r.Header.Get("Content-Type") != "" || r.Status != 304 {
		t.Errorf("answer %q", r.Raw)
	}
}

func TestInitErrorLevel(t *testing.T) {
	s := serve(t, "", `location /t { echo ok; }`)
	err := s.Reload("events {} http { init_by_lua_block { error('no') } server { listen ADDR; } }")
	var own interface{ LogLevel() phases.LogLevel }
	if !errors.As(err, &own) || own.LogLevel() != phases.LogErr {
		t.Errorf("error %v: want one of level error", err)
	}
}

func TestHTTP09Headers(t *testing.T) {
	s := serve(t, "", `location /t { content_by_lua_block { ngx.req.set_header("A", "b") ngx.print(ngx.req.get_headers().A, ngx.status) } }`)
	if got := s.Raw("GET /t\r\n"); got != "nil9" {
		t.Errorf("answer %q", got)
	}
}

func TestLocationInHeaderFilter(t *testing.T) {
	s := serve(t, "", `location /t { return 301 /there; header_filter_by_lua_block { ngx.header.Foo = ngx.header.location } }
		location /own { return 301 /there; header_filter_by_lua_block { ngx.header.location = "/else" } }`)
	r := s.Get("/t")
	if got := r.Header.Get("Foo"); got != "/there" {
		t.Errorf("the filter sees %q, want the path", got)
	}
	if got := r.Header.Get("Location"); !strings.HasPrefix(got, "http://localhost:") || !strings.HasSuffix(got, "/there") {
		t.Errorf("the client sees %q, want a whole URL", got)
	}
	if got := s.Get("/own").Header.Get("Location"); got != "/else" {
		t.Errorf("the script's own Location became %q", got)
	}
}
