package load

import (
	"testing"
	"time"
)

func TestSchedule(t *testing.T) {
	s := NewSchedule(time.Second, 1000)
	if _, ok := s.Take(999 * time.Millisecond); ok {
		t.Fatal("a request before the start")
	}
	// a client that was held up for 5 ms finds all the requests that were due meanwhile, at their own times
	for k := range 6 {
		due, ok := s.Take(1005 * time.Millisecond)
		if want := time.Second + time.Duration(k)*time.Millisecond; !ok || due != want {
			t.Fatalf("request %d is due at %v, not %v (%v)", k, due, want, ok)
		}
	}
	if _, ok := s.Take(1005 * time.Millisecond); ok {
		t.Fatal("a request ahead of its time")
	}
	if got := s.Next(); got != 1006*time.Millisecond {
		t.Fatalf("the next is due at %v", got)
	}
}

func TestScheduleDoesNotDrift(t *testing.T) {
	s := NewSchedule(0, 30000)
	for range 30000 * 60 {
		s.next++
	}
	if d := s.Next() - time.Minute; d < -time.Microsecond || d > time.Microsecond {
		t.Errorf("off by %v after a minute", d)
	}
}
