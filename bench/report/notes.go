package report

import (
	"fmt"
	"strings"
)

// where is the machine and the time, in one line.
func (r *Report) where() string {
	s := fmt.Sprintf("%s, %d cores, %d MB of memory, Linux %s; %s", r.Machine.CPU, r.Machine.Cores, r.Machine.MemoryMB, r.Machine.Kernel, r.Date.Format("2006-01-02 15:04 MST"))
	if r.Took > 0 {
		s += ", for " + plural(max(1, int(r.Took.Minutes()+0.5)), "minute")
	}
	return s
}

// how is the way it was measured, in one line.
func (r *Report) how() string {
	s := &r.Settings
	text := fmt.Sprintf("%d rounds of %v for each engine, in turn", s.Rounds, s.Round)
	if s.MaxRounds > s.Rounds {
		text += fmt.Sprintf(", up to %d until the ratio was known to 5 %%", s.MaxRounds)
	}
	if len(s.Workers) > 0 {
		text += "; " + plural(s.Workers[0], "worker")
		for _, n := range s.Workers[1:] {
			text += fmt.Sprintf(", and %d for the workloads whose names end in -%dw", n, n)
		}
	}
	if s.Shared {
		return text + fmt.Sprintf("; servers and load on cores %v", s.ServerCores)
	}
	return text + fmt.Sprintf("; servers on cores %v, load on cores %v", s.ServerCores, s.LoadCores)
}

// quiet says how much of the servers' cores was used by something else: how far the figures can be trusted.
func (r *Report) quiet() string {
	text := fmt.Sprintf("Load average %.1f before and %.1f after.", r.Machine.LoadBefore, r.Machine.LoadAfter)
	if o := r.others(); o.N > 0 {
		text += fmt.Sprintf(" Other programs and the kernel's own work took %.0f %% of the servers' cores in the median round, and %.0f %% in the worst.", 100*o.Median, 100*o.Max)
	}
	return text
}

// others is what else used the servers' cores during the rounds, as a share of them.
func (r *Report) others() Stat {
	var out []float64
	for i := range r.Workloads {
		w := &r.Workloads[i]
		for k := range w.Sides {
			for _, rounds := range [][]Round{w.Sides[k].Full, w.Sides[k].Steady} {
				for n := range rounds {
					if !w.Shared {
						out = append(out, rounds[n].Others)
					}
				}
			}
		}
	}
	return Summarize(out)
}

// warnings are what a reader must know before the figures.
func (r *Report) warnings() (out []string) {
	if r.others().Median > 0.15 {
		out = append(out, "The machine was busy with something else. CPU time per request and its quotients stand that to some degree; latency and requests a second do not: repeat it on a quiet machine.")
	}
	shared := ""
	for i := range r.Workloads {
		if w := &r.Workloads[i]; w.Shared {
			shared = plural(w.Workers, "worker")
		}
	}
	if shared != "" {
		out = append(out, "With "+shared+" the servers and the load share cores: CPU time per request compares the engines there, but not with the figures of a server that has a core of its own; requests a second say little.")
	}
	if r.Settings.Profiled {
		out = append(out, "A CPU profile of moongate was taken meanwhile: its figures are a little high.")
	}
	for i := range r.Workloads {
		w := &r.Workloads[i]
		for k := range w.Sides {
			s := &w.Sides[k]
			lag, p99 := Over(s.Steady, LagP99), Over(s.Steady, P99)
			if lag.N > 0 && lag.Median > p99.Median/4 {
				out = append(out, fmt.Sprintf("%s on %s: the load itself was late by %s at p99; its latency is not the server's alone.", w.Title, s.Engine, FormatDuration(Duration(lag.Median))))
			}
		}
	}
	return out
}

// idle are the lines about idle connections.
func (r *Report) idle() (out []string) {
	for i := range r.Workloads {
		w := &r.Workloads[i]
		if w.Kind != "idle" {
			continue
		}
		first := (*Side)(nil)
		for k := range w.Sides {
			s := &w.Sides[k]
			if s.MemoryEach == 0 {
				continue
			}
			text := fmt.Sprintf("%s: %s at its start, %s with %d idle connections, %s for one more", s.Engine,
				FormatBytes(float64(s.MemoryStart)), FormatBytes(float64(s.Memory)), w.Connections, FormatBytes(s.MemoryEach))
			if first != nil && s.Memory > 0 {
				text += fmt.Sprintf("; %s has %.2f times its memory", first.Engine, float64(first.Memory)/float64(s.Memory))
			}
			if first == nil {
				first = s
			}
			out = append(out, text)
		}
	}
	return out
}

// growth are the lines about sweeps.
func (r *Report) growth() (out []string) {
	for i := range r.Growth {
		g := &r.Growth[i]
		q := g.Ratio()
		if q.N == 0 {
			continue
		}
		out = append(out, fmt.Sprintf("%s on %s: %s with %d, %s with %d: %+.0f %% (%+.0f to %+.0f)", g.Name, g.Engine,
			FormatDuration(Duration(Over(g.Small, CPUEach).Median)), g.From, FormatDuration(Duration(Over(g.Large, CPUEach).Median)), g.To,
			100*(q.Median-1), 100*(q.Low-1), 100*(q.High-1)))
	}
	return out
}

// String says how far the two agree.
func (f Referee) String() string {
	return fmt.Sprintf("%s: %s requests a second, with wrk %s: %+.0f %% (%+.0f to %+.0f); the server's CPU time per request differs by %+.0f %% (%+.0f to %+.0f)",
		f.Engine, FormatCount(f.Own), FormatCount(f.Wrk), 100*(f.Rate.Median-1), 100*(f.Rate.Low-1), 100*(f.Rate.High-1),
		100*(f.CPU.Median-1), 100*(f.CPU.Low-1), 100*(f.CPU.High-1))
}

func (r *Report) referee() (out []string) {
	for _, f := range r.Referee {
		out = append(out, f.String())
	}
	return out
}

// why are the profiles of the workloads that miss their mark.
func (r *Report) why() (out []string) {
	for i := range r.Workloads {
		w := &r.Workloads[i]
		var costs []string
		for _, c := range w.Profile {
			costs = append(costs, fmt.Sprintf("%s %.0f %%", c.Name, 100*c.Share))
		}
		if len(costs) > 0 {
			out = append(out, w.Title+": "+strings.Join(costs, ", "))
		}
	}
	return out
}

// ratioList are the quotients of CPU time per request, round by round.
func ratioList(a, b []Round) string {
	var out []string
	for i := range min(len(a), len(b)) {
		if q := Ratio(a[i:i+1], b[i:i+1], CPUEach); q.N > 0 {
			out = append(out, fmt.Sprintf("%.2f", q.Median))
		}
	}
	return strings.Join(out, ", ")
}

// failures says of what kind the failed requests of all rounds were; "" where there are none.
func (s *Side) failures() string {
	var sum Round
	for _, rounds := range [][]Round{s.Full, s.Steady} {
		for i := range rounds {
			r := &rounds[i]
			sum.Wrong += r.Wrong
			sum.Lost += r.Lost
			sum.Refused += r.Refused
			sum.Timeouts += r.Timeouts
		}
	}
	if sum.Failures() == 0 {
		return ""
	}
	return fmt.Sprintf("%d requests failed: %d wrong answers, %d connections lost, %d refused, %d without an answer in time",
		sum.Failures(), sum.Wrong, sum.Lost, sum.Refused, sum.Timeouts)
}

// section is a heading and its lines.
type section struct {
	Name  string
	Lines []string
}

// sections are what stands beside the table of workloads.
func (r *Report) sections() (out []section) {
	for _, s := range []section{{"Idle connections", r.idle()}, {"From small to large configurations", r.growth()},
		{"The harness's own load beside wrk's", r.referee()},
		{"Where moongate's time goes on the workloads that miss their mark of CPU time", r.why()}} {
		if len(s.Lines) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
