//go:build !linux

package syntax

import "time"

var processStart = time.Now()

// threadTime is the wall clock: not every system tells the time of a thread.
func threadTime() time.Duration { return time.Since(processStart) }
