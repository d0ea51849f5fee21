package codec_test

import (
	"testing"

	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/echo"
	"moongate/phases/phasetest"
	"moongate/phases/rewrite"
)

// TestContract holds codecs and times to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	phasetest.Contracts{
		Modules: []*phases.Module{rewrite.Module, echo.Module, luastd.Complete()},
	}.Run(t)
}
