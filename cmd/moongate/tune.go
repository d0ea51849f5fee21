package main

import (
	"os"
	"runtime/debug"
	"strings"
)

// tune sets the collector for a gateway, unless the environment says otherwise: the heap may grow to five times what
// lives before the collector runs. How much memory the process may take is machine.SetMemoryLimit's.
func tune() {
	if os.Getenv("GOGC") == "" && !strings.Contains(os.Getenv("GODEBUG"), "gcstoptheworld") {
		debug.SetGCPercent(400)
	}
}
