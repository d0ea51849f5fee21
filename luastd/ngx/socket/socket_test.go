package socket_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/phases/phasetest"
)

// serve listens on a loopback port and gives each connection to handle; its port is the answer.
func serve(t *testing.T, handle func(c net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				handle(c)
			}()
		}
	}()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// echo answers each line with itself.
func echo(c net.Conn) {
	b := bufio.NewReader(c)
	for {
		line, err := b.ReadString('\n')
		if err != nil {
			return
		}
		io.WriteString(c, line) //nolint:errcheck // the script may have left
	}
}

// says sends text and closes.
func says(text string) func(net.Conn) {
	return func(c net.Conn) { io.WriteString(c, text) } //nolint:errcheck // the script may have left
}

// start serves locations; %s in them is not touched.
func start(t *testing.T, locations string) *phasetest.Server {
	t.Helper()
	return phasetest.Start(t, `events {} http { default_type text/plain; server { listen ADDR; `+locations+` } }`, complete())
}

// run runs Lua as the content of a location; PORT in it is a server that handle speaks for.
func run(t *testing.T, handle func(net.Conn), lua string) (string, *phasetest.Server) {
	t.Helper()
	port := "1"
	if handle != nil {
		port = serve(t, handle)
	}
	s := start(t, "lua_socket_log_errors on; location /t { content_by_lua_block {\n"+strings.ReplaceAll(lua, "PORT", port)+"\n} }")
	return s.Get("/t").Body, s
}

const open = `local sock = ngx.socket.tcp() assert(sock:connect("127.0.0.1", PORT)) `

func TestReceive(t *testing.T) {
	tests := []struct{ name, server, lua, want string }{
		{"lines", "a\r\nb\rc\nend", `for i = 1, 4 do ngx.say(sock:receive()) end`, "a\nbc\nnilclosedend\nnilclosed\n"},
		{"line by name", "a\nb", `ngx.say(sock:receive("*l"))`, "a\n"},
		{"count", "hello world", `ngx.say(sock:receive(5)) ngx.say(sock:receive("3")) ngx.say(sock:receive(10))`, "hello\n wo\nnilclosedrld\n"},
		{"nothing", "x", `ngx.say("[", sock:receive(0), "]")`, "[]\n"},
		{"all", "hello\nworld", `ngx.say(sock:receive("*a")) ngx.say("[", sock:receive("*a"), "]") ngx.say(sock:receive())`, "hello\nworld\n[]\nnilclosed\n"},
		{"much", strings.Repeat("0123456789", 30000), `local s = sock:receive(250000) ngx.say(#s, s:sub(-3)) ngx.say(#sock:receive("*a"))`, "250000789\n50000\n"},
		{"any", "hello", `ngx.say(sock:receiveany(3)) ngx.say(sock:receiveany(100)) ngx.say(sock:receiveany(1))`, "hel\nlo\nnilclosed\n"},
		{"bad patterns", "x", `ngx.say(select(2, pcall(sock.receive, sock, "*x"))) ngx.say(select(2, pcall(function() sock:receive("abc") end)))
			ngx.say(select(2, pcall(function() sock:receive(-1) end))) ngx.say(select(2, pcall(function() sock:receive({}) end)))
			ngx.say(select(2, pcall(function() sock:receiveany(0) end)))`,
			"bad argument #2 to '?' (bad pattern argument)\n" +
				"content_by_lua(nginx.conf:2):2: bad argument #1 to 'receive' (bad pattern argument: abc)\n" +
				"content_by_lua(nginx.conf:2):3: bad argument #1 to 'receive' (bad number argument)\n" +
				"content_by_lua(nginx.conf:2):3: bad argument #1 to 'receive' (bad argument)\n" +
				"content_by_lua(nginx.conf:2):4: bad argument #1 to 'receiveany' (bad max argument)\n"},
		{"until", "hello, --boundary\r\nrest", `local r = sock:receiveuntil("--boundary") ngx.say(r()) ngx.say(r())`, "hello, \nnilclosed\r\nrest\n"},
		{"until overlapping", "--abc---a--ab--", `local r = sock:receiveuntil("--ab--") ngx.say(r())`, "--abc---a\n"},
		{"until repeated prefix", "aaaab", `local r = sock:receiveuntil("aab") ngx.say(r())`, "aa\n"},
		{"until inclusive", "k: v\n\nx", `local r = sock:receiveuntil("\n\n", {inclusive = true}) ngx.say(r(), "|") ngx.say(sock:receive(1))`, "k: v\n\n|\nx\n"},
		{"until in pieces", "hello, --b world", `local r = sock:receiveuntil("--b") for i = 1, 4 do ngx.say(r(4)) end ngx.say(sock:receive("*a"))`, "hell\no, \nnilnilnil\n wor\nld\n"},
		{"until held back, then read", "abc--", `local r = sock:receiveuntil("--boundary") ngx.say(r())`, "nilclosedabc\n"},
		{"until empty", "x", `ngx.say(sock:receiveuntil(""))`, "nilpattern is empty\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, s := run(t, says(tt.server), open+tt.lua)
			if d := cmp.Diff(tt.want, body); d != "" {
				t.Errorf("%s\n%s", d, s.ErrorLog())
			}
		})
	}
}

func TestSend(t *testing.T) {
	tests := []struct{ name, lua, want string }{
		{"kinds", `ngx.say(sock:send("a"), sock:send(12), sock:send({"b", 3.5, {"c", {}}}), sock:send(true), sock:send(nil), sock:send(""))  sock:send("\n") ngx.say(sock:receive())`, "125430\na12b3.5ctruenil\n"},
		{"bad kinds", `ngx.say(select(2, pcall(function() sock:send(print) end))) ngx.say(select(2, pcall(function() sock:send({a = 1}) end)))
			ngx.say(select(2, pcall(function() sock:send({true}) end))) ngx.say(select(2, pcall(function() sock:send() end)))`,
			"content_by_lua(nginx.conf:2):2: bad argument #1 to 'send' (string, number, boolean, nil, or array table expected, got function)\n" +
				"content_by_lua(nginx.conf:2):2: bad argument #1 to 'send' (non-array table found)\n" +
				"content_by_lua(nginx.conf:2):3: bad argument #1 to 'send' (bad data type boolean found)\n" +
				"content_by_lua(nginx.conf:2):3: expecting 2 arguments (including the object), but got 1\n"},
		{"much", `local s = ("x"):rep(3000000) ngx.thread.spawn(function() ngx.say(sock:send(s .. "\n")) end) ngx.say(#sock:receive())`, "3000001\n3000000\n"},
		{"closed", `sock:close() ngx.say(sock:send("x")) ngx.say(sock:receive()) ngx.say(sock:close()) ngx.say(sock:setkeepalive()) ngx.say(sock:getreusedtimes())`,
			"nilclosed\nnilclosed\nnilclosed\nnilclosed\nnilclosed\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, s := run(t, echo, open+tt.lua)
			if d := cmp.Diff(tt.want, body); d != "" {
				t.Errorf("%s\n%s", d, s.ErrorLog())
			}
		})
	}
}

func TestConnect(t *testing.T) {
	unused := phasetest.FreeAddr(t)
	_, dead, _ := net.SplitHostPort(unused)
	tests := []struct{ name, lua, want, log string }{
		{"refused", `ngx.say(ngx.socket.tcp():connect("127.0.0.1", ` + dead + `))`, "nilconnection refused\n", "connect() failed (111: Connection refused), client: "},
		{"no socket file", `ngx.say(ngx.socket.tcp():connect("unix:/tmp/no/such.sock"))`, "nilno such file or directory\n",
			"[crit] "},
		{"no resolver", `ngx.say(ngx.socket.connect("localhost", 80))`, "nilno resolver defined to resolve \"localhost\"\n", ""},
		{"no port", `ngx.say(ngx.socket.tcp():connect("127.0.0.1"))`, "nilmissing the port number\n", ""},
		{"bad port", `ngx.say(ngx.socket.tcp():connect("127.0.0.1", 65536))`, "nilbad port number: 65536\n", ""},
		{"bad host", `ngx.say(ngx.socket.tcp():connect("/x", 1)) ngx.say(ngx.socket.tcp():connect("", 1))`,
			"nilfailed to parse host name \"/x\": invalid host\nnilfailed to parse host name \"\": no host\n", ""},
		{"arguments", `ngx.say(select(2, pcall(function() ngx.socket.tcp():connect() end))) ngx.say(select(2, pcall(ngx.socket.tcp, 1)))
			ngx.say(select(2, pcall(function() ngx.socket.tcp():connect("127.0.0.1", 1, {pool_size = 0}) end)))
			ngx.say(select(2, pcall(function() ngx.socket.tcp():connect("127.0.0.1", 1, {pool = {}}) end)))
			ngx.say(select(2, pcall(function() ngx.socket.tcp():settimeout(-1) end)))
			ngx.say(select(2, pcall(function() local s = ngx.socket.tcp() s.send("hello", 3) end)))`,
			"content_by_lua(nginx.conf:2):2: ngx.socket connect: expecting 2, 3, or 4 arguments (including the object), but seen 1\n" +
				"expecting zero arguments, but got 1\n" +
				"content_by_lua(nginx.conf:2):3: bad argument #3 to 'connect' (bad \"pool_size\" option value: 0)\n" +
				"content_by_lua(nginx.conf:2):4: bad argument #3 to 'connect' (bad \"pool\" option type: table)\n" +
				"content_by_lua(nginx.conf:2):5: bad timeout value\n" +
				"content_by_lua(nginx.conf:2):6: bad argument #1 to 'send' (table expected, got string)\n", ""},
		{"never connected", `local s = ngx.socket.tcp() ngx.say(s:send("x")) ngx.say(s:close()) ngx.say(select(2, pcall(s.sslhandshake, s)))`,
			"nilclosed\nnilclosed\nsocket is never created nor connected\n", "attempt to send data on a closed socket: u:0000000000000000, c:0000000000000000, ft:0 eof:0"},
		{"bind", `local s = ngx.socket.tcp() ngx.say(s:bind("127.0.0.1")) ngx.say(s:bind("x")) s:bind("192.0.2.1") ngx.say(s:connect("127.0.0.1", 1))`,
			"true\nnilbad address\nnilcannot assign requested address\n", "bind(192.0.2.1) failed (99: Cannot assign requested address), upstream: 127.0.0.1:1(127.0.0.1), client: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, s := run(t, nil, tt.lua)
			if d := cmp.Diff(tt.want, body); d != "" {
				t.Errorf("%s\n%s", d, s.ErrorLog())
			}
			if !strings.Contains(s.ErrorLog(), tt.log) {
				t.Errorf("no %q in\n%s", tt.log, s.ErrorLog())
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	silent := func(c net.Conn) {
		io.WriteString(c, "*ab") //nolint:errcheck // the script may have left
		io.Copy(io.Discard, c)   //nolint:errcheck // until the script leaves
	}
	body, s := run(t, silent, open+`assert(sock:receive(1) == "*") sock:settimeout(30) ngx.say(sock:receive(5)) ngx.say(sock:receive(5)) sock:settimeouts(1, 1, 20) ngx.say(sock:receive())
		sock:settimeout(1) ngx.say(sock:receive()) sock:close()`)
	if d := cmp.Diff("niltimeoutab\nniltimeout\nniltimeout\nniltimeout\n", body); d != "" {
		t.Error(d)
	}
	if !strings.Contains(s.ErrorLog(), "lua tcp socket read timed out, upstream: 127.0.0.1:") {
		t.Error(s.ErrorLog())
	}
}

func TestKeepalive(t *testing.T) {
	sent := make(chan struct{}, 1)
	speak := func(c net.Conn) { // echo, but that "sent" is answered after somebody else's "more" was
		b := bufio.NewReader(c)
		for {
			line, err := b.ReadString('\n')
			if err != nil {
				return
			}
			if line == "sent\n" {
				<-sent
			}
			io.WriteString(c, line) //nolint:errcheck // the script may have left
			if line == "more\n" {
				sent <- struct{}{}
			}
		}
	}
	body, s := run(t, speak, `
		local function once(opts, key)
			local sock = ngx.socket.tcp()
			assert(sock:connect("127.0.0.1", PORT, opts))
			ngx.print(sock:getreusedtimes(), " ")
			sock:send("hi\n")
			assert(sock:receive() == "hi")
			return sock
		end
		for i = 1, 3 do ngx.print(once():setkeepalive(0, 10), ";") end
		once({pool = "named"}):setkeepalive(0, 2)
		once({pool = "named"}):setkeepalive(50, 2)
		local s = once() s:send("more\n")
		local other = ngx.socket.tcp() other:connect("127.0.0.1", PORT) other:send("sent\n") other:receive() other:close()
		ngx.print(s:setkeepalive(), ";")
		ngx.say(select(2, pcall(function() once():setkeepalive("x") end)))`)
	want := "0 1;1 1;2 1;0 1 3 nil;0 content_by_lua(nginx.conf:2):17: bad argument #1 to 'setkeepalive' (number expected, got string)\n"
	if d := cmp.Diff(want, body); d != "" {
		t.Errorf("%s\n%s", d, s.ErrorLog())
	}
	for _, line := range []string{`lua tcp socket keepalive create connection pool for key "named"`, `lua tcp socket get keepalive peer: using connection`} {
		if !strings.Contains(s.ErrorLog(), line) {
			t.Errorf("no %q", line)
		}
	}
	if !s.WaitLog(`lua tcp socket keepalive: free connection pool for "named"`) {
		t.Error("the idle connection outlived its time")
	}
}

func TestBacklog(t *testing.T) {
	body, s := run(t, echo, `
		local opts = {pool = "p", pool_size = 1, backlog = 1}
		local a = ngx.socket.tcp() assert(a:connect("127.0.0.1", PORT, opts))
		local b = ngx.socket.tcp()
		local t = ngx.thread.spawn(function() return b:connect("127.0.0.1", PORT, opts) end)
		ngx.say(ngx.socket.tcp():connect("127.0.0.1", PORT, opts))
		a:setkeepalive()
		ngx.say(ngx.thread.wait(t))
		ngx.say(b:getreusedtimes())
		local c = ngx.socket.tcp() c:settimeouts(20, 20, 20)
		ngx.say(c:connect("127.0.0.1", PORT, opts))
		b:close()
		c:settimeouts(5000, 5000, 5000)
		ngx.say(c:connect("127.0.0.1", PORT, opts))`)
	want := "niltoo many waiting connect operations\ntrue1\n1\nniltimeout\n1\n"
	if d := cmp.Diff(want, body); d != "" {
		t.Errorf("%s\n%s", d, s.ErrorLog())
	}
	if !strings.Contains(s.ErrorLog(), "lua tcp socket queued connect timed out, when trying to connect to 127.0.0.1:") {
		t.Error(s.ErrorLog())
	}
}

func TestBusy(t *testing.T) {
	body, s := run(t, echo, open+`
		local t = ngx.thread.spawn(function() return sock:receive() end)
		ngx.say(sock:receive()) ngx.say(sock:close()) ngx.say(sock:setkeepalive()) ngx.say(sock:connect("127.0.0.1", PORT))
		ngx.say(sock:send("x\n"))
		ngx.say(ngx.thread.wait(t))`)
	want := "nilsocket busy reading\nnilsocket busy reading\nnilsocket busy reading\nnilsocket busy reading\n2\ntruex\n"
	if d := cmp.Diff(want, body); d != "" {
		t.Errorf("%s\n%s", d, s.ErrorLog())
	}
}

func TestKilledThread(t *testing.T) {
	body, s := run(t, echo, open+`
		local t = ngx.thread.spawn(function() return sock:receive() end)
		ngx.sleep(0.02)
		ngx.say(ngx.thread.kill(t))
		ngx.say(sock:receive())
		ngx.say(sock:connect("127.0.0.1", PORT))
		t = ngx.thread.spawn(function() return sock:receive() end)
		ngx.thread.kill(t)
		ngx.say(sock:connect("127.0.0.1", PORT))
		ngx.say(sock:send("x\n"), sock:receive())`)
	if d := cmp.Diff("1\nnilclosed\n1\n1\n2x\n", body); d != "" {
		t.Errorf("%s\n%s", d, s.ErrorLog())
	}
}

func TestBadRequest(t *testing.T) {
	port := serve(t, echo)
	s := start(t, `location /a { content_by_lua_block { kept = ngx.socket.tcp() kept:connect("127.0.0.1", `+port+`) ngx.say("a") ngx.flush(true) ngx.req.read_body() } }
		location /b { content_by_lua_block { ngx.say(select(2, pcall(kept.send, kept, "x"))) } }
		location /c { content_by_lua_block { ngx.say(kept:send("x")) ngx.say(select(2, pcall(kept.connect, kept, "127.0.0.1", 1))) } }`)
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\n")
	bufio.NewReader(c).ReadString('\n') //nolint:errcheck // the body below tells
	b := s.Get("/b").Body
	if workers := strings.Contains(b, "attempt to index"); !workers && b != "bad request\n" {
		t.Errorf("%q", b)
	}
	fmt.Fprint(c, "x")     // which /a waits for
	io.Copy(io.Discard, c) //nolint:errcheck // until the request ends
}

func TestOptions(t *testing.T) {
	body, s := run(t, echo, open+`ngx.say(sock:setoption("keepalive", 1)) ngx.say(sock:getoption("keepalive")) ngx.say(sock:setoption("x", 1)) ngx.say(sock:getoption())
		ngx.say(sock:getfd() > 2) ngx.say(sock:getsslpointer()) ngx.say(type(getmetatable(sock).__index.send), sock.nothing)`)
	want := "true\n1\nnilunsupported option x\nnilmissing the \"option\" argument\ntrue\nnilno ssl connection\nfunctionnil\n"
	if d := cmp.Diff(want, body); d != "" {
		t.Errorf("%s\n%s", d, s.ErrorLog())
	}
}
