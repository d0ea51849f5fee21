package luastd_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

// TestLibraries: what package lualib's own cases cannot require is there in a worker.
func TestLibraries(t *testing.T) {
	s := phasetest.Start(t, `events {} http { server { listen ADDR;
	location /type { content_by_lua_block { ngx.say(type(require "string.buffer")) } }
	location /null { content_by_lua_block { local b = require "string.buffer" ngx.say(b.decode(b.encode({ngx.null}))[1] == ngx.null) } }
	location /exdata { content_by_lua_block {
		local exdata = require "thread.exdata2"
		local before = exdata()
		exdata(7LL)
		ngx.sleep(0)
		ngx.say(tostring(before), " ", tostring(exdata()), " ", require "thread.exdata" == exdata)
	} } } }`, luastd.Complete())
	for _, c := range []struct{ name, path, want string }{
		{"case 23 of lualib/testdata/cases.jsonl", "/type", "table\n"},
		{"null is ngx.null", "/null", "true\n"},
		{"exdata", "/exdata", "nil 7LL false\n"},
		{"exdata of the next request", "/exdata", "nil 7LL false\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := s.Get(c.path).Body; got != c.want {
				t.Errorf("%q, want %q\n%s", got, c.want, s.ErrorLog())
			}
		})
	}
}
