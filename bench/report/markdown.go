package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// WriteMarkdown writes the figures for a page of documentation: the machine, a table with a line for each workload and the
// engines side by side, and the marks.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "* Machine: %s.\n", r.where())
	for _, e := range r.Engines {
		fmt.Fprintf(&b, "* %s: %s.\n", e.Name, strings.TrimPrefix(e.Version, e.Name+" "))
	}
	fmt.Fprintf(&b, "* %s.\n* %s\n\n", capital(r.how()), r.quiet())
	for _, line := range r.warnings() {
		fmt.Fprintf(&b, "**%s**\n\n", line)
	}
	r.markdownTable(&b)
	for _, s := range r.sections() {
		fmt.Fprintf(&b, "\n%s:\n\n", s.Name)
		for _, line := range s.Lines {
			fmt.Fprintf(&b, "* %s\n", line)
		}
	}
	r.markdownMarks(&b)
	_, err := w.Write(b.Bytes())
	return err
}

func (r *Report) markdownTable(b *bytes.Buffer) {
	head := []string{"workload"}
	for _, e := range r.Engines {
		head = append(head, e.Name)
	}
	for _, e := range r.Engines[min(1, len(r.Engines)):] {
		head = append(head, "by "+e.Name+" (rounds)")
	}
	head = append(head, "req/s", "p50", "p99", "memory", "failed", "mark")
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	marks := r.Marks()
	for i := range r.Workloads {
		wl := &r.Workloads[i]
		fmt.Fprintf(b, "| %s |\n", strings.Join(append(wl.markdown(r.Engines), marksOf(marks, wl.Title)), " | "))
	}
}

// markdownMarks is the table of what is to be reached.
func (r *Report) markdownMarks(b *bytes.Buffer) {
	marks := r.Marks()
	if len(marks) == 0 {
		return
	}
	fmt.Fprintf(b, "\nMarks, %s reached:\n\n| what | at most | reached | missed |\n|---|---|---|---|\n", tally(marks))
	for _, k := range kinds(marks) {
		for len(k) > 0 { // a line for each limit
			limit := k[0].Limit
			var same, rest []Mark
			for _, m := range k {
				if m.Limit == limit {
					same = append(same, m)
				} else {
					rest = append(rest, m)
				}
			}
			fmt.Fprintf(b, "| %s | %g | %s | %s |\n", k[0].Kind, limit, list(same, true), list(same, false))
			k = rest
		}
	}
}

func (wl *Workload) markdown(engines []Engine) []string {
	cells := []string{wl.Title}
	each := func(f func(*Side) string) []string {
		var out []string
		for _, e := range engines {
			if s := wl.Side(e.Name); s != nil && s.Skipped == "" {
				out = append(out, f(s))
			} else {
				out = append(out, "–")
			}
		}
		return out
	}
	joined := func(f func(*Side) string) string { return strings.Join(each(f), " · ") }
	cells = append(cells, each(func(s *Side) string {
		if rounds := s.CPURounds(); len(rounds) > 0 {
			return FormatDuration(Duration(Over(rounds, CPUEach).Median))
		}
		return "–"
	})...)
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
	return append(cells,
		joined(func(s *Side) string {
			if len(s.Full) == 0 {
				return "–"
			}
			return FormatCount(Over(s.Full, RPS).Median)
		}),
		joined(func(s *Side) string { return s.latency(P50) }),
		joined(func(s *Side) string { return s.latency(P99) }),
		joined(func(s *Side) string { return FormatBytes(float64(s.Memory)) }),
		joined(func(s *Side) string { return fmt.Sprint(s.Fails()) }))
}

// latency is the median of a figure over the rounds at the fixed rate.
func (s *Side) latency(f Figure) string {
	if len(s.Steady) == 0 {
		return "–"
	}
	return FormatDuration(Duration(Over(s.Steady, f).Median))
}

const (
	figuresBegin = "<!-- figures -->\n"
	figuresEnd   = "<!-- /figures -->"
)

// PasteMarkdown puts what WriteMarkdown writes into a file, in place of what stands between two comments,
// <!-- figures --> and <!-- /figures -->.
func (r *Report) PasteMarkdown(file string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(old, []byte(figuresBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(figuresEnd))
	if !ok || !ok2 {
		return errors.New(file + ": no lines <!-- figures --> and <!-- /figures -->")
	}
	var b bytes.Buffer
	b.Write(before)
	b.WriteString(figuresBegin)
	if err := r.WriteMarkdown(&b); err != nil {
		return err
	}
	b.WriteString(figuresEnd)
	b.Write(after)
	return os.WriteFile(file, b.Bytes(), 0o644) //nolint:gosec // documentation is for everybody
}
