package timer_test

import (
	"testing"

	"moongate/phases/phasetest"
)

// TestContract holds timers and sleeps to what ngx_lua's README says.
func TestContract(t *testing.T) {
	phasetest.Contracts{Modules: modules()}.Run(t)
}
