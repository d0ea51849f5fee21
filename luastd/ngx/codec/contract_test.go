package codec_test

import (
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestContract holds codecs and times to what ngx_lua's README says, and to what it does.
func TestContract(t *testing.T) {
	ngxtest.Contracts{}.Run(t)
}
