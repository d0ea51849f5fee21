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
	fmt.Fprintln(w, r.where())
	for _, e := range r.Engines {
		fmt.Fprintf(w, "%s: %s\n", e.Name, strings.TrimPrefix(e.Version, e.Name+" "))
	}
	fmt.Fprintf(w, "%s\n%s\n", r.how(), r.quiet())
	for _, line := range r.warnings() {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "workload\tengine\treq/s\tCPU/req\t±\tratio\tround by round\tp50\tp90\tp99\tp99.9\tmax\tmemory\tfailed\tmark\t")
	marks := r.Marks()
	for i := range r.Workloads {
		r.Workloads[i].rows(t, marks)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprint(w, legend)
	for i := range r.Workloads {
		wl := &r.Workloads[i]
		if wl.Error != "" {
			fmt.Fprintf(w, "%s: %s\n", wl.Title, wl.Error)
		}
		for _, side := range wl.Sides {
			if side.Failed != "" {
				fmt.Fprintf(w, "%s, %s: %s\n", wl.Title, side.Engine, side.Failed)
			}
			if f := side.failures(); f != "" {
				fmt.Fprintf(w, "%s, %s: %s\n", wl.Title, side.Engine, f)
			}
		}
	}
	for _, s := range r.sections() {
		fmt.Fprintf(w, "\n%s\n", s.Name)
		for _, line := range s.Lines {
			fmt.Fprintln(w, "  "+line)
		}
	}
	if len(marks) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\nMarks: %s reached\n", tally(marks))
	for _, k := range kinds(marks) {
		fmt.Fprintf(w, "  %s: %s\n", k[0].Kind, tally(k))
		for i := range k {
			if m := &k[i]; !m.Pass() {
				fmt.Fprintf(w, "    %s, at most %g: %s\n", m.describe(), m.Limit, m.Verdict())
			}
		}
	}
	return nil
}

// columns of the table.
const columns = 15

const legend = `
CPU/req: processor time (user and system) of all the server's processes for one request, at saturation; median of the rounds.
±: distance of the extreme rounds from each other. ratio: CPU/req of the first engine by this one's, median of the
rounds' own ratios, and their range. Latency is at a fixed rate, the same for all: 70 % of what the slowest engine did at
saturation, counted from when a request was due. mark: whether CPU/req and p99 are what they are meant to be at most. ~ in front of
req/s: the server did not have its cores busy; the load, the workload or other programs were the limit.
`

func (wl *Workload) rows(t io.Writer, marks []Mark) {
	if wl.Error != "" {
		fmt.Fprintf(t, "%s\tfailed%s\n", wl.Title, strings.Repeat("\t", columns-1))
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
			fmt.Fprintf(t, "%s\t%s\tfailed%s\n", name, s.Engine, strings.Repeat("\t", columns-2))
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
			mem += ", " + FormatBytes(s.MemoryEach) + " each"
		}
		mark := ""
		if name != "" {
			mark = marksOf(marks, wl.Title)
		}
		cells = append(cells, mem, fmt.Sprint(s.Fails()), mark)
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
