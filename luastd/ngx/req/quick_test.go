package req_test

import (
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestShortWays: a call for one result says the same as one for all of them.
func TestShortWays(t *testing.T) {
	ngxtest.Scripts{}.Run(t, []ngxtest.Script{
		{Name: "get_method", Lua: `local m = ngx.req.get_method() ngx.say(m, " ", (select(1, ngx.req.get_method())))`, Want: "GET GET\n"},
		{Name: "a method of its own", Lua: `ngx.req.set_method(ngx.HTTP_PUT) local m = ngx.req.get_method() ngx.say(m)`, Want: "PUT\n"},
		{Name: "get_headers", Lua: `local h = ngx.req.get_headers() ngx.say(h.Host == h.host, " ", #h.host > 0, " ", h.none)`, Want: "true true nil\n"},
		{Name: "set_header", Lua: `ngx.req.set_header("X-A", "1") local r = ngx.req.set_header("X-B", 2) ngx.say(ngx.var.http_x_a, ngx.var.http_x_b, r)`, Want: "12nil\n"},
		{Name: "a list of values", Lua: `ngx.req.set_header("X-A", {"1", "2"}) ngx.say(table.concat(ngx.req.get_headers()["x-a"], ","))`, Want: "1,2\n"},
		{Name: "a value it cannot have", Lua: `ngx.say((pcall(function() ngx.req.set_header("Content-Length", "x") end)))`, Want: "false\n"},
		{Name: "clear_header", Lua: `ngx.req.set_header("X-A", "1") ngx.req.clear_header("x-a") ngx.say(ngx.var.http_x_a)`, Want: "nil\n"},
		{Name: "without a name", Lua: `ngx.say((pcall(function() ngx.req.set_header(nil, "x") end)))`, Want: "false\n"},
		{Name: "too many headers", Lua: `for i = 1, 150 do ngx.req.set_header("X-" .. i, "v") end
			local h = ngx.req.get_headers() local all, err = ngx.req.get_headers()
			local function count(t) local n = 0 for _ in pairs(t) do n = n + 1 end return n end
			ngx.say(count(h), " ", count(all), " ", err)`, Want: "100 100 truncated\n"},
	})
}
