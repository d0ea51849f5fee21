package re_test

import (
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestContract holds ngx.re to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	ngxtest.Contracts{}.Run(t)
}
