package resp_test

import (
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestContract holds ngx.header, ngx.status and ngx.resp to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	ngxtest.Contracts{}.Run(t)
}
