package jit_test

import (
	"os"
	"path/filepath"
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

// TestModules: what LuaJIT ships beside the table jit can be required, and used as far as it has a meaning here.
func TestModules(t *testing.T) {
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, filepath.Join(dir, "in.lua"), `ngx.status = 201 ngx.say("precompiled")`)
	phasetest.WriteFile(t, filepath.Join(dir, "foreign.luac"), "\x1bLua\x52\x00")
	phasetest.WriteFile(t, filepath.Join(dir, "broken.luac"), "\x1bLJ\x02mg1")
	s := phasetest.StartIn(t, dir, `events {} http { server { listen ADDR;
	location /reporters { content_by_lua_block {
		for _, name in ipairs{"jit.v", "jit.dump"} do local m = require(name) m.on("b", "/nowhere/x") m.off() m.start() end
		local p = require "jit.p" p.start("f") p.stop()
		ngx.say("quiet")
	} }
	location /zone { content_by_lua_block {
		local zone = require "jit.zone"
		zone("a") zone("b")
		ngx.say(zone:get(), zone(), zone:get(), zone(), tostring(zone:get()), " ", (select(2, pcall(zone))))
		zone("c") zone:flush() ngx.say(tostring(zone:get()))
	} }
	location /save { content_by_lua_block {
		local prefix = ngx.config.prefix()
		require("jit.bcsave").start(ngx.var.arg_o, prefix .. "in.lua", prefix .. "out.luac")
		ngx.say("saved")
	} }
	location /chunk { content_by_lua_block {
		local out = ngx.config.prefix() .. "chunk.luac"
		require("jit.bcsave").start("-e", "return 7", out)
		ngx.say(loadfile(out)())
	} }
	location /object { content_by_lua_block {
		ngx.say(select(2, pcall(require("jit.bcsave").start, "in.lua", "out.o")))
		ngx.say(select(2, pcall(require("jit.bcsave").start, "in.lua")))
	} }
	location /run { content_by_lua_file out.luac; }
	location /foreign { content_by_lua_file foreign.luac; }
	location /broken { content_by_lua_file broken.luac; }
	} }`, luastd.Complete())
	for _, tt := range []struct {
		name, path string
		status     int
		want, log  string
	}{
		{"reporters", "/reporters", 200, "quiet\n", ""},
		{"zones", "/zone", 200, "bbaanil jit.zone:21: empty zone stack\nnil\n", ""},
		{"saved without names of variables", "/save?o=-s", 200, "saved\n", ""},
		{"a script file may be precompiled", "/run", 201, "precompiled\n", ""},
		{"a chunk", "/chunk", 200, "7\n", ""},
		{"no object files", "/object", 200, "jit.bcsave: moongate writes raw bytecode only, not type o\njit.bcsave: an input and an output are needed\n", ""},
		{"another Lua's bytecode", "/foreign", 500, "", "foreign.luac: cannot load incompatible bytecode"},
		{"cut short", "/broken", 500, "", "broken.luac: cannot load malformed bytecode"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := s.Get(tt.path)
			if res.Status != tt.status || tt.want != "" && res.Body != tt.want {
				t.Errorf("%d %q, want %d %q\n%s", res.Status, res.Body, tt.status, tt.want, s.ErrorLog())
			}
			if tt.log != "" && !s.WaitLog(tt.log) {
				t.Errorf("the log lacks %q\n%s", tt.log, s.ErrorLog())
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "out.luac")); err != nil {
		t.Error(err)
	}
}
