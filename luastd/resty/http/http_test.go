package http_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

// upstream answers as the path asks; its host and port replace HOST in scripts.
func upstream(t *testing.T, secure bool) (*httptest.Server, string) {
	t.Helper()
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/echo":
			b, _ := io.ReadAll(r.Body)
			w.Header().Add("X-Two", "a")
			w.Header().Add("X-Two", "b")
			w.WriteHeader(http.StatusAccepted)
			fmt.Fprintf(w, "%s %s host=%t te=%v ua=%s x=%s body=%s", r.Method, r.URL.RequestURI(), r.Host != "", r.TransferEncoding, r.UserAgent(), r.Header.Get("X-A"), b)
		case "/chunks":
			for i := range 3 {
				fmt.Fprintf(w, "piece %d;", i)
				w.(http.Flusher).Flush()
			}
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/close":
			w.Header().Set("Connection", "close")
			fmt.Fprint(w, "bye")
		}
	})
	s := httptest.NewUnstartedServer(h)
	if secure {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s, strings.TrimPrefix(strings.TrimPrefix(s.URL, "http://"), "https://")
}

func TestClient(t *testing.T) {
	_, plain := upstream(t, false)
	_, secure := upstream(t, true)
	_, dead, _ := net.SplitHostPort(phasetest.FreeAddr(t))
	host, port, _ := net.SplitHostPort(plain)
	const show = `if not res then ngx.say("no: ", err) else ngx.say(res.status, " ", res.body) end `
	tests := []struct{ name, lua, want string }{
		{"get", `local res, err = c:request_uri("http://HOST/echo?a=1", {headers = {["X-A"] = "b"}}) ` + show + ` ngx.say(res.reason, " ", res.headers["x-two"][2], " ", res.headers.content_length ~= nil)`,
			"202 GET /echo?a=1 host=true te=[] ua=moongate resty.http x=b body=\nAccepted b true\n"},
		{"post", `local res, err = c:request_uri("http://HOST/echo", {method = "POST", body = "hello", query = {x = "y z"}}) ` + show,
			"202 POST /echo?x=y%20z host=true te=[] ua=moongate resty.http x= body=hello\n"},
		{"body of pieces", `local res, err = c:request_uri("http://HOST/echo", {method = "PUT", body = {"a", {"b", "c"}}}) ` + show, "202 PUT /echo host=true te=[] ua=moongate resty.http x= body=abc\n"},
		{"body of a function", `local n = 0 local res, err = c:request_uri("http://HOST/echo", {method = "POST", body = function() n = n + 1 if n < 3 then return "p" .. n end end}) ` + show,
			"202 POST /echo host=true te=[chunked] ua=moongate resty.http x= body=p1p2\n"},
		{"continue", `local res, err = c:request_uri("http://HOST/echo", {method = "POST", body = "hello", headers = {Expect = "100-continue"}}) ` + show,
			"202 POST /echo host=true te=[] ua=moongate resty.http x= body=hello\n"},
		{"chunked", `local res, err = c:request_uri("http://HOST/chunks") ` + show, "200 piece 0;piece 1;piece 2;\n"},
		{"no content", `local res, err = c:request_uri("http://HOST/none") ngx.say(res.status, res.has_body, "[", res.body, "]")`, "204false[]\n"},
		{"head", `local res, err = c:request_uri("http://HOST/chunks", {method = "HEAD"}) ngx.say(res.status, res.has_body, "[", res.body, "]")`, "200false[]\n"},
		{"kept", `for i = 1, 3 do c:connect{host = "127.0.0.1", port = PORT} ngx.print(c:get_reused_times(), " ") local res = c:request{path = "/echo"} res:read_body() ngx.say(c:set_keepalive()) end
			c:connect{host = "127.0.0.1", port = PORT} c:request{path = "/close"}:read_body() ngx.say(c:set_keepalive())
			c:connect("127.0.0.1", PORT) c:request{path = "/echo"} ngx.say(c:request{path = "/echo"}) ngx.say(c:set_keepalive())`,
			"0 1\n1 1\n2 1\n2connection must be closed\nnilthe body of the previous response was not read\n2connection must be closed\n"},
		{"in pieces", `c:connect{host = "127.0.0.1", port = PORT} local res = c:request{path = "/chunks"} for p in res.body_reader, 4 do ngx.print("<", p, ">") end ngx.say(c:set_keepalive())`,
			"<piec><e 0;><piec><e 1;><piec><e 2;>1\n"},
		{"secure", `local res, err = c:request_uri("https://SECURE/echo", {ssl_verify = false}) ` + show + ` res, err = c:request_uri("https://SECURE/close", {ssl_verify = false}) ` + show,
			"202 GET /echo host=true te=[] ua=moongate resty.http x= body=\n200 bye\n"},
		{"not trusted", `ngx.say(c:request_uri("https://SECURE/echo"))`, "nil18: self-signed certificate\n"},
		{"refused", `ngx.say(c:request_uri("http://127.0.0.1:DEAD/"))`, "nilconnection refused\n"},
		{"uris", `for _, u in ipairs{"http://a", "https://a.b:8443/x?y=1", "http://u:p@[::1]:8080?q", "ftp://a", "x"} do
				local p, err = c:parse_uri(u, false) ngx.say(p and table.concat(p, " ") or err) end ngx.say(c:parse_uri("http://a/b?c")[4])`,
			"http a 80 / \nhttps a.b 8443 /x y=1\nhttp [::1] 8080 / q\nbad uri: ftp://a\nbad uri: x\n/b?c\n"},
		{"no smuggling", `ngx.say(pcall(c.request_uri, c, "http://HOST/echo", {headers = {["X-A"] = "b\r\nX-B: c"}}))`, "falsebad header: line break\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lua := strings.NewReplacer("HOST", net.JoinHostPort(host, port), "PORT", port, "SECURE", secure, "DEAD", dead).Replace(tt.lua)
			s := phasetest.Start(t, `events {} http { server { listen ADDR; location /t { content_by_lua_block { local c = require("resty.http").new() c:set_timeout(5000)
				`+lua+` } } } }`, luastd.Complete())
			if d := cmp.Diff(tt.want, s.Get("/t").Body); d != "" {
				t.Errorf("%s\n%s", d, s.ErrorLog())
			}
		})
	}
}

func TestClientBody(t *testing.T) {
	_, host := upstream(t, false)
	s := phasetest.Start(t, `events {} http { server { listen ADDR; location /t { content_by_lua_block { local c = require("resty.http").new()
		local res, err = c:request_uri("http://`+host+`/echo", {method = "POST", body = c:get_client_body_reader(3), headers = {["Content-Length"] = ngx.var.content_length}})
		ngx.print(res and res.body:match("body=(.*)") or err) } } } }`, luastd.Complete())
	if got := s.Do("POST", "/t", "passed on").Body; got != "passed on" {
		t.Errorf("%q\n%s", got, s.ErrorLog())
	}
}
