package thread_test

import (
	"testing"

	"moongate/luastd/ngx/ngxtest"
)

// TestContract holds light threads, coroutines and semaphores to what ngx_lua's and lua-resty-core's documents say.
func TestContract(t *testing.T) {
	ngxtest.Contracts{Init: `
	function spawn(...) return ngx.thread.spawn(...) end
	function sem(n) return require("ngx.semaphore").new(n) end`}.Run(t)
}
