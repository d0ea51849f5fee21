package vm

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStateKept: threads say when they use a kept state and when theirs is kept.
func TestStateKept(t *testing.T) {
	const kept, reused = "kept", "reused"
	for _, tt := range []struct {
		name, src string
		size      int
		want      []string
	}{
		{"one thread", `return 1`, 1, []string{kept, reused, kept}},
		{"a light thread", `spawn(function() end)`, 2, []string{kept, kept, reused, reused, kept, kept}},
		{"no cache", `return 1`, -1, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			g := newTestGroup(t, Options{ThreadCache: tt.size, StateKept: func(_ *Thread, again bool) {
				if again {
					got = append(got, reused)
				} else {
					got = append(got, kept)
				}
			}})
			w := g.Pick()
			fn := load(t, w, tt.src)
			for range 2 {
				if _, err := w.Run(nil, fn, 0); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
