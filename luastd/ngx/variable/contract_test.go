package variable_test

import (
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestContract holds ngx.var and ngx.ctx to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	ngxtest.Contracts{
		Server: `
	set $v old;
	location = /ctx { content_by_lua_block { ngx.say("ctx ", ngx.ctx.a) ngx.ctx.a = "inner" } }
	location ~ ^/capture/(\w+)/(?<named>\w+)$ { content_by_lua_block { p(ngx.var[1], ngx.var[2], ngx.var[3], ngx.var.named) } }`,
	}.Run(t)
}
