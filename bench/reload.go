package main

import (
	"context"
	"fmt"
	"time"

	"moongate/bench/report"
)

// reloadEvery is the pause between two reloads.
const reloadEvery = 500 * time.Millisecond

// reload sends requests at a fixed rate while the server loads its configuration anew again and again: what is lost,
// and how long the longest wait is.
func (s *session) reload(ctx context.Context) error {
	s.rep.Rate = s.w.Rate
	for r := range s.h.o.rounds {
		for _, sd := range s.sides {
			s.say("reloads at %s requests a second, round %d of %d, %s", report.FormatCount(s.w.Rate), r+1, s.h.o.rounds, sd.e.Name())
			o := s.options(sd)
			o.Rate, o.Duration, o.Warmup = s.w.Rate, s.h.o.round, min(s.h.o.round/5, 200*time.Millisecond)
			inner, cancel := context.WithCancel(ctx)
			done := make(chan int)
			go func() {
				n := 0
				t := time.NewTicker(reloadEvery)
				defer t.Stop()
				for {
					select {
					case <-t.C:
						if sd.srv.Reload() == nil {
							n++
						}
					case <-inner.Done():
						done <- n
						return
					}
				}
			}()
			res, err := s.observe(ctx, sd, o)
			cancel()
			sd.rep.Reloads += <-done
			if err != nil {
				return fmt.Errorf("%s: %w", sd.e.Name(), err)
			}
			sd.rep.Steady = append(sd.rep.Steady, *res)
		}
	}
	return nil
}
