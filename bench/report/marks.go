package report

import (
	"fmt"
	"math"
	"strings"
)

// What the figures are to be at most. The marks of CPU time per request are the workloads' own (Workload.Mark).
const (
	markP99     = 1.5 // of p99 at the fixed rate, by the other engine's
	markIdle    = 2.0 // of the memory with idle connections, by the other engine's
	markGrowth  = 1.1 // of CPU time per request from the smallest to the largest point of a sweep
	markReferee = 0.1 // of what the harness's own load and wrk differ by
)

// Mark is a figure of the first engine beside what it is to be at most.
type Mark struct {
	Kind  string // what is measured; marks of one kind stand together
	Title string // of the workload or the sweep
	Limit float64
	Value Stat
}

// Pass reports whether the median keeps within the limit.
func (m *Mark) Pass() bool { return m.Value.Median <= m.Limit }

// Missed is by how much the limit is exceeded, as a share of it; negative where it is not.
func (m *Mark) Missed() float64 { return m.Value.Median/m.Limit - 1 }

// Verdict is one word or two for a table: it says where the rounds do not decide.
func (m *Mark) Verdict() string {
	switch {
	case m.Value.High <= m.Limit:
		return "pass"
	case m.Pass():
		return "pass, barely"
	case m.Value.Low > m.Limit:
		return fmt.Sprintf("missed by %.0f %%", 100*m.Missed())
	}
	return fmt.Sprintf("missed by %.0f %%, barely", 100*m.Missed())
}

// Marks are all marks that the report's figures can be held against, by kind: against the second engine,
// which is OpenResty unless another was asked for.
func (r *Report) Marks() []Mark {
	if len(r.Engines) < 2 {
		return nil
	}
	first, other := r.Engines[0].Name, r.Engines[1].Name
	cpu := map[int][]Mark{}
	var p99, memory, rest []Mark
	for i := range r.Workloads {
		w := &r.Workloads[i]
		a, b := w.Side(first), w.Side(other)
		if a == nil || b == nil {
			continue
		}
		if q := Ratio(a.CPURounds(), b.CPURounds(), CPUEach); w.Mark > 0 && q.N > 0 {
			cpu[w.Workers] = append(cpu[w.Workers], Mark{cpuKind(other, w.Workers), w.Title, w.Mark, q})
		}
		if q := Ratio(a.Steady, b.Steady, P99); w.Kind == "load" && q.N > 0 {
			p99 = append(p99, Mark{"p99 at the fixed rate, by " + other + "'s", w.Title, markP99, q})
		}
		if w.Kind == "idle" && a.MemoryEach > 0 && b.Memory > 0 {
			memory = append(memory, Mark{fmt.Sprintf("memory with %d idle connections, by %s's", w.Connections, other), w.Title, markIdle,
				Summarize([]float64{float64(a.Memory) / float64(b.Memory)})})
		}
	}
	for i := range r.Growth {
		if g := &r.Growth[i]; g.Engine == first {
			rest = append(rest, Mark{fmt.Sprintf("CPU time per request from %d to %d", g.From, g.To), g.Name, markGrowth, g.Ratio()})
		}
	}
	for _, f := range r.Referee {
		rest = append(rest,
			Mark{"difference from wrk", "requests a second, " + f.Engine, markReferee, f.Rate.distance()},
			Mark{"difference from wrk", "the server's CPU time per request, " + f.Engine, markReferee, f.CPU.distance()})
	}
	var out []Mark
	for _, n := range r.Settings.Workers {
		out = append(out, cpu[n]...)
	}
	return append(append(append(out, p99...), memory...), rest...)
}

func cpuKind(other string, workers int) string {
	if workers == 1 {
		return "CPU time per request, by " + other + "'s, one worker"
	}
	return fmt.Sprintf("CPU time per request, by %s's, %d workers", other, workers)
}

// distance is how far a quotient lies from one.
func (s Stat) distance() Stat {
	d := math.Abs(s.Median - 1)
	away := max(math.Abs(s.Low-1), math.Abs(s.High-1))
	near := min(math.Abs(s.Low-1), math.Abs(s.High-1))
	if s.Low <= 1 && s.High >= 1 {
		near = 0
	}
	return Stat{Median: d, Min: near, Max: away, Low: near, High: away, N: s.N}
}

// tally says how many marks of a list are reached.
func tally(marks []Mark) string {
	passed := 0
	for i := range marks {
		if marks[i].Pass() {
			passed++
		}
	}
	return fmt.Sprintf("%d of %d", passed, len(marks))
}

// kinds groups marks by their kind, in order.
func kinds(marks []Mark) [][]Mark {
	var out [][]Mark
	for i, m := range marks {
		if i == 0 || marks[i-1].Kind != m.Kind {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], m)
	}
	return out
}

// describe is a mark in a few words: "headers 1.32 (1.28–1.40)".
func (m *Mark) describe() string {
	if m.Value.N < 2 || m.Value.Low == m.Value.High {
		return fmt.Sprintf("%s %.2f", m.Title, m.Value.Median)
	}
	return fmt.Sprintf("%s %.2f (%.2f–%.2f)", m.Title, m.Value.Median, m.Value.Low, m.Value.High)
}

// list joins the descriptions of those marks that pass, or of those that do not.
func list(marks []Mark, pass bool) string {
	var out []string
	for i := range marks {
		m := &marks[i]
		if m.Pass() != pass {
			continue
		}
		text := m.describe()
		if !pass {
			text = fmt.Sprintf("**%s**: by %.0f %%", text, 100*m.Missed())
		}
		out = append(out, text)
	}
	if len(out) == 0 {
		return "–"
	}
	return strings.Join(out, ", ")
}

// marksOf is how a workload stands to its marks: "pass", or what it misses and by how much.
func marksOf(marks []Mark, title string) string {
	var missed []string
	n := 0
	for i := range marks {
		if m := &marks[i]; m.Title == title {
			n++
			if !m.Pass() {
				what, _, _ := strings.Cut(m.Kind, " ")
				missed = append(missed, fmt.Sprintf("%s +%.0f%%", what, 100*m.Missed()))
			}
		}
	}
	switch {
	case n == 0:
		return ""
	case len(missed) == 0:
		return "pass"
	}
	return strings.Join(missed, ", ")
}
