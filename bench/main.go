package main

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"moongate/bench/engine"
	"moongate/bench/report"
	"moongate/bench/upstream"
	"moongate/bench/workload"
)

//go:embed all:workloads
var embedded embed.FS

func main() {
	if err := dispatch(); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// dispatch plays the role that the environment asks for: a small server, or the harness itself.
func dispatch() error {
	switch role := os.Getenv(engine.RoleVariable); role {
	case "":
		return run(os.Args[1:])
	case "bare":
		return engine.RunBare()
	case "http":
		return upstream.RunHTTP()
	case "redis":
		return upstream.RunRedis()
	default:
		return fmt.Errorf("no role %q", role)
	}
}

// options are the command line.
type options struct {
	words     string
	against   string
	rounds    int
	maxRounds int
	round     time.Duration
	warmup    time.Duration
	settle    time.Duration // that a server gets to put away what it no longer needs
	workers   []int
	out       string
	into      string
	moongate  string
	dir       string
	profile   string
	basePort  int
	from      string
	list      bool
	install   bool
	quick     bool
	noPin     bool
	keep      bool
	referee   bool
	why       bool
}

func parse(args []string) (*options, error) {
	o := &options{settle: 2 * time.Second}
	var workers string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.words, "w", "", "workloads or groups, separated by commas; all without it (a group that is called like a workload has a slash behind it: proxy/)")
	f.StringVar(&o.against, "against", "openresty", "engines to compare with, separated by commas: openresty, nginx, fasthttp, skipper; another moongate by its path; none")
	f.IntVar(&o.rounds, "rounds", 5, "rounds of each engine")
	f.IntVar(&o.maxRounds, "max-rounds", 0, "as many rounds at most where the ratio is not known to 5 % after -rounds; by default three times as many, where equal no more")
	f.DurationVar(&o.round, "round", time.Second, "length of a round")
	f.DurationVar(&o.warmup, "warmup", time.Second, "load before the first round, which is not counted")
	f.StringVar(&workers, "workers", "1", "workers, each on a core of its own as far as there are any; with several numbers (1,2) the workloads that have a mark are measured with each")
	f.StringVar(&o.out, "o", "", "folder for report.json, report.html and report.md")
	f.StringVar(&o.moongate, "moongate", "", "moongate's binary; by default one is built from this repository")
	f.StringVar(&o.dir, "workloads", "", "folder of workloads in place of the built-in ones")
	f.StringVar(&o.profile, "profile", "", "folder for CPU profiles of moongate, one for each workload")
	f.IntVar(&o.basePort, "port", 27000, "first of the ports on 127.0.0.1 to use")
	f.StringVar(&o.from, "from", "", "a report.json to show again (with -o: as all files) instead of measuring")
	f.StringVar(&o.into, "into", "", "a Markdown file in which report.md takes the place of what stands between <!-- figures --> and <!-- /figures -->")
	f.BoolVar(&o.list, "list", false, "list the workloads and engines")
	f.BoolVar(&o.install, "install", false, "install Debian's nginx with ngx_lua first (apt-get, as root; Debian starts it on port 80)")
	f.BoolVar(&o.quick, "quick", false, "three rounds of half a second: a first look")
	f.BoolVar(&o.noPin, "nopin", false, "leave the choice of cores to the kernel")
	f.BoolVar(&o.keep, "keep", false, "keep the servers' folders and say where they are")
	f.BoolVar(&o.why, "why", false, "profile moongate once more on each workload that misses its mark, and say where the time goes")
	f.BoolVar(&o.referee, "referee", false, "compare the load generator with wrk as well")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("what is %q? (-h lists the flags)", f.Arg(0))
	}
	if o.quick {
		o.rounds, o.maxRounds, o.round, o.warmup = 3, 3, 500*time.Millisecond, 300*time.Millisecond
	}
	if o.maxRounds == 0 {
		o.maxRounds = 3 * o.rounds
	}
	for _, word := range split(workers) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || slices.Contains(o.workers, n) {
			return nil, fmt.Errorf("-workers %s: not numbers from 1 on, each once", workers)
		}
		o.workers = append(o.workers, n)
	}
	if o.rounds < 1 || len(o.workers) == 0 {
		return nil, errors.New("at least one round and one worker")
	}
	return o, nil
}

func split(list string) []string {
	var out []string
	for w := range strings.SplitSeq(list, ",") {
		if w = strings.TrimSpace(w); w != "" && w != "none" {
			out = append(out, w)
		}
	}
	return out
}

func run(args []string) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.from != "" {
		return show(o)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var files fs.FS = embedded
	dir := "workloads"
	if o.dir != "" {
		files, dir = os.DirFS(o.dir), "."
	}
	loads, err := workload.Load(files, dir, split(o.words))
	if err != nil {
		return err
	}
	common, err := fs.ReadFile(embedded, "workloads/common.conf")
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "moongate-bench-")
	if err != nil {
		return err
	}
	if o.keep {
		fmt.Fprintln(os.Stderr, "bench: servers' folders are in", temp)
	} else {
		defer os.RemoveAll(temp)
	}
	if err := os.Chmod(temp, 0o755); err != nil { //nolint:gosec // servers may run as another user
		return err
	}
	if o.list {
		return list(loads)
	}
	if o.install {
		if err := installDebian(ctx); err != nil {
			return err
		}
	}
	if o.moongate == "" {
		o.moongate = filepath.Join(temp, "moongate")
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", o.moongate, "moongate/cmd/moongate")
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("building moongate (or name a binary with -moongate): %w\n%s", err, out)
		}
	}
	h, err := newHarness(o, temp, common)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "bench: about %v, and more on a busy machine; Ctrl-C ends it with what was measured so far\n", h.about(h.plan(loads)).Round(10*time.Second))
	h.measureAll(ctx, loads)
	if o.referee && ctx.Err() == nil {
		if err := h.callReferee(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}
	if o.why && ctx.Err() == nil {
		if err := h.explain(ctx, loads); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
	}
	h.rep.Machine.LoadAfter = loadAverage()
	h.rep.Took = time.Since(h.rep.Date)
	if err := h.write(); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errors.New("interrupted: the report is not complete")
	}
	return nil
}

// show writes a report that was measured before.
func show(o *options) error {
	f, err := os.Open(o.from)
	if err != nil {
		return err
	}
	defer f.Close()
	rep, err := report.ReadJSON(f)
	if err != nil {
		return fmt.Errorf("%s: %w", o.from, err)
	}
	return (&harness{o: o, rep: rep}).write()
}

// write puts the report on the terminal and into files.
func (h *harness) write() error {
	if h.terminal {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	if err := h.rep.WriteTable(os.Stdout); err != nil {
		return err
	}
	if h.o.into != "" {
		if err := h.rep.PasteMarkdown(h.o.into); err != nil {
			return err
		}
	}
	if h.o.out == "" {
		return nil
	}
	if err := os.MkdirAll(h.o.out, 0o755); err != nil {
		return err
	}
	for name, write := range map[string]func(*os.File) error{
		"report.json": func(f *os.File) error { return h.rep.WriteJSON(f) },
		"report.html": func(f *os.File) error { return h.rep.WriteHTML(f) },
		"report.md":   func(f *os.File) error { return h.rep.WriteMarkdown(f) },
	} {
		f, err := os.Create(filepath.Join(h.o.out, name))
		if err != nil {
			return err
		}
		if err := errors.Join(write(f), f.Close()); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stdout, "\nwritten: report.html, report.json and report.md in %s\n", h.o.out)
	return nil
}

func list(loads []*workload.Workload) error {
	group := ""
	for _, w := range loads {
		if w.Group != group {
			group = w.Group
			fmt.Println(group)
		}
		fmt.Printf("  %-18s %s\n", w.Title(), w.About)
	}
	fmt.Println("engines")
	for _, e := range engine.All("", "") {
		v, err := e.Version()
		if err != nil {
			v = err.Error()
		}
		if e.Name() != "moongate" {
			fmt.Printf("  %-18s %s\n", e.Name(), v)
		}
	}
	return nil
}

func installDebian(ctx context.Context) error {
	for _, args := range [][]string{{"update", "-qq"}, append([]string{"install", "-y", "-qq"}, engine.DebianPackages...)} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, out)
		}
	}
	return nil
}

func newReport(o *options, server, load []int) *report.Report {
	r := &report.Report{Date: time.Now(), Machine: machine()}
	r.Settings = report.Settings{Rounds: o.rounds, MaxRounds: o.maxRounds, Round: o.round, Warmup: o.warmup, Workers: o.workers,
		ServerCores: server, LoadCores: load, Shared: o.noPin || shared(server, load), Profiled: o.profile != ""}
	return r
}
