package luastd_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"moongate/luastd"
	"moongate/phases/phasetest"
	"moongate/phases/proxy"
	"moongate/phases/rewrite"
	"moongate/phases/upstream"
)

var stressTime = flag.Duration("stress", 500*time.Millisecond, "how long the stress test of scripts presses")

const stressConfig = `error_log PREFIXlogs/error.log crit; worker_processes 2; events {} http {
lua_shared_dict d 1m; lua_socket_log_errors off; keepalive_requests 1000000; keepalive_timeout 20s;
upstream up { server ADDR1; keepalive 8; }
server { listen ADDR1;
	location /fast { return 200 "fast"; }
	location /slow { content_by_lua_block { ngx.sleep(0.003) ngx.print("slow") } }
	location /late { content_by_lua_block { ngx.sleep(0.5) ngx.print("late") } }
	location /long { content_by_lua_block { for i = 1, 50 do ngx.print(("x"):rep(1000)) if i % 10 == 0 then ngx.flush(true) ngx.sleep(0.001) end end } }
	location /cut { content_by_lua_block { local s = ngx.req.socket(true) s:send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc") } }
}
server { listen ADDR;
	location /ok { content_by_lua_block { ngx.print(ngx.var.args) } }
	location /sleep { content_by_lua_block { ngx.sleep(0.003) ngx.print(ngx.var.args) } }
	location /proxy { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://up/fast; }
	location /proxyslow { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://up/slow; }
	location /proxylong { proxy_pass http://up/long; }
	location /proxycut { proxy_pass http://up/cut; }
	location /proxylate { proxy_read_timeout 1ms; proxy_pass http://up/late; }
	location /sock { content_by_lua_block {
		local s = ngx.socket.tcp()
		s:settimeout(60000)
		assert(s:connect("HOST1", PORT1))
		assert(s:send("GET /" .. ngx.var.arg_of .. " HTTP/1.1\r\nHost: x\r\n\r\n"))
		local head = assert(s:receiveuntil("\r\n\r\n")())
		local n = head:match("Content%-Length: (%d+)")
		if n then
			ngx.print((assert(s:receive(tonumber(n)))))
		else
			local size = tonumber(assert(s:receive("*l")), 16)
			ngx.print((assert(s:receive(size))))
			assert(s:receive(2 + 5))
		end
		assert(s:setkeepalive(10000, 8))
	} }
	location /socklate { content_by_lua_block {
		local s = ngx.socket.tcp()
		s:settimeout(1)
		local ok, err = s:connect("HOST1", PORT1)
		if ok then
			s:send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
			ok, err = s:receive("*l")
			if not ok and err ~= "timeout" then ngx.exit(500) end
			s:close()
		end
		ngx.print("late")
	} }
	location /duplex { content_by_lua_block {
		local s = ngx.socket.tcp()
		s:settimeout(60000)
		assert(s:connect("HOST1", PORT1))
		local writer = ngx.thread.spawn(function()
			for i = 1, 20 do
				assert(s:send("GET /fast HTTP/1.1\r\nHost: x\r\n\r\n"))
				if i % 5 == 0 then ngx.sleep(0) end
			end
		end)
		local n = 0
		for i = 1, 20 do
			assert(s:receiveuntil("\r\n\r\n")())
			if assert(s:receive(4)) == "fast" then n = n + 1 end
		end
		ngx.thread.wait(writer)
		s:close()
		ngx.print(n)
	} }
	location /threads { content_by_lua_block {
		local t, sum = {}, 0
		for i = 1, 50 do t[i] = ngx.thread.spawn(function() ngx.sleep(i % 3 / 1000) ngx.shared.d:incr("n", 1, 0) return i end) end
		for i = 1, 50 do local _, v = ngx.thread.wait(t[i]) sum = sum + v end
		ngx.print(sum)
	} }
	location /captures { content_by_lua_block {
		local a, b = ngx.location.capture_multi { { "/ok?a" }, { "/proxyslow" } }
		ngx.print(a.body, b.body)
	} }
	location /spin { content_by_lua_block { local n = 0 for i = 1, 100000 do n = n + 1 end ngx.print(n) } }
	location /blocks { content_by_lua_block { os.execute("sleep 0.002") ngx.print("blocked") } }
	location /error { content_by_lua_block { ngx.sleep(0) error("on purpose") } }
	location /timer { content_by_lua_block { ngx.timer.at(0, function() ngx.sleep(0.001) end) ngx.print("set") } }
	location /abort { lua_check_client_abort on; content_by_lua_block { ngx.sleep(60) ngx.print("never") } }
	location /onabort { lua_check_client_abort on; content_by_lua_block {
		ngx.on_abort(function() ngx.exit(499) end)
		local s = ngx.socket.tcp()
		s:settimeout(60000)
		s:connect("HOST1", PORT1)
		s:receive(1)
	} }
}}`

// stressed are what clients ask for, and what they must get.
var stressed = []struct {
	path   string
	status int
	want   string
}{
	{"/ok?word", 200, "word"},
	{"/sleep?word", 200, "word"},
	{"/proxy", 200, "fast"},
	{"/proxyslow", 200, "slow"},
	{"/proxylong", 200, strings.Repeat("x", 50_000)},
	{"/proxylate", 504, ""},
	{"/sock?of=fast", 200, "fast"},
	{"/sock?of=slow", 200, "slow"},
	{"/socklate", 200, "late"},
	{"/duplex", 200, "20"},
	{"/threads", 200, "1275"},
	{"/captures", 200, "aslow"},
	{"/spin", 200, "100000"},
	{"/blocks", 200, "blocked"},
	{"/error", 500, ""},
	{"/timer", 200, "set"},
}

// TestStress presses a server with scripts and upstreams of all kinds, beside clients that break off wherever they are, and
// reloads: each answer is right, and nothing is left behind.
func TestStress(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds")
	}
	leaks, files := goleak.IgnoreCurrent(), sockets(t)
	text := stressConfig
	back := phasetest.FreeAddr(t)
	host, port, _ := net.SplitHostPort(back)
	text = strings.NewReplacer("ADDR1", back, "HOST1", host, "PORT1", port).Replace(text)
	s := phasetest.Start(t, text, rewrite.Module, upstream.Module, proxy.Module, luastd.Complete())
	ctx, cancel := context.WithTimeout(t.Context(), *stressTime)
	defer cancel()
	var wg sync.WaitGroup
	var asked, broken, longest atomic.Int64
	for id := range stressed {
		wg.Go(func() {
			var c net.Conn
			var br *bufio.Reader
			defer func() {
				if c != nil {
					c.Close()
				}
			}()
			for n := id; ctx.Err() == nil; n++ {
				q := stressed[n%len(stressed)]
				if c == nil {
					var err error
					if c, err = net.Dial("tcp", s.Addr()); err != nil {
						t.Error(err)
						return
					}
					c.SetDeadline(time.Now().Add(time.Minute))
					br = bufio.NewReader(c)
				}
				begin := time.Now()
				fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", q.path)
				res, err := http.ReadResponse(br, nil)
				if err != nil {
					t.Errorf("%s: %v", q.path, err)
					return
				}
				b, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err != nil || res.StatusCode != q.status || q.want != "" && string(b) != q.want {
					t.Errorf("%s: %v, %d, %.50q (%d bytes)", q.path, err, res.StatusCode, b, len(b))
					return
				}
				asked.Add(1)
				if d := int64(time.Since(begin)); d > longest.Load() {
					longest.Store(d)
				}
				if res.Close != (q.status == 500) {
					t.Errorf("%s: close is %v", q.path, res.Close)
				}
				if res.Close {
					c.Close()
					c = nil
				}
			}
		})
	}
	paths := []string{"/abort", "/onabort", "/proxycut"}
	for _, q := range stressed {
		paths = append(paths, q.path)
	}
	for id := range 4 {
		wg.Go(func() {
			for n := id; ctx.Err() == nil; n++ {
				c, err := net.Dial("tcp", s.Addr())
				if err != nil {
					t.Error(err)
					return
				}
				fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[n%len(paths)])
				c.SetReadDeadline(time.Now().Add(time.Duration(rand.IntN(4000)) * time.Microsecond))
				c.Read(make([]byte, 1+rand.IntN(20_000)))
				if rand.IntN(2) == 0 {
					c.(*net.TCPConn).SetLinger(0)
				}
				c.Close()
				broken.Add(1)
			}
		})
	}
	reloads := 0
	for tick := time.NewTicker(*stressTime / 5); ctx.Err() == nil; reloads++ {
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			continue
		}
		if err := s.Reload(text); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	t.Logf("%d answers, the longest after %v; %d broken off; %d reloads", asked.Load(), time.Duration(longest.Load()), broken.Load(), reloads)
	stopped := make(chan struct{})
	go func() {
		s.Engine.Stop(true, 0)
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(40 * time.Second):
		st := &s.Engine.Stats
		buf := make([]byte, 1<<20)
		t.Fatalf("the server does not end: %d active, %d writing\n%s", st.Active.Load(), st.Writing(), buf[:runtime.Stack(buf, true)])
	}
	st := &s.Engine.Stats
	if a, r, w, i := st.Active.Load(), st.Reading.Load(), st.Writing(), st.Waiting(); a != 0 || r != 0 || w != 0 || i != 0 {
		t.Errorf("at the end, %d are active, %d reading, %d writing, %d waiting", a, r, w, i)
	}
	goleak.VerifyNone(t, leaks)
	if now := sockets(t); len(now) > len(files) {
		t.Errorf("sockets are left: %q, before: %q", now, files)
	}
}

// sockets lists what the process has open of them.
func sockets(t *testing.T) []string {
	t.Helper()
	const dir = "/proc/self/fd/"
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Skip(err)
	}
	var open []string
	for _, e := range list {
		if to, err := os.Readlink(dir + e.Name()); err == nil && strings.HasPrefix(to, "socket:") {
			open = append(open, e.Name())
		}
	}
	return open
}
