package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"moongate/bench/engine"
	"moongate/bench/report"
	"moongate/bench/workload"
)

// harness measures workloads one after the other.
type harness struct {
	o       *options
	temp    string
	common  []byte // common.conf
	self    string
	engines []engine.Engine
	cores   []int // to use
	rep     *report.Report
	cert    *certificate
	// terminal: standard error is one, and may show a line that changes.
	terminal bool
	// step of steps, for the progress.
	step, steps int
}

func newHarness(o *options, temp string, common []byte) (*harness, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	h := &harness{o: o, temp: temp, common: common, self: self}
	if st, err := os.Stderr.Stat(); err == nil {
		h.terminal = st.Mode()&os.ModeCharDevice != 0
	}
	all := engine.All(o.moongate, self)
	for _, name := range append([]string{"moongate"}, split(o.against)...) {
		e, err := engine.Find(all, name)
		if err != nil {
			return nil, err
		}
		h.engines = append(h.engines, e)
	}
	if h.cores, err = engine.Cores(); err != nil {
		return nil, err
	}
	server, load := h.cores, h.cores
	if !o.noPin {
		server, load = divide(h.cores, o.workers[0])
	}
	h.rep = newReport(o, server, load)
	for _, e := range h.engines {
		v, err := e.Version()
		if err != nil {
			return nil, err
		}
		h.rep.Engines = append(h.rep.Engines, report.Engine{Name: e.Name(), Version: v})
	}
	h.cert, err = newCertificate()
	return h, err
}

// measureAll runs the workloads: each with the first number of workers, those with a mark with the others too, and
// the growth of each sweep.
func (h *harness) measureAll(ctx context.Context, loads []*workload.Workload) {
	h.steps = h.plan(loads)
	for i, w := range loads {
		for k, workers := range h.o.workers {
			if ctx.Err() != nil {
				return
			}
			if k > 0 && w.Mark == 0 {
				break
			}
			h.step++
			rep := h.measure(ctx, w, workers)
			if ctx.Err() != nil {
				return // half a workload is none
			}
			h.result(rep)
			h.rep.Workloads = append(h.rep.Workloads, *rep)
		}
		first := i
		for first > 0 && loads[first-1].Name == w.Name {
			first--
		}
		if first < i && (i+1 == len(loads) || loads[i+1].Name != w.Name) {
			h.step++
			if err := h.growth(ctx, loads[first], w); err != nil && ctx.Err() == nil {
				fmt.Fprintf(os.Stderr, "bench: growth of %s: %v\n", w.Name, err)
			}
		}
	}
}

// plan counts the steps of measureAll.
func (h *harness) plan(loads []*workload.Workload) (steps int) {
	seen := map[string]int{}
	for _, w := range loads {
		steps++
		if w.Mark > 0 {
			steps += len(h.o.workers) - 1
		}
		if seen[w.Name]++; seen[w.Name] == 2 {
			steps++
		}
	}
	return steps
}

// about is roughly how long so many steps take where no extra rounds are needed.
func (h *harness) about(steps int) time.Duration {
	o := h.o
	each := time.Duration(len(h.engines)) * (o.warmup + 2*time.Duration(o.rounds)*(o.round+min(o.round/5, 200*time.Millisecond)) + time.Second)
	return time.Duration(steps) * each
}

// progress is where the run stands, for the line that changes.
func (h *harness) progress() string {
	if h.steps == 0 {
		return ""
	}
	return fmt.Sprintf("[%d of %d] ", h.step, h.steps)
}

// measure runs one workload on every engine that serves it.
func (h *harness) measure(ctx context.Context, w *workload.Workload, workers int) *report.Workload {
	s := h.session(w, workers)
	defer s.stop()
	err := s.start(ctx)
	if err == nil {
		switch w.Kind {
		case "idle":
			err = s.idle(ctx)
		case "reload":
			err = s.reload(ctx)
		default:
			err = s.rounds(ctx)
		}
	}
	if err != nil {
		s.rep.Error = err.Error()
	}
	return s.rep
}

// result shows what a workload came to, for a log or a screen on which the whole table comes much later.
func (h *harness) result(w *report.Workload) {
	line := w.Error
	var first *report.Side
	for i := range w.Sides {
		s := &w.Sides[i]
		switch rounds := s.CPURounds(); {
		case s.Skipped != "":
			continue
		case s.MemoryEach > 0:
			line += fmt.Sprintf("  %s %s each", s.Engine, report.FormatBytes(s.MemoryEach))
		case len(rounds) > 0:
			line += fmt.Sprintf("  %s %s", s.Engine, report.FormatDuration(report.Duration(report.Over(rounds, report.CPUEach).Median)))
			if first != nil {
				line += fmt.Sprintf(" (%.2f)", report.Ratio(first.CPURounds(), rounds, report.CPUEach).Median)
			}
		default:
			line += fmt.Sprintf("  %s failed", s.Engine)
		}
		if first == nil {
			first = s
		}
	}
	if h.terminal {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	fmt.Fprintf(os.Stderr, "%-20s%s\n", w.Title, line)
}
