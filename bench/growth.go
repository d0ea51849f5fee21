package main

import (
	"context"

	"moongate/bench/report"
	"moongate/bench/workload"
)

// growth compares the smallest and the largest point of a sweep on the same engine, in turn: that they were measured
// one after the other would add what the machine did meanwhile.
func (h *harness) growth(ctx context.Context, first, last *workload.Workload) error {
	a, b := h.session(first, h.o.workers[0]), h.session(last, h.o.workers[0])
	b.ports = 5
	a.title += "-growth"
	b.title += "-growth"
	defer a.stop()
	defer b.stop()
	for _, s := range []*session{a, b} {
		if err := s.start(ctx); err != nil {
			return err
		}
	}
	for _, small := range a.sides {
		for _, large := range b.sides {
			if small.e != large.e {
				continue
			}
			g := report.Growth{Name: first.Name, Engine: small.e.Name(), From: first.Point, To: last.Point}
			for r := -1; r < h.o.rounds || r < h.o.maxRounds && !g.Settled(closeEnough); r++ {
				d := h.o.round
				if r < 0 {
					d = h.o.warmup
				}
				a.say("growth to %d on %s, round %d of %d", last.Point, g.Engine, max(r, 0)+1, max(h.o.rounds, r+1))
				x, err := a.round(ctx, small, 0, d)
				if err != nil {
					return err
				}
				y, err := b.round(ctx, large, 0, d)
				if err != nil {
					return err
				}
				if r >= 0 {
					g.Small, g.Large = append(g.Small, *x), append(g.Large, *y)
				}
			}
			h.rep.Growth = append(h.rep.Growth, g)
		}
	}
	return nil
}
