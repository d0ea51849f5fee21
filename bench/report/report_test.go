package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSummarize(t *testing.T) {
	tests := []struct {
		name string
		in   []float64
		want Stat
	}{
		{"none", nil, Stat{}},
		{"one", []float64{3}, Stat{3, 3, 3, 1}},
		{"odd", []float64{9, 1, 4}, Stat{4, 1, 9, 3}},
		{"even", []float64{9, 1, 4, 6}, Stat{5, 1, 9, 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Summarize(tt.in)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if s := (Stat{Median: 4, Min: 3, Max: 5}); s.Spread() != 0.5 {
		t.Error(s.Spread())
	}
}

func rounds(us ...int) []Round {
	var out []Round
	for _, v := range us {
		d := time.Duration(v) * time.Microsecond
		out = append(out, Round{Requests: 1000, RPS: 1e6 / float64(v), CPUEach: d, User: d, System: d, ServerBusy: 0.95,
			P50: d, P90: 2 * d, P99: 3 * d, P999: 4 * d, Max: 5 * d})
	}
	return out
}

// A round in which the machine was slow was slow for both: the quotients do not see it.
func TestRatioIsTakenRoundByRound(t *testing.T) {
	got := Ratio(rounds(20, 60, 22), rounds(10, 30, 11), CPUEach)
	if diff := cmp.Diff(Stat{2, 2, 2, 3}, got); diff != "" {
		t.Error(diff)
	}
	starved := append(rounds(20), Round{CPU: time.Second}) // nothing was answered: there is no cost of a request
	if got := Ratio(starved, rounds(10, 10), CPUEach); got != (Stat{2, 2, 2, 1}) {
		t.Error(got)
	}
	if got := Over(starved, CPUEach); got.N != 1 || got.Min != 20000 {
		t.Error(got)
	}
	if got := Over(starved, RPS); got.N != 2 || got.Min != 0 {
		t.Error(got)
	}
	if got := Ratio(rounds(20), nil, CPUEach); got.N != 0 {
		t.Error(got)
	}
}

func sample() *Report {
	point := func(n int, us ...int) Workload {
		return Workload{Name: "names", Point: n, Title: "names-" + map[int]string{10: "10", 100: "100"}[n], Group: "scale", Kind: "load", About: "names",
			Sides: []Side{{Engine: "moongate", Full: rounds(us...)}, {Engine: "openresty", Full: rounds(us...)}}}
	}
	return &Report{
		Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Machine: Machine{CPU: "a <fast> processor", Cores: 2, Kernel: "6.1"},
		Settings: Settings{Rounds: 3, Round: time.Second, Workers: 1, ServerCores: []int{0}, LoadCores: []int{1}},
		Engines:  []Engine{{"moongate", "0.1"}, {"openresty", "1.27"}, {"fasthttp", "bare"}},
		Workloads: []Workload{
			{Name: "hello", Title: "hello", Group: "basics", Kind: "load", About: "says <hello>", Connections: 32, Rate: 1000, Sides: []Side{
				{Engine: "moongate", Full: rounds(20, 60, 22), Steady: rounds(100, 110, 120), Memory: 20 << 20},
				{Engine: "openresty", Full: rounds(10, 30, 11), Steady: rounds(90, 100, 110), Memory: 10 << 20},
				{Engine: "fasthttp", Skipped: "has no constant answer"},
			}},
			{Name: "idle", Title: "idle", Group: "connections", Kind: "idle", About: "idle", Sides: []Side{
				{Engine: "moongate", Memory: 90 << 20, MemoryEach: 9000}, {Engine: "openresty", Failed: "it fell over"},
			}},
			{Name: "broken", Title: "broken", Group: "connections", Error: "no such file"},
			point(10, 10, 11), point(100, 20, 21),
		},
		Referee: []Referee{{Engine: "moongate", Own: 1000, Wrk: 990, Rate: 1.01, CPU: 0.98}},
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"22.0µs", "11.0µs", "2.00", "2.00–2.00", "20.0MB", "8.79KB each", "openresty: it fell over", "no such file", "with wrk 990 (+1 % round by round)",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "\tfasthttp") {
		t.Error("an engine that does not take part has a row")
	}
}

func TestHTML(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, want := range []string{"says &lt;hello&gt;", "a &lt;fast&gt; processor", "has no constant answer", `id="names-100"`, "2.00 (2.00 to 2.00)"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, never := range []string{"<script", "http://", "https://", "NaN", "Inf", "%!"} {
		if strings.Contains(text, never) {
			t.Errorf("%q in the page", never)
		}
	}
	charts := 0
	for rest := text; ; charts++ {
		i := strings.Index(rest, "<svg")
		if i < 0 {
			break
		}
		end := strings.Index(rest, "</svg>") + len("</svg>")
		d := xml.NewDecoder(strings.NewReader(rest[i:end]))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("a chart is not well-formed: %v", err)
			}
		}
		rest = rest[end:]
	}
	if charts != 6 { // the ratios, rounds and latency of hello, the sweep, rounds of its two points
		t.Errorf("%d charts", charts)
	}
}

func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	want := "| hello | 22.0µs | 11.0µs | – | **2.00** (2.00–2.00) | – | 110µs · 100µs · – | 330µs · 300µs · – | 20.0MB · 10.0MB · – | 0 · 0 · – |\n"
	if !strings.Contains(b.String(), want) {
		t.Errorf("no %s in\n%s", want, b.String())
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	for _, l := range lines {
		if strings.Count(l, "|") != strings.Count(lines[0], "|") {
			t.Errorf("another number of columns: %s", l)
		}
	}
}

func TestEmptyReport(t *testing.T) {
	r := &Report{Engines: []Engine{{"moongate", ""}}}
	if err := errors.Join(r.WriteTable(io.Discard), r.WriteHTML(io.Discard), r.WriteMarkdown(io.Discard), (&Report{}).WriteMarkdown(io.Discard)); err != nil {
		t.Error(err)
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	got, err := ReadJSON(&b)
	if diff := cmp.Diff(sample(), got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestFormat(t *testing.T) {
	for in, want := range map[time.Duration]string{0: "0", 1530: "1.53µs", 15300 * time.Microsecond: "15.3ms", 153 * time.Second: "153s"} {
		if got := FormatDuration(in); got != want {
			t.Errorf("%d: %q", in, got)
		}
	}
	if got := FormatCount(41234) + " " + FormatCount(7) + " " + FormatCount(2.5e6) + " " + FormatBytes(2048) + " " + FormatBytes(12); got != "41.2k 7.00 2.50M 2.00KB 12.0B" {
		t.Error(got)
	}
}
