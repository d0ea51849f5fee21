package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteTable writes the report for a terminal.
func (r *Report) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "%s, %d cores, Linux %s, load %.1f before and %.1f after\n", r.Machine.CPU, r.Machine.Cores, r.Machine.Kernel, r.Machine.LoadBefore, r.Machine.LoadAfter)
	for _, e := range r.Engines {
		fmt.Fprintf(w, "%s: %s\n", e.Name, e.Version)
	}
	s := &r.Settings
	fmt.Fprintf(w, "%d rounds of %v in turn, %d worker(s), servers on cores %v, load on cores %v%s\n\n", s.Rounds, s.Round, s.Workers,
		s.ServerCores, s.LoadCores, map[bool]string{true: " (shared: requests a second and latency say little)"}[s.Shared()])
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "workload\tengine\treq/s\tCPU/req\t±\tratio\tround by round\tp50\tp90\tp99\tp99.9\tmax\tmemory\tfailed\t")
	for i := range r.Workloads {
		r.Workloads[i].rows(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprint(w, legend)
	for i := range r.Workloads {
		wl := &r.Workloads[i]
		for _, side := range wl.Sides {
			if side.Failed != "" {
				fmt.Fprintf(w, "%s, %s: %s\n", wl.Title, side.Engine, side.Failed)
			}
		}
	}
	for _, f := range r.Referee {
		fmt.Fprintln(w, f)
	}
	return nil
}

const legend = `
CPU/req: processor time (user and system) of all the server's processes for one request, at saturation; median of the rounds.
±: distance of the extreme rounds from each other. ratio: CPU/req of the first engine by this one's, median of the
rounds' own ratios, and their range. Latency is at a fixed rate, half of what the slowest engine could do,
counted from when a request was due. ~ in front of req/s: the server did not have its cores busy; the load generator, the workload or
other programs were the limit.
`

func (wl *Workload) rows(t io.Writer) {
	if wl.Error != "" {
		fmt.Fprintf(t, "%s\t%s\t\n", wl.Title, wl.Error)
		return
	}
	var first *Side
	for i := range wl.Sides {
		s := &wl.Sides[i]
		if s.Skipped != "" {
			continue
		}
		name := wl.Title
		if first != nil {
			name = ""
		}
		if s.Failed != "" && len(s.CPURounds()) == 0 && s.MemoryEach == 0 {
			fmt.Fprintf(t, "%s\t%s\tfailed, see below\t\n", name, s.Engine)
			continue
		}
		cpu := Over(s.CPURounds(), CPUEach)
		rps := Over(s.Full, RPS)
		cells := []string{name, s.Engine, "–", "–", "", "", ""}
		if rps.N > 0 {
			mark := ""
			if Over(s.Full, Busy).Median < 0.9 {
				mark = "~"
			}
			cells[2] = mark + FormatCount(rps.Median)
		}
		if cpu.N > 0 {
			cells[3], cells[4] = FormatDuration(Duration(cpu.Median)), fmt.Sprintf("%.0f%%", 100*cpu.Spread())
		}
		if first != nil {
			if q := Ratio(first.CPURounds(), s.CPURounds(), CPUEach); q.N > 0 {
				cells[5], cells[6] = fmt.Sprintf("%.2f", q.Median), fmt.Sprintf("%.2f–%.2f", q.Min, q.Max)
			}
		} else {
			first = s
		}
		for _, f := range []Figure{P50, P90, P99, P999, MaxLat} {
			if len(s.Steady) == 0 {
				cells = append(cells, "–")
				continue
			}
			cells = append(cells, FormatDuration(Duration(Over(s.Steady, f).Median)))
		}
		mem := FormatBytes(float64(s.Memory))
		if s.MemoryEach > 0 {
			mem = FormatBytes(s.MemoryEach) + " each"
		}
		cells = append(cells, mem, fmt.Sprint(s.Fails()))
		fmt.Fprintln(t, strings.Join(cells, "\t")+"\t")
	}
}

// FormatDuration is a duration with three digits: "15.3µs".
func FormatDuration(d time.Duration) string {
	v, unit := float64(d), "ns"
	switch {
	case d == 0:
		return "0"
	case d >= time.Second:
		v, unit = v/1e9, "s"
	case d >= time.Millisecond:
		v, unit = v/1e6, "ms"
	case d >= time.Microsecond:
		v, unit = v/1e3, "µs"
	}
	return digits(v) + unit
}

// FormatCount is a number with three digits: "41.2k".
func FormatCount(v float64) string {
	switch {
	case v >= 1e6:
		return digits(v/1e6) + "M"
	case v >= 1e3:
		return digits(v/1e3) + "k"
	}
	return digits(v)
}

// FormatBytes is a size in binary units: "12.1MB".
func FormatBytes(v float64) string {
	switch {
	case v >= 1<<20:
		return digits(v/(1<<20)) + "MB"
	case v >= 1<<10:
		return digits(v/(1<<10)) + "KB"
	}
	return digits(v) + "B"
}

func digits(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// String says how far the two agree.
func (f Referee) String() string {
	return fmt.Sprintf("referee on %s: %.0f requests a second, with wrk %.0f (%+.0f %% round by round); the server's CPU time per request differs by %+.0f %%",
		f.Engine, f.Own, f.Wrk, 100*(f.Rate-1), 100*(f.CPU-1))
}
