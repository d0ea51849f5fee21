package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"moongate/bench/engine"
	"moongate/bench/load"
	"moongate/bench/report"
	"moongate/bench/workload"
)

// The test's own binary plays the small servers, as the harness's does.
func TestMain(m *testing.M) {
	if os.Getenv(engine.RoleVariable) != "" || os.Getenv(mainVariable) != "" {
		if err := dispatch(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	os.RemoveAll(built.dir)
	os.Exit(code)
}

// mainVariable makes the test's binary the harness itself.
const mainVariable = "BENCH_TEST_MAIN"

// freePorts finds a range of ports below those that outgoing connections take and above those of phasetest.
func freePorts(t *testing.T) int {
	t.Helper()
	const first, ranges = 30000, 130
next:
	for i := range ranges {
		base := first + (os.Getpid()+i)%ranges*20
		for _, i := range []int{1, 2, 6, 7, 10, 11, 15, 16} {
			ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+i))
			if err != nil {
				continue next
			}
			ln.Close()
		}
		return base
	}
	t.Fatal("no free ports")
	return 0
}

// built is moongate's binary, made once for all tests.
var built struct {
	sync.Once
	dir string
	err error
}

func buildMoongate(t *testing.T) string {
	t.Helper()
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "bench-test-"); built.err != nil {
			return
		}
		cmd := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(built.dir, "moongate"), "moongate/cmd/moongate")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does, which finds it in the cache
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return filepath.Join(built.dir, "moongate")
}

// newTestHarness measures with short rounds.
func newTestHarness(t *testing.T, against string) *harness {
	t.Helper()
	o := &options{rounds: 1, maxRounds: 1, round: 200 * time.Millisecond, warmup: 50 * time.Millisecond, settle: 200 * time.Millisecond, workers: []int{1}, noPin: true,
		against: against, moongate: buildMoongate(t), basePort: freePorts(t)}
	common, err := embedded.ReadFile("workloads/common.conf")
	if err != nil {
		t.Fatal(err)
	}
	h, err := newHarness(o, t.TempDir(), common)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// patiently measures a workload, with longer rounds where the machine was too busy for answers within short ones.
func patiently(t *testing.T, h *harness, w *workload.Workload) (rep *report.Workload) {
	short := h.o.round
	defer func() { h.o.round = short }()
	for ; h.o.round <= 10*time.Second; h.o.round *= 4 {
		rep = h.measure(t.Context(), w, 1)
		if whole(w, rep) {
			break
		}
		t.Logf("%s again: rounds of %v were too short", w.Title(), h.o.round)
	}
	return rep
}

// whole reports whether every engine that serves the workload has given answers in all rounds, or failed otherwise.
func whole(w *workload.Workload, rep *report.Workload) bool {
	if strings.Contains(rep.Error, "too short rounds") {
		return false
	}
	for _, s := range rep.Sides {
		if rep.Error != "" || s.Skipped != "" || s.Failed != "" || w.Kind != "load" {
			continue
		}
		for _, rounds := range [][]report.Round{s.Full, s.Steady} {
			if len(rounds) == 0 {
				return false
			}
			for _, r := range rounds {
				if r.Requests == 0 {
					return false
				}
			}
		}
	}
	return true
}

func measureAll(t *testing.T, h *harness, loads []*workload.Workload) {
	t.Helper()
	for _, w := range loads {
		rep := patiently(t, h, w)
		h.rep.Workloads = append(h.rep.Workloads, *rep)
		if rep.Error != "" {
			t.Errorf("%s: %s", w.Title(), rep.Error)
			continue
		}
		for _, s := range rep.Sides {
			switch {
			case s.Skipped != "":
			case s.Failed != "":
				t.Errorf("%s on %s: %s", w.Title(), s.Engine, s.Failed)
			case w.Kind == "idle":
				if s.MemoryEach < 100 || s.MemoryEach > 1<<20 {
					t.Errorf("%s on %s: %.0f bytes for a connection", w.Title(), s.Engine, s.MemoryEach)
				}
			default:
				checkSide(t, w, &s)
			}
		}
	}
}

func checkSide(t *testing.T, w *workload.Workload, s *report.Side) {
	t.Helper()
	if s.Fails() > 0 {
		t.Errorf("%s on %s: %d requests failed: %+v %+v", w.Title(), s.Engine, s.Fails(), s.Full, s.Steady)
	}
	rounds := s.CPURounds()
	if len(rounds) == 0 {
		t.Errorf("%s on %s: no rounds", w.Title(), s.Engine)
		return
	}
	if c := report.Over(rounds, report.CPUEach).Median; c < float64(500*time.Nanosecond) || c > float64(10*time.Second) {
		t.Errorf("%s on %s: %v of CPU time for a request", w.Title(), s.Engine, time.Duration(c))
	}
	if s.Memory < 1<<20 {
		t.Errorf("%s on %s: %d bytes of memory", w.Title(), s.Engine, s.Memory)
	}
}

// Short rounds of moongate alone: every answer is right, and the account is plausible.
func TestHarness(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	h := newTestHarness(t, "fasthttp")
	loads, err := workload.Load(embedded, "workloads", []string{"static", "phases", "proxy", "limit", "redis",
		"lua-strings", "connect", "tls-handshake"})
	if err != nil {
		t.Fatal(err)
	}
	measureAll(t, h, loads)

	dir := t.TempDir()
	writeFolder(t, dir, "few", `{"about": "A few idle connections.", "group": "connections", "kind": "idle", "connections": 400, "requests": [{"want": "hello\n"}]}`)
	writeFolder(t, dir, "again", `{"about": "Reloads.", "group": "operations", "kind": "reload", "rate": 50, "requests": [{"want": "hello\n"}]}`)
	if loads, err = workload.Load(os.DirFS(dir), ".", nil); err != nil {
		t.Fatal(err)
	}
	h.o.round = time.Second
	measureAll(t, h, loads)
	again := len(h.rep.Workloads) - 1

	h.o.round = 200 * time.Millisecond
	if loads, err = workload.Load(embedded, "workloads", []string{"names-10", "names-100"}); err != nil {
		t.Fatal(err)
	}
	for before := len(h.rep.Workloads); h.o.round <= 10*time.Second; h.o.round *= 4 { // as patiently does
		h.measureAll(t.Context(), loads)
		if len(h.rep.Growth) == 1 {
			break
		}
		h.rep.Workloads, h.rep.Growth = h.rep.Workloads[:before], nil
	}
	if len(h.rep.Growth) != 1 || h.rep.Growth[0].Ratio().N != 1 || h.rep.Growth[0].To != 100 {
		t.Errorf("growth: %+v", h.rep.Growth)
	}

	o := h.o
	o.out = t.TempDir()
	if err := h.write(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(o.out, "report.json"))
	var rep report.Report
	if err != nil || json.Unmarshal(text, &rep) != nil || len(rep.Workloads) != len(h.rep.Workloads) {
		t.Errorf("report.json: %v", err)
	}
	if reloads := rep.Workloads[again].Sides[0].Reloads; reloads == 0 {
		t.Error("no reloads")
	}
	if page, err := os.ReadFile(filepath.Join(o.out, "report.html")); err != nil || !strings.Contains(string(page), "</html>") {
		t.Errorf("report.html: %v", err)
	}
}

// More of them, beside OpenResty where it is installed: both give the same right answers.
func TestAgainstOpenResty(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers")
	}
	_, missing := (&engine.OpenResty{}).Version()
	h := newTestHarness(t, map[bool]string{true: "openresty", false: "none"}[missing == nil])
	h.o.round = 100 * time.Millisecond
	loads, err := workload.Load(embedded, "workloads", []string{"hello", "headers", "gateway", "jwt", "regex", "bodyfilter", "json-2k", "tls"})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range loads {
		h.rep.Workloads = append(h.rep.Workloads, *patiently(t, h, w))
	}
	for _, w := range h.rep.Workloads {
		for _, e := range h.engines {
			if s := w.Side(e.Name()); s == nil || s.Failed != "" || s.Fails() > 0 || len(s.Full) != 1 || len(s.Steady) != 1 || s.MemoryStart == 0 {
				t.Errorf("%s on %s: %+v", w.Title, e.Name(), s)
			}
		}
	}
	if missing != nil {
		t.Skip("moongate alone: ", missing)
	}
	if len(h.rep.Marks()) == 0 {
		t.Error("no marks")
	}
	h.rep.Workloads[0].Mark = 1e-9 // as if hello cost too much
	two := h.rep.Workloads[0]
	two.Title, two.Workers = two.Title+"-2w", 2 // and with two workers
	h.rep.Workloads, h.rep.Settings.Workers = append(h.rep.Workloads, two), []int{1, 2}
	if err := h.explain(t.Context(), loads); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, len(h.rep.Workloads) - 1} {
		w := &h.rep.Workloads[i]
		if p := w.Profile; len(p) < 3 || p[0].Share < 0.05 || p[0].Share > 1 {
			t.Errorf("profile of %s: %+v", w.Title, p)
		}
	}
}

func writeFolder(t *testing.T, dir, name, json string) {
	t.Helper()
	conf := "events {}\nhttp { include common.conf; server { listen {{.Listen}}; location / { return 200 \"hello\\n\"; } } }\n"
	if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"workload.json": json, "nginx.conf": conf} {
		if err := os.WriteFile(filepath.Join(dir, name, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHottest(t *testing.T) {
	got := hottest(`File: moongate
Type: cpu
Duration: 2s, Total samples = 1s ( 50%)
      flat  flat%   sum%        cum   cum%
     0.40s 40.00% 40.00%      0.40s 40.00%  internal/runtime/syscall/linux.Syscall6
     0.10s 10.00% 50.00%      0.30s 30.00%  runtime.mallocgc
     0.05s  5.00% 55.00%      0.05s  5.00%  runtime.futex
     0.05s  5.00% 60.00%      0.05s  5.00%  moongate/phases.(*Request).Arg (inline)
         0     0% 60.00%      0.20s 20.00%  runtime.gcBgMarkWorker
`)
	want := []report.Cost{{Name: "system calls", Share: 0.45}, {Name: "the collector, in all", Share: 0.2},
		{Name: "runtime.mallocgc", Share: 0.1}, {Name: "moongate/phases.(*Request).Arg", Share: 0.05}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDivide(t *testing.T) {
	tests := []struct {
		name         string
		cores        []int
		workers      int
		server, load string
	}{
		{"two cores", []int{0, 1}, 1, "[0]", "[1]"},
		{"two workers on two cores", []int{0, 1}, 2, "[0 1]", "[0 1]"},
		{"eight cores", []int{0, 1, 2, 3, 4, 5, 6, 7}, 2, "[0 1]", "[2 3 4 5 6 7]"},
		{"one core", []int{3}, 1, "[3]", "[3]"},
	}
	for _, tt := range tests {
		server, load := divide(tt.cores, tt.workers)
		if fmt.Sprint(server) != tt.server || fmt.Sprint(load) != tt.load || shared(server, load) != (tt.server == tt.load) {
			t.Errorf("%s: %v and %v", tt.name, server, load)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"-rounds", "0"}, {"stray"}, {"-workers", "0"}, {"-workers", "1,x"}, {"-workers", "2,2"}, {"-workers", ""}, {"-nonsense"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%v is accepted", args)
		}
	}
	o, err := parse([]string{"-quick", "-w", "a, b", "-against", "none", "-workers", "1,2"})
	if err != nil || o.rounds != 3 || fmt.Sprint(o.workers) != "[1 2]" || len(split(o.words)) != 2 || len(split(o.against)) != 0 {
		t.Errorf("%+v %v", o, err)
	}
}

// The servers are children of the harness: what they use is not the load's.
func TestBusy(t *testing.T) {
	s := &session{server: []int{0}, load: []int{1}, rep: &report.Workload{}}
	to := &account{server: engine.CPU{Total: 800 * time.Millisecond}, own: engine.CPU{Total: 1500 * time.Millisecond}, busy: 900 * time.Millisecond}
	r := s.describe(&load.Result{Elapsed: time.Second, Requests: 100}, &account{}, to)
	got := fmt.Sprintf("%.2f %.2f %.2f %v", r.ServerBusy, r.LoadBusy, r.Others, r.CPUEach)
	if want := "0.80 0.70 0.10 8ms"; got != want {
		t.Errorf("busy and the cost of each: %s, want %s", got, want)
	}
}
