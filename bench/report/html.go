package report

import (
	"fmt"
	"html/template"
	"io"
)

// WriteHTML writes the report as one page that needs no other file.
func (r *Report) WriteHTML(w io.Writer) error { return page.Execute(w, r.view()) }

type view struct {
	*Report
	Shared  bool
	Summary []summary
	Groups  []group
	Colours []engineColour
}

type engineColour struct{ Name, Version, Colour string }

type summary struct {
	Against string
	Chart   template.HTML
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
	return []string{"req/s", "CPU per request", "ratio", "user : system", "p50", "p90", "p99", "p99.9", "max", "memory", "failed"}
}

func (r *Report) view() *view {
	v := &view{Report: r, Shared: r.Settings.Shared()}
	colour := func(name string) string {
		for i, e := range r.Engines {
			if e.Name == name {
				return colours[i%len(colours)]
			}
		}
		return "#777"
	}
	for i, e := range r.Engines {
		v.Colours = append(v.Colours, engineColour{e.Name, e.Version, colours[i%len(colours)]})
		if i > 0 {
			if c := r.ratioChart(e.Name); c != "" {
				v.Summary = append(v.Summary, summary{e.Name, c})
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
	out := []string{"–", "–", "", "–"}
	if n := Over(s.Full, RPS); n.N > 0 {
		out[0] = FormatCount(n.Median)
		if Over(s.Full, Busy).Median < 0.9 {
			out[0] = "~" + out[0]
		}
	}
	if rounds := s.CPURounds(); len(rounds) > 0 {
		c := Over(rounds, CPUEach)
		out[1] = fmt.Sprintf("%s (%s to %s)", FormatDuration(Duration(c.Median)), FormatDuration(Duration(c.Min)), FormatDuration(Duration(c.Max)))
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
			out[3] = fmt.Sprintf("%.0f : %.0f", 100*user/(user+system), 100*system/(user+system))
		}
	}
	for _, l := range latencyFigures {
		if len(s.Steady) == 0 {
			out = append(out, "–")
			continue
		}
		out = append(out, FormatDuration(Duration(Over(s.Steady, l.f).Median)))
	}
	memory := FormatBytes(float64(s.Memory))
	if s.MemoryEach > 0 {
		memory += ", " + FormatBytes(s.MemoryEach) + " each"
	}
	return append(out, memory, fmt.Sprint(s.Fails()))
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>moongate benchmark, {{.Date.Format "2006-01-02"}}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;color:#222;max-width:1080px;margin:2em auto;padding:0 1em}
h1{font-size:1.6em} h2{margin-top:2em;border-bottom:1px solid #ddd} h3{margin:1.6em 0 .2em}
p{margin:.3em 0} .muted{color:#666} .scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;margin:.5em 0} td,th{padding:.2em .6em;text-align:right;border-bottom:1px solid #eee;white-space:nowrap}
td:first-child,th:first-child{text-align:left}
i.c{display:inline-block;width:.8em;height:.8em;margin-right:.4em;border-radius:2px}
svg{max-width:100%;height:auto} svg text{font:12px system-ui,sans-serif;fill:#444} .grid{stroke:#e3e3e3} .one{stroke:#555} .range{stroke-width:1.5}
</style>
<h1>What moongate costs beside {{range $i, $s := .Summary}}{{if $i}}, {{end}}{{$s.Against}}{{else}}nothing else{{end}}</h1>
<p>{{.Date.Format "2006-01-02 15:04 MST"}} · {{.Machine.CPU}}, {{.Machine.Cores}} cores, {{.Machine.MemoryMB}} MB · Linux {{.Machine.Kernel}} · load average {{printf "%.1f" .Machine.LoadBefore}} before, {{printf "%.1f" .Machine.LoadAfter}} after</p>
<p>{{range .Colours}}<i class="c" style="background:{{.Colour}}"></i><b>{{.Name}}</b> {{.Version}}<br>{{end}}</p>
<p>{{.Settings.Rounds}} rounds of {{.Settings.Round}} for each engine, in turn; {{.Settings.Workers}} worker(s); servers on cores {{.Settings.ServerCores}}, load on cores {{.Settings.LoadCores}}.
{{if .Shared}}<b>Servers and load share cores: requests a second and latency say little here.</b>{{end}}
{{if .Settings.Profiled}}<b>A CPU profile of moongate was taken meanwhile: its figures are a little high.</b>{{end}}</p>
<p class="muted">CPU time per request is user and system time of all the server's processes, read from the kernel at the moments when counting began and ended, by the
right answers in between: the figure that other programs on the machine disturb least. Every answer was checked. Latency is at a fixed rate, half of what the slowest engine could do,
counted from the moment each request was due. Figures are medians of the rounds. ~ marks requests a second at which the server did not have its cores busy: the load generator, the workload or other programs were the limit.</p>
{{range .Summary}}<h2>CPU time per request: moongate by {{.Against}}</h2>
<p class="muted">Bars to the right: moongate needs more. The dark line is the range of the rounds.</p>{{.Chart}}{{end}}
{{$columns := .Columns}}
{{range .Groups}}<h2>{{.Name}}</h2>
{{range .Sweeps}}<h3>{{.Name}}, CPU time per request over the number</h3>{{.Chart}}{{end}}
{{range .Workloads}}<h3 id="{{.Title}}">{{.Title}}</h3>
<p>{{.About}} <span class="muted">{{.Connections}} connections{{if .Rate}}; latency at {{printf "%.0f" .Rate}} requests a second{{end}}</span></p>
<div class="scroll"><table><tr><th></th>{{range $columns}}<th>{{.}}</th>{{end}}</tr>
{{range .Rows}}<tr><td><i class="c" style="background:{{.Colour}}"></i>{{.Engine}}</td>{{range .Cells}}<td>{{.}}</td>{{end}}</tr>
{{end}}</table></div>
{{range .Notes}}<p class="muted">{{.}}</p>{{end}}
{{.Rounds}}{{.Latency}}
{{end}}{{end}}
{{if .Referee}}<h2>Referee</h2>{{range .Referee}}<p>{{.}}</p>{{end}}{{end}}
</html>
`))
