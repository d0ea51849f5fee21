package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"moongate/bench/engine"
	"moongate/bench/load"
	"moongate/bench/report"
	"moongate/bench/workload"
)

// harness measures workloads one after the other.
type harness struct {
	o       *options
	temp    string
	common  []byte // common.conf
	self    string
	engines []engine.Engine
	server  []int // cores
	load    []int
	rep     *report.Report
	cert    *certificate
	// terminal: standard error is one, and may show a line that changes.
	terminal bool
}

func newHarness(o *options, temp string, common []byte) (*harness, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	h := &harness{o: o, temp: temp, common: common, self: self}
	if st, err := os.Stderr.Stat(); err == nil {
		h.terminal = st.Mode()&os.ModeCharDevice != 0
	}
	all := engine.All(o.moongate, self)
	for _, name := range append([]string{"moongate"}, split(o.against)...) {
		e, err := engine.Find(all, name)
		if err != nil {
			return nil, err
		}
		h.engines = append(h.engines, e)
	}
	if !o.noPin {
		cores, err := engine.Cores()
		if err != nil {
			return nil, err
		}
		h.server, h.load = divide(cores, o.workers)
		if err := engine.PinSelf(h.load); err != nil {
			return nil, err
		}
	}
	h.rep = newReport(o, h.server, h.load)
	for _, e := range h.engines {
		v, err := e.Version()
		if err != nil {
			return nil, err
		}
		h.rep.Engines = append(h.rep.Engines, report.Engine{Name: e.Name(), Version: v})
	}
	h.cert, err = newCertificate()
	return h, err
}

// divide gives each worker a core and the load what is left; where nothing is left, both use all.
func divide(cores []int, workers int) (server, load []int) {
	if workers >= len(cores) {
		return cores, cores
	}
	return cores[:workers], cores[workers:]
}

// side is one engine while a workload runs.
type side struct {
	e    engine.Engine
	srv  *engine.Server
	addr string
	rep  *report.Side
}

// session is one workload while it runs.
type session struct {
	h     *harness
	w     *workload.Workload
	rep   *report.Workload
	reqs  []load.Request
	sides []*side // those that take part
	procs []*engine.Server
}

// measure runs one workload on every engine that serves it.
func (h *harness) measure(ctx context.Context, w *workload.Workload) (out report.Workload) {
	out = report.Workload{Name: w.Name, Point: w.Point, Title: w.Title(), Group: w.Group, Kind: w.Kind, About: w.About, Connections: w.Connections}
	s := &session{h: h, w: w, rep: &out}
	defer s.stop()
	if err := s.start(); err != nil {
		out.Error = err.Error()
		return out
	}
	var err error
	switch w.Kind {
	case "idle":
		err = s.idle(ctx)
	case "reload":
		err = s.reload(ctx)
	default:
		err = s.rounds(ctx)
	}
	if err != nil && ctx.Err() == nil {
		out.Error = err.Error()
	}
	return out
}

// say shows what goes on, in one line of a terminal that the next word overwrites.
func (s *session) say(format string, args ...any) {
	if s.h.terminal {
		fmt.Fprintf(os.Stderr, "\r\x1b[K%s: %s", s.w.Title(), fmt.Sprintf(format, args...))
	}
}

// result shows what a workload came to, for a log or a screen on which the whole table comes much later.
func (h *harness) result(w *report.Workload) {
	line := w.Error
	for _, s := range w.Sides {
		switch rounds := s.CPURounds(); {
		case s.Skipped != "":
		case s.MemoryEach > 0:
			line += fmt.Sprintf("  %s %s each", s.Engine, report.FormatBytes(s.MemoryEach))
		case len(rounds) > 0:
			line += fmt.Sprintf("  %s %s", s.Engine, report.FormatDuration(report.Duration(report.Over(rounds, report.CPUEach).Median)))
		default:
			line += fmt.Sprintf("  %s failed", s.Engine)
		}
	}
	if h.terminal {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	fmt.Fprintf(os.Stderr, "%-20s%s\n", w.Title, line)
}

func (h *harness) addr(i int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(h.o.basePort+i))
}

// start brings the upstreams and the engines up and makes sure that each answers every request rightly.
func (s *session) start() error {
	h, w := s.h, s.w
	var err error
	if s.reqs, err = w.Requests(); err != nil {
		return err
	}
	v := workload.Values{Workers: h.o.workers, Upstream: h.addr(1), Redis: h.addr(2), RedisAt: h.o.basePort + 2}
	for _, role := range []struct {
		name, addr string
		wanted     bool
	}{{"http", v.Upstream, w.Upstream}, {"redis", v.Redis, w.Redis}} {
		if !role.wanted {
			continue
		}
		p, err := engine.Start(engine.Command{Path: h.self, Env: []string{engine.RoleVariable + "=" + role.name, "BENCH_ADDR=" + role.addr}}, h.load, role.addr)
		if err != nil {
			return err
		}
		s.procs = append(s.procs, p)
	}
	s.rep.Sides = make([]report.Side, len(h.engines))
	for i, e := range h.engines {
		rep := &s.rep.Sides[i]
		rep.Engine = e.Name()
		v.Listen = h.addr(10 + i)
		site := s.site(e, v)
		if err := e.Serves(site); err != nil {
			rep.Skipped = err.Error()
			continue
		}
		if w.Kind == "reload" && !e.Reloads() {
			rep.Skipped = "does not reload"
			continue
		}
		s.say("starting %s", e.Name())
		if err := w.Lay(site.Prefix, v, h.common, h.cert.files()); err != nil {
			return err
		}
		srv, err := engine.Start(e.Command(site), h.server, v.Listen)
		if err != nil {
			rep.Failed = err.Error()
			continue
		}
		s.procs = append(s.procs, srv)
		sd := &side{e: e, srv: srv, addr: v.Listen, rep: rep}
		if err := s.verify(sd); err != nil {
			rep.Failed = fmt.Sprintf("wrong answer: %v %s", err, srv.Said())
			continue
		}
		s.sides = append(s.sides, sd)
	}
	return nil
}

func (s *session) site(e engine.Engine, v workload.Values) *engine.Site {
	site := &engine.Site{
		Prefix: filepath.Join(s.h.temp, s.w.Title(), e.Name()),
		Addr:   v.Listen, Upstream: v.Upstream,
		Lua: s.w.Lua, TLS: s.w.TLS, Relay: s.w.Relay,
	}
	if status, body, ok := s.w.Simple(); ok {
		site.Simple = &engine.Answer{Status: status, Body: body}
	}
	if s.h.o.profile != "" && e.Name() == "moongate" {
		if dir, err := filepath.Abs(s.h.o.profile); err == nil && os.MkdirAll(dir, 0o755) == nil {
			site.Profile = filepath.Join(dir, s.w.Title()+".pprof")
		}
	}
	return site
}

func (s *session) stop() {
	for i := len(s.procs) - 1; i >= 0; i-- {
		s.procs[i].Stop()
	}
}

// options are the load of a round.
func (s *session) options(sd *side) load.Options {
	o := load.Options{Addr: sd.addr, Requests: s.reqs, Connections: s.w.Connections, KeepAlive: !s.w.NoKeepAlive,
		Timeout: time.Duration(s.w.Timeout * float64(time.Second)), Threads: max(len(s.h.load), 1)}
	if s.h.rep.Settings.Shared() {
		o.Threads = 1
	}
	if s.w.TLS {
		o.TLS = &tls.Config{RootCAs: s.h.cert.pool, ServerName: "localhost"}
	}
	return o
}

// verify sends each request once, one after the other.
func (s *session) verify(sd *side) error {
	o := s.options(sd)
	for i := range s.reqs {
		o.Requests = s.reqs[i : i+1]
		if err := load.Once(o); err != nil {
			return fmt.Errorf("request %d: %w", i+1, err)
		}
	}
	return nil
}

// rounds is the kind "load": rounds at saturation, then rounds at a fixed rate, the engines in turn.
func (s *session) rounds(ctx context.Context) error {
	o := s.h.o
	for _, sd := range s.sides {
		s.say("%s warms up", sd.e.Name())
		if _, err := s.round(ctx, sd, 0, o.warmup); err != nil {
			return err
		}
	}
	for r := range o.rounds {
		for _, sd := range s.sides {
			s.say("round %d of %d, %s%s", r+1, o.rounds, sd.e.Name(), s.soFar())
			res, err := s.round(ctx, sd, 0, o.round)
			if err != nil {
				return err
			}
			sd.rep.Full = append(sd.rep.Full, *res)
		}
	}
	rate := s.w.Rate
	if rate == 0 {
		for _, sd := range s.sides {
			if r := report.Over(sd.rep.Full, report.RPS).Median / 2; rate == 0 || r < rate {
				rate = r
			}
		}
		if s.w.MaxRate > 0 {
			rate = min(rate, s.w.MaxRate)
		}
	}
	if rate < 1 {
		return errors.New("nothing was answered")
	}
	s.rep.Rate = rate
	for r := range o.rounds {
		for _, sd := range s.sides {
			s.say("latency at %s requests a second, round %d of %d, %s", report.FormatCount(rate), r+1, o.rounds, sd.e.Name())
			res, err := s.round(ctx, sd, rate, o.round)
			if err != nil {
				return err
			}
			sd.rep.Steady = append(sd.rep.Steady, *res)
		}
	}
	return nil
}

// soFar is the CPU time per request up to now, for the line of progress.
func (s *session) soFar() string {
	out := ""
	for _, sd := range s.sides {
		if len(sd.rep.Full) > 0 {
			out += fmt.Sprintf("; %s %s", sd.e.Name(), report.FormatDuration(report.Duration(report.Over(sd.rep.Full, report.CPUEach).Median)))
		}
	}
	return out
}

// round is one load on one engine, with the CPU clocks read at its ends.
func (s *session) round(ctx context.Context, sd *side, rate float64, d time.Duration) (*report.Round, error) {
	o := s.options(sd)
	o.Rate, o.Duration = rate, d
	o.Warmup = min(d/5, 200*time.Millisecond)
	return s.observe(ctx, sd, o)
}

func (s *session) observe(ctx context.Context, sd *side, o load.Options) (*report.Round, error) {
	var server, own [2]engine.CPU
	var failed error
	o.Mark = func(end bool) {
		i := 0
		if end {
			i = 1
		}
		var err error
		if server[i], err = engine.ReadCPU(sd.srv.Pid()); err != nil {
			failed = err
		}
		own[i], _ = engine.ReadCPU(os.Getpid()) //nolint:errcheck // this process lives
	}
	res, err := load.Run(ctx, o)
	if err != nil {
		return nil, err
	}
	if failed == nil && !sd.srv.Running() {
		failed = errors.New("not there any more")
	}
	if failed != nil {
		return nil, fmt.Errorf("%s ended within a round (%w): %s", sd.e.Name(), failed, sd.srv.Said())
	}
	sd.rep.Memory = max(sd.rep.Memory, engine.ReadMemory(sd.srv.Pid()))
	return s.describe(res, server[1].Sub(server[0]), own[1].Sub(own[0])), nil
}

func (s *session) describe(res *load.Result, cpu, own engine.CPU) *report.Round {
	r := &report.Round{
		Requests: res.Requests, Wrong: res.Wrong, Lost: res.Lost, Refused: res.Refused, Timeouts: res.Timeouts, Late: res.Late,
		Elapsed: res.Elapsed, RPS: res.RPS(), CPU: cpu.Total, User: cpu.User, System: cpu.System,
		P50: time.Duration(res.Latency.Quantile(0.5)), P90: time.Duration(res.Latency.Quantile(0.9)),
		P99: time.Duration(res.Latency.Quantile(0.99)), P999: time.Duration(res.Latency.Quantile(0.999)),
		Max: time.Duration(res.Latency.Max()),
	}
	if res.Example != nil {
		r.Example = res.Example.Error()
	}
	if res.Requests > 0 {
		r.CPUEach = cpu.Total / time.Duration(res.Requests)
	}
	if res.Elapsed > 0 {
		r.ServerBusy = cpu.Total.Seconds() / res.Elapsed.Seconds() / float64(max(len(s.h.server), 1))
		r.LoadBusy = own.Total.Seconds() / res.Elapsed.Seconds() / float64(max(len(s.h.load), 1))
	}
	return r
}
