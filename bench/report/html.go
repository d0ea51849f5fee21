package report

import (
	"fmt"
	"html/template"
	"io"
	"strings"
)

// WriteHTML writes the report as one page that needs no other file.
func (r *Report) WriteHTML(w io.Writer) error { return page.Execute(w, r.view()) }

type view struct {
	*Report
	Where, How, Quiet string
	Warnings          []string
	Summary           []summary
	Marks             []markKind
	Tally             string
	Groups            []group
	Sections          []section
	Colours           []engineColour
}

type markKind struct {
	Name, Tally string
	Marks       []Mark
}

type engineColour struct{ Name, Version, Colour string }

type summary struct {
	Against  string
	CPU, P99 template.HTML
}

type group struct {
	Name      string
	Workloads []workloadView
	Sweeps    []sweepView
}

type sweepView struct {
	Name  string
	Chart template.HTML
}

type workloadView struct {
	*Workload
	Rows    []row
	Rounds  template.HTML
	Latency template.HTML
	Notes   []string
}

type row struct {
	Engine, Colour string
	Cells          []string
}

// Columns are the heads of a workload's table.
func (view) Columns() []string {
	return []string{"req/s", "CPU per request", "ratio", "rounds", "user : system", "p50", "p90", "p99", "p99.9", "max", "busy", "memory", "failed"}
}

func (r *Report) view() *view {
	v := &view{Report: r, Where: r.where(), How: r.how(), Quiet: r.quiet(), Warnings: r.warnings(), Sections: r.sections()}
	marks := r.Marks()
	v.Tally = tally(marks)
	for _, k := range kinds(marks) {
		v.Marks = append(v.Marks, markKind{k[0].Kind, tally(k), k})
	}
	colour := func(name string) string {
		for i, e := range r.Engines {
			if e.Name == name {
				return colours[i%len(colours)]
			}
		}
		return "#777"
	}
	for i, e := range r.Engines {
		v.Colours = append(v.Colours, engineColour{e.Name, strings.TrimPrefix(e.Version, e.Name+" "), colours[i%len(colours)]})
		if i > 0 {
			if c := r.cpuChart(e.Name); c != "" {
				v.Summary = append(v.Summary, summary{e.Name, c, r.p99Chart(e.Name)})
			}
		}
	}
	sweeps := map[string][]*Workload{}
	for i := range r.Workloads {
		w := &r.Workloads[i]
		if len(v.Groups) == 0 || v.Groups[len(v.Groups)-1].Name != w.Group {
			v.Groups = append(v.Groups, group{Name: w.Group})
		}
		g := &v.Groups[len(v.Groups)-1]
		g.Workloads = append(g.Workloads, w.view(colour))
		if w.Point > 0 {
			sweeps[w.Name] = append(sweeps[w.Name], w)
			if last := i+1 == len(r.Workloads) || r.Workloads[i+1].Name != w.Name; last && len(sweeps[w.Name]) > 1 {
				g.Sweeps = append(g.Sweeps, sweepView{w.Name, sweepChart(sweeps[w.Name], colour)})
			}
		}
	}
	return v
}

func (wl *Workload) view(colour func(string) string) workloadView {
	v := workloadView{Workload: wl, Rounds: wl.roundsChart(colour), Latency: wl.latencyChart(colour)}
	if wl.Error != "" {
		v.Notes = append(v.Notes, wl.Error)
	}
	var first *Side
	for i := range wl.Sides {
		s := &wl.Sides[i]
		switch {
		case s.Skipped != "":
			v.Notes = append(v.Notes, s.Engine+" does not take part: "+s.Skipped)
			continue
		case s.Failed != "":
			v.Notes = append(v.Notes, s.Engine+": "+s.Failed)
		}
		if s.Reloads > 0 {
			v.Notes = append(v.Notes, fmt.Sprintf("%s: %d reloads", s.Engine, s.Reloads))
		}
		if first != nil {
			if ratios := ratioList(first.CPURounds(), s.CPURounds()); ratios != "" {
				v.Notes = append(v.Notes, first.Engine+" by "+s.Engine+", CPU time per request round by round: "+ratios)
			}
		}
		if f := s.failures(); f != "" {
			v.Notes = append(v.Notes, s.Engine+": "+f)
		}
		for _, rounds := range [][]Round{s.Full, s.Steady} {
			for k := range rounds {
				if rounds[k].Example != "" {
					v.Notes = append(v.Notes, s.Engine+", for example: "+rounds[k].Example)
					break
				}
			}
		}
		v.Rows = append(v.Rows, row{s.Engine, colour(s.Engine), s.cells(first)})
		if first == nil {
			first = s
		}
	}
	return v
}

func (s *Side) cells(first *Side) []string {
	out := []string{"–", "–", "", "–", "–"}
	if n := Over(s.Full, RPS); n.N > 0 {
		out[0] = FormatCount(n.Median)
		if Over(s.Full, Busy).Median < 0.9 {
			out[0] = "~" + out[0]
		}
	}
	if rounds := s.CPURounds(); len(rounds) > 0 {
		c := Over(rounds, CPUEach)
		out[1] = fmt.Sprintf("%s (%s to %s)", FormatDuration(Duration(c.Median)), FormatDuration(Duration(c.Min)), FormatDuration(Duration(c.Max)))
		out[3] = fmt.Sprint(c.N)
		if first != nil {
			if q := Ratio(first.CPURounds(), rounds, CPUEach); q.N > 0 {
				out[2] = fmt.Sprintf("%.2f (%.2f to %.2f)", q.Median, q.Min, q.Max)
			}
		}
		var user, system float64
		for i := range rounds {
			user += rounds[i].User.Seconds()
			system += rounds[i].System.Seconds()
		}
		if user+system > 0 {
			out[4] = fmt.Sprintf("%.0f : %.0f", 100*user/(user+system), 100*system/(user+system))
		}
	}
	for _, l := range latencyFigures {
		out = append(out, s.latency(l.f))
	}
	if b := Over(s.Steady, Busy); b.N > 0 {
		out = append(out, fmt.Sprintf("%.0f %%", 100*b.Median))
	} else {
		out = append(out, "–")
	}
	memory := FormatBytes(float64(s.Memory))
	if s.MemoryEach > 0 {
		memory += ", " + FormatBytes(s.MemoryEach) + " each"
	}
	return append(out, memory, fmt.Sprint(s.Fails()))
}

var page = template.Must(template.New("page").Parse(pageText))
