package variable_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/echo"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

// TestContract holds ngx.var and ngx.ctx to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	phasetest.Contracts{
		Server: `
	set $v old;
	location = /ctx { content_by_lua_block { ngx.say("ctx ", ngx.ctx.a) ngx.ctx.a = "inner" } }
	location ~ ^/capture/(\w+)/(?<named>\w+)$ { content_by_lua_block { p(ngx.var[1], ngx.var[2], ngx.var[3], ngx.var.named) } }`,
		Modules: []*phases.Module{rewrite.Module, echo.Module, luastd.Complete()},
	}.Run(t)
}
