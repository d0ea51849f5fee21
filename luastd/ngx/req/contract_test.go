package req_test

import (
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestContract holds the functions of ngx.req to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	ngxtest.Contracts{
		Server: ngxtest.Show + `
	location = /jump { rewrite_by_lua_block { ngx.req.set_uri(ngx.unescape_uri(ngx.var.args), true) } }
	location = /internal { internal; content_by_lua_block { p("internal", ngx.req.is_internal()) } }
	location = /exec { content_by_lua_block { ngx.exec("/internal") } }`,
	}.Run(t)
}
