package main

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// tune sets the collector for a gateway, unless the environment says otherwise: the heap may grow to five times what
// lives before the collector runs, but from half of the machine's memory on it runs as often as that takes.
func tune() {
	if os.Getenv("GOGC") == "" && !strings.Contains(os.Getenv("GODEBUG"), "gcstoptheworld") {
		debug.SetGCPercent(400)
	}
	if n := machineMemory(); os.Getenv("GOMEMLIMIT") == "" && n > 0 {
		debug.SetMemoryLimit(n / 2)
	}
}

// machineMemory is how many bytes of memory the process may use: the machine's, or its control group's; 0 unknown.
func machineMemory() int64 {
	var n int64
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		n = int64(uint64(info.Totalram) * uint64(info.Unit)) //nolint:unconvert // their types differ by machine
	}
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if b, err := os.ReadFile(file); err == nil {
			if most, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil && most > 0 && (n == 0 || most < n) {
				n = most
			}
		}
	}
	return n
}
