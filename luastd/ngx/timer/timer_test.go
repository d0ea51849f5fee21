package timer_test

import (
	"regexp"
	"strings"
	"testing"

	"moongate/luastd/ngx/ngxtest"
	"moongate/phases/phasetest"
)

func serve(t *testing.T, http, lua string) *phasetest.Server {
	t.Helper()
	return phasetest.Start(t, "events {}\nhttp { "+http+" server { listen ADDR; location = /hello { echo hello; }\nlocation / { content_by_lua_block { "+lua+" } } } }", ngxtest.Modules()...)
}

func TestTimer(t *testing.T) {
	tests := []struct {
		name, http, lua, body string
		log                   []string
	}{
		{"at", "", `ngx.say(ngx.timer.at(0.002, function(p, a, b, c) ngx.log(ngx.WARN, "ran: ", p, a, b, c) end, 1, nil, "x"))`, "1\n",
			[]string{"lua ngx.timer expired", `\[lua\] content_by_lua\(nginx.conf:4\):1: ran: false1nilx, context: ngx.timer, client: 127.0.0.1, server: 127.0.0.1:\d+\n`,
				`\*\d+ http lua close fake http connection, context: ngx.timer`}},
		{"every", "", `local n = 0 ngx.say(ngx.timer.every(0.002, function() n = n + 1 ngx.log(ngx.WARN, "run ", n) end))`, "1\n", []string{"run 3,"}},
		{"in the order in which they are due", "", `local s = "" for i = 1, 9 do ngx.timer.at(0.01, function() s = s .. i if i == 9 then ngx.log(ngx.WARN, "order ", s) end end) end`, "",
			[]string{"order 123456789"}},
		{"quick ones do not count together", "lua_max_running_timers 1;", `local n = 0 for i = 1, 50 do ngx.timer.at(0, function() n = n + 1 if n == 50 then ngx.log(ngx.WARN, "all ran") end end) end`, "",
			[]string{"all ran"}},
		{"waits and spawns", "", `ngx.timer.at(0, function() local t = ngx.thread.spawn(function() ngx.sleep(0.001) return 5 end)
			ngx.log(ngx.WARN, "got ", select(2, ngx.thread.wait(t))) end)`, "", []string{"got 5"}},
		{"made by a timer", "", `ngx.timer.at(0, function() ngx.timer.at(0, function() ngx.log(ngx.WARN, "inner") end) end)`, "",
			[]string{"inner, context: ngx.timer, client: 127.0.0.1"}},
		{"an error", "", `ngx.timer.at(0, function() error("oops") end)`, "",
			[]string{`\[error\] .* lua entry thread aborted: runtime error: content_by_lua\(nginx.conf:4\):1: oops\nstack traceback:\n`}},
		{"exit", "", `ngx.timer.at(0, function() ngx.log(ngx.WARN, "one") ngx.exit(0) ngx.log(ngx.ERR, "two") end)`, "", []string{"one"}},
		{"a ctx of its own", "", `ngx.ctx.a = 1 ngx.timer.at(0, function() ngx.log(ngx.WARN, "ctx: ", ngx.ctx.a) ngx.ctx.a = 2 end)`, "", []string{"ctx: nil"}},
		{"counts", "", `ngx.timer.at(60, function() end) ngx.timer.at(0, function() ngx.log(ngx.WARN, "counts: ", ngx.timer.pending_count(), " ", ngx.timer.running_count()) end)`, "",
			[]string{"counts: 1 1"}},
		{"no capture", "", `ngx.timer.at(0, function() ngx.location.capture("/hello") end)`, "", []string{`API disabled in the context of ngx\.timer`}},
		{"too many pending", "lua_max_pending_timers 1;", `ngx.timer.at(60, function() end) ngx.say(select(2, ngx.timer.at(60, function() end)))`, "too many pending timers\n", nil},
		{"too many running", "lua_max_running_timers 1;", `for i = 1, 2 do ngx.timer.at(0, function() ngx.sleep(0.1) end) end`, "",
			[]string{`\[alert\] .*lua failed to run timer with function defined at =content_by_lua\(nginx.conf:4\):1: 1 lua_max_running_timers are not enough`}},
		{"few arguments", "", `ngx.say(select(2, pcall(ngx.timer.at, 1)))`, "expecting at least 2 arguments but got 1\n", nil},
		{"every zero", "", `ngx.say(select(2, pcall(ngx.timer.every, 0, function() end)))`, "delay cannot be zero\n", nil},
		{"no function", "", `ngx.say(select(2, pcall(ngx.timer.at, 0, print)))`, "bad argument #2 to '?' (Lua function expected)\n", nil},
		{"init_worker", `init_worker_by_lua_block { ngx.timer.at(0, function(p) ngx.log(ngx.WARN, "from the start ", p) end) }`, `ngx.say("hi")`, "hi\n",
			[]string{"from the start false, context: ngx.timer\n"}},
		{"no code cache", "lua_code_cache off;", `ngx.timer.at(0.01, function(p) ngx.log(ngx.WARN, "premature: ", p) end)`, "", []string{"premature: false"}},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			s := serve(t, x.http, x.lua)
			if got := s.Get("/").Body; got != x.body {
				t.Errorf("got %q, want %q", got, x.body)
			}
			for _, want := range x.log {
				re := regexp.MustCompile(want)
				if !s.WaitLog(literal(want)) || !re.MatchString(s.ErrorLog()) {
					t.Errorf("not logged: %s\n%s", want, s.ErrorLog())
				}
			}
			if strings.Contains(s.ErrorLog(), "two") {
				t.Error("the callback went on after ngx.exit")
			}
		})
	}
}

// literal is the longest stretch of the pattern without special signs.
func literal(pattern string) string {
	best := ""
	for _, p := range regexp.MustCompile(`\\.|[.*+\[\]()]`).Split(pattern, -1) {
		if len(p) > len(best) {
			best = p
		}
	}
	return best
}

func TestTimerSurvivesReload(t *testing.T) {
	conf := `events {} http { server { listen ADDR; location / { content_by_lua_block {
		ngx.timer.at(60, function(p) ngx.sleep(0.01) ngx.log(ngx.WARN, "premature: ", p, " exiting: ", ngx.worker.exiting()) end)
		ngx.timer.every(60, function(p) ngx.log(ngx.WARN, "repeated: ", p) end)
		ngx.say(ngx.timer.pending_count()) } }
		exit_worker_by_lua_block { ngx.log(ngx.WARN, "worker left") } } }`
	conf = strings.Replace(conf, "exit_worker_by_lua_block { ngx.log(ngx.WARN, \"worker left\") } } }", "} exit_worker_by_lua_block { ngx.log(ngx.WARN, \"worker left\") } }", 1)
	s := phasetest.Start(t, conf, ngxtest.Modules()...)
	if got := s.Get("/").Body; got != "2\n" {
		t.Fatalf("got %q", got)
	}
	if err := s.Reload(conf); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"lua abort pending timers", "lua found 2 pending timers", "premature: true exiting: true", "repeated: true", "worker left"} {
		if !s.WaitLog(want) {
			t.Errorf("not logged: %s", want)
		}
	}
	log := s.ErrorLog()
	if strings.Index(log, "worker left") < strings.Index(log, "premature: true") {
		t.Errorf("the worker left before its timers:\n%s", log)
	}
}

func TestSleep(t *testing.T) {
	tests := []struct{ name, lua, want string }{
		{"sleeps", `ngx.update_time() local t = ngx.now() ngx.sleep(0.02) ngx.update_time() ngx.say(ngx.now() - t >= 0.019)`, "true\n"},
		{"zero", `ngx.sleep(0) ngx.say("ok")`, "ok\n"},
		{"a numeric string", `ngx.sleep("0.001") ngx.say("ok")`, "ok\n"},
		{"negative", `ngx.say(select(2, pcall(ngx.sleep, -1)))`, "invalid sleep duration \"-1000\"\n"},
		{"no number", `ngx.say(select(2, pcall(ngx.sleep, "x")))`, "bad argument #1 to '?' (number expected, got string)\n"},
		{"no argument", `ngx.say(select(2, pcall(ngx.sleep)))`, "attempt to pass 0 arguments, but accepted 1\n"},
		{"in a coroutine within pcall", `local f = coroutine.wrap(function() pcall(ngx.sleep, 0.001) coroutine.yield("y") end) ngx.say(f())`, "y\n"},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			if got := serve(t, "", x.lua).Get("/").Body; got != x.want {
				t.Errorf("got %q, want %q", got, x.want)
			}
		})
	}
	s := phasetest.Start(t, `events {} http { server { listen ADDR; location / { echo hi; log_by_lua_block { ngx.sleep(1) } } } }`, ngxtest.Modules()...)
	s.Get("/")
	if !s.WaitLog("API disabled in the context of log_by_lua*") {
		t.Errorf("sleeping in the log phase is not refused: %s", s.ErrorLog())
	}
}
