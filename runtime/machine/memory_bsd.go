//go:build darwin || freebsd

package machine

import (
	"math"
	"runtime"

	"golang.org/x/sys/unix"
)

// installed is the machine's memory in bytes.
func installed() int64 {
	name := "hw.physmem"
	if runtime.GOOS == "darwin" {
		name = "hw.memsize"
	}
	n, err := unix.SysctlUint64(name)
	if err != nil || n > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(n)
}
