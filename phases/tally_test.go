package phases

import (
	"sync"
	"sync/atomic"
	"testing"
)

// TestHolds: a request's hold that becomes a timer's, in another part, is not overlooked meanwhile; without the count of those taken it is.
func TestHolds(t *testing.T) {
	for range 5000 {
		var h holds
		var over atomic.Bool
		var wait sync.WaitGroup
		h.add(7, 1)
		wait.Go(func() {
			h.keep()
			h.add(7, -1)
			over.Store(true)
			h.add(0, -1)
		})
		for !over.Load() {
			if h.free() && !over.Load() {
				t.Fatal("free while it is held")
			}
		}
		wait.Wait()
		if !h.free() || h.sum() != 0 {
			t.Fatalf("%d holds are left, free: %v", h.sum(), h.free())
		}
	}
}
