package output_test

import (
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestContract holds output, its control and redirections to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	ngxtest.Contracts{
		Server: `
	location @named { content_by_lua_block { p("named", ngx.var.uri, ngx.var.args, ngx.ctx.a) } }
	location = /internal { internal; content_by_lua_block { p("internal", ngx.var.uri, ngx.var.args, ngx.ctx.a, ngx.req.is_internal()) } }
	location = /missing { error_page 404 =200 /internal; return 404; }`,
	}.Run(t)
}
