package timer

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// TestRounds has many sleep for a few milliseconds, over and over on the same clocks: nobody wakes early, nobody is forgotten.
func TestRounds(t *testing.T) {
	rs := rounds{all: map[int64]*round{}}
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			for range 20 {
				k := clocks.Get().(*clock)
				d := time.Duration(1+rand.IntN(5)) * time.Millisecond
				begun := time.Now()
				rs.add(k, d)
				k.wait()
				if slept := time.Since(begun); slept < d {
					t.Errorf("slept %v instead of %v", slept, d)
				}
				clocks.Put(k)
			}
		})
	}
	wg.Wait()
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if n := len(rs.all); n != 0 {
		t.Errorf("%d rounds are left", n)
	}
}

// TestStoppedClock has a clock ring before its time, and then not again.
func TestStoppedClock(t *testing.T) {
	rs := rounds{all: map[int64]*round{}}
	k := clocks.New().(*clock)
	k.stop() // of a wait that has not begun
	rs.add(k, 5*time.Millisecond)
	k.stop()
	k.stop()
	k.wait()
	after := clocks.New().(*clock)
	rs.add(after, 10*time.Millisecond)
	after.wait()
	if n := len(k.ch); n != 0 {
		t.Error("it rang again")
	}
}
