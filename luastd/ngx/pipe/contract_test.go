package pipe_test

import (
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestContract holds ngx.pipe to what lua-resty-core's document says.
func TestContract(t *testing.T) {
	ngxtest.Contracts{
		Init: `function spawn(...) return assert(require("ngx.pipe").spawn(...)) end`,
	}.Run(t)
}
