package req_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/echo"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

// TestContract holds the functions of ngx.req to what ngx_lua's README says, and to what it does.
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
	location = /jump { rewrite_by_lua_block { ngx.req.set_uri(ngx.unescape_uri(ngx.var.args), true) } }
	location = /internal { internal; content_by_lua_block { p("internal", ngx.req.is_internal()) } }
	location = /exec { content_by_lua_block { ngx.exec("/internal") } }`,
		Modules: []*phases.Module{rewrite.Module, echo.Module, luastd.Complete()},
	}.Run(t)
}
