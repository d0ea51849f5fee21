package main

import "testing"

func TestGrowth(t *testing.T) {
	for _, c := range []struct {
		name string
		live uint64
		want int
	}{
		{"nothing", 1, 400},
		{"a small configuration", 4 << 20, 400},
		{"where the room is reached", 8 << 20, 400},
		{"ten thousand connections", 20 << 20, 160},
		{"as much as the room", 32 << 20, 100},
		{"a large heap", 1 << 30, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := growth(c.live); got != c.want {
				t.Errorf("%d %%, want %d", got, c.want)
			}
		})
	}
}
