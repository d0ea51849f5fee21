package worker_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"moongate/luastd"
	"moongate/luastd/ngx/ngxtest"
	"moongate/phases/phasetest"
)

const heavy = `
local M = {}
function M.echo(...) return ... end
function M.fail() error("bad", 0) end
function M.func() return print end
function M.state() M.n = (M.n or 0) + 1 return M.n end
function M.sum(t) local n = 0 for _, v in ipairs(t.list) do n = n + v end return { sum = n, null = t.null == ngx.null } end
M.number = 5
return M
`

func TestWorker(t *testing.T) {
	pid := strconv.Itoa(os.Getpid())
	tests := []ngxtest.Script{
		{"worker", `ngx.say(ngx.worker.pid(), " ", ngx.worker.id(), " ", ngx.worker.count(), " ", ngx.worker.exiting())`, pid + " 0 1 false\n"},
		{"pids", `local p = ngx.worker.pids() ngx.say(#p, " ", p[1])`, "1 " + pid + "\n"},
		{"config", `local c = ngx.config ngx.say(c.subsystem, " ", c.debug, " ", c.nginx_version, " ", c.ngx_lua_version)`, "http true 1027001 10027\n"},
		{"configure", `ngx.say((ngx.config.nginx_configure():find("^%s*%-%-with")))`, "1\n"},
		{"process", `local p = require("ngx.process") ngx.say(p.type(), " ", p.get_master_pid())`, "worker " + pid + "\n"},
		{"agent", `ngx.say(require("ngx.process").enable_privileged_agent())`, "nilAPI disabled in the current context\n"},
		{"errlog is off", `ngx.say(require("ngx.errlog").get_logs())`, "nildirective \"lua_capture_error_log\" is not set\n"},
		{"sys filter level", `ngx.say(require("ngx.errlog").get_sys_filter_level())`, "8\n"},
		{"raw log's level", `ngx.say(select(2, pcall(require("ngx.errlog").raw_log, 88, "x")))`, "bad log level\n"},
		{"thread", `ngx.say(ngx.run_worker_thread("default", "heavy", "echo", 1, nil, "x", true))`, "true1nilxtrue\n"},
		{"thread with tables", `local ok, r = ngx.run_worker_thread("mine", "heavy", "sum", {list = {1, 2, 3}, null = ngx.null}) ngx.say(r.sum, " ", r.null)`, "6 true\n"},
		{"null comes back", `local ok, r = ngx.run_worker_thread("mine", "heavy", "echo", ngx.null) ngx.say(r == ngx.null)`, "true\n"},
		{"a failing function", `ngx.say(ngx.run_worker_thread("default", "heavy", "fail"))`, "falsebad\n"},
		{"no such pool", `ngx.say(ngx.run_worker_thread("x", "heavy", "echo"))`, "falsethread pool x not found\n"},
		{"no function", `ngx.say(ngx.run_worker_thread("default", "heavy", "number"))`, "falseinvalid function\n"},
		{"an argument that cannot go", `ngx.say(ngx.run_worker_thread("default", "heavy", "echo", print))`, "falseunsupported Lua type: LUA_TFUNCTION in the argument\n"},
		{"a result that cannot go", `ngx.say(ngx.run_worker_thread("default", "heavy", "func"))`, "falseunsupported Lua type: LUA_TFUNCTION in the return value\n"},
		{"a table in itself", `local t = {} t.t = t ngx.say(ngx.run_worker_thread("default", "heavy", "echo", t))`,
			"falsesuspicious circular references, table depth exceed max depth: 100 in the argument\n"},
		{"few arguments", `ngx.say(ngx.run_worker_thread("default", "heavy"))`, "falseexpecting at least 3 arguments\n"},
		{"state of its own", `heavy = "here" ngx.run_worker_thread("default", "heavy", "state") ngx.say(package.loaded.heavy)`, "nil\n"},
		{"killed ones give their VM back", `
			for i = 1, 12 do
				ngx.thread.kill(ngx.thread.spawn(function() ngx.run_worker_thread("default", "heavy", "echo", i) end))
				ngx.sleep(0.01)
			end
			ngx.say(ngx.run_worker_thread("default", "heavy", "echo", "left"))`, "trueleft\n"},
		{"many at once", `
			local ts = {}
			for i = 1, 4 do ts[i] = ngx.thread.spawn(ngx.run_worker_thread and function() return ngx.run_worker_thread("default", "heavy", "echo", i) end) end
			for i = 1, 4 do local _, ok, r = ngx.thread.wait(ts[i]) ngx.print(tostring(ok), r, " ") end ngx.say()`, "true1 true2 true3 true4 \n"},
	}
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"lua/heavy.lua", heavy)
	ngxtest.Scripts{Main: "thread_pool mine threads=2;", HTTP: "lua_package_path 'PREFIXlua/?.lua;;';", Dir: dir}.Run(t, tests)
}

func TestErrlog(t *testing.T) {
	s := phasetest.Start(t, `error_log logs/error.log info; events {} http { lua_capture_error_log 4k;
		init_by_lua_block {
			ngx.log(ngx.WARN, ngx.worker.pids())
			init = require("ngx.process").type()
			require("ngx.errlog").set_filter_level(ngx.WARN)
		}
		server { listen ADDR;
		location = /log { content_by_lua_block {
			local e = require "ngx.errlog"
			e.get_logs()
			ngx.log(ngx.WARN, "first") ngx.log(ngx.INFO, "not this") e.raw_log(ngx.ERR, "raw")
			local res = e.get_logs(10, {1, 2, 3, 4, 5, 6, 7})
			ngx.say(#res, " ", res[1], " ", (res[3]:match("%[warn%].*first, client")), " ", res[4], " ", (res[6]:match("raw, client")))
			ngx.say(res[2] > 1e9, " ", init, " ", ngx.config.debug)
		} }
		location = /full { content_by_lua_block {
			local e = require "ngx.errlog"
			for i = 1, 100 do ngx.log(ngx.WARN, "line ", i, " ", ("x"):rep(200)) end
			local res = e.get_logs(1000)
			ngx.say(#res / 3 < 20, " ", (res[#res]:match("line 100 ")))
		} } } }`, ngxtest.Modules()...)
	if got, want := s.Get("/log").Body, "6 5 "; !strings.HasPrefix(got, want) || !strings.Contains(got, "first, client 4 raw, client\ntrue master false\n") {
		t.Errorf("got %q", got)
	}
	if got, want := s.Get("/full").Body, "true line 100 \n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCaptureIsTooSmall(t *testing.T) {
	for _, c := range []struct{ size, want string }{
		{"4095", `invalid capture error log size "4095", minimum size is 4096 in `},
		{"much", `invalid capture error log size "much" in `},
	} {
		if got := phasetest.LoadError(t, `events {} http { lua_capture_error_log `+c.size+`; }`, luastd.Complete()); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q in it", c.size, got, c.want)
		}
	}
}
