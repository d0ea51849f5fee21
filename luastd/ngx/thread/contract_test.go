package thread_test

import (
	"testing"

	"moongate/phases/phasetest"
)

// TestContract holds light threads, coroutines and semaphores to what ngx_lua's and lua-resty-core's documents say.
func TestContract(t *testing.T) {
	phasetest.Contracts{Init: `
	function spawn(...) return ngx.thread.spawn(...) end
	function sem(n) return require("ngx.semaphore").new(n) end`, Modules: modules()}.Run(t)
}
