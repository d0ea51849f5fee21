package limit_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

// dicts counts the dictionaries: one outlives its server within the process, as over reloads.
var dicts atomic.Int64

// run answers with what the script says, with a fresh dictionary, whose name is dict.
func run(t *testing.T, code string) string {
	t.Helper()
	dict := fmt.Sprint("d", dicts.Add(1))
	s := phasetest.Start(t, `
events {}
http {
	lua_shared_dict `+dict+` 1m;
	server {
		listen ADDR;
		location / {
			content_by_lua_block {
				local dict = "`+dict+`"
				`+code+`
			}
		}
	}
}`, luastd.Complete())
	res := s.Get("/")
	if res.Status != 200 {
		t.Fatalf("status %d: %s", res.Status, s.ErrorLog())
	}
	return res.Body
}

func TestLimit(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{
			"req_burst", `
			local limit = require "resty.limit.req"
			-- a rate this low drains nothing while the test runs
			local l = assert(limit.new(dict, 0.001, 2))
			for i = 1, 4 do
				local delay, excess = l:incoming("k", true)
				ngx.say(delay and string.format("%.1f", delay / 1000) or "nil", " ", type(excess) == "number" and string.format("%.1f", excess) or excess)
			end
			ngx.say(l:incoming("other", true))`,
			"0.0 0.0\n1.0 1.0\n2.0 2.0\nnil rejected\n00\n",
		},
		{
			"req_dry", `
			local l = assert(require("resty.limit.req").new(dict, 0.001, 0))
			ngx.say(l:incoming("k", false))
			ngx.say(l:incoming("k", false))
			ngx.say(l:incoming("k", true))
			ngx.say(l:incoming("k", false))
			ngx.say(l:uncommit("k"))
			ngx.say(l:incoming("k", true))
			ngx.say(l:uncommit("none"))`,
			// as in OpenResty, the first request of a bucket is not taken back
			"00\n00\n00\nnilrejected\ntrue\nnilrejected\nnilnot found\n",
		},
		{
			"req_set", `
			local l = assert(require("resty.limit.req").new(dict, 0.001, 0))
			l:incoming("k", true)
			l:set_burst(1)
			ngx.say((l:incoming("k", true)) ~= nil)
			l:set_rate(1e9)
			ngx.say(pcall(l.uncommit, l))`,
			"true\nfalseresty.limit.req:69: assertion failed!\n",
		},
		{
			"req_foreign", `
			local l = assert(require("resty.limit.req").new(dict, 1, 1))
			for _, v in ipairs{7, "x", true} do
				ngx.shared[dict]:set("k", v)
				ngx.say(l:incoming("k", true))
			end
			ngx.say(l:uncommit("k"))`,
			strings.Repeat("nilshdict abused by other users\n", 4),
		},
		{
			"no_dict", `
			for _, name in ipairs{"req", "conn", "count"} do
				ngx.say(require("resty.limit." .. name).new("nothing", 1, 1, 1))
			end`,
			"nilshared dict not found\nnilshared dict not found\nnilshared dict not found\n",
		},
		{
			"conn", `
			local l = assert(require("resty.limit.conn").new(dict, 2, 2, 0.5))
			for i = 1, 5 do
				local delay, n = l:incoming("k", true)
				ngx.say(delay, " ", n, " ", l:is_committed())
			end
			ngx.say(l:incoming("k", false))
			ngx.say(l:leaving("k", 1.5), " ", l.unit_delay)
			ngx.say(l:incoming("k", false))
			ngx.say(l:uncommit("k"))
			ngx.say(l:leaving("none"))`,
			"0 1 true\n0 2 true\n0.5 3 true\n0.5 4 true\nnil rejected false\nnilrejected\n3 1\n14\n2\nnilnot found\n",
		},
		{
			"count", `
			local l = assert(require("resty.limit.count").new(dict, 2, 100))
			ngx.say(l:incoming("k", false))
			for i = 1, 3 do ngx.say(l:incoming("k", true)) end
			ngx.say(l:uncommit("k"))
			ngx.say(l:uncommit("none"))
			local ttl = ngx.shared[dict]:ttl("k")
			ngx.say(ttl > 99 and ttl <= 100)`,
			"01\n01\n00\nnilrejected\n0\n2\ntrue\n",
		},
		{
			"traffic", `
			local traffic, count = require "resty.limit.traffic", require "resty.limit.count"
			local wide, narrow = count.new(dict, 10, 100), count.new(dict, 2, 100)
			for i = 1, 3 do
				local states = {}
				ngx.say(traffic.combine({wide, narrow}, {"w", "n"}, states), " ", table.concat(states, ","))
			end
			ngx.say(ngx.shared[dict]:get("w"))`,
			"0 9,1\n0 8,0\nnil \n8\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, run(t, tt.code)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
