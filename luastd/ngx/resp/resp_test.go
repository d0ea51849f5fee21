package resp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/luastd"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

func serve(t *testing.T, conf string) *phasetest.Server {
	t.Helper()
	return phasetest.Start(t, `events {} http { default_type text/plain; server { listen ADDR; `+conf+` } }`, rewrite.Module, luastd.Complete())
}

func TestHeadersOnTheWire(t *testing.T) {
	tests := []struct{ name, lua, want string }{
		{"one", `ngx.header["X-A"] = 1.5`, "X-A: 1.5"},
		{"underscores", `ngx.header.x_a = "v"`, "x-a: v"},
		{"several", `ngx.header["X-A"] = {"a", 2}`, "X-A: a\r\nX-A: 2"},
		{"override", `ngx.header["X-A"] = {"a", "b"} ngx.header["x-a"] = "c"`, "X-A: c"},
		{"nil", `ngx.header["X-A"] = "a" ngx.header["X-A"] = nil`, ""},
		{"empty table", `ngx.header["X-A"] = "a" ngx.header["X-A"] = {}`, ""},
		{"escaped", `ngx.header["X-A"] = "a\r\nb"`, "X-A: a%0D%0Ab"},
		{"one line only", `ngx.header.Expires = {"a", "b"}`, "Expires: b"},
		{"several lines", `ngx.header.Location = {"/a", "/b"}`, "Location: /a\r\nLocation: /b"},
		{"cache control", `ngx.header.cache_control = {"private", "no-store"}`, "cache-control: private\r\ncache-control: no-store"},
		{"content type", `ngx.header.content_type = "text/x; charset=a"`, "Content-Type: text/x; charset=a"},
		{"no content type", `ngx.header.content_type = nil`, ""},
		{"length", `ngx.header.content_length = 2`, "Content-Length: 2"},
		{"server", `ngx.header.server = "me"`, "Server: me"},
		{"last modified", `ngx.header.last_modified = "Thu, 18 Nov 2010 11:27:35 GMT"`, "Last-Modified: Thu, 18 Nov 2010 11:27:35 GMT"},
		{"last modified of another form", `ngx.header.last_modified = "Thursday, 18-Nov-10 11:27:35 GMT"`, "last-modified: Thursday, 18-Nov-10 11:27:35 GMT"},
		{"add", `ngx.header["X-A"] = "a" require("ngx.resp").add_header("X-A", {"b", "c"})`, "X-A: a\r\nX-A: b\r\nX-A: c"},
		{"add to a header of one line", `ngx.header.Expires = "a" require("ngx.resp").add_header("Expires", "b")`, "Expires: b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, "location /t { content_by_lua_block {\n"+tt.lua+" ngx.print(\"ok\")\n} }")
			raw := s.Get("/t").Raw
			head, _, _ := strings.Cut(raw, "\r\n\r\n")
			var got []string
			for line := range strings.SplitSeq(head, "\r\n") {
				switch name, _, _ := strings.Cut(strings.ToLower(line), ":"); name {
				case "date", "connection", "transfer-encoding", "http/1.1 200 ok":
				case "server":
					if strings.HasSuffix(line, "me") {
						got = append(got, line)
					}
				case "content-type":
					if line != "Content-Type: text/plain" {
						got = append(got, line)
					}
				default:
					got = append(got, line)
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, "\r\n")); diff != "" {
				t.Errorf("%s\n%s\n%s", diff, raw, s.ErrorLog())
			}
		})
	}
}

func TestHeadersAsSeen(t *testing.T) {
	tests := []struct{ name, lua, want string }{
		{"read", `local h = ngx.header h.x_a = "1" ngx.say(h["X-A"], h.x_a, h["x-a"], h.nothing)`, "111nil\n"},
		{"several", `local h = ngx.header h.x_a = {"1", "2"} ngx.say(#h.x_a, h.x_a)`, "212\n"},
		{"content type", `ngx.say(ngx.header.content_type) ngx.say(ngx.header.content_type)`, "nil\ntext/plain\n"},
		{"length", `local h = ngx.header h.content_length = 4 ngx.print(type(h["Content-Length"]) == "string" and "yes\n" or "no")`, "yes\n"},
		{"last modified", `local h = ngx.header h.last_modified = "Thursday, 18-Nov-10 11:27:35 GMT" ngx.say(h.last_modified)`, "Thu, 18 Nov 2010 11:27:35 GMT\n"},
		{"bad length", `ngx.say(pcall(function() ngx.header.content_length = "x" end))`, "falsecontent_by_lua(nginx.conf:2):2: failed to set header\n"},
		{"get_headers", `ngx.header.X_A = {"1", "2"} local h = ngx.resp.get_headers() ngx.say(h["x-a"], h.X_a, h.connection)`, "1212close\n"},
		{"get_headers raw", `ngx.header.X_A = "1" local h = ngx.resp.get_headers(0, true) ngx.say(h["X-A"], h["x-a"])`, "1nil\n"},
		{"get_headers truncated", `ngx.header.a = 1 ngx.header.b = 2 local h, e = ngx.resp.get_headers(2) ngx.say(h.a, h.b, e)`, "1niltruncated\n"},
		{"add nothing", `local r = require "ngx.resp" r.add_header("x", {}) ngx.say(pcall(r.add_header, "x"))`, "falseinvalid header value\n"},
		{"table elements become text", `local t = {1, true} ngx.header.x = t ngx.say(type(t[1]), t[2])`, "stringtrue\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, "location /t { content_by_lua_block {\n"+tt.lua+"\n} }")
			if got := s.Get("/t").Body; got != tt.want {
				t.Errorf("got %q\nwant %q\n%s", got, tt.want, s.ErrorLog())
			}
		})
	}
}

func TestStatus(t *testing.T) {
	s := serve(t, `
		location /reason { content_by_lua_block { require("ngx.resp").set_status(299, "Somehow Good") ngx.say("x") } }
		location /late { content_by_lua_block { ngx.send_headers() ngx.header.x = 1 } }
		location /filter { return 200 "body"; header_filter_by_lua_block { ngx.header.x = ngx.header.content_length ngx.status = 203 } }
		location /off { lua_transform_underscores_in_response_headers off; content_by_lua_block { ngx.header.x_a = 1 ngx.say(ngx.header["x-a"], ngx.header.x_a) } }`)
	if got := s.Get("/reason").Raw; !strings.HasPrefix(got, "HTTP/1.1 299 Somehow Good\r\n") {
		t.Errorf("got %q", got)
	}
	s.Get("/late")
	if !s.WaitLog("attempt to set ngx.header.HEADER after sending out response headers") {
		t.Errorf("log: %s", s.ErrorLog())
	}
	if r := s.Get("/filter"); r.Status != 203 || r.Header.Get("X") != "4" {
		t.Errorf("got %q", r.Raw)
	}
	if r := s.Get("/off"); r.Body != "nil1\n" || !strings.Contains(r.Raw, "x_a: 1") {
		t.Errorf("got %q", r.Raw)
	}
}
