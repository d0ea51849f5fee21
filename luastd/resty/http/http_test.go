package http_test

import (
	"bufio"
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
	secureHost, securePort, _ := net.SplitHostPort(secure)
	const show = `if not res then ngx.say("no: ", err) else ngx.say(res.status, " ", res.body) end `
	tests := []struct{ name, lua, want string }{
		{"get", `local res, err = c:request_uri("http://HOST/echo?a=1", {headers = {["X-A"] = "b"}}) ` + show + ` ngx.say(res.reason, " ", res.headers["x-two"][2], " ", res.headers["content-length"] ~= nil)`,
			"202 GET /echo?a=1 host=true te=[] ua=moongate resty.http x=b body=\nAccepted b true\n"},
		{"post", `local res, err = c:request_uri("http://HOST/echo", {method = "POST", body = "hello", query = {x = "y z"}}) ` + show,
			"202 POST /echo?x=y%20z host=true te=[] ua=moongate resty.http x= body=hello\n"},
		{"body of pieces", `local res, err = c:request_uri("http://HOST/echo", {method = "PUT", body = {"a", {"b", "c"}}}) ` + show, "202 PUT /echo host=true te=[] ua=moongate resty.http x= body=abc\n"},
		{"body of a function", `local n = 0 local function body() n = n + 1 return n < 3 and "p" .. n or nil end
			local res, err = c:request_uri("http://HOST/echo", {method = "POST", body = body, headers = {["content-length"] = 4}}) ` + show + ` ngx.say(c:request_uri("http://HOST/echo", {method = "POST", body = body}))`,
			"202 POST /echo host=true te=[] ua=moongate resty.http x= body=p1p2\nnilRequest body is a function but a length or chunked encoding is not specified\n"},
		{"body of a function, in chunks", `local pieces = {"3\r\nabc\r\n", "0\r\n\r\n"}
			local res, err = c:request_uri("http://HOST/echo", {method = "POST", body = function() return table.remove(pieces, 1) end, headers = {["Transfer-Encoding"] = "chunked", ["Content-Length"] = 99}}) ` + show,
			"202 POST /echo host=true te=[chunked] ua=moongate resty.http x= body=abc\n"},
		{"body of a function that fails", `ngx.say(c:request_uri("http://HOST/echo", {method = "POST", body = function() return nil, "broken" end, headers = {["content-length"] = 4}}))`, "nilbroken\n"},
		{"body of numbers and truths", `local res, err = c:request_uri("http://HOST/echo", {method = "PUT", body = {1, true, "x"}}) ` + show, "202 PUT /echo host=true te=[] ua=moongate resty.http x= body=1truex\n"},
		{"no body where one is expected", `ngx.say(c:request_uri("http://HOST/echo", {method = "post"}))`,
			"nilRequest body is nil but POST method expects a body. Use an empty string \"\" if you want to send an empty body.\n"},
		{"pipelined", `c:connect{scheme = "http", host = "127.0.0.1", port = PORT} local all = c:request_pipeline{{path = "/echo"}, {path = "/chunks"}, {path = "/none"}}
			for _, r in ipairs(all) do ngx.say(r.status, " ", r:read_body()) end ngx.say(c:set_keepalive())
			ngx.say(c:request_pipeline{{path = "/echo", headers = {Expect = "100-continue"}}})`,
			"202 GET /echo host=true te=[] ua=moongate resty.http x= body=\n200 piece 0;piece 1;piece 2;\n204 \n1\nnilCannot pipeline request specifying Expect: 100-continue\n"},
		{"parameters stay as they were", `local p = {path = "/echo", query = {a = 1}} c:connect{scheme = "http", host = "127.0.0.1", port = PORT} c:request(p):read_body() ngx.say(p.headers, p.method, p.query.a)`, "nilnil1\n"},
		{"a port without a scheme", `ngx.say(c:connect{host = "127.0.0.1", port = PORT})`, "nil'scheme' is required when providing a port\n"},
		{"not made by new", `local m = require "resty.http" ngx.say(m:connect{host = "a"}) ngx.say(m:connect("a", 1)) ngx.say(m:set_timeout(1)) ngx.say(m:set_keepalive()) ngx.say(m:get_reused_times()) ngx.say(m:close())`,
			strings.Repeat("nilnot initialized\n", 6)},
		{"older forms", `ngx.say(c:connect("127.0.0.1", PORT)) local res, err = c:request{path = "/echo"} ngx.say(res.status, " ", #res:read_body() > 0) c:close()
			c:connect("SECUREHOST", SECUREPORT) ngx.say(c:ssl_handshake(nil, nil, false) ~= nil) ngx.say(c:request{path = "/echo"}.status)`, "1\n202 true\ntrue\n202\n"},
		{"continue", `local res, err = c:request_uri("http://HOST/echo", {method = "POST", body = "hello", headers = {Expect = "100-continue"}}) ` + show,
			"202 POST /echo host=true te=[] ua=moongate resty.http x= body=hello\n"},
		{"chunked", `local res, err = c:request_uri("http://HOST/chunks") ` + show, "200 piece 0;piece 1;piece 2;\n"},
		{"no content", `local res, err = c:request_uri("http://HOST/none") ngx.say(res.status, res.has_body, "[", res.body, "]")`, "204false[]\n"},
		{"head", `local res, err = c:request_uri("http://HOST/chunks", {method = "HEAD"}) ngx.say(res.status, res.has_body, "[", res.body, "]")`, "200false[]\n"},
		{"kept", `for i = 1, 3 do c:connect{scheme = "http", host = "127.0.0.1", port = PORT} ngx.print(c:get_reused_times(), " ") local res = c:request{path = "/echo"} res:read_body() ngx.say(c:set_keepalive()) end
			c:connect{scheme = "http", host = "127.0.0.1", port = PORT} c:request{path = "/close"}:read_body() ngx.say(c:set_keepalive())
			c:connect("127.0.0.1", PORT) c:request{path = "/echo"} ngx.say(c:request{path = "/echo"}) ngx.say(c:set_keepalive())`,
			"0 1\n1 1\n2 1\n2connection must be closed\nnilthe body of the previous response was not read\n2connection must be closed\n"},
		{"in pieces", `c:connect{scheme = "http", host = "127.0.0.1", port = PORT} local res = c:request{path = "/chunks"} for p in res.body_reader, 4 do ngx.print("<", p, ">") end ngx.say(c:set_keepalive())`,
			"<piec><e 0;><piec><e 1;><piec><e 2;>1\n"},
		{"secure", `local res, err = c:request_uri("https://SECURE/echo", {ssl_verify = false}) ` + show + ` res, err = c:request_uri("https://SECURE/close", {ssl_verify = false}) ` + show,
			"202 GET /echo host=true te=[] ua=moongate resty.http x= body=\n200 bye\n"},
		{"not trusted", `ngx.say(c:request_uri("https://SECURE/echo"))`, "nil18: self-signed certificate\n"},
		{"refused", `ngx.say(c:request_uri("http://127.0.0.1:DEAD/"))`, "nilconnection refused\n"},
		{"uris", `for _, u in ipairs{"http://a", "https://a.b:8443/x?y=1", "http://u:p@[::1]:8080?q", "ftp://a", "x"} do
				local p, err = c:parse_uri(u, false) ngx.say(p and table.concat(p, " ") or err) end ngx.say(c:parse_uri("http://a/b?c")[4]) ngx.say(c:parse_uri("//a/b")[1])`,
			"http a 80 / \nhttps a.b 8443 /x y=1\nhttp [::1] 8080 / q\nbad uri: ftp://a\nbad uri: x\n/b?c\nhttp\n"},
		{"no smuggling", `ngx.say(pcall(c.request_uri, c, "http://HOST/echo", {headers = {["X-A"] = "b\r\nX-B: c"}}))`, "falsebad header: line break\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lua := strings.NewReplacer("HOST", net.JoinHostPort(host, port), "PORT", port, "SECUREHOST", secureHost, "SECUREPORT", securePort, "SECURE", secure, "DEAD", dead).Replace(tt.lua)
			s := phasetest.Start(t, `events {} http { server { listen ADDR; location /t { content_by_lua_block { local c = require("resty.http").new() c:set_timeout(5000)
				`+lua+` } } } }`, luastd.Complete())
			if d := cmp.Diff(tt.want, s.Get("/t").Body); d != "" {
				t.Errorf("%s\n%s", d, s.ErrorLog())
			}
		})
	}
}

// TestAnswers is about what a peer sends that net/http's server does not.
func TestAnswers(t *testing.T) {
	const ask = `assert(c:connect{scheme = "http", host = "127.0.0.1", port = PORT}) local res, err = c:request{path = "/"} `
	tests := []struct{ name, answer, lua, want string }{
		{"no version", "TEAPOT/1.1 OMG\r\n\r\n", ask + `ngx.say(err)`, "couldn't parse HTTP version from response status line: TEAPOT/1.1 OMG\n"},
		{"no status", "HTTP/1.1 OMG\r\n\r\n", ask + `ngx.say(err)`, "couldn't parse status code from response status line: HTTP/1.1 OMG\n"},
		{"to the end", "HTTP/1.0 200 OK\r\n\r\nabcdefg", ask + `for p in res.body_reader, 3 do ngx.print("<", p, ">") end ngx.say(c:set_keepalive())`, "<abc><def><g>2connection must be closed\n"},
		{"to the end, whole", "HTTP/1.0 200 OK\r\n\r\nabcdefg", ask + `ngx.say(res:read_body(), " ", res.body_reader())`, "abcdefg nil\n"},
		{"a size is wanted again", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef", ask + `ngx.say(res.body_reader(4), res.body_reader(), res.body_reader())`, "abcdnilnil\n"},
		{"all at once", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabcdef", ask + `ngx.say(res.body_reader(), res.body_reader())`, "abcdefnil\n"},
		{"broken off", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcdef", ask + `ngx.say(res:read_body())`, "nilclosedabcdef\n"},
		{"informed before", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", ask + `ngx.say(res.status, res.headers.Link, res:read_body())`, "200nilx\n"},
		{"refused before the body", "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", `local res = c:request_uri("http://127.0.0.1:PORT/", {method = "POST", body = "abc", headers = {Expect = "100-continue"}}) ngx.say(res.status)`, "413\n"},
		{"trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n1\r\na\r\n0\r\nX-Sum: 9\r\n\r\n",
			ask + `ngx.say(res.headers["X-Sum"]) res:read_body() res:read_trailers() ngx.say(res.headers["x-sum"])`, "nil\n9\n"},
		{"no trailers", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ask + `ngx.say(res.has_body) ngx.say(res:read_trailers())`, "true\nnilno trailers\n"},
		{"told to close, among others", "HTTP/1.1 200 OK\r\nConnection: Upgrade, close\r\nContent-Length: 0\r\n\r\n", ask + `ngx.say(c:set_keepalive())`, "2connection must be closed\n"},
		{"not a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ask + `ngx.say(res:read_body())`, "nilunable to read chunksize\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			port := answer(t, tt.answer)
			s := phasetest.Start(t, `events {} http { server { listen ADDR; location /t { content_by_lua_block { local c = require("resty.http").new() c:set_timeout(5000)
				`+strings.ReplaceAll(tt.lua, "PORT", port)+` } } } }`, luastd.Complete())
			if d := cmp.Diff(tt.want, s.Get("/t").Body); d != "" {
				t.Errorf("%s\n%s", d, s.ErrorLog())
			}
		})
	}
}

// answer listens on a port, reads a head and writes text.
func answer(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		if _, err = http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, text)
		}
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// TestForwardProxy is about requests through a proxy, which says what it was asked and lets one authorization through.
func TestForwardProxy(t *testing.T) {
	_, secure := upstream(t, true)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			fmt.Fprintf(w, "%s host=%s auth=%s", r.RequestURI, r.Host, r.Header.Get("Proxy-Authorization"))
			return
		}
		if r.Header.Get("Proxy-Authorization") != "let me" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		to, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		from, read, err := http.NewResponseController(w).Hijack() // some bytes may have been read already
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(to, read); _ = to.Close() }()
		_, _ = io.Copy(from, to)
		_ = from.Close()
	}))
	t.Cleanup(proxy.Close)
	tests := []struct{ name, lua, want string }{
		{"in the clear", `c:set_proxy_options{http_proxy = "PROXY", http_proxy_authorization = "me"} local res = c:request_uri("http://a.test:81/x?y=1") ngx.say(res.body)
			ngx.say(c:request_uri("http://a.test/x").body) ngx.say(c:request_uri("http://a.test/x", {headers = {["Proxy-Authorization"] = "you"}}).body)`,
			"http://a.test:81/x?y=1 host=a.test:81 auth=me\nhttp://a.test/x host=a.test auth=me\nhttp://a.test/x host=a.test auth=you\n"},
		{"a tunnel", `c:set_proxy_options{https_proxy = "PROXY", https_proxy_authorization = "let me"} for _ = 1, 2 do
			local res, err = c:request_uri("https://SECURE/echo", {ssl_verify = false}) ngx.say(res and res.status or err) end
			ngx.say(c:connect{scheme = "https", host = "HOST", port = PORT, ssl_verify = false, ssl_server_name = "HOST"}) ngx.say(c:get_reused_times())`, "202\n202\ntruenilnil\n2\n"},
		{"no tunnel", `c:set_proxy_options{https_proxy = "PROXY"} ngx.say(c:request_uri("https://SECURE/echo", {ssl_verify = false}))`, "nilfailed to establish a tunnel through a proxy: 403\n"},
		{"a proxy behind TLS", `c:set_proxy_options{http_proxy = "https://a.test"} ngx.say(c:request_uri("http://b.test/"))`, "nilprotocol https not supported for proxy connections\n"},
		{"a connection for a proxy", `ngx.say(c:connect_proxy("PROXY", "http", "a.test", 80)) ngx.say(c:request{path = "http://a.test/", headers = {Host = "a.test"}}:read_body())
			ngx.say(c:connect_proxy("PROXY", "https", "HOST", PORT)) ngx.say(c:connect_proxy("PROXY", "https", "HOST", PORT, "let me")) c:ssl_handshake(nil, nil, false) ngx.say(c:request{path = "/echo"}.status)`,
			"1\nhttp://a.test/ host=a.test auth=\nnilfailed to establish a tunnel through a proxy: 403\n1\n202\n"},
		{"which proxy", `for _, no in ipairs{"", "*", "a.test", ".a.test,b", "b, A.TEST", "xa.test", "test"} do c:set_proxy_options{http_proxy = "P", https_proxy = "S", no_proxy = no}
			ngx.print(c:get_proxy_uri("http", "a.test"), " ", c:get_proxy_uri("https", "sub.a.test"), ";") end ngx.say(require("resty.http").new():get_proxy_uri("http", "a"))`,
			"P S;nil nil;nil nil;nil nil;nil nil;P S;nil nil;nil\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			host, port, _ := net.SplitHostPort(secure)
			lua := strings.NewReplacer("PROXY", proxy.URL, "SECURE", secure, "HOST", host, "PORT", port).Replace(tt.lua)
			s := phasetest.Start(t, `events {} http { server { listen ADDR; location /t { content_by_lua_block { local c = require("resty.http").new() c:set_timeout(5000)
				`+lua+` } } } }`, luastd.Complete())
			if d := cmp.Diff(tt.want, s.Get("/t").Body); d != "" {
				t.Errorf("%s\n%s", d, s.ErrorLog())
			}
		})
	}
}

// TestPassedOn: proxy_request and proxy_response make the script a reverse proxy.
func TestPassedOn(t *testing.T) {
	_, host := upstream(t, false)
	name, port, _ := net.SplitHostPort(host)
	s := phasetest.Start(t, `events {} http { server { listen ADDR; location / { content_by_lua_block { local c = require("resty.http").new()
		assert(c:connect{scheme = "http", host = "`+name+`", port = `+port+`}) c:proxy_response(c:proxy_request(3)) c:set_keepalive() } } } }`, luastd.Complete())
	r := s.Do("POST", "/echo?a=b", "passed on")
	if want := "POST /echo?a=b host=true te=[] ua=moongate resty.http x= body=passed on"; r.Status != http.StatusAccepted || r.Body != want || len(r.Header.Values("X-Two")) != 2 {
		t.Errorf("%d %q %v, want %q\n%s", r.Status, r.Body, r.Header, want, s.ErrorLog())
	}
}

// TestHeaderTables: names are found whatever their case and keep the one that they came with.
func TestHeaderTables(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR; location / { content_by_lua_block { local h = require("resty.http_headers").new()
		h["X-A"] = 1 h["x-a"] = 2 h["X_a"] = 3 h["Gone"] = 1 h["gone"] = nil
		local names = {} for k, v in pairs(h) do names[#names + 1] = k .. "=" .. v end table.sort(names) ngx.say(table.concat(names, " "), " ", h["x-A"]) } } } }`, luastd.Complete())
	if got := s.Get("/").Body; got != "X-A=2 X_a=3 2\n" {
		t.Errorf("%q\n%s", got, s.ErrorLog())
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
