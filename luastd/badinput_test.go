package luastd_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

// TestBadInput: each fault ends in nginx's status and one clear log line, and nothing else suffers.
func TestBadInput(t *testing.T) {
	s := phasetest.Start(t, `worker_processes 1; error_log logs/error.log error; events {} http { client_body_timeout 300ms; lua_cpu_limit 3s; server { listen ADDR;
	location /syntax { content_by_lua_block { local x = = 1 } }
	location /throw { content_by_lua_block { error("it broke") } }
	location /table { content_by_lua_block { error({code = 7}) } }
	location /recursion { content_by_lua_block { local function f() return 1 + f() end f() } }
	location /loop { content_by_lua_block { while true do end } }
	location /body { content_by_lua_block { ngx.req.read_body() ngx.say("read") } }
	location /late { content_by_lua_block { ngx.say("begun") ngx.flush(true) error("too late") } }
	location /ok { content_by_lua_block { ngx.say("ok") } } } }`, luastd.Complete())
	for _, c := range []struct {
		name, path string
		status     int
		log        string
	}{
		{"syntax error", "/syntax", 500, "failed to load inlined Lua code: content_by_lua(nginx.conf:2):1: unexpected symbol near '='"},
		{"a thrown string", "/throw", 500, "lua entry thread aborted: runtime error: content_by_lua(nginx.conf:3):1: it broke"},
		{"a thrown table", "/table", 500, "lua entry thread aborted: runtime error: unknown reason"},
		{"recursion without end", "/recursion", 500, "stack overflow"},
		{"a loop without end", "/loop", 500, "cpu limit exceeded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := strings.Count(s.ErrorLog(), "[error]")
			if res := s.Get(c.path); res.Status != c.status {
				t.Errorf("status %d, want %d", res.Status, c.status)
			}
			log := s.ErrorLog()
			if !strings.Contains(log, c.log) {
				t.Errorf("the log lacks %q:\n%s", c.log, log)
			}
			if n := strings.Count(log, "[error]") - before; n != 1 {
				t.Errorf("%d lines in the log, want one", n)
			}
			if got := s.Get("/ok").Body; got != "ok\n" {
				t.Errorf("afterwards: %q", got)
			}
		})
	}
	t.Run("an error behind the head breaks the answer off", func(t *testing.T) {
		raw := s.Raw("GET /late HTTP/1.1\r\nHost: x\r\n\r\n")
		if !strings.Contains(raw, "begun") || strings.Contains(raw, "0\r\n\r\n") {
			t.Errorf("%q", raw)
		}
	})
	t.Run("a body that stops half-way", func(t *testing.T) {
		c, err := net.Dial("tcp", s.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		fmt.Fprintf(c, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf")
		done := make(chan string, 1)
		go func() { done <- s.Get("/ok").Body }() // the worker is free meanwhile
		if got := <-done; got != "ok\n" {
			t.Errorf("beside it: %q", got)
		}
		raw, _ := io.ReadAll(c)
		if len(raw) > 0 && !strings.HasPrefix(string(raw), "HTTP/1.1 408 ") {
			t.Errorf("%q", raw)
		}
	})
}
