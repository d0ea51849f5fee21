package machine

import (
	"math"
	"syscall"
)

// installed is the machine's memory in bytes.
func installed() int64 {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return math.MaxInt64
	}
	return int64(info.Totalram) * int64(info.Unit)
}
