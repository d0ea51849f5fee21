package report

import (
	"fmt"
	"io"
	"strings"
)

// WriteMarkdown writes the figures as one table for a page of documentation: a line for each workload, the engines
// side by side.
func (r *Report) WriteMarkdown(w io.Writer) error {
	head, rule := "| workload |", "|---|"
	for _, e := range r.Engines {
		head += " " + e.Name + " |"
		rule += "---|"
	}
	for _, e := range r.Engines[min(1, len(r.Engines)):] {
		head += " by " + e.Name + " (rounds) |"
		rule += "---|"
	}
	for _, what := range []string{"p50", "p99"} {
		head += " " + what + " |"
		rule += "---|"
	}
	head += " memory | failed |"
	rule += "---|---|"
	if _, err := fmt.Fprintf(w, "%s\n%s\n", head, rule); err != nil {
		return err
	}
	for i := range r.Workloads {
		if _, err := fmt.Fprintln(w, r.Workloads[i].markdown(r.Engines)); err != nil {
			return err
		}
	}
	return nil
}

func (wl *Workload) markdown(engines []Engine) string {
	cells := []string{wl.Title}
	each := func(f func(*Side) string) string {
		var out []string
		for _, e := range engines {
			if s := wl.Side(e.Name); s != nil && s.Skipped == "" {
				out = append(out, f(s))
			} else {
				out = append(out, "–")
			}
		}
		return strings.Join(out, " · ")
	}
	cost := func(s *Side) string {
		if rounds := s.CPURounds(); len(rounds) > 0 {
			return FormatDuration(Duration(Over(rounds, CPUEach).Median))
		}
		return "–"
	}
	cells = append(cells, strings.Split(each(cost), " · ")...)
	for k := range engines {
		if k == 0 {
			continue
		}
		a, b := wl.Side(engines[0].Name), wl.Side(engines[k].Name)
		cell := "–"
		if a != nil && b != nil {
			if q := Ratio(a.CPURounds(), b.CPURounds(), CPUEach); q.N > 0 {
				cell = fmt.Sprintf("**%.2f** (%.2f–%.2f)", q.Median, q.Min, q.Max)
			}
		}
		cells = append(cells, cell)
	}
	for _, f := range []Figure{P50, P99} {
		cells = append(cells, each(func(s *Side) string {
			if len(s.Steady) == 0 {
				return "–"
			}
			return FormatDuration(Duration(Over(s.Steady, f).Median))
		}))
	}
	cells = append(cells,
		each(func(s *Side) string {
			if s.MemoryEach > 0 {
				return FormatBytes(s.MemoryEach) + " each"
			}
			return FormatBytes(float64(s.Memory))
		}),
		each(func(s *Side) string { return fmt.Sprint(s.Fails()) }))
	return "| " + strings.Join(cells, " | ") + " |"
}
