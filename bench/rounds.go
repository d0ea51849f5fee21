package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"moongate/bench/engine"
	"moongate/bench/load"
	"moongate/bench/report"
)

const (
	// steadyShare is the fixed rate of the latency rounds in parts of what the slowest engine did at saturation.
	steadyShare = 0.7
	// closeEnough is how far the ratio's interval may reach from its median before more rounds are run.
	closeEnough = 0.05
)

// rounds is the kind "load": rounds at saturation, then rounds at a fixed rate, the engines in turn.
func (s *session) rounds(ctx context.Context) error {
	for _, sd := range s.sides {
		s.say("%s warms up", sd.e.Name())
		if _, err := s.round(ctx, sd, 0, s.h.o.warmup); err != nil {
			return err
		}
		engine.ResetPeak(sd.srv.Pid())
	}
	if err := s.saturate(ctx); err != nil {
		return err
	}
	rate, err := s.rate()
	if err != nil || s.workers != s.h.o.workers[0] {
		return err // latency is the first number of workers'
	}
	s.rep.Rate = rate
	for r := range s.h.o.rounds {
		for _, sd := range s.sides {
			s.say("latency at %s requests a second, round %d of %d, %s", report.FormatCount(rate), r+1, s.h.o.rounds, sd.e.Name())
			res, err := s.round(ctx, sd, rate, s.h.o.round)
			if err != nil {
				return err
			}
			sd.rep.Steady = append(sd.rep.Steady, *res)
		}
	}
	return nil
}

// saturate runs the rounds without a fixed rate: as many as were asked for, and more, up to a limit, while the
// ratio of the engines is not known well enough, because something else uses the machine.
func (s *session) saturate(ctx context.Context) error {
	o := s.h.o
	for r := 0; r < o.rounds || r < o.maxRounds && !s.settled(); r++ {
		for _, sd := range s.sides {
			s.say("round %d of %d, %s%s", r+1, max(o.rounds, r+1), sd.e.Name(), s.soFar())
			res, err := s.round(ctx, sd, 0, o.round)
			if err != nil {
				return err
			}
			sd.rep.Full = append(sd.rep.Full, *res)
		}
	}
	return nil
}

// settled reports whether every ratio of CPU time per request lies in a narrow interval.
func (s *session) settled() bool {
	for _, sd := range s.sides[min(1, len(s.sides)):] {
		if !report.Ratio(s.sides[0].rep.Full, sd.rep.Full, report.CPUEach).Within(closeEnough) {
			return false
		}
	}
	return true
}

// rate is the fixed rate: the same for all engines.
func (s *session) rate() (float64, error) {
	rate := s.w.Rate
	if rate == 0 {
		for _, sd := range s.sides {
			if r := report.Over(sd.rep.Full, report.RPS).Median * steadyShare; rate == 0 || r < rate {
				rate = r
			}
		}
		if s.w.MaxRate > 0 {
			rate = min(rate, s.w.MaxRate)
		}
	}
	if rate < 1 {
		return 0, errors.New("most rounds had no right answer: too busy a machine, or too short rounds for so many connections")
	}
	return rate, nil
}

// soFar is the CPU time per request up to now, for the line of progress.
func (s *session) soFar() string {
	out := ""
	for _, sd := range s.sides {
		if len(sd.rep.Full) > 0 {
			out += fmt.Sprintf("; %s %s", sd.e.Name(), report.FormatDuration(report.Duration(report.Over(sd.rep.Full, report.CPUEach).Median)))
		}
	}
	return out
}

// round is one load on one engine, with the CPU clocks read at its ends.
func (s *session) round(ctx context.Context, sd *side, rate float64, d time.Duration) (*report.Round, error) {
	o := s.options(sd)
	o.Rate, o.Duration = rate, d
	o.Warmup = min(d/5, 200*time.Millisecond)
	return s.observe(ctx, sd, o)
}

// account is what the clocks said at one end of a round.
type account struct {
	server, own engine.CPU
	busy        time.Duration // the servers' cores, whoever used them
}

func (s *session) observe(ctx context.Context, sd *side, o load.Options) (*report.Round, error) {
	var ends [2]account
	var failed error
	o.Mark = func(end bool) {
		a := &ends[0]
		if end {
			a = &ends[1]
		}
		var err error
		if a.server, err = engine.ReadCPU(sd.srv.Pid()); err != nil {
			failed = err
		}
		a.own, _ = engine.ReadCPU(os.Getpid()) //nolint:errcheck // this process lives
		a.busy = engine.ReadBusy(s.server)
	}
	quiet := holdCollector()
	res, err := load.Run(ctx, o)
	quiet()
	if err != nil {
		return nil, err
	}
	if failed == nil && !sd.srv.Running() {
		failed = errors.New("not there any more")
	}
	if failed != nil {
		return nil, fmt.Errorf("%s ended within a round (%w): %s", sd.e.Name(), failed, sd.srv.Said())
	}
	sd.rep.Memory = max(sd.rep.Memory, engine.ReadPeak(sd.srv.Pid()))
	return s.describe(res, &ends[0], &ends[1]), nil
}

// holdCollector keeps the collector of this process, whose pauses would look like the server's, from running
// within a round, up to a gigabyte of garbage.
func holdCollector() (release func()) {
	percent, limit := debug.SetGCPercent(-1), debug.SetMemoryLimit(1<<30)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

func (s *session) describe(res *load.Result, from, to *account) *report.Round {
	cpu, own := to.server.Sub(from.server), to.own.Sub(from.own)
	quantile := func(h *load.Histogram, q float64) time.Duration { return time.Duration(h.Quantile(q)) }
	r := &report.Round{
		Requests: res.Requests, Wrong: res.Wrong, Lost: res.Lost, Refused: res.Refused, Timeouts: res.Timeouts, Late: res.Late,
		Elapsed: res.Elapsed, RPS: res.RPS(), CPU: cpu.Total, User: cpu.User, System: cpu.System,
		P50: quantile(&res.Latency, 0.5), P90: quantile(&res.Latency, 0.9), P99: quantile(&res.Latency, 0.99),
		P999: quantile(&res.Latency, 0.999), Max: time.Duration(res.Latency.Max()), Lag: quantile(&res.Lag, 0.99),
	}
	if res.Example != nil {
		r.Example = res.Example.Error()
	}
	if res.Requests > 0 {
		r.CPUEach = cpu.Total / time.Duration(res.Requests)
	}
	if t := res.Elapsed.Seconds(); t > 0 {
		r.ServerBusy = cpu.Total.Seconds() / t / float64(len(s.server))
		r.LoadBusy = (own.Total - cpu.Total).Seconds() / t / float64(len(s.load)) // own has the server, a child, in it
		if !s.rep.Shared {
			r.Others = max(0, (to.busy-from.busy-cpu.Total).Seconds()/t/float64(len(s.server)))
		}
	}
	return r
}
