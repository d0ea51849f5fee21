package http1

import "time"

var (
	noDeadline time.Time
	past       = time.Unix(1, 0)
)
