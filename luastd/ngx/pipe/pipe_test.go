package pipe_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

func TestPipe(t *testing.T) {
	tests := []struct{ name, lua, want, log string }{
		{"shell", `local p = pipe.spawn("echo hello; echo world >&2; exit 3") ngx.say(p:stdout_read_line()) ngx.say(p:stdout_read_line()) ngx.say(p:stderr_read_all()) ngx.say(p:wait()) ngx.say(p:wait()) ngx.say(p:stdout_read_all()) ngx.say(p:kill(9))`,
			"hello\nnilclosed\nworld\n\nfalseexit3\nnilexited\nnilclosed\nnilexited\n", ""},
		{"arguments", `local p = pipe.spawn({"printf", "%s|", "a b", 2}) ngx.say(p:stdout_read_all()) ngx.say(p:wait())`, "a b|2|\ntrueexit0\n", ""},
		{"both ways", `local p = pipe.spawn({"cat"}) ngx.say(p:write("one\ntwo")) ngx.say(p:stdout_read_line()) ngx.say(p:stdout_read_bytes(2)) p:write({"x", 1}) p:shutdown("stdin") ngx.say(p:write("y")) ngx.say(p:stdout_read_any(100)) ngx.say(p:stdout_read_any(100)) ngx.say(p:wait())`,
			"7\none\ntw\nnilclosed\no\nx1\ntrueexit0\n", ""},
		{"merged", `local p = pipe.spawn("echo a; echo b >&2", {merge_stderr = true}) ngx.say(p:stdout_read_all()) ngx.say(p:stderr_read_line())`, "a\nb\n\nnilmerged to stdout\n", ""},
		{"environment", `local p = pipe.spawn("echo $A$HOME", {environ = {"A=b"}}) ngx.say(p:stdout_read_line()) ngx.say(select(2, pcall(pipe.spawn, "x", {environ = {"=b"}})))`,
			"b\nbad value at index 1 of environ option: 'name=[value]' format expected, got '=b'\n", ""},
		{"timeouts", `local p = pipe.spawn("echo '*ab\\c'; sleep 5", {wait_timeout = 10}) ngx.say(p:stdout_read_bytes(1)) p:set_timeouts(nil, 50) ngx.say(p:stdout_read_line()) ngx.say(p:wait()) p:set_timeouts(nil, 10) ngx.say(p:stdout_read_line()) ngx.say(p:kill(15)) p:set_timeouts(nil, nil, nil, 5000) ngx.say(p:wait()) ngx.say(select(2, pcall(p.set_timeouts, p, -1)))`,
			"*\nniltimeoutab\nniltimeout\nniltimeout\ntrue\nfalsesignal15\nbad write_timeout option\n", ""},
		{"no such command", `local p = pipe.spawn({"no-such-cmd"}) ngx.say(p:wait())`, "falseexit1\n", "lua pipe child execvp() failed while executing no-such-cmd (2: No such file or directory)"},
		{"waited for under a reader", `for i = 1, 20 do local p = pipe.spawn("head -c 100000 /dev/zero")
			local t = ngx.thread.spawn(function() local n = 0 while true do local d, err, rest = p:stdout_read_any(1000) n = n + #(d or rest or "") if not d then return n, err end end end)
			local ok = p:wait() local _, n, err = ngx.thread.wait(t) if not ok or n ~= 100000 or err ~= "closed" then ngx.say(i, " ", n, " ", err) end
			if p:stdout_read_any(1) then ngx.say("open") end end ngx.say("done")`, "done\n", ""},
		{"busy, aborted", `local p = pipe.spawn("sleep 5") local t = ngx.thread.spawn(function() return p:stdout_read_line() end) ngx.say(p:stdout_read_line()) ngx.say(p:shutdown("stdout")) ngx.say(ngx.thread.wait(t)) ngx.say(p:kill(0), p:kill(1000))`,
			"nilpipe busy reading\ntrue\ntruenilaborted\ntruenilinvalid signal\n", ""},
		{"bad arguments", `ngx.say(select(2, pcall(pipe.spawn, {}))) ngx.say(select(2, pcall(pipe.spawn, 1))) local p = pipe.spawn("true") ngx.say(select(2, pcall(p.wait, {}))) ngx.say(type(p), type(p:pid()))
			ngx.say(select(2, pcall(p.stdout_read_bytes, p, -1))) ngx.say(select(2, pcall(p.shutdown, p, "x")))`,
			"bad args arg: non-empty table expected\nbad args arg: table expected, got number\nnot a process instance\ncdatanumber\nbad len argument\nbad shutdown arg: x\n", ""},
		{"left behind", `pipe.spawn("sleep 100") ngx.say("left")`, "left\n", "lua pipe kill process:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := phasetest.Start(t, `events {} http { server { listen ADDR; location /t { content_by_lua_block { local pipe = require "ngx.pipe"
				`+tt.lua+` } } } }`, luastd.Complete())
			if d := cmp.Diff(tt.want, s.Get("/t").Body); d != "" {
				t.Errorf("%s\n%s", d, s.ErrorLog())
			}
			if tt.log != "" && !s.WaitLog(tt.log) {
				t.Errorf("no %q in\n%s", tt.log, s.ErrorLog())
			}
			if strings.Contains(s.ErrorLog(), "panic") {
				t.Error(s.ErrorLog())
			}
		})
	}
}
