package location_test

import (
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestContract holds subrequests to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	ngxtest.Contracts{
		Server: ngxtest.Show + `
	location = /say { content_by_lua_block { p(ngx.var.v, ngx.ctx.a) ngx.ctx.a = "inner" ngx.var.v = "inner" } }
	location = /status { content_by_lua_block { ngx.status = tonumber(ngx.var.args) ngx.header["X-A"] = {"1", "2"} ngx.print("s") } }
	location = /exit { content_by_lua_block { ngx.exit(tonumber(ngx.var.args)) } }
	location = /part { content_by_lua_block { ngx.print("before") ngx.flush(true) error("bad") } }
	set $v old; set $w other;`,
	}.Run(t)
}
