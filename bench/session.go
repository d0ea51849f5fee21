package main

import (
	"context"
	"crypto/tls"
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

// side is one engine while a workload runs.
type side struct {
	e    engine.Engine
	srv  *engine.Server
	addr string
	rep  *report.Side
}

// session is one workload while it runs.
type session struct {
	h       *harness
	w       *workload.Workload
	title   string
	workers int
	server  []int // cores
	load    []int
	ports   int // added to the ports, where two sessions run at once
	rep     *report.Workload
	reqs    []load.Request
	sides   []*side // those that take part
	procs   []*engine.Server
}

// session prepares one: nothing runs yet.
func (h *harness) session(w *workload.Workload, workers int) *session {
	s := &session{h: h, w: w, title: w.Title(), workers: workers, server: h.cores, load: h.cores}
	if workers != h.o.workers[0] {
		s.title += "-" + strconv.Itoa(workers) + "w"
	}
	if !h.o.noPin {
		s.server, s.load = divide(h.cores, workers)
	}
	s.rep = &report.Workload{Name: w.Name, Point: w.Point, Title: s.title, Group: w.Group, Kind: w.Kind, About: w.About,
		Connections: w.Connections, Mark: w.Mark, Workers: workers, Shared: h.o.noPin || shared(s.server, s.load)}
	return s
}

// divide gives each worker a core and the load what is left; where nothing is left, both use all.
func divide(cores []int, workers int) (server, load []int) {
	if workers >= len(cores) {
		return cores, cores
	}
	return cores[:workers], cores[workers:]
}

func shared(a, b []int) bool { return len(a) > 0 && len(b) > 0 && a[len(a)-1] >= b[0] }

func (s *session) addr(i int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.h.o.basePort+s.ports+i))
}

// pinned are the cores to pin a process to: none where the kernel is to choose.
func (s *session) pinned(cores []int) []int {
	if s.h.o.noPin {
		return nil
	}
	return cores
}

// start brings the upstreams and the engines up and makes sure that each answers every request rightly.
func (s *session) start(ctx context.Context) error {
	h, w := s.h, s.w
	var err error
	if s.reqs, err = w.Requests(); err != nil {
		return err
	}
	if !h.o.noPin {
		if err := engine.PinSelf(s.load); err != nil {
			return err
		}
	}
	v := workload.Values{Workers: s.workers, Upstream: s.addr(1), Redis: s.addr(2), RedisAt: h.o.basePort + s.ports + 2}
	for _, role := range []struct {
		name, addr string
		wanted     bool
	}{{"http", v.Upstream, w.Upstream}, {"redis", v.Redis, w.Redis}} {
		if !role.wanted {
			continue
		}
		c := engine.Command{Path: h.self, Env: []string{engine.RoleVariable + "=" + role.name, "BENCH_ADDR=" + role.addr}}
		p, err := engine.Start(ctx, c, s.pinned(s.load), role.addr)
		if err != nil {
			return err
		}
		s.procs = append(s.procs, p)
	}
	s.rep.Sides = make([]report.Side, len(h.engines))
	for i, e := range h.engines {
		rep := &s.rep.Sides[i]
		rep.Engine = e.Name()
		v.Listen = s.addr(10 + i)
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
		srv, err := engine.Start(ctx, e.Command(site), s.pinned(s.server), v.Listen)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			rep.Failed = err.Error()
			continue
		}
		s.procs = append(s.procs, srv)
		sd := &side{e: e, srv: srv, addr: v.Listen, rep: rep}
		if err := s.verify(ctx, sd); err != nil {
			rep.Failed = fmt.Sprintf("wrong answer: %v %s", err, srv.Said())
			continue
		}
		rep.MemoryStart = engine.ReadMemory(srv.Pid())
		s.sides = append(s.sides, sd)
	}
	return ctx.Err()
}

func (s *session) site(e engine.Engine, v workload.Values) *engine.Site {
	site := &engine.Site{
		Prefix: filepath.Join(s.h.temp, s.title, e.Name()),
		Addr:   v.Listen, Upstream: v.Upstream,
		Lua: s.w.Lua, TLS: s.w.TLS, Relay: s.w.Relay,
	}
	if status, body, ok := s.w.Simple(); ok {
		site.Simple = &engine.Answer{Status: status, Body: body}
	}
	if s.h.o.profile != "" && e.Name() == "moongate" {
		if dir, err := filepath.Abs(s.h.o.profile); err == nil && os.MkdirAll(dir, 0o755) == nil {
			site.Profile = filepath.Join(dir, s.title+".pprof")
		}
	}
	return site
}

// stop ends what start began, the last first.
func (s *session) stop() {
	for i := len(s.procs) - 1; i >= 0; i-- {
		s.procs[i].Stop()
	}
	s.procs = nil
}

// options are the load of a round.
func (s *session) options(sd *side) load.Options {
	o := load.Options{Addr: sd.addr, Requests: s.reqs, Connections: s.w.Connections, KeepAlive: !s.w.NoKeepAlive,
		Timeout: time.Duration(s.w.Timeout * float64(time.Second)), Threads: len(s.load)}
	switch {
	case s.rep.Shared:
		o.Threads = 1 // a second thread would only take from the servers
	case s.w.Upstream || s.w.Redis:
		o.Idle = load.Yield
	default:
		o.Idle = load.Spin
	}
	if s.w.TLS {
		o.TLS = &tls.Config{RootCAs: s.h.cert.pool, ServerName: "localhost"}
	}
	return o
}

// verify sends each request once, one after the other.
func (s *session) verify(ctx context.Context, sd *side) error {
	o := s.options(sd)
	for i := range s.reqs {
		o.Requests = s.reqs[i : i+1]
		if err := load.Once(ctx, o); err != nil {
			return fmt.Errorf("request %d: %w", i+1, err)
		}
	}
	return nil
}

// say shows what goes on, in one line of a terminal that the next word overwrites.
func (s *session) say(format string, args ...any) {
	if s.h.terminal {
		fmt.Fprintf(os.Stderr, "\r\x1b[K%s%s: %s", s.h.progress(), s.title, fmt.Sprintf(format, args...))
	}
}
