package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
		{"one", []float64{3}, Stat{3, 3, 3, 3, 3, 1}},
		{"odd", []float64{9, 1, 4}, Stat{4, 1, 9, 1, 9, 3}},
		{"even", []float64{9, 1, 4, 6}, Stat{5, 1, 9, 1, 9, 4}},
		{"interval", []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 100}, Stat{5.5, 1, 100, 2, 9, 10}},
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

// The interval leaves out what an interval for the median may leave out: see any table of the sign test.
func TestTrim(t *testing.T) {
	for n, want := range map[int]int{1: 0, 2: 0, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0, 9: 1, 10: 1, 11: 2, 13: 2, 14: 3, 15: 3, 20: 5, 30: 9} {
		if got := trim(n); got != want {
			t.Errorf("%d values: %d left out at either end instead of %d", n, got, want)
		}
	}
	if s := Summarize([]float64{0.96, 1, 1.04}); !s.Within(0.05) || s.Within(0.03) {
		t.Errorf("%+v", s)
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
	if diff := cmp.Diff(Stat{2, 2, 2, 2, 2, 3}, got); diff != "" {
		t.Error(diff)
	}
	starved := append(rounds(20), Round{CPU: time.Second}) // nothing was answered: there is no cost of a request
	if got := Ratio(starved, rounds(10, 10), CPUEach); got != (Stat{2, 2, 2, 2, 2, 1}) {
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
		Settings: Settings{Rounds: 3, MaxRounds: 9, Round: time.Second, Workers: []int{1, 2}, ServerCores: []int{0}, LoadCores: []int{1}},
		Engines:  []Engine{{"moongate", "0.1"}, {"openresty", "1.27"}, {"fasthttp", "bare"}},
		Workloads: []Workload{
			{Name: "hello", Title: "hello", Group: "basics", Kind: "load", About: "says <hello>", Connections: 32, Workers: 1, Mark: 1, Rate: 1000, Sides: []Side{
				{Engine: "moongate", Full: rounds(20, 60, 22), Steady: rounds(100, 110, 120), Memory: 20 << 20},
				{Engine: "openresty", Full: rounds(10, 30, 11), Steady: rounds(90, 100, 110), Memory: 10 << 20},
				{Engine: "fasthttp", Skipped: "has no constant answer"},
			}},
			{Name: "hello", Title: "hello-2w", Group: "basics", Kind: "load", About: "says <hello>", Connections: 32, Workers: 2, Shared: true, Mark: 1.5, Sides: []Side{
				{Engine: "moongate", Full: rounds(12, 11, 13)}, {Engine: "openresty", Full: rounds(10, 10, 10)},
			}},
			{Name: "idle", Title: "idle", Group: "connections", Kind: "idle", About: "idle", Connections: 10000, Sides: []Side{
				{Engine: "moongate", MemoryStart: 20 << 20, Memory: 90 << 20, MemoryEach: 9000}, {Engine: "openresty", MemoryStart: 20 << 20, Memory: 30 << 20, MemoryEach: 1000},
				{Engine: "fasthttp", Failed: "it fell over"},
			}},
			{Name: "broken", Title: "broken", Group: "connections", Error: "no such file"},
			point(10, 10, 11), point(100, 20, 21),
		},
		Growth:  []Growth{{Name: "names", Engine: "moongate", From: 10, To: 100, Small: rounds(10, 10, 10), Large: rounds(12, 12, 12)}},
		Referee: []Referee{{Engine: "moongate", Own: 1000, Wrk: 990, Rate: Summarize([]float64{0.97, 1.01, 1.02}), CPU: Summarize([]float64{0.98})}},
	}
}

func TestTable(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"22.0µs", "11.0µs", "2.00", "2.00–2.00", "20.0MB", "8.79KB each", "fasthttp: it fell over", "no such file", "with wrk 990: +1 % (-3 to +2)",
		"20.0MB at its start, 30.0MB with 10000 idle connections, 1000B for one more; moongate has 3.00 times its memory",
		"names on moongate: 10.0µs with 10, 12.0µs with 100: +20 % (+20 to +20)", "CPU +100%",
		"names 1.20, at most 1.1: missed by 9 %", "Marks: 4 of 7 reached",
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
	for _, want := range []string{"moongate by openresty, CPU time per request round by round: 2.00, 2.00, 2.00",
		"says &lt;hello&gt;", "a &lt;fast&gt; processor", "has no constant answer", `id="names-100"`, "2.00 (2.00 to 2.00)",
		"missed by 100 %", "share cores", "CPU time per request of moongate in parts of openresty&#39;s"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, never := range []string{"<script", "http://", "https://", "NaN", "Inf", "%!"} {
		if strings.Contains(strings.ReplaceAll(text, namespace, ""), never) {
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
	if charts != 8 { // ratios of cost and of p99, rounds and latency of hello, rounds of hello-2w, the sweep, rounds of its two points
		t.Errorf("%d charts", charts)
	}
}

func TestMarkdown(t *testing.T) {
	var b bytes.Buffer
	if err := sample().WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| hello | 22.0µs | 11.0µs | – | **2.00** (2.00–2.00) | – | 45.5k · 90.9k · – | 110µs · 100µs · – | 330µs · 300µs · – | 20.0MB · 10.0MB · – | 0 · 0 · – | CPU +100% |\n",
		"| CPU time per request, by openresty's, one worker | 1 | – | **hello 2.00**: by 100 % |\n",
		"| CPU time per request, by openresty's, 2 workers | 1.5 | hello-2w 1.20 (1.10–1.30) | – |\n",
		"| memory with 10000 idle connections, by openresty's | 2 | – | **idle 3.00**: by 50 % |\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
	columns := 0
	for l := range strings.Lines(b.String()) {
		switch n := strings.Count(l, "|"); {
		case n == 0:
			columns = 0
		case columns == 0:
			columns = n
		case n != columns:
			t.Errorf("another number of columns: %s", l)
		}
	}
}

func TestPasteMarkdown(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("# Page\n\n<!-- figures -->\nold\n<!-- /figures -->\n\nmore\n")
	for range 2 { // what was pasted can be replaced
		if err := sample().PasteMarkdown(file); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := os.ReadFile(file)
	var figures bytes.Buffer
	sample().WriteMarkdown(&figures)
	if diff := cmp.Diff("# Page\n\n<!-- figures -->\n"+figures.String()+"<!-- /figures -->\n\nmore\n", string(got)); diff != "" {
		t.Error(diff)
	}
	write("# Page\n")
	if err := sample().PasteMarkdown(file); err == nil {
		t.Error("a page without a place for the figures is changed")
	}
}

// Every mark says whether it is reached, and by how much not.
func TestMarks(t *testing.T) {
	var got []string
	for _, m := range sample().Marks() {
		got = append(got, fmt.Sprintf("%s, %s: %.2f of %g: %s", m.Kind, m.Title, m.Value.Median, m.Limit, m.Verdict()))
	}
	want := []string{
		"CPU time per request, by openresty's, one worker, hello: 2.00 of 1: missed by 100 %",
		"CPU time per request, by openresty's, 2 workers, hello-2w: 1.20 of 1.5: pass",
		"p99 at the fixed rate, by openresty's, hello: 1.10 of 1.5: pass",
		"memory with 10000 idle connections, by openresty's, idle: 3.00 of 2: missed by 50 %",
		"CPU time per request from 10 to 100, names: 1.20 of 1.1: missed by 9 %",
		"difference from wrk, requests a second, moongate: 0.01 of 0.1: pass",
		"difference from wrk, the server's CPU time per request, moongate: 0.02 of 0.1: pass",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	m := Mark{Limit: 1, Value: Summarize([]float64{0.9, 0.99, 1.2})}
	if v := m.Verdict(); v != "pass, barely" {
		t.Error(v)
	}
}

func TestFailures(t *testing.T) {
	s := &Side{Full: []Round{{Wrong: 1}, {Lost: 2, Timeouts: 4}}, Steady: []Round{{Refused: 3, Wrong: 1}}}
	if got, want := s.failures(), "11 requests failed: 2 wrong answers, 2 connections lost, 3 refused, 4 without an answer in time"; got != want {
		t.Error(got)
	}
	if got := (&Side{Full: rounds(1)}).failures(); got != "" {
		t.Error(got)
	}
}

func TestTicks(t *testing.T) {
	tests := map[float64]string{7: "[0 2 4 6 8]", 10: "[0 2 4 6 8 10]", 31: "[0 10 20 30 40]", 100: "[0 20 40 60 80 100]", 4.4: "[0 1 2 3 4 5]"}
	for top, want := range tests {
		if got := fmt.Sprint(ticks(top)); got != want {
			t.Errorf("%g: %s", top, got)
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
