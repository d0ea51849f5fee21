package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"slices"
	"strings"
)

// colours are the engines', in their order.
var colours = []string{"#0b6e99", "#d9730d", "#6b8e23", "#8250df", "#b3343a"}

type svg struct {
	b    strings.Builder
	w, h float64
}

func newSVG(w, h float64, label string) *svg {
	s := &svg{w: w, h: h}
	fmt.Fprintf(&s.b, `<svg viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s">`, w, h, w, h, html.EscapeString(label))
	return s
}

func (s *svg) text(x, y float64, anchor, text string) {
	fmt.Fprintf(&s.b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(text))
}

func (s *svg) line(x1, y1, x2, y2 float64, class, colour string) {
	fmt.Fprintf(&s.b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" class="%s"`, x1, y1, x2, y2, class)
	if colour != "" {
		fmt.Fprintf(&s.b, ` stroke="%s"`, colour)
	}
	s.b.WriteString("/>")
}

func (s *svg) dot(x, y float64, colour, title string) {
	fmt.Fprintf(&s.b, `<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"><title>%s</title></circle>`, x, y, colour, html.EscapeString(title))
}

func (s *svg) path(points [][2]float64, colour string) {
	if len(points) < 2 {
		return
	}
	fmt.Fprintf(&s.b, `<polyline fill="none" stroke="%s" stroke-width="2" points="`, colour)
	for _, p := range points {
		fmt.Fprintf(&s.b, "%.1f,%.1f ", p[0], p[1])
	}
	s.b.WriteString(`"/>`)
}

func (s *svg) done() template.HTML {
	s.b.WriteString("</svg>")
	return template.HTML(s.b.String()) //nolint:gosec // all text in it is escaped
}

// ratioChart is one bar for each workload: CPU time per request of the first engine by that of another.
func (r *Report) ratioChart(against string) template.HTML {
	type row struct {
		title string
		q     Stat
	}
	var rows []row
	low, high := 0.5, 2.0
	for i := range r.Workloads {
		w := &r.Workloads[i]
		a, b := w.Side(r.Engines[0].Name), w.Side(against)
		if a == nil || b == nil {
			continue
		}
		if q := Ratio(a.CPURounds(), b.CPURounds(), CPUEach); q.N > 0 && q.Median > 0 {
			rows = append(rows, row{w.Title, q})
			low, high = min(low, q.Min), max(high, q.Max)
		}
	}
	if len(rows) == 0 {
		return ""
	}
	const left, width, step = 170.0, 560.0, 22.0
	low, high = low*0.9, high*1.1
	x := func(v float64) float64 { return left + width*math.Log(v/low)/math.Log(high/low) }
	s := newSVG(left+width+70, step*float64(len(rows))+40, "CPU time per request of "+r.Engines[0].Name+" by that of "+against)
	bottom := step*float64(len(rows)) + 8
	for _, v := range []float64{0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32} {
		if v >= low && v <= high {
			class := "grid"
			if v == 1 {
				class = "one"
			}
			s.line(x(v), 4, x(v), bottom, class, "")
			s.text(x(v), bottom+18, "middle", fmt.Sprintf("%g×", v))
		}
	}
	for i, w := range rows {
		y := step*float64(i) + 16
		s.text(left-8, y+4, "end", w.title)
		a, b := x(1), x(w.q.Median)
		colour := colours[1]
		if w.q.Median <= 1 {
			a, b, colour = b, a, colours[2]
		}
		fmt.Fprintf(&s.b, `<rect x="%.1f" y="%.1f" width="%.1f" height="12" fill="%s"><title>%s: %.2f (rounds: %.2f to %.2f)</title></rect>`,
			a, y-6, max(b-a, 1), colour, html.EscapeString(w.title), w.q.Median, w.q.Min, w.q.Max)
		s.line(x(w.q.Min), y, x(w.q.Max), y, "range", "#333")
		s.text(max(x(w.q.Max), x(1))+6, y+4, "start", fmt.Sprintf("%.2f", w.q.Median))
	}
	return s.done()
}

// roundsChart shows each engine's CPU time per request round by round.
func (w *Workload) roundsChart(colour func(string) string) template.HTML {
	const left, width, height = 62.0, 240.0, 120.0
	top := 0.0
	n := 0
	for i := range w.Sides {
		rounds := w.Sides[i].CPURounds()
		top = max(top, Over(rounds, CPUEach).Max)
		n = max(n, len(rounds))
	}
	if n == 0 || top == 0 {
		return ""
	}
	s := newSVG(left+width+20, height+40, "CPU time per request of each round")
	y := func(v float64) float64 { return 10 + height - height*v/(top*1.1) }
	for _, share := range []float64{0, 0.5, 1} {
		s.line(left, y(top*share), left+width, y(top*share), "grid", "")
		s.text(left-6, y(top*share)+4, "end", FormatDuration(Duration(top*share)))
	}
	for i := range w.Sides {
		var points [][2]float64
		for k, r := range w.Sides[i].CPURounds() {
			p := [2]float64{left + width*(float64(k)+0.5)/float64(n), y(float64(r.CPUEach))}
			points = append(points, p)
		}
		c := colour(w.Sides[i].Engine)
		s.path(points, c)
		for k, p := range points {
			s.dot(p[0], p[1], c, fmt.Sprintf("%s, round %d: %s", w.Sides[i].Engine, k+1, FormatDuration(w.Sides[i].CPURounds()[k].CPUEach)))
		}
	}
	s.text(left+width/2, height+32, "middle", "CPU time per request, by round")
	return s.done()
}

var latencyFigures = []struct {
	name string
	f    Figure
}{{"p50", P50}, {"p90", P90}, {"p99", P99}, {"p99.9", P999}, {"max", MaxLat}}

// latencyChart shows the medians of the percentiles at the fixed rate, on a logarithmic scale.
func (w *Workload) latencyChart(colour func(string) string) template.HTML {
	const left, width, height = 62.0, 240.0, 120.0
	low, high := math.Inf(1), 0.0
	for i := range w.Sides {
		if rounds := w.Sides[i].Steady; len(rounds) > 0 {
			for _, l := range latencyFigures {
				v := Over(rounds, l.f).Median
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if high == 0 || low <= 0 {
		return ""
	}
	low, high = math.Pow(10, math.Floor(math.Log10(low))), math.Pow(10, math.Ceil(math.Log10(high*1.001)))
	s := newSVG(left+width+20, height+40, "latency at a fixed rate")
	y := func(v float64) float64 { return 10 + height - height*math.Log(v/low)/math.Log(high/low) }
	for v := low; v <= high*1.001; v *= 10 {
		s.line(left, y(v), left+width, y(v), "grid", "")
		s.text(left-6, y(v)+4, "end", FormatDuration(Duration(v)))
	}
	x := func(k int) float64 { return left + width*(float64(k)+0.5)/float64(len(latencyFigures)) }
	for k, l := range latencyFigures {
		s.text(x(k), height+32, "middle", l.name)
	}
	for i := range w.Sides {
		if len(w.Sides[i].Steady) == 0 {
			continue
		}
		c := colour(w.Sides[i].Engine)
		var points [][2]float64
		for k, l := range latencyFigures {
			points = append(points, [2]float64{x(k), y(Over(w.Sides[i].Steady, l.f).Median)})
		}
		s.path(points, c)
		for k, p := range points {
			s.dot(p[0], p[1], c, fmt.Sprintf("%s, %s: %s", w.Sides[i].Engine, latencyFigures[k].name,
				FormatDuration(Duration(Over(w.Sides[i].Steady, latencyFigures[k].f).Median))))
		}
	}
	return s.done()
}

// sweepChart shows how the CPU time per request of a sweep's workloads grows.
func sweepChart(points []*Workload, colour func(string) string) template.HTML {
	const left, width, height = 62.0, 420.0, 150.0
	top := 0.0
	var engines []string
	for _, w := range points {
		for i := range w.Sides {
			if v := Over(w.Sides[i].CPURounds(), CPUEach).Median; v > 0 {
				top = max(top, v)
				if !slices.Contains(engines, w.Sides[i].Engine) {
					engines = append(engines, w.Sides[i].Engine)
				}
			}
		}
	}
	if top == 0 {
		return ""
	}
	s := newSVG(left+width+20, height+40, "CPU time per request over the size of the configuration")
	y := func(v float64) float64 { return 10 + height - height*v/(top*1.1) }
	x := func(k int) float64 { return left + width*(float64(k)+0.5)/float64(len(points)) }
	for _, share := range []float64{0, 0.5, 1} {
		s.line(left, y(top*share), left+width, y(top*share), "grid", "")
		s.text(left-6, y(top*share)+4, "end", FormatDuration(Duration(top*share)))
	}
	for k, w := range points {
		s.text(x(k), height+32, "middle", fmt.Sprint(w.Point))
	}
	for _, e := range engines {
		var line [][2]float64
		for k, w := range points {
			side := w.Side(e)
			if side == nil || len(side.CPURounds()) == 0 {
				continue
			}
			v := Over(side.CPURounds(), CPUEach).Median
			line = append(line, [2]float64{x(k), y(v)})
			s.dot(x(k), y(v), colour(e), fmt.Sprintf("%s, %d: %s", e, w.Point, FormatDuration(Duration(v))))
		}
		s.path(line, colour(e))
	}
	return s.done()
}
