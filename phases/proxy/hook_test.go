package proxy_test

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/phasetest"
	"moongate/phases/upstream"
)

// balancer is a module whose directive test_balancer gives an upstream block the hook.
func balancer(hook upstream.Hook) *phases.Module {
	return phases.NewModule(phases.Module{
		Name: "test_balancer",
		Directives: []phases.Directive{{Name: "test_balancer", Ctx: phases.CtxUpstream, Args: phases.NoArgs, Set: func(l *phases.Load, _ *conf.Directive, _ any) error {
			upstream.BlockOf(l).SetHook(hook)
			return nil
		}}},
	})
}

func TestHook(t *testing.T) {
	b := fixed(t, ok("by hook"))
	host, portText, _ := net.SplitHostPort(b.addr())
	port, _ := strconv.Atoi(portText)
	_, deadPort, _ := net.SplitHostPort(deadAddr(t))
	dead, _ := strconv.Atoi(deadPort)
	var notes []string
	for _, tt := range []struct {
		name   string
		hook   upstream.Hook
		status int
		notes  string
	}{
		{"peer", func(_ *phases.Request, b *upstream.Balance) error { return b.SetPeer(host, port, "") }, 200, ""},
		{"retry", func(_ *phases.Request, b *upstream.Balance) error {
			state, status := b.LastFailure()
			notes = append(notes, fmt.Sprintf("%q/%d", state, status))
			if state == upstream.FailureNone {
				b.SetMoreTries(2)
				return b.SetPeer(host, dead, "")
			}
			return b.SetPeer(host, port, "")
		}, 200, `""/0 "failed"/502`},
		{"tries bounded", func(_ *phases.Request, b *upstream.Balance) error {
			notes = append(notes, b.SetMoreTries(9))
			return b.SetPeer(host, dead, "")
		}, 502, "reduced tries due to limit reduced tries due to limit reduced tries due to limit"},
		{"fall back on the servers", func(*phases.Request, *upstream.Balance) error { return nil }, 200, ""},
		{"busy", func(*phases.Request, *upstream.Balance) error { return upstream.ErrBusy }, 502, ""},
		{"failed", func(*phases.Request, *upstream.Balance) error { return errors.New("x") }, 500, ""},
		{"status", func(*phases.Request, *upstream.Balance) error { return upstream.StatusError(403) }, 403, ""},
		{"timeouts", func(_ *phases.Request, b *upstream.Balance) error {
			b.SetTimeouts(time.Second, time.Second, time.Second)
			return b.SetPeer(host, port, "")
		}, 200, ""},
		{"no name", func(_ *phases.Request, b *upstream.Balance) error { return b.SetPeer("localhost", port, "") }, 500, ""},
		{"recreated", func(r *phases.Request, b *upstream.Balance) error {
			r.In.Put("X-New", "yes")
			if err := b.RecreateRequest(); err != nil {
				return err
			}
			return b.SetPeer(host, port, "")
		}, 200, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			notes = nil
			text := config("upstream u { server BACKEND0; test_balancer; }", "location / { proxy_next_upstream_tries 3; proxy_pass http://u; }", b)
			s := phasetest.Start(t, text, append(modules(), balancer(tt.hook))...)
			if res := s.Get("/"); res.Status != tt.status {
				t.Errorf("status %d, want %d\n%s", res.Status, tt.status, s.ErrorLog())
			}
			if got := strings.Join(notes, " "); got != tt.notes {
				t.Errorf("notes %s", got)
			}
			if tt.name == "recreated" && !strings.Contains(b.last(), "X-New: yes") {
				t.Errorf("request %q", b.last())
			}
		})
	}
}

func TestHookKeepalive(t *testing.T) {
	b := fixed(t, ok("x"))
	host, portText, _ := net.SplitHostPort(b.addr())
	port, _ := strconv.Atoi(portText)
	text := config("upstream u { test_balancer; }", `location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://u; }`, b)
	s := phasetest.Start(t, text, append(modules(), balancer(func(_ *phases.Request, bal *upstream.Balance) error {
		if err := bal.SetPeer(host, port, ""); err != nil {
			return err
		}
		return bal.EnableKeepalive(time.Minute, 4)
	}))...)
	for range 8 {
		s.Get("/")
	}
	if conns, requests := b.counts(); conns != 2 || requests != 8 {
		t.Errorf("%d connections for %d requests", conns, requests)
	}
}

// TestRegistry: groups made at run time, over HTTP and by the Go interface, outlive a reload.
func TestRegistry(t *testing.T) {
	bs := named(t, 2)
	text := config("", "location /admin/ { dyups_interface; } location / { proxy_pass http://$arg_u; }", bs...)
	s := phasetest.Start(t, text, modules()...)
	if res := s.Get("/?u=dyn"); res.Status != 502 {
		t.Errorf("before: %d", res.Status)
	}
	if res := s.Do("POST", "/admin/upstream/dyn", "server "+bs[0].addr()+"; server "+bs[1].addr()+" down;"); res.Status != 200 || res.Body != "success" {
		t.Fatalf("%d %q", res.Status, res.Body)
	}
	if got := sequence(s, 4, "/?u=dyn"); got != "0000" {
		t.Errorf("made: %s", got)
	}
	if res := s.Get("/admin/detail"); !strings.Contains(res.Body, "dyn\nserver "+bs[0].addr()+" weight=1 max_fails=1 fail_timeout=10 backup=0 down=0\n") {
		t.Errorf("detail %q", res.Body)
	}
	if err := s.Reload(text); err != nil {
		t.Fatal(err)
	}
	if got := sequence(s, 2, "/?u=dyn"); got != "00" {
		t.Errorf("after a reload: %s", got)
	}
	g := upstream.RegistryOf(s.Engine.Tree())
	srv, err := upstream.ParseServer(bs[1].addr() + " weight=3")
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Set("dyn", []upstream.Server{srv}); err != nil {
		t.Fatal(err)
	}
	if got := sequence(s, 2, "/?u=dyn"); got != "11" {
		t.Errorf("replaced: %s", got)
	}
	if got := g.Get("dyn").PrimaryPeers()[0].Weight; got != 3 {
		t.Errorf("weight %d", got)
	}
	if res := s.Do("POST", "/admin/upstream/bad", "listen 80;"); res.Status != 400 {
		t.Errorf("bad: %d %q", res.Status, res.Body)
	}
	if res := s.Do("DELETE", "/admin/upstream/dyn", ""); res.Status != 200 {
		t.Errorf("delete: %d", res.Status)
	}
	if err := g.Delete("dyn"); !errors.Is(err, upstream.ErrNoUpstream) {
		t.Errorf("second delete: %v", err)
	}
}

func TestSetPeerDown(t *testing.T) {
	bs := named(t, 2)
	s := start(t, "upstream u { server BACKEND0; server BACKEND1; }", "location / { proxy_pass http://u; }", bs...)
	u := upstream.Named(s.Engine.Tree(), "u")
	if err := u.SetPeerDown(false, 0, true); err != nil {
		t.Fatal(err)
	}
	if got := sequence(s, 4, "/"); got != "1111" {
		t.Errorf("got %s", got)
	}
	if !u.PrimaryPeers()[0].Down || u.SetPeerDown(false, 2, true) == nil || u.SetPeerDown(true, 0, true) == nil {
		t.Error("peers out of range")
	}
}

// TestSubrequest: a captured subrequest is proxied with a body of its own.
func TestSubrequest(t *testing.T) {
	b := answering(t, func(head, body string) string { return ok("<" + strings.Fields(head)[0] + " " + body + ">") })
	m := phases.NewModule(phases.Module{
		Name: "test_capture",
		Directives: []phases.Directive{{Name: "test_capture", Ctx: phases.CtxLocation, Args: phases.NoArgs, Set: func(l *phases.Load, _ *conf.Directive, _ any) error {
			l.SetContent(func(r *phases.Request) phases.Status {
				out := ""
				for i := range 2 {
					sr, err := r.Subrequest("/up", phases.SubOptions{Method: "POST", Capture: true, Setup: func(sr *phases.Request) {
						sr.Body.SetBytes([]byte(fmt.Sprint("body", i)))
					}})
					if err != nil {
						return 500
					}
					sr.Run()
					got, whole := sr.Captured()
					out += fmt.Sprint(sr.Out.Status, string(got), whole)
				}
				return r.Respond(200, "text/plain", []byte(out))
			})
			return nil
		}}},
	})
	s := phasetest.Start(t, config("", "location / { test_capture; } location /up { proxy_pass http://BACKEND0; }", b), append(modules(), m)...)
	if res := s.Get("/"); res.Body != "200<POST body0>true200<POST body1>true" {
		t.Errorf("%q\n%s", res.Body, s.ErrorLog())
	}
}
