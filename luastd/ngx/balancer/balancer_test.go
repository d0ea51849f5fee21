package balancer_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"moongate/luastd"
	"moongate/phases"
	"moongate/phases/echo"
	"moongate/phases/phasetest"
	"moongate/phases/proxy"
	"moongate/phases/rewrite"
	"moongate/phases/upstream"
)

func modules() []*phases.Module {
	return []*phases.Module{rewrite.Module, upstream.Module, proxy.Module, echo.Module, luastd.Complete()}
}

func port(t *testing.T, addr string) string {
	t.Helper()
	_, p, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBalancer(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", r.Host, r.Header.Get("X-Try"))
		if b, _ := io.ReadAll(r.Body); len(b) > 0 {
			fmt.Fprintf(w, " %s", b)
		}
	}))
	t.Cleanup(backend.Close)
	var seen []string
	addrs := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.RemoteAddr)
		io.WriteString(w, "ok") //nolint:errcheck // the client will see
	}))
	t.Cleanup(addrs.Close)
	fill := strings.NewReplacer("$good", port(t, backend.Listener.Addr().String()), "$dead", port(t, phasetest.FreeAddr(t)),
		"$addrs", port(t, addrs.Listener.Addr().String()))
	tests := []struct {
		name, servers, lua string
		status             int
		body, log          string
	}{
		{"peer", "server 127.0.0.1:$dead;", `ngx.log(ngx.WARN, "chosen") assert(b.set_current_peer("127.0.0.1", $good))`, 200, "u0 ",
			`[lua] balancer_by_lua(nginx.conf:`},
		{"the log says what it was doing", "server 127.0.0.1:$dead;", `ngx.log(ngx.WARN, "chosen") assert(b.set_current_peer("127.0.0.1", $good))`, 200, "u1 ", "chosen while connecting to upstream, client: 127.0.0.1"},
		{"retry", "server 127.0.0.1:$dead;", `
			local state, code = b.get_last_failure()
			ngx.log(ngx.WARN, "last: ", state, " ", code)
			if state then assert(b.set_current_peer("127.0.0.1", $good)) return end
			assert(b.set_more_tries(1)) assert(b.set_current_peer("127.0.0.1", $dead))`, 200, "u2 ", "last: failed 502"},
		{"an address with its port", "server 127.0.0.1:$dead;", `assert(b.set_current_peer("127.0.0.1:$good", 1))`, 200, "u3 ", ""},
		{"a host name", "server 127.0.0.1:$dead;", `ngx.log(ngx.WARN, "err: ", select(2, b.set_current_peer("example.com", 80)))`, 502, "", "err: no host allowed"},
		{"fall back on the servers", "server 127.0.0.1:$good;", ``, 200, "u5 ", ""},
		{"no peer", "", ``, 500, "", "lua balancer: no peer set while connecting to upstream"},
		{"an error", "server 127.0.0.1:$dead;", `error("oops")`, 500, "", "failed to run balancer_by_lua*: balancer_by_lua(nginx.conf:"},
		{"exit with a status", "server 127.0.0.1:$dead;", `ngx.exit(403)`, 403, "", ""},
		{"exit with error", "server 127.0.0.1:$dead;", `ngx.exit(ngx.ERROR)`, 500, "", ""},
		{"exit with OK", "server 127.0.0.1:$good;", `ngx.exit(ngx.OK)`, 200, "u10 ", ""},
		{"recreate", "server 127.0.0.1:$dead;", `ngx.req.set_header("X-Try", "two") assert(b.recreate_request()) assert(b.set_current_peer("127.0.0.1", $good))`, 200, "u11 two", ""},
		{"timeouts", "server 127.0.0.1:$good;", `assert(b.set_timeouts(1, nil, 2.5)) ngx.log(ngx.WARN, select(2, pcall(b.set_timeouts, 0)))`, 200, "u12 ", "bad connect timeout"},
		{"keepalive", "server 127.0.0.1:$dead;", `ngx.log(ngx.WARN, select(2, b.enable_keepalive())) assert(b.set_current_peer("127.0.0.1", $addrs)) assert(b.enable_keepalive(10, 5))`,
			200, "ok", "no current peer set"},
		{"no sleeping", "server 127.0.0.1:$dead;", `ngx.sleep(1)`, 500, "", "API disabled in the context of balancer_by_lua*"},
		{"a body that comes late", "server 127.0.0.1:$dead;", `ngx.req.set_body_data("late body") assert(b.recreate_request()) assert(b.set_current_peer("127.0.0.1", $good))`, 200, "u15  late body", ""},
		{"bind", "server 127.0.0.1:$good;", `ngx.log(ngx.WARN, select(2, b.bind_to_local_addr("nowhere"))) assert(b.bind_to_local_addr("127.0.0.1"))`, 200, "u16 ", "invalid addr nowhere"},
	}
	var conf strings.Builder
	conf.WriteString("events {} http {\n")
	for i, x := range tests {
		fmt.Fprintf(&conf, "upstream u%d { %s balancer_by_lua_block { local b = require 'ngx.balancer' %s } }\n", i, fill.Replace(x.servers), fill.Replace(x.lua))
	}
	conf.WriteString("server { listen ADDR; proxy_http_version 1.1; proxy_set_header Connection '';\n")
	for i := range tests {
		fmt.Fprintf(&conf, "location = /t%d { proxy_pass http://u%d/; }\n", i, i)
	}
	conf.WriteString(`location = /outside { content_by_lua_block { ngx.say(select(2, require("ngx.balancer").set_current_peer("127.0.0.1", 80))) } }
		}}`)
	s := phasetest.Start(t, conf.String(), modules()...)
	for i, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			res := s.Get("/t" + strconv.Itoa(i))
			if res.Status != x.status || x.status == 200 && res.Body != x.body {
				t.Errorf("got %d %q, want %d %q", res.Status, res.Body, x.status, x.body)
			}
			if x.log != "" && !s.WaitLog(x.log) {
				t.Errorf("not logged: %s\n%s", x.log, s.ErrorLog())
			}
		})
	}
	if got := s.Get("/outside").Body; got != "no upstream found\n" {
		t.Errorf("outside of a balancer: %q", got)
	}
	s.Get("/t13")
	if n := len(seen); n != 2 || seen[0] != seen[1] {
		t.Errorf("the connection was not kept: %v", seen)
	}
}

func TestUpstreamModule(t *testing.T) {
	s := phasetest.Start(t, `events {} http {
		upstream one { server 127.0.0.1:7001 weight=3 max_fails=2 fail_timeout=7s; server 127.0.0.1:7002 down; server 127.0.0.1:7003 backup; }
		upstream two { server 127.0.0.1:7004; } upstream one:80 { server 127.0.0.1:7005; }
		server { listen ADDR; location / { content_by_lua_block {
			local u = require "ngx.upstream"
			ngx.say(table.concat(u.get_upstreams(), " "))
			for _, s in ipairs(u.get_servers("one")) do
				ngx.say(s.name, " ", s.addr, " ", s.weight, " ", s.max_fails, " ", s.fail_timeout, " ", s.backup, " ", s.down)
			end
			for _, p in ipairs(u.get_primary_peers("one")) do ngx.say(p.id, " ", p.name, " ", p.weight, " ", p.effective_weight, " ", p.conns, " ", p.down) end
			ngx.say(#u.get_backup_peers("one"), " ", #u.get_backup_peers("two"))
			ngx.say(u.set_peer_down("one", false, 0, true), " ", u.get_primary_peers("one")[1].down)
			ngx.say(u.set_peer_down("one", false, 0, false), " ", u.get_primary_peers("one")[1].down)
			ngx.say(select(2, u.set_peer_down("one", false, 9, true)), ", ", select(2, u.set_peer_down("two", true, 0, true)))
			ngx.say(select(2, u.get_servers("three")), ", ", u.current_upstream_name())
			ngx.say(select(2, pcall(u.get_servers)))
		} } } }`, modules()...)
	want := `one two one:80
127.0.0.1:7001 127.0.0.1:7001 3 2 7 nil nil
127.0.0.1:7002 127.0.0.1:7002 1 1 10 nil true
127.0.0.1:7003 127.0.0.1:7003 1 1 10 true nil
0 127.0.0.1:7001 3 3 0 nil
1 127.0.0.1:7002 1 1 0 true
1 0
true true
true nil
bad peer id, no backup peers
upstream not found, nil
exactly one argument expected
`
	if got := s.Get("/").Body; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestBalancerKeepalive: a pool of one keeps one connection of two.
func TestBalancerKeepalive(t *testing.T) {
	var seen []string
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = append(seen, r.RemoteAddr) }))
	t.Cleanup(backend.Close)
	s := phasetest.Start(t, strings.ReplaceAll(`events {} worker_processes 1; http {
		upstream u { balancer_keepalive 1; balancer_by_lua_block {
			local b = require "ngx.balancer"
			assert(b.set_current_peer("127.0.0.1", PORT, ngx.var.arg_host)) assert(b.enable_keepalive(60, 100))
		} }
		server { listen ADDR; location / { proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; } }
	}`, "PORT", port(t, backend.Listener.Addr().String())), modules()...)
	for _, path := range []string{"/?host=a", "/?host=a", "/?host=b", "/?host=b", "/?host=a"} {
		if res := s.Get(path); res.Status != 200 {
			t.Fatalf("%s: %d", path, res.Status)
		}
	}
	if len(seen) != 5 || seen[0] != seen[1] || seen[2] != seen[3] || seen[4] == seen[0] || seen[2] == seen[0] {
		t.Errorf("connections: %v", seen)
	}
	const bad = `invalid value "0" in "balancer_keepalive" directive`
	if got := phasetest.LoadError(t, `events {} http { upstream u { server 127.0.0.1:1; balancer_keepalive 0; } server { listen ADDR; } }`, modules()...); !strings.Contains(got, bad) {
		t.Errorf("%q, want %q in it", got, bad)
	}
}
