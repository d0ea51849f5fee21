package pipe_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

// TestContract holds ngx.pipe to what lua-resty-core's document says.
func TestContract(t *testing.T) {
	phasetest.Contracts{
		Init:    `function spawn(...) return assert(require("ngx.pipe").spawn(...)) end`,
		Modules: []*phases.Module{rewrite.Module, luastd.Complete()},
	}.Run(t)
}
