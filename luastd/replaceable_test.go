package luastd_test

import (
	"path/filepath"
	"strings"
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

// TestFileOrBuiltIn: a user's file goes before a built-in module that is plain Lua elsewhere, and not before one that stands for machine code.
func TestFileOrBuiltIn(t *testing.T) {
	dir := phasetest.Dir(t)
	for _, name := range []string{"lock", "md5", "core"} {
		phasetest.WriteFile(t, filepath.Join(dir, "lua/resty", name+".lua"), "return { mine = true }")
	}
	phasetest.WriteFile(t, filepath.Join(dir, "lua/resty/limit/req.lua"), "return {")
	s := phasetest.StartIn(t, dir, `events {} http { lua_package_path "$prefix/lua/?.lua;;"; server { listen ADDR;
	location / { content_by_lua_block {
		local ok, m = pcall(require, ngx.var.arg_m)
		ngx.print(ok and tostring(m.mine) or m)
	} } } }`, luastd.Complete())
	for _, c := range []struct{ name, module, want string }{
		{"a file for a replaceable module", "resty.lock", "true"},
		{"no file", "resty.lrucache", "nil"},
		{"a file for what stands for machine code", "resty.md5", "nil"},
		{"a file for what is loaded from the start", "resty.core", "nil"},
		{"a broken file is no reason for the built-in", "resty.limit.req", "error loading module 'resty.limit.req' from file '"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.Get("/?m=" + c.module).Body; !strings.HasPrefix(got, c.want) {
				t.Errorf("%q, want %q\n%s", got, c.want, s.ErrorLog())
			}
		})
	}
}
