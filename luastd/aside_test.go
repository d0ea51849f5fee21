package luastd_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"moongate/luastd/ngx/ngxtest"
	"moongate/phases/access"
	"moongate/phases/phasetest"
)

// TestWaitingScripts: what scripts do before and after a wait that leaves no goroutine behind, in each phase.
func TestWaitingScripts(t *testing.T) {
	s := phasetest.Start(t, `worker_processes 1; events {} http { server { listen ADDR; error_page 418 /teapot;
		location = /teapot { internal; content_by_lua_block { ngx.sleep(0.001) ngx.print("teapot ", ngx.status) } }
		location = /phases {
			rewrite_by_lua_block { ngx.ctx.n = 1 ngx.sleep(0.001) ngx.ctx.n = ngx.ctx.n + 1 }
			access_by_lua_block { ngx.sleep(0.001) ngx.ctx.n = ngx.ctx.n * 10 ngx.sleep(0.001) }
			content_by_lua_block { ngx.sleep(0.001) ngx.print(ngx.ctx.n, " ", ngx.get_phase()) ngx.sleep(0.001) ngx.print(" ", ngx.var.uri) }
			header_filter_by_lua_block { ngx.header.X = ngx.ctx.n }
			body_filter_by_lua_block { ngx.arg[1] = ngx.arg[1]:upper() }
		}
		location = /server { set $x 1; rewrite_by_lua_block { ngx.sleep(0.001) ngx.exec("@named") } }
		location @named { access_by_lua_block { ngx.sleep(0.001) } content_by_lua_block { ngx.sleep(0.001) ngx.print("named ", ngx.var.args) } }
		location = /exit { access_by_lua_block { ngx.sleep(0.001) ngx.exit(403) } content_by_lua_block { ngx.print("no") } }
		location = /page { access_by_lua_block { ngx.sleep(0.001) ngx.exit(418) } }
		location = /error { content_by_lua_block { ngx.sleep(0.001) error("after the wait") } }
		location = /begun { content_by_lua_block { ngx.print("begun") ngx.flush(true) ngx.sleep(0.001) error("after the wait") } }
		location = /jump { rewrite_by_lua_block { ngx.sleep(0.001) ngx.req.set_uri("/jumped", true) } }
		location = /jumped { content_by_lua_block { ngx.sleep(0.001) ngx.print("jumped") } }
		location = /redirect { rewrite_by_lua_block { ngx.sleep(0.001) ngx.redirect("/x") } }
		location = /answered { access_by_lua_block { ngx.print("early ") ngx.sleep(0.001) ngx.print("answer") } content_by_lua_block { ngx.print("no") } }
		location = /capture { content_by_lua_block { ngx.sleep(0.001) ngx.print(ngx.location.capture("/phases").body) ngx.sleep(0.001) } }
		location = /threads { content_by_lua_block { ngx.sleep(0.001)
			local th = ngx.thread.spawn(function() ngx.sleep(0.002) ngx.print("light ") end) ngx.sleep(0.001) ngx.thread.wait(th) ngx.sleep(0.001) ngx.print("done") } }
		location = /body { content_by_lua_block { ngx.sleep(0.001) ngx.req.read_body() ngx.sleep(0.001) ngx.print(ngx.req.get_body_data()) } }
		location = /satisfy { satisfy any; deny all; access_by_lua_block { ngx.sleep(0.001) ngx.exit(ngx.OK) } content_by_lua_block { ngx.print("in") } }
		location = /timer { content_by_lua_block { local ok ngx.timer.at(0, function() ngx.sleep(0.001) ok = "from a timer" end) repeat ngx.sleep(0.001) until ok ngx.print(ok) } }
	} }`, append(ngxtest.Modules(), access.Module)...)
	for _, c := range []struct {
		path   string
		status int
		body   string
		header string
	}{
		{"/phases", 200, "20 CONTENT /PHASES", "20"},
		{"/server", 200, "named nil", ""},
		{"/exit", 403, "<html>", ""},
		{"/page", 418, "teapot 418", ""},
		{"/error", 500, "<html>", ""},
		{"/jump", 200, "jumped", ""},
		{"/redirect", 302, "<html>", ""},
		{"/answered", 200, "early answer", ""},
		{"/capture", 200, "2 CONTENT /PHASES", ""},
		{"/threads", 200, "light done", ""},
		{"/satisfy", 200, "in", ""},
		{"/timer", 200, "from a timer", ""},
		{"/body", 200, "sent", ""},
	} {
		t.Run(c.path[1:], func(t *testing.T) {
			res := s.Do("POST", c.path, "sent")
			if res.Status != c.status || !strings.HasPrefix(res.Body, c.body) || res.Header.Get("X") != c.header {
				t.Errorf("%d %q %q\n%s", res.Status, res.Body, res.Header.Get("X"), s.ErrorLog())
			}
		})
	}
	t.Run("an error after the head", func(t *testing.T) {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, "GET /begun HTTP/1.1\r\nHost: x\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // read to its end
		b := make([]byte, 64)
		n := 0
		for err == nil {
			var m int
			m, err = res.Body.Read(b[n:])
			n += m
		}
		if string(b[:n]) != "begun" || err.Error() != "unexpected EOF" {
			t.Errorf("%q, %v", b[:n], err)
		}
	})
}

// TestSleepersTakeNoGoroutines has many clients wait at once, some of which ask again before they are answered or leave.
func TestSleepersTakeNoGoroutines(t *testing.T) {
	const clients = 500
	s := phasetest.Start(t, `worker_processes 1; events {} http { lua_shared_dict d 1m; server { listen ADDR;
		location = / { content_by_lua_block { local d = ngx.shared.d d:incr("asleep", 1, 0) while not d:get("go") do ngx.sleep(0.01) end ngx.print(ngx.var.arg_n) } }
		location = /asleep { content_by_lua_block { ngx.print(ngx.shared.d:get("asleep")) } }
		location = /go { content_by_lua_block { ngx.shared.d:set("go", true) } }
	} }`, ngxtest.Modules()...)
	before := runtime.NumGoroutine()
	var conns []net.Conn
	for i := range clients {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		fmt.Fprintf(c, "GET /?n=%d HTTP/1.1\r\nHost: x\r\n\r\n", i)
		switch {
		case i%10 == 1:
			fmt.Fprintf(c, "GET /?n=%d-again HTTP/1.1\r\nHost: x\r\n\r\n", i)
		case i%10 == 2:
			c.Close()
		}
		conns = append(conns, c)
	}
	for s.Get("/asleep").Body != fmt.Sprint(clients) {
		time.Sleep(time.Millisecond)
	}
	// scripts wait one after the other for their worker: those that have just woken may have a goroutine
	if n := runtime.NumGoroutine() - before; runtime.GOOS == "linux" && n > clients/5 {
		t.Errorf("%d goroutines for %d clients that wait", n, clients)
	}
	s.Get("/go")
	for i, c := range conns {
		if i%10 == 2 {
			continue
		}
		r := bufio.NewReader(c)
		want := []string{fmt.Sprint(i)}
		if i%10 == 1 {
			want = append(want, fmt.Sprintf("%d-again", i))
		}
		for _, w := range want {
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			b := make([]byte, 16)
			n, _ := res.Body.Read(b)
			res.Body.Close()
			if string(b[:n]) != w {
				t.Errorf("%q, want %q", b[:n], w)
			}
		}
	}
}
