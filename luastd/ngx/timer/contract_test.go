package timer_test

import (
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestContract holds timers and sleeps to what ngx_lua's README says.
func TestContract(t *testing.T) {
	ngxtest.Contracts{}.Run(t)
}
