package luastd_test

import (
	"strings"
	"testing"
)

// TestOutputOfFailedScripts: what a script has printed is lost with the script, unless it was flushed.
func TestOutputOfFailedScripts(t *testing.T) {
	s := serve(t, "", `
		location /error { content_by_lua_block { ngx.say("printed") error("no") } }
		location /flushed { content_by_lua_block { ngx.say("printed") ngx.flush(true) ngx.say("lost") error("no") } }
		location /before { content_by_lua_block { error("no") } }
		location /close { content_by_lua_block { ngx.say("printed") ngx.exit(444) } }
		location /wrong { content_by_lua_block { ngx.header.content_length = 3 ngx.say("printed") error("no") } }`)
	for _, tt := range []struct {
		name, path       string
		want, unexpected string // "" in want: nothing at all arrives
	}{
		{"an error drops what is buffered", "/error", "", ""},
		{"what was flushed has left", "/flushed", "8\r\nprinted\n\r\n", "lost"},
		{"an error before the head is a page", "/before", "500 Internal Server Error", ""},
		{"444", "/close", "", ""},
		{"with a length", "/wrong", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.Raw("GET " + tt.path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
			switch {
			case tt.want == "" && got != "":
				t.Errorf("%q, want nothing", got)
			case !strings.Contains(got, tt.want):
				t.Errorf("%q, want %q in it", got, tt.want)
			case tt.unexpected != "" && strings.Contains(got, tt.unexpected):
				t.Errorf("%q has %q", got, tt.unexpected)
			case strings.HasSuffix(got, "0\r\n\r\n"):
				t.Errorf("%q looks complete", got)
			}
		})
	}
}

// TestHTTP10Buffering: lua_http10_buffering gathers a body of unknown length, so that the answer can have one.
func TestHTTP10Buffering(t *testing.T) {
	const buffered = "lua buffering output bufs for the HTTP 1.0 request"
	for _, tt := range []struct {
		name, conf, want string
		buffered         bool
	}{
		{"unknown length", `content_by_lua_block { ngx.print("ab") ngx.print("c") }`, "Content-Length: 3\r\n", true},
		{"the script knows it", `content_by_lua_block { ngx.header.content_length = 3 ngx.print("ab") ngx.print("c") }`, "Content-Length: 3\r\n", false},
		{"switched off", `lua_http10_buffering off; content_by_lua_block { ngx.print("ab") ngx.print("c") }`, "Connection: close\r\n", false},
		{"flush has no effect", `content_by_lua_block { ngx.print("a") local _, e = ngx.flush() ngx.print(e) }`, "abuffering", true},
		{"flush where nothing is gathered", `content_by_lua_block { ngx.header.content_length = 1 ngx.print("a") ngx.log(ngx.WARN, "flushed: ", ngx.flush(true)) }`, "\r\n\r\na", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, "", "location /t { "+tt.conf+" }")
			got := s.Raw("GET /t HTTP/1.0\r\n\r\n")
			if !strings.Contains(got, tt.want) {
				t.Errorf("%q, want %q in it", got, tt.want)
			}
			if has := strings.Contains(s.ErrorLog(), buffered); has != tt.buffered {
				t.Errorf("buffered: %v\n%s", has, s.ErrorLog())
			}
		})
	}
}
