package resp_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

// BenchmarkHeader is one assignment and one read of a response header, in Lua: 1000 of them a request.
func BenchmarkHeader(b *testing.B) {
	s := phasetest.Start(b, `error_log logs/error.log; events {} http { server { listen ADDR; location /t { content_by_lua_block {
		local h = ngx.header
		for i = 1, 1000 do h["X-Name"] = "value" local v = h["X-Name"] end
	} } } }`, rewrite.Module, luastd.Complete())
	b.ReportAllocs()
	for b.Loop() {
		s.Get("/t")
	}
}
