package output_test

import (
	"strings"
	"testing"

	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

func start(t *testing.T, locations string) *phasetest.Server {
	t.Helper()
	return phasetest.Start(t, `events {} http { default_type text/plain; server { listen ADDR; `+locations+` } }`, rewrite.Module, luastd.Complete())
}

// content runs lua as the content of one location and gives the answer's body, and the error log.
func content(t *testing.T, lua string) (*phasetest.Response, *phasetest.Server) {
	t.Helper()
	s := start(t, "location /t { content_by_lua_block {\n"+lua+"\n} }")
	return s.Get("/t"), s
}

var _ = phases.OK

func TestPrint(t *testing.T) {
	tests := []struct{ name, lua, want string }{
		{"kinds", `ngx.print("a", 1, 1.5, 1e15, nil, true, false, ngx.null)`, "a11.51e+15niltruefalsenull"},
		{"say", `ngx.say("a", "b") ngx.say()`, "ab\n\n"},
		{"nested tables", `ngx.say({"a", {1, {"b", {}}}, true, ngx.null})`, "a1btruenull\n"},
		{"hole", `local t = {"a"} t[3] = "c" ngx.say(t)`, "anilc\n"},
		{"result", `ngx.say(ngx.say("x"))`, "x\n1\n"},
		{"no array", `ngx.say(pcall(ngx.say, {a = 1}))`, "falsebad argument #1 to '?' (non-array table found)\n"},
		{"bad element", `ngx.say(pcall(ngx.say, "x", {print}))`, "falsebad argument #2 to '?' (bad data type function found)\n"},
		{"bad argument", `ngx.say(pcall(function() ngx.print(print) end))`,
			"falsecontent_by_lua(nginx.conf:2):2: bad argument #1 to 'print' (string, number, boolean, nil, ngx.null, or array table expected, but got function)\n"},
		{"after eof", `ngx.say("x") ngx.eof() local ok, err = ngx.say("y") ngx.log(ngx.ERR, "E:", err)`, "x\n"},
		{"flush arguments", `ngx.say(pcall(ngx.flush, 1, 2)) ngx.say(pcall(ngx.flush, 1))`,
			"falseattempt to pass 2 arguments, but accepted 0 or 1\nfalsebad argument #1 to '?' (boolean expected, got number)\n"},
		{"flush", `local _, e = ngx.flush() ngx.say(e) ngx.say(ngx.flush(true))`, "nothing to flush\n1\n"},
		{"eof argument", `ngx.say(pcall(ngx.eof, 1))`, "falseno argument is expected\n"},
		{"headers_sent", `ngx.print(ngx.headers_sent) ngx.flush(true) ngx.print(ngx.headers_sent)`, "falsetrue"},
		{"send_headers", `ngx.send_headers() ngx.say(ngx.headers_sent)`, "true\n"},
		{"constants", `ngx.say(ngx.OK, ngx.ERROR, ngx.AGAIN, ngx.DONE, ngx.DECLINED, " ", ngx.HTTP_PATCH, " ", ngx.HTTP_CLOSE, " ", ngx.DEBUG)`, "0-1-2-4-5 16384 444 8\n"},
		{"phase", `ngx.say(ngx.get_phase(), ngx.get_raw_phase(), ngx._phase_ctx(), ngx.is_subrequest)`, "content88false\n"},
		{"ctx", `ngx.ctx.a = 1 ngx.say(ngx.ctx.a) ngx.ctx = {b = 2} ngx.say(ngx.ctx.a, ngx.ctx.b)`, "1\nnil2\n"},
		{"ctx of wrong type", `ngx.say(pcall(function() ngx.ctx = 1 end))`, "falsecontent_by_lua(nginx.conf:2):2: ctx should be a table while getting a number\n"},
		{"unknown keys", `ngx.say(ngx.nothing) ngx.nothing = 3 ngx.say(ngx.nothing, rawget(ngx, "nothing"))`, "nil\n33\n"},
		{"arg outside", `ngx.say(pcall(function() return ngx.arg[1] end))`, "falsecontent_by_lua(nginx.conf:2):2: API disabled in the current context\n"},
		{"exit arguments", `ngx.say(pcall(function() ngx.exit(-2) end))`, "falsecontent_by_lua(nginx.conf:2):2: bad argument to 'ngx.exit': does not accept NGX_AGAIN or NGX_DONE\n"},
		{"exec arguments", `ngx.say(pcall(ngx.exec)) ngx.say(pcall(ngx.exec, "")) ngx.say(pcall(ngx.exec, "/../x")) ngx.say(pcall(ngx.exec, "/x", true))`,
			"falseexpecting one or two arguments, but got 0\nfalseThe uri argument is empty\nfalseunsafe uri\nfalsebad argument #2 to '?' (string, number, or table expected, but got boolean)\n"},
		{"redirect arguments", `ngx.say(pcall(ngx.redirect, "/a", 404)) ngx.say(pcall(ngx.redirect, "/a\r\n"))`,
			"falseonly ngx.HTTP_MOVED_TEMPORARILY, ngx.HTTP_MOVED_PERMANENTLY, ngx.HTTP_PERMANENT_REDIRECT, ngx.HTTP_SEE_OTHER, and ngx.HTTP_TEMPORARY_REDIRECT are allowed\n" +
				"falseattempt to call ngx.redirect after sending out the headers\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, s := content(t, tt.lua)
			if r.Body != tt.want {
				t.Errorf("got %q\nwant %q\n%s", r.Body, tt.want, s.ErrorLog())
			}
		})
	}
}

func TestLog(t *testing.T) {
	tests := []struct{ name, lua, want string }{
		{"kinds", `ngx.log(ngx.ERR, "a", 1, nil, true, ngx.null, setmetatable({}, {__tostring = function() return "T" end}))`,
			"[error] PID: *1 [lua] content_by_lua(nginx.conf:2):2: a1niltruenullT, client: "},
		{"print", `print("p")`, "[notice] PID: *1 [lua] content_by_lua(nginx.conf:2):2: p, client: "},
		{"global function", `function f() ngx.log(ngx.WARN, "x") end f()`, "content_by_lua(nginx.conf:2):2: f(): x, client"},
		{"local function", `local function g() print("x") end g()`, "content_by_lua(nginx.conf:2):2: g(): x, client"},
		{"field and method", `local o = {} function o.h() print("x") end function o:m() self.h() end o:m()`, "content_by_lua(nginx.conf:2):2: h(): x, client"},
		{"called by pcall", `pcall(function() print("x") end)`, "content_by_lua(nginx.conf:2):2: x, client"},
		{"bad level", `ngx.log(9, "x")`, "content_by_lua(nginx.conf:2):2: bad argument #1 to 'log' (bad log level: 9)"},
		{"bad value", `ngx.log(ngx.ERR, {})`, "bad argument #1 to 'log' (expected table to have __tostring metamethod)"},
		{"status too late", `ngx.send_headers() ngx.status = 201`, "attempt to set ngx.status after sending out response headers, client"},
		{"bad status", `ngx.status = 99`, "invalid HTTP status code 99, client"},
		{"exit after the head", `ngx.status = 201 ngx.send_headers() ngx.exit(404)`, "attempt to set status 404 via ngx.exit after sending out the response status 201"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, s := content(t, tt.lua)
			var log strings.Builder
			for line := range strings.Lines(s.ErrorLog()) {
				if i, j := strings.Index(line, "] "), strings.Index(line, ": *"); i > 0 && j > i {
					line = line[:i+2] + "PID" + line[j:]
				}
				log.WriteString(line)
			}
			if !strings.Contains(log.String(), tt.want) {
				t.Errorf("no %q in\n%s", tt.want, log.String())
			}
		})
	}
}

func TestControl(t *testing.T) {
	s := start(t, `
		location /exit { content_by_lua_block { ngx.exit(tonumber(ngx.get_phase() == "content" and 403)) } }
		location /status { content_by_lua_block { ngx.status = 202 ngx.say(ngx.status) } }
		location /nothing { content_by_lua_block { ngx.exit(ngx.OK) } }
		location /through { access_by_lua_block { ngx.exit(ngx.OK) } content_by_lua_block { ngx.say("content") } }
		location /refused { access_by_lua_block { ngx.exit(401) } content_by_lua_block { ngx.say("content") } }
		location /exec { content_by_lua_block { ngx.ctx.x = 1 ngx.exec("/target?a=1", {b = 2}) } }
		location /named { content_by_lua_block { ngx.exec("@named", "q=1") } }
		location @named { content_by_lua_block { ngx.say("named") } }
		location /target { set $q $args; content_by_lua_block { ngx.say("target ", ngx.ctx.x) } }
		location /redirect { content_by_lua_block { ngx.redirect("/a?b", 307) } }
		location /unsafe { content_by_lua_block { ngx.redirect("/a\r\n\"") } }
		location /arg { set_by_lua $a 'return ngx.arg[1] .. ngx.arg[2] .. tostring(ngx.arg[3])' x y; return 200 $a; }
		location /filter { return 200 body; body_filter_by_lua_block { ngx.arg[1] = string.upper(ngx.arg[1]) .. {1} [1] .. tostring(ngx.arg[2]) ngx.arg[2] = true } }
		location /drop { return 200 body; header_filter_by_lua_block { ngx.header.content_length = nil } body_filter_by_lua_block { ngx.arg[1] = {"x", {1}} } }
		location /badchunk { return 200 body; body_filter_by_lua_block { ngx.arg[1] = true } }
		location /page { error_page 404 /err; return 404; }
		location /err { content_by_lua_block { ngx.status = 203 ngx.say("page") } }
	`)
	tests := []struct {
		path   string
		status int
		body   string
		log    string
	}{
		{"/exit", 403, "", ""},
		{"/status", 202, "202\n", ""},
		{"/nothing", 200, "", ""},
		{"/through", 200, "content\n", ""},
		{"/refused", 401, "", ""},
		{"/exec", 200, "target nil\n", ""},
		{"/named", 200, "named\n", "query strings q=1 ignored when exec'ing named location @named"},
		{"/redirect", 307, "", ""},
		{"/unsafe", 500, "", `unsafe byte "0x0d" in redirect uri "/a\x0D\x0A\x22"`},
		{"/arg", 200, "xynil", ""},
		{"/drop", 200, "x1", ""},
		{"/badchunk", 0, "", "bad chunk data type: boolean"},
		{"/page", 203, "page\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			if tt.status == 0 {
				s.Raw("GET " + tt.path + " HTTP/1.0\r\n\r\n")
			} else {
				r := s.Get(tt.path)
				if r.Status != tt.status || tt.body != "" && r.Body != tt.body {
					t.Errorf("got %d %q, want %d %q\n%s", r.Status, r.Body, tt.status, tt.body, s.ErrorLog())
				}
			}
			if tt.log != "" && !s.WaitLog(tt.log) {
				t.Errorf("no %q in\n%s", tt.log, s.ErrorLog())
			}
		})
	}
	if got := s.Get("/redirect").Header.Get("Location"); got != "/a?b" {
		t.Errorf("Location %q", got)
	}
}

func TestEndOfCtxIsLogged(t *testing.T) {
	_, s := content(t, `ngx.ctx.x = 1 ngx.ctx = {}`)
	if want := "lua release ngx.ctx at ref 1, client"; !s.WaitLog(want) {
		t.Errorf("no %q in\n%s", want, s.ErrorLog())
	}
}
