package shdict_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/echo"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

// TestContract holds shared dictionaries to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	phasetest.Contracts{
		HTTP:    "lua_shared_dict d 1m; lua_shared_dict small 12k;",
		Modules: []*phases.Module{rewrite.Module, echo.Module, luastd.Complete()},
	}.Run(t)
}
