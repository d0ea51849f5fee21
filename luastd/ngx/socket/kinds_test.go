package socket_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/phasetest"
)

func complete() *phases.Module { return luastd.Complete() }

// datagrams echoes datagrams on a loopback port, which is the answer.
func datagrams(t *testing.T) string {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	go func() {
		var b [65536]byte
		for {
			n, from, err := pc.ReadFrom(b[:])
			if err != nil {
				return
			}
			if string(b[:n]) != "quiet" {
				pc.WriteTo(b[:n], from) //nolint:errcheck // the script may have left
			}
		}
	}()
	_, port, _ := net.SplitHostPort(pc.LocalAddr().String())
	return port
}

func TestUDP(t *testing.T) {
	port := datagrams(t)
	dead := phasetest.FreeAddr(t)
	_, deadPort, _ := net.SplitHostPort(dead)
	path := filepath.Join(t.TempDir(), "u.sock")
	uc, err := net.ListenPacket("unixgram", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { uc.Close() })
	go func() {
		var b [512]byte
		for {
			n, from, err := uc.ReadFrom(b[:])
			if err != nil {
				return
			}
			uc.WriteTo(b[:n], from) //nolint:errcheck // the script may have left
		}
	}()
	const open = `local sock = ngx.socket.udp() assert(sock:setpeername("127.0.0.1", PORT)) `
	tests := []struct{ name, lua, want string }{
		{"echo", open + `ngx.say(sock:send("hello")) ngx.say(sock:receive()) ngx.say(sock:send({"a", 1})) ngx.say(sock:receive(1)) ngx.say(sock:send("")) ngx.say("[", sock:receive(), "]") ngx.say(sock:close()) ngx.say(sock:close())`,
			"1\nhello\n1\na\n1\n[]\n1\nnilclosed\n"},
		{"timeout", open + `sock:settimeout(10) sock:send("quiet") ngx.say(sock:receive())`, "niltimeout\n"},
		{"refused", `local sock = ngx.socket.udp() sock:setpeername("127.0.0.1", ` + deadPort + `) sock:send("x") ngx.say(sock:receive())`, "nilconnection refused\n"},
		{"unix", `local sock = ngx.socket.udp() ngx.say(sock:setpeername("unix:` + path + `")) sock:send("u") ngx.say(sock:receive())`, "1\nu\n"},
		{"never connected", `local sock = ngx.socket.udp() ngx.say(sock:send("x")) ngx.say(sock:receive())`, "nilclosed\nnilclosed\n"},
		{"busy", open + `sock:settimeout(50) ngx.thread.spawn(function() sock:receive() end) ngx.say(sock:receive()) ngx.say(sock:send("x"))`, "nilsocket busy\nnilsocket busy\n"},
		{"bind", `local sock = ngx.socket.udp() ngx.say(sock:bind("127.0.0.2")) sock:setpeername("127.0.0.1", PORT) sock:send("x") ngx.say(sock:receive())`, "1\nx\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body, s := run(t, nil, strings.ReplaceAll(tt.lua, "PORT", port))
			if d := cmp.Diff(tt.want, body); d != "" {
				t.Errorf("%s\n%s", d, s.ErrorLog())
			}
		})
	}
}

func TestBodySocket(t *testing.T) {
	tests := []struct{ name, lua, body, want string }{
		{"whole", `local sock = ngx.req.socket() ngx.say(sock:receive(5)) ngx.say(sock:receive("*a")) ngx.say("[", sock:receive("*a"), "]") ngx.say(sock:receive(1))`, "hello world", "hello\n world\n[]\nnilclosed\n"},
		{"lines", `local sock = ngx.req.socket() ngx.say(sock:receive()) ngx.say(sock:receive()) ngx.say(sock:receive())`, "a\nb", "a\nnilclosedb\nnilclosed\n"},
		{"no body", `ngx.say(ngx.req.socket())`, "", "nilno body\n"},
		{"read already", `ngx.req.read_body() ngx.say(ngx.req.socket())`, "x", "nilrequest body already exists\n"},
		{"twice", `ngx.req.socket() ngx.say(ngx.req.socket())`, "x", "nilrequest body already exists\n"},
		{"discarded", `ngx.req.discard_body() ngx.say(ngx.req.socket())`, "x", "nilrequest body discarded\n"},
		{"not to be written", `local sock = ngx.req.socket() ngx.say(sock.send, sock.close)`, "x", "nilnil\n"},
		{"arguments", `ngx.say(select(2, pcall(ngx.req.socket, 1, 2)))`, "x", "expecting 0 or 1 argument, but got 2\n"},
		{"unread", `local sock = ngx.req.socket() ngx.say(sock:receive(3))`, strings.Repeat("x", 20000), "xxx\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t, "location /t { content_by_lua_block {\n"+tt.lua+"\n} } location /next { content_by_lua_block { ngx.print('next') } }")
			head := "POST /t HTTP/1.1\r\nHost: x\r\n"
			if tt.body != "" {
				head += "Content-Length: " + strconv.Itoa(len(tt.body)) + "\r\n"
			}
			raw := s.Raw(head + "\r\n" + tt.body + "GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			_, second, _ := strings.Cut(raw[1:], "HTTP/1.1 200 OK\r\n")
			if d := cmp.Diff(tt.want, phasetest.Parse(t, raw, "POST").Body); d != "" {
				t.Errorf("%s\n%s", d, s.ErrorLog())
			}
			if !strings.Contains(second, "next") {
				t.Errorf("the connection did not go on: %q", raw)
			}
		})
	}
}

func TestBodySocketSlowly(t *testing.T) {
	s := start(t, `location /t { content_by_lua_block { local sock = ngx.req.socket() sock:settimeout(20)
		ngx.say(sock:receive(4)) ngx.flush(true) sock:settimeout(5000) ngx.say(sock:receive(2)) ngx.say(sock:receive(4)) } }`)
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b := bufio.NewReader(c)
	fmt.Fprintf(c, "POST /t HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 10\r\n\r\nab")
	line := ""
	for !strings.HasPrefix(line, "niltimeout") {
		if line, err = b.ReadString('\n'); err != nil {
			t.Fatal(err, s.ErrorLog())
		}
	}
	fmt.Fprint(c, "cd")
	c.(*net.TCPConn).CloseWrite() //nolint:errcheck // the read will tell
	rest, _ := io.ReadAll(b)
	if !strings.Contains(line, "niltimeoutab") || !strings.Contains(string(rest), "cd\n") || !strings.Contains(string(rest), "nilclient aborted\n") {
		t.Errorf("%q %q\n%s", line, rest, s.ErrorLog())
	}
}

func TestRawSocket(t *testing.T) {
	s := start(t, `location /t { content_by_lua_block {
		ngx.status = 101 ngx.send_headers() ngx.flush(true) ngx.req.read_body()
		local sock, err = ngx.req.socket(true)
		if not sock then ngx.log(ngx.ERR, "no socket: ", err) return end
		ngx.log(ngx.WARN, "second: ", select(2, ngx.req.socket(true)), ", say: ", select(2, ngx.say("x")))
		while true do
			local line, err = sock:receive()
			if not line then ngx.log(ngx.WARN, "ended: ", err) return end
			sock:send("<" .. line .. ">\n")
		end } }
		location /answer { content_by_lua_block { ngx.req.read_body() local sock = ngx.req.socket(true) sock:send("HTTP/1.1 202 Mine\r\n\r\nbody") } }`)
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second)) //nolint:errcheck // the read will tell
	b := bufio.NewReader(c)
	fmt.Fprint(c, "GET /t HTTP/1.1\r\nHost: x\r\nUpgrade: mine\r\n\r\nahead\n")
	for {
		line, err := b.ReadString('\n')
		if err != nil {
			t.Fatal(err, s.ErrorLog())
		}
		if line == "\r\n" {
			break
		}
	}
	for _, want := range []string{"<ahead>\n", "<two>\n", "<three>\n"} {
		if got, err := b.ReadString('\n'); got != want {
			t.Fatalf("%q, want %q (%v)\n%s", got, want, err, s.ErrorLog())
		}
		switch want {
		case "<ahead>\n":
			fmt.Fprint(c, "two\n")
		case "<two>\n":
			fmt.Fprint(c, "three\n")
		}
	}
	c.(*net.TCPConn).CloseWrite() //nolint:errcheck // the log will tell
	if rest, _ := io.ReadAll(b); len(rest) > 0 {
		t.Errorf("%q", rest)
	}
	for _, line := range []string{"second: duplicate call, say: raw request socket acquired", "ended: closed"} {
		if !s.WaitLog(line) {
			t.Errorf("no %q in\n%s", line, s.ErrorLog())
		}
	}
	if got := s.Raw("POST /answer HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi"); got != "HTTP/1.1 202 Mine\r\n\r\nbody" {
		t.Errorf("%q\n%s", got, s.ErrorLog())
	}
}

func TestRedis(t *testing.T) {
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed")
	}
	_, port, _ := net.SplitHostPort(phasetest.FreeAddr(t))
	cmd := exec.Command(bin, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		cmd.Wait()         //nolint:errcheck // killed
	})
	for range 200 {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			c.Close()
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	body, s := run(t, nil, strings.ReplaceAll(`
		local sock = ngx.socket.tcp() assert(sock:connect("127.0.0.1", PORT))
		local function call(...)
			local req = {"*", select("#", ...), "\r\n"}
			for _, a in ipairs{...} do req[#req + 1] = {"$", #tostring(a), "\r\n", a, "\r\n"} end
			assert(sock:send(req))
			local line = assert(sock:receive())
			if line:sub(1, 1) ~= "$" then return line end
			local data = sock:receive(tonumber(line:sub(2)))
			sock:receive(2)
			return data
		end
		ngx.say(call("SET", "dog", "an animal")) ngx.say(call("GET", "dog")) ngx.say(call("INCRBY", "n", 41)) ngx.say(sock:setkeepalive())`, "PORT", port))
	if d := cmp.Diff("+OK\nan animal\n:41\n1\n", body); d != "" {
		t.Errorf("%s\n%s", d, s.ErrorLog())
	}
}

func TestOutsideContent(t *testing.T) {
	port := serve(t, echo)
	const talk = `local sock = ngx.socket.tcp() assert(sock:connect("127.0.0.1", PORT)) sock:send("%s\n") local got = sock:receive() sock:setkeepalive() `
	code := func(what string) string {
		return strings.ReplaceAll(strings.ReplaceAll(talk, "PORT", port), "%s", what)
	}
	s := phasetest.Start(t, `events {} http { init_by_lua_block { `+code("init")+` started = got }
		server { listen ADDR;
			location /t { content_by_lua_block { ngx.say(started) ngx.timer.at(0, function() `+code("timer")+` ngx.log(ngx.WARN, "in a ", got) end) }
				header_filter_by_lua_block { `+code("head")+` ngx.header["X-Got"] = got }
				body_filter_by_lua_block { if not ngx.arg[2] then `+code("body")+` ngx.arg[1] = ngx.arg[1] .. got .. "\n" end }
				log_by_lua_block { `+code("log")+` ngx.log(ngx.WARN, "in the ", got) } }
			location /strict { content_by_lua_block { ngx.say("x") } } } }`, complete())
	r := s.Get("/t")
	if r.Body != "init\nbody\n" || r.Header.Get("X-Got") != "head" {
		t.Errorf("%q\n%s", r.Raw, s.ErrorLog())
	}
	for _, line := range []string{"in a timer", "in the log"} {
		if !s.WaitLog(line) {
			t.Errorf("no %q", line)
		}
	}
}

// TestForgottenSockets drops cosockets by the thousand in a timer: the collector closes what nobody holds, and
// nothing else.
func TestForgottenSockets(t *testing.T) {
	port := serve(t, echo)
	s := start(t, `location /t { content_by_lua_block { ngx.timer.at(0, function()
		for i = 1, 3000 do
			local sock = ngx.socket.tcp()
			assert(sock:connect("127.0.0.1", `+port+`))
			if i % 100 == 0 then assert(sock:send("x\n")) assert(sock:receive() == "x") end
			assert(sock:setkeepalive())
			if i % 10 == 0 then ngx.socket.tcp():connect("127.0.0.1", `+port+`, {pool = "lost"}) end
		end
		ngx.log(ngx.WARN, "all done") end) } }`)
	s.Get("/t")
	go func() {
		for range 20 {
			runtime.GC()
		}
	}()
	if !s.WaitLog("all done") || strings.Contains(s.ErrorLog(), "aborted") {
		t.Error(s.ErrorLog()[max(0, len(s.ErrorLog())-2000):])
	}
}

// TestSwitchProtocols: after 101 the head can be flushed, and bytes follow as they are.
func TestSwitchProtocols(t *testing.T) {
	s := start(t, `location /raw { content_by_lua_block {
			ngx.status = 101 ngx.header.Upgrade = "mine" ngx.send_headers()
			local ok, err = ngx.flush(true)
			local sock = ngx.req.socket(true)
			sock:send("flush: " .. tostring(ok) .. " " .. tostring(err)) } }
		location /print { content_by_lua_block { ngx.status = 101 ngx.print("as ") ngx.flush(true) ngx.print("it is") } }`)
	for path, want := range map[string]string{"/raw": "flush: 1 nil", "/print": "as it is"} {
		raw := s.Raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nUpgrade: mine\r\nConnection: Upgrade\r\n\r\n")
		head, body, _ := strings.Cut(raw, "\r\n\r\n")
		if body != want || !strings.HasPrefix(head, "HTTP/1.1 101 Switching Protocols\r\n") || !strings.Contains(head, "\r\nConnection: upgrade") {
			t.Errorf("%s: %q\n%s", path, raw, s.ErrorLog())
		}
	}
}

// TestKilledBodyRead: who reads the body in a thread that is killed does not hold the request up.
func TestKilledBodyRead(t *testing.T) {
	s := start(t, `location /t { content_by_lua_block {
		local t = ngx.thread.spawn(function() ngx.req.read_body() end)
		ngx.log(ngx.WARN, "taken: ", select(2, ngx.req.socket(true)))
		ngx.log(ngx.WARN, "killed: ", ngx.thread.kill(t)) } }
		location /exit { content_by_lua_block { ngx.thread.spawn(function() ngx.req.read_body() end) ngx.exit(444) } }`)
	for _, path := range []string{"/t", "/exit"} {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell", path)
		c.SetDeadline(time.Now().Add(20 * time.Second)) //nolint:errcheck // the read will tell
		if _, err := io.ReadAll(c); err != nil {
			t.Errorf("%s: %v\n%s", path, err, s.ErrorLog())
		}
		c.Close()
	}
	for _, line := range []string{"taken: pending request body reading in some other thread", "killed: 1"} {
		if !strings.Contains(s.ErrorLog(), line) {
			t.Errorf("no %q in\n%s", line, s.ErrorLog())
		}
	}
}
