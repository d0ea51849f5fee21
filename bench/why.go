package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"moongate/bench/report"
	"moongate/bench/workload"
)

const (
	profileRounds = 3 // as long as so many rounds
	profileTop    = 10
)

// explain profiles moongate once more on each workload that misses its mark of CPU time per request: where the time goes.
// The rounds that are compared have no profile in their way.
func (h *harness) explain(ctx context.Context, loads []*workload.Workload) error {
	missed := map[string]bool{}
	for _, m := range h.rep.Marks() {
		if !m.Pass() {
			missed[m.Title] = true
		}
	}
	for i := range h.rep.Workloads {
		rep := &h.rep.Workloads[i]
		k := slices.IndexFunc(loads, func(w *workload.Workload) bool { return h.session(w, rep.Workers).title == rep.Title })
		if !missed[rep.Title] || k < 0 || rep.Mark == 0 || ctx.Err() != nil {
			continue
		}
		costs, err := h.profile(ctx, loads[k], rep.Workers)
		if err != nil {
			return fmt.Errorf("profile of %s: %w", rep.Title, err)
		}
		rep.Profile = costs
	}
	return ctx.Err()
}

func (h *harness) profile(ctx context.Context, w *workload.Workload, workers int) ([]report.Cost, error) {
	alone := *h
	o := *h.o
	o.profile = filepath.Join(h.temp, "profiles")
	alone.o, alone.engines = &o, h.engines[:1]
	s := alone.session(w, workers)
	s.title += "-why"
	defer s.stop()
	if err := s.start(ctx); err != nil {
		return nil, err
	}
	if len(s.sides) == 0 {
		return nil, fmt.Errorf("moongate does not run: %s", s.rep.Sides[0].Failed)
	}
	s.say("where the time goes")
	if _, err := s.round(ctx, s.sides[0], 0, profileRounds*max(o.round, time.Second/2)); err != nil {
		return nil, err
	}
	s.stop() // which completes the profile
	text, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodecount=2000", "-nodefraction=0", filepath.Join(o.profile, s.title+".pprof")).Output()
	if err != nil {
		return nil, fmt.Errorf("go tool pprof: %w", err)
	}
	return hottest(string(text)), nil
}

// hottest reads what `go tool pprof -top` prints: the functions in which most of the time was spent, the kernel's part in
// one line, and what the collector took in all.
func hottest(top string) (out []report.Cost) {
	var kernel, collector float64
	table := false
	for line := range strings.Lines(top) {
		f := strings.Fields(line)
		if len(f) < 6 || !table {
			table = table || len(f) > 1 && f[0] == "flat"
			continue
		}
		flat, err := strconv.ParseFloat(strings.TrimSuffix(f[1], "%"), 64)
		all, err2 := strconv.ParseFloat(strings.TrimSuffix(f[4], "%"), 64)
		if err != nil || err2 != nil {
			continue
		}
		switch name := strings.Join(f[5:], " "); {
		case strings.Contains(name, "yscall.RawSyscall"), strings.Contains(name, "syscall/linux.Syscall"), strings.Contains(name, "yscall.Syscall"), name == "runtime.futex", name == "runtime.epollwait":
			kernel += flat
		case name == "runtime.gcBgMarkWorker", name == "runtime.gcAssistAlloc", name == "runtime.bgsweep":
			collector += all
		default:
			if name = strings.TrimSuffix(name, " (inline)"); len(out) < profileTop && flat > 0 {
				out = append(out, report.Cost{Name: name, Share: flat / 100})
			}
		}
	}
	return append([]report.Cost{{Name: "system calls", Share: kernel / 100}, {Name: "the collector, in all", Share: collector / 100}}, out...)
}
