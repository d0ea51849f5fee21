package load

import "time"

// Schedule is the plan of an open load: request k is due at a fixed instant, whether or not the ones before
// it were answered. Latency is counted from that instant, so a server that stalls pays for every request
// that had to wait (no coordinated omission).
type Schedule struct {
	start time.Duration // of request 0, on the loop's clock
	rate  float64       // requests a second
	next  int64         // the first request that was not taken yet
}

// NewSchedule plans rate requests a second from the instant start on.
func NewSchedule(start time.Duration, rate float64) *Schedule {
	return &Schedule{start: start, rate: rate}
}

func (s *Schedule) due(k int64) time.Duration {
	return s.start + time.Duration(float64(k)*float64(time.Second)/s.rate)
}

// Next is when the first request that was not taken yet is due. It may lie in the past.
func (s *Schedule) Next() time.Duration { return s.due(s.next) }

// Take removes the next request from the plan where it is due, and reports the instant it was due.
func (s *Schedule) Take(now time.Duration) (due time.Duration, ok bool) {
	due = s.due(s.next)
	if due > now {
		return 0, false
	}
	s.next++
	return due, true
}
