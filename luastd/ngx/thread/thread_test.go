package thread_test

import (
	"io"
	"net"
	"strconv"
	"strings"
	"testing"

	"moongate/luastd/ngx/ngxtest"
	"moongate/phases/phasetest"
)

func run(t *testing.T, tests []ngxtest.Script) {
	t.Helper()
	ngxtest.Scripts{Server: "location = /hello { echo -n hello; }\n"}.Run(t, tests)
}

func TestThread(t *testing.T) {
	run(t, []ngxtest.Script{
		{"runs until it waits", `ngx.print("a") ngx.thread.spawn(function(x) ngx.print(x) ngx.sleep(0.01) ngx.say("d") end, "b") ngx.print("c")`, "abcd\n"},
		{"wait for results", `local t = ngx.thread.spawn(function(a, b) ngx.sleep(0.001) return a + b, nil, "x" end, 1, 2) ngx.say(ngx.thread.wait(t))`, "true3nilx\n"},
		{"wait for one that ended", `local t = ngx.thread.spawn(function() return "r" end) ngx.say(coroutine.status(t), " ", select(2, ngx.thread.wait(t)))`, "zombie r\n"},
		{"wait for the first", `
			local a = ngx.thread.spawn(function() ngx.sleep(20) return "slow" end)
			local b = ngx.thread.spawn(function() ngx.sleep(0.01) return "fast" end)
			ngx.say(select(2, ngx.thread.wait(a, b))) ngx.thread.kill(a)`, "fast\n"},
		{"an error", `local t = ngx.thread.spawn(function() error("bad", 0) end) ngx.say(ngx.thread.wait(t))`, "falsebad\n"},
		{"an error with its position", `local t = ngx.thread.spawn(function() error("bad") end) local ok, raw, full = ngx.thread.wait(t) ngx.say(raw, " ", full ~= raw)`, "bad true\n"},
		{"a table as error", `local t = ngx.thread.spawn(function() error({code = 7}) end) local ok, e = ngx.thread.wait(t) ngx.say(e.code)`, "7\n"},
		{"wait twice", `local t = ngx.thread.spawn(function() end) ngx.thread.wait(t) ngx.say(ngx.thread.wait(t))`, "nilalready waited or killed\n"},
		{"kill", `local t = ngx.thread.spawn(function() ngx.sleep(10) ngx.say("no") end) ngx.say(ngx.thread.kill(t), coroutine.status(t), select(2, ngx.thread.kill(t)))`,
			"1deadalready waited or killed\n"},
		{"kill one that ended", `local t = ngx.thread.spawn(function() end) ngx.say(select(2, ngx.thread.kill(t)))`, "already terminated\n"},
		{"kill what is no thread", `ngx.say(select(2, ngx.thread.kill(coroutine.create(function() end))), " ", select(2, pcall(ngx.thread.kill, 1)))`,
			"not user thread bad argument #1 to '?' (lua thread expected)\n"},
		{"only the parent", `
			local a = ngx.thread.spawn(function() ngx.sleep(0.05) end)
			local b = ngx.thread.spawn(function() ngx.print(select(2, ngx.thread.kill(a)), " ", select(2, pcall(ngx.thread.wait, a))) end)
			ngx.thread.wait(b) ngx.thread.wait(a) ngx.say()`, "killer not parent only the parent coroutine can wait on the thread\n"},
		{"nothing to wait for", `ngx.say(select(2, pcall(ngx.thread.wait)))`, "at least one coroutine should be specified\n"},
		{"wait for a coroutine", `ngx.say(select(2, pcall(ngx.thread.wait, coroutine.create(function() end))))`, "attempt to wait on a coroutine that is not a user thread\n"},
		{"spawn what is no function", `ngx.say(select(2, pcall(ngx.thread.spawn, 1)))`, "bad argument #1 to '?' (Lua function expected)\n"},
		{"exit ends all", `ngx.thread.spawn(function() ngx.sleep(0.01) ngx.say("x") ngx.exit(200) end) ngx.sleep(10)`, "x\n"},
		{"what coroutine has", `local n = 0 for _ in pairs(coroutine) do n = n + 1 end ngx.say(n, coroutine.isyieldable)`, "16nil\n"},
		{"raw names", `ngx.say(type(coroutine._yield), type(coroutine.__resume), coroutine._status(coroutine._create(function() end)))`, "functionfunctionsuspended\n"},
	})
}

func TestSemaphore(t *testing.T) {
	const open = `local s = require("ngx.semaphore").new(%) `
	with := func(n int, lua string) string { return strings.Replace(open, "%", strconv.Itoa(n), 1) + lua }
	run(t, []ngxtest.Script{
		{"count", with(2, `ngx.print(s:count()) s:wait(0) ngx.print(s:count()) s:post(3) ngx.say(s:count())`), "214\n"},
		{"no resource", with(0, `ngx.say(s:wait(0))`), "niltimeout\n"},
		{"timeout", with(0, `ngx.say(s:wait(0.005))`), "falsetimeout\n"},
		{"post wakes in order", with(0, `
			local list = {}
			for i = 1, 3 do list[i] = ngx.thread.spawn(function() ngx.print(tostring(s:wait(5)), i, " ") end) end
			ngx.print(s:count(), " ") s:post(3) for i = 1, 3 do ngx.thread.wait(list[i]) end ngx.say(s:count())`), "-3 true1 true2 true3 0\n"},
		{"a killed waiter takes nothing", with(0, `
			local t = ngx.thread.spawn(function() s:wait(5) end) ngx.thread.kill(t) ngx.sleep(0.001) s:post() ngx.say(s:count(), " ", s:wait(0))`), "1 true\n"},
		{"negative", with(0, `ngx.say(select(2, pcall(s.wait, s, -1)))`), "no negative number\n"},
		{"bad post", with(0, `ngx.say(select(2, pcall(s.post, s, 0)))`), "positive number required\n"},
		{"no semaphore", with(0, `ngx.say(select(2, pcall(s.wait, {}, 1)))`), "not a semaphore instance\n"},
	})
}

func TestSemaphoreOfLog(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR; location / { echo hi;
		log_by_lua_block { ngx.log(ngx.WARN, select(2, require("ngx.semaphore").new(0):wait(1))) } } } }`, ngxtest.Modules()...)
	s.Get("/")
	if want := "API disabled in the context of log_by_lua*"; !s.WaitLog(want) {
		t.Errorf("not logged: %s\n%s", want, s.ErrorLog())
	}
}

func TestThreadErrorIsLogged(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR; location / { content_by_lua_block {
		ngx.thread.spawn(function() error("oops") end) ngx.say("ok") } } } }`, ngxtest.Modules()...)
	if got := s.Get("/").Body; got != "ok\n" {
		t.Errorf("got %q", got)
	}
	for _, want := range []string{"lua user thread aborted: runtime error: content_by_lua(nginx.conf:2):2: oops\nstack traceback:\n", "client: 127.0.0.1"} {
		if !s.WaitLog(want) {
			t.Errorf("not logged: %q\n%s", want, s.ErrorLog())
		}
	}
}

// leave sends a request, and goes away once the error log holds seen.
func leave(t *testing.T, s *phasetest.Server, path, seen string) {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: localhost\r\n\r\n") //nolint:errcheck // the log will tell
	if !s.WaitLog(seen) {
		t.Errorf("the handler has not begun\n%s", s.ErrorLog())
	}
}

func TestClientAbort(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR; lua_check_client_abort on;
		log_by_lua_block { ngx.log(ngx.WARN, ngx.var.uri, " ended with ", ngx.status) }
		location = /killed { content_by_lua_block { ngx.log(ngx.WARN, "begun one") ngx.sleep(20) ngx.log(ngx.WARN, "never") } }
		location = /exits { content_by_lua_block {
			assert(ngx.on_abort(function() ngx.log(ngx.WARN, "callback") ngx.exit(444) end) == 1)
			ngx.log(ngx.WARN, select(2, ngx.on_abort(function() end)))
			ngx.log(ngx.WARN, "begun two") ngx.sleep(20) ngx.log(ngx.WARN, "never") } }
		location = /goes-on { content_by_lua_block {
			local sem = require("ngx.semaphore").new(0)
			ngx.on_abort(function() sem:post() end)
			ngx.log(ngx.WARN, "begun three") ngx.log(ngx.WARN, "woken: ", sem:wait(20)) } }
		location = /fails { content_by_lua_block {
			local sem = require("ngx.semaphore").new(0)
			ngx.on_abort(function() sem:post() error("in callback") end)
			ngx.log(ngx.WARN, "begun four") sem:wait(20) } }
		location = /captures { content_by_lua_block { ngx.location.capture("/inner") ngx.log(ngx.WARN, "never") } }
		location = /inner { content_by_lua_block { ngx.log(ngx.WARN, "begun five") ngx.sleep(20) ngx.log(ngx.WARN, "never") } }
		location = /ignored { lua_check_client_abort off; content_by_lua_block { ngx.say(select(2, ngx.on_abort(function() end))) } }
		}}`, ngxtest.Modules()...)
	for _, x := range []struct{ path, seen, want string }{
		{"/killed", "begun one", "/killed ended with 499"},
		{"/exits", "begun two", "/exits ended with 444"},
		{"/goes-on", "begun three", "woken: true"},
		{"/fails", "begun four", "lua user thread aborted: runtime error: content_by_lua(nginx.conf:13):3: in callback"},
		{"/captures", "begun five", "/captures ended with 499"},
	} {
		leave(t, s, x.path, x.seen)
		if !s.WaitLog(x.want) {
			t.Errorf("%s: not logged: %s", x.path, x.want)
		}
	}
	log := s.ErrorLog()
	for _, want := range []string{"duplicate call", "client prematurely closed connection", ": callback,"} {
		if !strings.Contains(log, want) {
			t.Errorf("not logged: %s", want)
		}
	}
	if strings.Contains(log, "never") {
		t.Error("a handler went on after its client had gone")
	}
	if got := s.Get("/ignored").Body; got != "lua_check_client_abort is off\n" {
		t.Errorf("got %q", got)
	}
	if t.Failed() {
		t.Log(log)
	}
}

// TestThreadCache: lua_thread_cache_max_entries bounds what is kept; 0 keeps nothing.
func TestThreadCache(t *testing.T) {
	for _, tt := range []struct {
		name, size string
		lines      int // about the cache, of two requests
	}{
		{"some", "2", 3},
		{"none", "0", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := phasetest.Start(t, `error_log logs/error.log debug; events {} http { lua_thread_cache_max_entries `+tt.size+`;
				server { listen ADDR; location / { content_by_lua_block { ngx.say("ok") } } } }`, ngxtest.Modules()...)
			s.Get("/")
			s.Get("/")
			log := s.ErrorLog()
			if n := strings.Count(log, "lua caching unused lua thread") + strings.Count(log, "lua reusing cached lua thread"); n != tt.lines {
				t.Errorf("%d lines, want %d:\n%s", n, tt.lines, log)
			}
		})
	}
}
