package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

// colours are the engines', in their order.
var colours = []string{"#0b6e99", "#d9730d", "#6b8e23", "#8250df", "#b3343a"}

const (
	namespace = "http://www.w3.org/2000/svg" // for a chart that is saved alone

	ink     = "#333"
	gridInk = "#e3e3e3"
	good    = "#3f8f4f"
	bad     = "#c8503c"
)

// svg is a chart that carries its own fonts and colours, so that it can be shared without the page.
type svg struct {
	b    strings.Builder
	w, h float64
}

func newSVG(w, h float64, label string) *svg {
	s := &svg{w: w, h: h}
	fmt.Fprintf(&s.b, `<svg xmlns="`+namespace+`" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img" aria-label="%s" font-family="system-ui,sans-serif" font-size="12" fill="%s">`,
		w, h, w, h, html.EscapeString(label), ink)
	fmt.Fprintf(&s.b, `<rect width="%.0f" height="%.0f" fill="#fff"/>`, w, h)
	return s
}

func (s *svg) text(x, y float64, anchor, text string) {
	fmt.Fprintf(&s.b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(text))
}

// title is the chart's own heading.
func (s *svg) title(text string) {
	fmt.Fprintf(&s.b, `<text x="8" y="18" font-weight="600" font-size="13">%s</text>`, html.EscapeString(text))
}

// upright is the name of a vertical axis.
func (s *svg) upright(y float64, text string) {
	fmt.Fprintf(&s.b, `<text x="14" y="%.1f" text-anchor="middle" transform="rotate(-90 14 %.1f)">%s</text>`, y, y, html.EscapeString(text))
}

func (s *svg) line(x1, y1, x2, y2 float64, colour string, width float64) {
	fmt.Fprintf(&s.b, `<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%g"/>`, x1, y1, x2, y2, colour, width)
}

// whisker is the range of a value, upright at x or level at y.
func (s *svg) whisker(x1, y1, x2, y2 float64, colour string) {
	s.line(x1, y1, x2, y2, colour, 1.2)
	const cap = 3.0
	if x1 == x2 {
		s.line(x1-cap, y1, x1+cap, y1, colour, 1.2)
		s.line(x2-cap, y2, x2+cap, y2, colour, 1.2)
		return
	}
	s.line(x1, y1-cap, x1, y1+cap, colour, 1.2)
	s.line(x2, y2-cap, x2, y2+cap, colour, 1.2)
}

func (s *svg) bar(x, y, w, h float64, colour, title string) {
	fmt.Fprintf(&s.b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"><title>%s</title></rect>`, x, y, max(w, 1), h, colour, html.EscapeString(title))
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

// legend names the engines with their colours, from x on.
func (s *svg) legend(x, y float64, engines []string, colour func(string) string) {
	for _, e := range engines {
		fmt.Fprintf(&s.b, `<rect x="%.1f" y="%.1f" width="10" height="10" rx="2" fill="%s"/>`, x, y-9, colour(e))
		s.text(x+14, y, "start", e)
		x += 30 + 7*float64(len(e))
	}
}

func (s *svg) done() template.HTML {
	s.b.WriteString("</svg>")
	return template.HTML(s.b.String()) //nolint:gosec // all text in it is escaped
}

// ticks are round values from 0 to just above top.
func ticks(top float64) []float64 {
	step := math.Pow(10, math.Floor(math.Log10(top)))
	for _, m := range []float64{0.2, 0.25, 0.5, 1, 2} {
		if top/(step*m) <= 5 {
			step *= m
			break
		}
	}
	var out []float64
	for v := 0.0; v < top+step; v += step {
		out = append(out, v)
	}
	return out
}
