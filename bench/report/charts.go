package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
)

// plot is the frame of a chart whose vertical axis is linear from 0 or logarithmic.
type plot struct {
	*svg
	left, top, width, height float64
	y                        func(float64) float64
}

const (
	plotLeft   = 84.0
	plotTop    = 46.0
	plotBottom = 44.0
)

func newPlot(width, height float64, title, yName, xName string) *plot {
	p := &plot{left: plotLeft, top: plotTop, width: width, height: height,
		svg: newSVG(plotLeft+width+16, plotTop+height+plotBottom, title)}
	p.title(title)
	p.upright(plotTop+height/2, yName)
	p.text(plotLeft+width/2, plotTop+height+plotBottom-6, "middle", xName)
	return p
}

// durations draws a linear axis from 0 to top nanoseconds.
func (p *plot) durations(top float64) {
	marks := ticks(top)
	end := marks[len(marks)-1]
	p.y = func(v float64) float64 { return p.top + p.height - p.height*v/end }
	for _, v := range marks {
		p.rule(v)
	}
}

// magnitudes draws a logarithmic axis in powers of ten.
func (p *plot) magnitudes(low, high float64) {
	low, high = math.Pow(10, math.Floor(math.Log10(low))), math.Pow(10, math.Ceil(math.Log10(high*1.001)))
	p.y = func(v float64) float64 {
		return p.top + p.height - p.height*math.Log(max(v, low)/low)/math.Log(high/low)
	}
	for v := low; v <= high*1.001; v *= 10 {
		p.rule(v)
	}
}

func (p *plot) rule(v float64) {
	p.line(p.left, p.y(v), p.left+p.width, p.y(v), gridInk, 1)
	p.text(p.left-6, p.y(v)+4, "end", FormatDuration(Duration(v)))
}

// column is the middle of the k-th of n columns, labelled below the axis.
func (p *plot) column(k, n int) float64 { return p.left + p.width*(float64(k)+0.5)/float64(n) }

func (p *plot) label(k, n int, text string) {
	p.text(p.column(k, n), p.top+p.height+18, "middle", text)
}

// ratioRow is a bar of a chart of quotients.
type ratioRow struct {
	title string
	q     Stat
	limit float64 // 0: none
}

// ratioChart is one bar for each quotient, to the right of 1 where the first engine needs more.
func ratioChart(title, axis string, rows []ratioRow) template.HTML {
	low, high := 0.5, 2.0
	for _, r := range rows {
		low, high = min(low, r.q.Low), max(high, r.q.High, r.limit)
	}
	if len(rows) == 0 {
		return ""
	}
	const left, width, step, top = 170.0, 600.0, 22.0, 34.0
	low, high = low*0.9, high*1.15
	x := func(v float64) float64 { return left + width*math.Log(v/low)/math.Log(high/low) }
	bottom := top + step*float64(len(rows))
	s := newSVG(left+width+60, bottom+44, title)
	s.title(title)
	for _, v := range []float64{0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 4, 8, 16, 32} {
		if v >= low && v <= high {
			colour, w := gridInk, 1.0
			if v == 1 {
				colour, w = ink, 1.2
			}
			s.line(x(v), top, x(v), bottom, colour, w)
			s.text(x(v), bottom+16, "middle", fmt.Sprintf("%g×", v))
		}
	}
	s.text(left+width/2, bottom+36, "middle", axis)
	for i, r := range rows {
		y := top + step*float64(i) + step/2
		s.text(left-8, y+4, "end", r.title)
		a, b := x(1), x(r.q.Median)
		colour := "#8a8a8a"
		if r.limit > 0 {
			colour = good
			if r.q.Median > r.limit {
				colour = bad
			}
		}
		s.bar(min(a, b), y-6, math.Abs(b-a), 12, colour, fmt.Sprintf("%s: %.2f (%.2f to %.2f; rounds %.2f to %.2f)", r.title, r.q.Median, r.q.Low, r.q.High, r.q.Min, r.q.Max))
		s.whisker(x(r.q.Low), y, x(r.q.High), y, ink)
		if r.limit > 0 {
			s.line(x(r.limit), y-9, x(r.limit), y+9, "#000", 2)
		}
		s.text(max(x(r.q.High), x(1), x(max(r.limit, low)))+8, y+4, "start", fmt.Sprintf("%.2f", r.q.Median))
	}
	return s.done()
}

// cpuChart compares the first engine's CPU time per request with another's.
func (r *Report) cpuChart(against string) template.HTML {
	var rows []ratioRow
	for i := range r.Workloads {
		w := &r.Workloads[i]
		if a, b := w.Side(r.Engines[0].Name), w.Side(against); a != nil && b != nil {
			limit := w.Mark
			if against != r.Engines[1].Name {
				limit = 0
			}
			if q := Ratio(a.CPURounds(), b.CPURounds(), CPUEach); q.N > 0 && q.Median > 0 {
				rows = append(rows, ratioRow{w.Title, q, limit})
			}
		}
	}
	return ratioChart("CPU time per request, "+r.Engines[0].Name+" by "+against,
		"CPU time per request of "+r.Engines[0].Name+" in parts of "+against+"'s; less is better (logarithmic)", rows)
}

// p99Chart compares the latency at the fixed rate.
func (r *Report) p99Chart(against string) template.HTML {
	var rows []ratioRow
	for i := range r.Workloads {
		w := &r.Workloads[i]
		if a, b := w.Side(r.Engines[0].Name), w.Side(against); a != nil && b != nil && w.Kind == "load" {
			limit := markP99
			if against != r.Engines[1].Name {
				limit = 0
			}
			if q := Ratio(a.Steady, b.Steady, P99); q.N > 0 && q.Median > 0 {
				rows = append(rows, ratioRow{w.Title, q, limit})
			}
		}
	}
	return ratioChart("p99 of latency at the same rate, "+r.Engines[0].Name+" by "+against,
		"p99 of "+r.Engines[0].Name+" in parts of "+against+"'s, at 70 % of the slower one's saturation; less is better (logarithmic)", rows)
}

// roundsChart shows each engine's CPU time per request round by round.
func (w *Workload) roundsChart(colour func(string) string) template.HTML {
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
	p := newPlot(300, 150, w.Title+": cost, round by round", "CPU time per request", "round")
	p.durations(top)
	for k := range n {
		p.label(k, n, fmt.Sprint(k+1))
	}
	var engines []string
	for i := range w.Sides {
		s := &w.Sides[i]
		if len(s.CPURounds()) == 0 {
			continue
		}
		engines = append(engines, s.Engine)
		var points [][2]float64
		for k, r := range s.CPURounds() {
			if r.CPUEach > 0 {
				points = append(points, [2]float64{p.column(k, n), p.y(float64(r.CPUEach))})
			}
		}
		c := colour(s.Engine)
		p.path(points, c)
		for k, r := range s.CPURounds() {
			if r.CPUEach > 0 {
				p.dot(p.column(k, n), p.y(float64(r.CPUEach)), c, fmt.Sprintf("%s, round %d: %s", s.Engine, k+1, FormatDuration(r.CPUEach)))
			}
		}
	}
	p.legend(plotLeft, 36, engines, colour)
	return p.done()
}

var latencyFigures = []struct {
	name string
	f    Figure
}{{"p50", P50}, {"p90", P90}, {"p99", P99}, {"p99.9", P999}, {"max", MaxLat}}

// latencyChart shows the percentiles at the fixed rate, medians of the rounds and their range.
func (w *Workload) latencyChart(colour func(string) string) template.HTML {
	low, high := math.Inf(1), 0.0
	for i := range w.Sides {
		if rounds := w.Sides[i].Steady; len(rounds) > 0 {
			for _, l := range latencyFigures {
				if o := Over(rounds, l.f); o.N > 0 && o.Min > 0 {
					low, high = min(low, o.Min), max(high, o.Max)
				}
			}
		}
	}
	if high == 0 || low <= 0 {
		return ""
	}
	p := newPlot(300, 150, fmt.Sprintf("%s: latency at %s requests/s", w.Title, FormatCount(w.Rate)), "latency (logarithmic)", "percentile")
	p.magnitudes(low, high)
	n := len(latencyFigures)
	for k, l := range latencyFigures {
		p.label(k, n, l.name)
	}
	var engines []string
	for i := range w.Sides {
		s := &w.Sides[i]
		if len(s.Steady) == 0 {
			continue
		}
		shift := 5 * float64(len(engines))
		engines = append(engines, s.Engine)
		c := colour(s.Engine)
		var points [][2]float64
		for k, l := range latencyFigures {
			o := Over(s.Steady, l.f)
			if o.N == 0 {
				continue
			}
			x := p.column(k, n) + shift
			points = append(points, [2]float64{x, p.y(o.Median)})
			p.whisker(x, p.y(o.Min), x, p.y(o.Max), c)
			p.dot(x, p.y(o.Median), c, fmt.Sprintf("%s, %s: %s (%s to %s)", s.Engine, l.name,
				FormatDuration(Duration(o.Median)), FormatDuration(Duration(o.Min)), FormatDuration(Duration(o.Max))))
		}
		p.path(points, c)
	}
	p.legend(plotLeft, 36, engines, colour)
	return p.done()
}

// sweepChart shows how the CPU time per request of a sweep's workloads grows.
func sweepChart(points []*Workload, colour func(string) string) template.HTML {
	top := 0.0
	var engines []string
	for _, w := range points {
		for i := range w.Sides {
			if o := Over(w.Sides[i].CPURounds(), CPUEach); o.N > 0 {
				top = max(top, o.Max)
				if !slices.Contains(engines, w.Sides[i].Engine) {
					engines = append(engines, w.Sides[i].Engine)
				}
			}
		}
	}
	if top == 0 {
		return ""
	}
	name := points[0].Name
	p := newPlot(420, 180, name+": cost over their number", "CPU time per request", "number of "+name)
	p.durations(top)
	n := len(points)
	for k, w := range points {
		p.label(k, n, fmt.Sprint(w.Point))
	}
	for _, e := range engines {
		var line [][2]float64
		for k, w := range points {
			side := w.Side(e)
			if side == nil || len(side.CPURounds()) == 0 {
				continue
			}
			o := Over(side.CPURounds(), CPUEach)
			x := p.column(k, n)
			line = append(line, [2]float64{x, p.y(o.Median)})
			p.whisker(x, p.y(o.Min), x, p.y(o.Max), colour(e))
			p.dot(x, p.y(o.Median), colour(e), fmt.Sprintf("%s, %d: %s", e, w.Point, FormatDuration(Duration(o.Median))))
		}
		p.path(line, colour(e))
	}
	p.legend(plotLeft, 36, engines, colour)
	return p.done()
}
