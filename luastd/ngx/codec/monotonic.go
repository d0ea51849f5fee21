package codec

import (
	"time"

	"golang.org/x/sys/unix"
)

// monotonic reads the system's monotonic clock; 0 where there is none.
func monotonic() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
