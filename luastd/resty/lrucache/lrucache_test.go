package lrucache_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

func TestCache(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{
			"evicts what was used longest ago", `
			local c = lrucache.new(2)
			c:set("a", 1); c:set("b", 2)
			c:get("a")
			c:set("c", 3)
			ngx.say(c:get("a"), " ", c:get("b") == nil, " ", c:get("c"))
			ngx.say(c:count(), " ", c:capacity(), " ", table.concat(c:get_keys(), ","), " ", #c:get_keys(1))`,
			"1 true 3nil0\n2 2 c,a 1\n",
		},
		{
			"expires, and still tells the stale value", `
			local c = lrucache.new(2)
			c:set("a", "old", 0.001, 7)
			ngx.sleep(0.002)
			local v, stale, flags = c:get("a")
			ngx.say(v, " ", stale, " ", flags)
			c:set("a", "new", 100)
			ngx.say((c:get("a")))`,
			"nil old 7\nnew\n",
		},
		{
			"any value is a key", `
			local c, key = lrucache.new(10), {}
			c:set(key, "table"); c:set(1, "number"); c:set("1", "string"); c:set(true, false)
			ngx.say(c:get(key), c:get(1), c:get("1"), " ", (c:get(true)))
			c:delete(key)
			c:delete("none")
			ngx.say(c:get(key), " ", c:count())
			c:flush_all()
			ngx.say(c:count(), " ", c:get(1))
			ngx.say(pcall(c.set, c, nil, 1))`,
			"tablenumberstring false\nnil 3\n0 nil\nfalsea cache key must not be nil or NaN\n",
		},
		{
			"bad sizes", `
			ngx.say(lrucache.new(0))
			ngx.say(require("resty.lrucache.pureffi").new(5, 0.5):capacity())`,
			"nilsize too small\n5\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := phasetest.Start(t, `
events {}
http { server { listen ADDR; location / { content_by_lua_block {
	local lrucache = require "resty.lrucache"
	`+tt.code+`
} } } }`, luastd.Complete())
			if diff := cmp.Diff(tt.want, s.Get("/").Body); diff != "" {
				t.Error(diff, s.ErrorLog())
			}
		})
	}
}
