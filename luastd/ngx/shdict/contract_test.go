package shdict_test

import (
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestContract holds shared dictionaries to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	ngxtest.Contracts{
		HTTP: "lua_shared_dict d 1m; lua_shared_dict small 12k;",
	}.Run(t)
}
