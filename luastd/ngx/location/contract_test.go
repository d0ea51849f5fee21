package location_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/echo"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

// TestContract holds subrequests to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	phasetest.Contracts{
		Server: `
	location = /show { content_by_lua_block {
		ngx.req.read_body()
		local h, t = ngx.req.get_headers(), {}
		for k, v in pairs(h) do t[#t + 1] = k .. "=" .. (type(v) == "table" and table.concat(v, "+") or v) end
		table.sort(t)
		p(ngx.req.get_method(), ngx.var.uri, ngx.var.args, "[" .. table.concat(t, ";") .. "]", ngx.req.get_body_data(), ngx.is_subrequest)
	} }
	location = /say { content_by_lua_block { p(ngx.var.v, ngx.ctx.a) ngx.ctx.a = "inner" ngx.var.v = "inner" } }
	location = /status { content_by_lua_block { ngx.status = tonumber(ngx.var.args) ngx.header["X-A"] = {"1", "2"} ngx.print("s") } }
	location = /exit { content_by_lua_block { ngx.exit(tonumber(ngx.var.args)) } }
	location = /part { content_by_lua_block { ngx.print("before") ngx.flush(true) error("bad") } }
	set $v old; set $w other;`,
		Modules: []*phases.Module{rewrite.Module, echo.Module, luastd.Complete()},
	}.Run(t)
}
