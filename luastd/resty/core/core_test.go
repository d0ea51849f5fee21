package core_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

func TestCore(t *testing.T) {
	tests := []struct{ name, lua, want string }{
		{"loaded", `ngx.say(package.loaded["resty.core"] == require("resty.core"), type(require("resty.core").version))`, "truestring\n"},
		{"request", `ngx.say(require("resty.core.base").get_request() ~= nil)`, "true\n"},
		{"tables", `local b = require("resty.core.base") local t = b.new_tab(2, 2) t[1] = 1 t.a = 2 b.clear_tab(t) ngx.say(next(t))`, "nil\n"},
		{"references", `local b, t = require("resty.core.base"), {} ngx.say(b.ref_in_table(t, "x"), b.ref_in_table(t, "y"), b.ref_in_table(t, nil), t[2])`, "12-1y\n"},
		{"subsystem", `local b = require("resty.core.base") b.allows_subsystem("stream", "http") ngx.say(pcall(b.allows_subsystem, "stream"))`, "falseunsupported subsystem: http\n"},
		{"time", `local t = require("resty.core.time") local a = t.monotonic_msec() ngx.sleep(0.002) ngx.say(t.monotonic_msec() > a, t.monotonic_time() * 1000 >= a)`, "truetrue\n"},
		{"ctx", `local t = {a = 1} ngx.say(require("resty.core.ctx").get_ctx_table(t) == t, ngx.ctx.a)`, "true1\n"},
		{"characters", `ngx.say(require("resty.core.utils").str_replace_char("a-b-c", "-", "_"))`, "a_b_c\n"},
		{"shared C data", `local b, ffi = require "resty.core.base", require "ffi" local buf = b.get_string_buf(3) ffi.copy(buf, "ab")
			local n = b.get_size_ptr() n[0] = 2 ngx.say(ffi.string(b.get_string_buf(3), n[0]), b.get_size_ptr()[0] == 2, b.get_errmsg_ptr()[0] == nil, " ", ffi.sizeof(b.get_string_buf(9, true)),
			" ", ffi.sizeof("ngx_str_t"))`, "abtruetrue 9 16\n"},
		{"magic keys", `local m, last = require("resty.core.misc") m.register_ngx_magic_key_getter("answer", function() return 42 end)
			m.register_ngx_magic_key_setter("question", function(x) last = x end) ngx.question = "why" ngx.say(ngx.answer, last, rawget(ngx, "question"))`, "42whynil\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := phasetest.Start(t, "events {} http { server { listen ADDR; location /t { content_by_lua_block {\n"+tt.lua+"\n} } } }", rewrite.Module, luastd.Complete())
			if got := s.Get("/t").Body; got != tt.want {
				t.Errorf("got %q, want %q\n%s", got, tt.want, s.ErrorLog())
			}
		})
	}
}
