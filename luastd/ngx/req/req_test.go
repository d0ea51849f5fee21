package req_test

import (
	"strings"
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

func serve(t *testing.T, conf string) *phasetest.Server {
	t.Helper()
	return phasetest.Start(t, `events {} http { server { listen ADDR; client_body_buffer_size 32; underscores_in_headers on; `+conf+` } }`, rewrite.Module, luastd.Complete())
}

func TestRequest(t *testing.T) {
	const raise = "local function try(...) local _, e = pcall(...) ngx.say(e) end "
	tests := []struct{ name, lua, want string }{
		{"line", `local r = ngx.req ngx.say(r.get_method(), r.http_version(), r.is_internal(), type(r.start_time()))`, "POST1.1falsenumber\n"},
		{"raw header", `ngx.print(ngx.req.raw_header())`, "POST /t?a=1&b&a=2&c= HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 8\r\nX-A: 1\r\nX-A: 2\r\nx_B: u\r\n\r\n"},
		{"raw header without line", `ngx.print((ngx.req.raw_header(true):gsub("\r\n.*", "")))`, "Host: localhost"},
		{"set_method", `ngx.req.set_method(ngx.HTTP_PATCH) ngx.say(ngx.req.get_method(), ngx.var.request_method)`, "PATCHPATCH\n"},
		{"set_method errors", raise + `try(ngx.req.set_method, "GET") try(ngx.req.set_method, 3)`, "bad method number\nunsupported HTTP method: 3\n"},
		{"set_uri", `ngx.req.set_uri("/a b?c") ngx.say(ngx.var.uri, ngx.var.request_uri)`, "/a b?c/t?a=1&b&a=2&c=\n"},
		{"set_uri errors", raise + `try(ngx.req.set_uri) try(ngx.req.set_uri, "") try(ngx.req.set_uri, "/a\n\"") try(ngx.req.set_uri, "/a", 1) try(function() ngx.req.set_uri("/a", true) end)`,
			"expecting 1, 2 or 3 arguments but seen 0\nattempt to use zero-length uri\n" +
				"unsafe byte \"0x0a\" in uri \"/a\\x0A\\x22\" (maybe you want to set the 'binary' argument?)\n" +
				"bad argument #2 to '?' (boolean expected, got number)\ncontent_by_lua(nginx.conf:2):2: API disabled in the context of content_by_lua*\n"},
		{"set_uri binary", `ngx.req.set_uri("/a\n", false, true) ngx.say(ngx.var.uri)`, "/a\n\n"},
		{"uri args", `local a = ngx.req.get_uri_args() ngx.say(a.a, a.b, a.c == "")`, "12truetrue\n"},
		{"uri args truncated", `local a, e = ngx.req.get_uri_args(1) ngx.say(a.a, a.b, e)`, "1niltruncated\n"},
		{"uri args into a table", `local t = {x = 1} local a = ngx.req.get_uri_args(0, t) ngx.say(a == t, t.x, #t.a)`, "truenil2\n"},
		{"set_uri_args", `ngx.req.set_uri_args("a b&c=%20") ngx.say(ngx.var.args) ngx.req.set_uri_args({k = {1, true}}) ngx.say(ngx.var.args) ngx.req.set_uri_args(5) ngx.say(ngx.var.args)`,
			"a%20b&c=%20\nk=1&k\n5\n"},
		{"set_uri_args errors", raise + `try(function() ngx.req.set_uri_args(true) end) try(ngx.req.set_uri_args)`,
			"content_by_lua(nginx.conf:2):2: bad argument #1 to 'set_uri_args' (string, number, or table expected, but got boolean)\nexpecting 1 argument but seen 0\n"},
		{"headers", `local h = ngx.req.get_headers() ngx.say(h["x-a"][1], h.X_A[2], h["X-a"][2], h.x_b, h.nothing, h.host)`, "122unillocalhost\n"},
		{"header names that are numbers", `require("ngx.req").add_header(7, 8) ngx.say(ngx.req.get_headers()[7], ngx.req.get_headers()[true])`, "8nil\n"},
		{"headers raw", `local h = ngx.req.get_headers(0, true) ngx.say(h["X-A"][1], h["x-a"], h.Host)`, "1nillocalhost\n"},
		{"headers truncated", `local h, e = ngx.req.get_headers(1) ngx.say(h.host, h.connection, e)`, "localhostniltruncated\n"},
		{"set_header", `ngx.req.set_header("X-A", 5) ngx.say(ngx.var.http_x_a) ngx.req.set_header("x-new", "a\nb") ngx.say(ngx.req.get_headers(0, true)["x-new"])`, "5\na%0Ab\n"},
		{"set_header several", `ngx.req.set_header("X-A", {"p", 7, "r"}) ngx.say(ngx.req.get_headers()["x-a"])`, "p7r\n"},
		{"set_header of one line", `ngx.req.set_header("User-Agent", {"p", "q"}) ngx.say(ngx.req.get_headers()["user-agent"])`, "q\n"},
		{"clear_header", `ngx.req.clear_header("x-a") ngx.req.set_header("x_B", nil) local h = ngx.req.get_headers() ngx.say(h.x_a, h.x_b)`, "nilnil\n"},
		{"host", `ngx.say(ngx.var.host) ngx.req.set_header("Host", "EXAMPLE.com:80") ngx.say(ngx.var.host, ngx.var.http_host)`, "localhost\nexample.comEXAMPLE.com:80\n"},
		{"bad values", raise + `try(ngx.req.set_header, "Host", "a/b") try(ngx.req.set_header, "Content-Length", "x") try(ngx.req.set_header) `,
			"failed to set header\nfailed to set header\nbad 'name' argument: string expected, got nil\n"},
		{"add_header", raise + `local r = require "ngx.req" r.add_header("X-A", 3) ngx.say(ngx.req.get_headers()["x-a"]) try(r.add_header, "x") try(r.add_header, "x", {})`,
			"123\nbad 'value' argument: string or table expected, got nil\nbad 'value' argument: non-empty table expected\n"},
		{"body", `ngx.say(ngx.req.get_body_data()) ngx.req.read_body() ngx.say(ngx.req.get_body_data(), ngx.req.get_body_data(3), ngx.req.get_body_file())`, "nil\nk=1&k=%2k=1nil\n"},
		{"post args", `ngx.req.read_body() ngx.say(ngx.req.get_post_args().k)`, "1%2\n"},
		{"post args unread", raise + `try(ngx.req.get_post_args) try(ngx.req.set_body_data, "x") try(ngx.req.append_body, "x")`,
			"no request body found; maybe you should turn on lua_need_request_body?\nrequest body not read yet\nrequest_body not initialized\n"},
		{"discarded", raise + `ngx.req.discard_body() ngx.say(next(ngx.req.get_post_args())) try(ngx.req.init_body)`, "nil\nrequest body already discarded asynchronously\n"},
		{"set_body_data", `ngx.req.read_body() ngx.req.set_body_data("new") ngx.say(ngx.req.get_body_data(), ngx.var.http_content_length, ngx.var.request_body)`, "new3new\n"},
		{"set_body_file", `ngx.req.read_body() local n = ngx.config and "" or "" local f = io.open("PREFIXbody", "w") f:write("of a file") f:close()
			ngx.req.set_body_file("PREFIXbody", true) ngx.say(ngx.req.get_body_data(), ngx.req.get_body_file() == "PREFIXbody", ngx.var.http_content_length)`, "niltrue9\n"},
		{"set_body_file missing", raise + `ngx.req.read_body() try(ngx.req.set_body_file, "/nowhere/at/all")`, "stat() \"/nowhere/at/all\" failed\n"},
		{"built body", `ngx.req.read_body() ngx.req.init_body() ngx.req.append_body("he") ngx.req.append_body("llo") ngx.req.finish_body() ngx.say(ngx.req.get_body_data(), ngx.var.http_content_length)`, "hello5\n"},
		{"built body in a file", `ngx.req.read_body() ngx.req.init_body(3) ngx.req.append_body("he") ngx.req.append_body("llo") ngx.req.finish_body()
			local f = io.open(ngx.req.get_body_file()) ngx.say(ngx.req.get_body_data(), f:read("*a")) f:close()`, "nilhello\n"},
		{"built body from a request socket", `local sock = ngx.req.socket() ngx.req.init_body(100)
			while true do local data = sock:receive(1) if not data then break end ngx.req.append_body(data) end
			ngx.req.finish_body() ngx.say(ngx.var.http_content_length, ngx.req.get_body_data())`, "8k=1&k=%2\n"},
		{"arity", raise + `try(ngx.req.read_body, 1) try(ngx.req.set_body_data) try(ngx.req.get_body_data, 1, 2)`,
			"expecting 0 arguments but seen 1\nexpecting 1 arguments but seen 0\nexpecting 0 or 1 arguments but seen 2\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, "location /t { content_by_lua_block {\n"+tt.lua+"\n} }")
			r := s.Do("POST", "/t?a=1&b&a=2&c=", "k=1&k=%2", "X-A: 1", "X-A: 2", "x_B: u")
			if r.Body != tt.want {
				t.Errorf("got %q\nwant %q\n%s", r.Body, tt.want, s.ErrorLog())
			}
		})
	}
}

func TestPhases(t *testing.T) {
	s := serve(t, `
		location /jump { rewrite_by_lua_block { ngx.req.set_uri("/to", true) } }
		location /to { content_by_lua_block { ngx.say("arrived at ", ngx.var.uri, ngx.req.is_internal()) } }
		location /big { content_by_lua_block { ngx.req.read_body() ngx.say(ngx.req.get_body_data(), ngx.req.get_body_file() ~= nil) local _, e = ngx.req.get_post_args() ngx.say(e) } }
		location /twice { content_by_lua_block {
			local threads = {}
			for i = 1, 2 do threads[i] = ngx.thread and ngx.thread.spawn(function() ngx.req.read_body() ngx.say(ngx.req.get_body_data()) end) end
			if not ngx.thread then for i = 1, 2 do ngx.req.read_body() ngx.say(ngx.req.get_body_data()) end end
		} }`)
	if got := s.Get("/jump").Body; got != "arrived at /totrue\n" {
		t.Errorf("jump: %q\n%s", got, s.ErrorLog())
	}
	if got := s.Do("POST", "/big", strings.Repeat("a", 100)).Body; got != "niltrue\nrequest body in temp file not supported\n" {
		t.Errorf("big: %q\n%s", got, s.ErrorLog())
	}
	if got := s.Do("POST", "/twice", "abc").Body; got != "abc\nabc\n" {
		t.Errorf("twice: %q\n%s", got, s.ErrorLog())
	}
}
