package resp_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/echo"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

// TestContract holds ngx.header, ngx.status and ngx.resp to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	phasetest.Contracts{
		Modules: []*phases.Module{rewrite.Module, echo.Module, luastd.Complete()},
	}.Run(t)
}
