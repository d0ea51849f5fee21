package shdict_test

import (
	"strconv"
	"strings"
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestShortWays makes each call twice, in a state of its own each time: with as many results as are wanted, which may go the short way, and with
// all that there are, which goes the long one.
func TestShortWays(t *testing.T) {
	calls := []string{
		`get("absent")`, `get("number")`, `get("text")`, `get("yes")`, `get("flagged")`, `get("list")`, `get(nil)`, `get("")`, `get(1)`,
		`set("new", 1)`, `set("number", "text")`, `set("number", nil)`, `set("number", true, 10)`, `set("number", {})`, `set("number", 1, 0, 7)`,
		`set("number", 1, -1)`, `set("number", 1, nil)`, `set(nil, 1)`, `set("number")`, `set("large", ("x"):rep(200000))`,
		`add("number", 1)`, `add("new", 1)`, `replace("number", 2)`, `replace("new", 2)`, `safe_set("large", ("x"):rep(200000))`, `safe_add("text", "x")`,
		`incr("number", 1)`, `incr("absent", 1)`, `incr("absent", 1, 5)`, `incr("absent", 1, 5, 60)`, `incr("number", 1, 5, 60)`, `incr("text", 1)`,
		`incr("number", "2")`, `incr("number")`, `incr("number", 1, nil, 1)`, `incr("number", 1, 0, -1)`, `incr("number", 0/0)`, `incr("list", 1, 0)`,
	}
	var code strings.Builder
	code.WriteString(`
		local d = ngx.shared.d
		local function fill()
			d:flush_all() d:flush_expired()
			d:set("number", 41) d:set("text", "some text") d:set("yes", true) d:set("flagged", 1, 0, 9) d:rpush("list", 1)
		end
		local function show(...)
			local out = {}
			for i = 1, 3 do out[i] = tostring((select(i, ...))) end
			return table.concat(out, " ") .. "; " .. tostring(d:get("number")) .. " " .. tostring(math.ceil(d:ttl("number") or 0)) .. " " .. tostring(d:get("new"))
		end
		local function all(ok, ...)
			if not ok then return "error" end
			return show(...)
		end
		`)
	for _, call := range calls {
		q := strconv.Quote(call)
		code.WriteString(`do
			local long, short, one, none
			fill() long = all(pcall(function() return d:` + call + ` end))
			fill() short = all(pcall(function() local a, b, c = d:` + call + ` return a, b, c end))
			if long ~= short then ngx.say(` + q + `, ": ", long, " is not ", short) end
			fill() long = all(pcall(function() return (select(1, d:` + call + `)) end))
			fill() one = all(pcall(function() local a = d:` + call + ` return a end))
			if long ~= one then ngx.say(` + q + `, ", one result: ", long, " is not ", one) end
			fill() none = all(pcall(function() d:` + call + ` end))
			if none ~= "error" and none:match("; .*") ~= long:match("; .*") then ngx.say(` + q + `, ", no result: ", long, " is not ", none) end
		end
		`)
	}
	ngxtest.Scripts{HTTP: "lua_shared_dict d 100k;"}.Run(t, []ngxtest.Script{{Name: "calls", Lua: code.String() + `ngx.say("same")`, Want: "same\n"}})
}
