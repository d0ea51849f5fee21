//go:build race

package phasetest

// Race reports whether the race detector is on: it allocates, so ceilings on allocations do not hold.
const Race = true
