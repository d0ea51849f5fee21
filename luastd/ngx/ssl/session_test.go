package ssl_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
	"moongate/phases/ssl"
)

const (
	storing = `ssl_session_store_by_lua_block {
		local sess = require "ngx.ssl.session"
		local id, s = assert(sess.get_session_id()), assert(sess.get_serialized_session())
		print("stored ", #id, " ", id:find("^%x+$") ~= nil)
		ngx.shared.kept:set(id, s)
	}`
	fetching = `ssl_session_fetch_by_lua_block {
		local sess = require "ngx.ssl.session"
		ngx.sleep(0.001)
		local s = ngx.shared.kept:get((assert(sess.get_session_id())))
		print("fetched ", s ~= nil)
		if s then assert(sess.set_serialized_session(s)) end
	}`
)

// resume makes two handshakes with one memory, and tells of the second.
func resume(t *testing.T, s *phasetest.Server, version uint16) (resumed bool) {
	t.Helper()
	cfg := &tls.Config{ServerName: "own.test", InsecureSkipVerify: true, MaxVersion: version, ClientSessionCache: tls.NewLRUClientSessionCache(8)}
	for i := range 2 {
		state, body, err := dial(s, cfg, "/")
		if err != nil || body != "ok" || i == 0 && state.DidResume {
			t.Fatalf("%q, %v, resumed: %v", body, err, state.DidResume)
		}
		resumed = state.DidResume
	}
	return resumed
}

func TestSessions(t *testing.T) {
	dir, _ := setUp(t)
	for _, c := range []struct {
		name, http, server string
		version            uint16
		resumed            bool
		log, not           string
	}{
		{"tickets", "", "", tls.VersionTLS12, true, "", ""},
		{"no tickets", "", "ssl_session_tickets off;", tls.VersionTLS12, false, "", ""},
		{"scripts", storing + fetching, "ssl_session_tickets off;", tls.VersionTLS12, true, "fetched true, context: ssl_session_fetch_by_lua*, client: 127.0.0.1, server: ADDR", "fetched false"},
		{"what is stored", storing, "ssl_session_tickets off;", tls.VersionTLS12, false, "stored 64 true, context: ssl_session_store_by_lua*, client: 127.0.0.1", ""},
		{"a miss", fetching, "ssl_session_tickets off;", tls.VersionTLS12, false, "fetched false", ""},
		{"tickets need no scripts", storing + fetching, "", tls.VersionTLS12, true, "", "fetched"},
		{"TLS 1.3 skips the scripts", storing + fetching, "ssl_session_tickets off;", tls.VersionTLS13, false, "ssl_session_store_by_lua*: skipped since TLS version >= 1.3 (304)", "stored 64"},
		{"shared cache", "", "ssl_session_tickets off; ssl_session_cache shared:s:1m;", tls.VersionTLS12, true, "", ""},
		{"shared cache, TLS 1.3", "", "ssl_session_tickets off; ssl_session_cache shared:s:1m;", tls.VersionTLS13, true, "", ""},
		{"builtin cache", "", "ssl_session_tickets off; ssl_session_cache builtin:100;", tls.VersionTLS13, true, "", ""},
		{"too old", "", "ssl_session_tickets off; ssl_session_cache builtin; ssl_session_timeout 0;", tls.VersionTLS12, false, "", ""},
		{"off", "", "ssl_session_tickets off; ssl_session_cache off;", tls.VersionTLS12, false, "", ""},
		{"a store that fails", `ssl_session_store_by_lua_block { error("bad") }`, "ssl_session_tickets off;", tls.VersionTLS12, false, "failed to run session_store_by_lua*: ssl_session_store_by_lua(nginx.conf:6):1: bad", ""},
		{"a store may not wait", `ssl_session_store_by_lua_block { ngx.sleep(0) }`, "ssl_session_tickets off;", tls.VersionTLS12, false, "API disabled in the context of ssl_session_store_by_lua*", ""},
		{"a store does not end at ngx.exit", `ssl_session_store_by_lua_block { ngx.exit(ngx.ERROR) print(ngx.get_phase()) }`, "ssl_session_tickets off;", tls.VersionTLS12, false, "ssl_session_store, context", ""},
		{"a fetch that fails", storing + `ssl_session_fetch_by_lua_block { error("bad") }`, "ssl_session_tickets off;", tls.VersionTLS12, false, "ssl_session_fetch_by_lua*: handler return value: 500, sess get cb exit code: 0", ""},
		{"no session", storing + `ssl_session_fetch_by_lua_block { print(ngx.get_phase(), select(2, require("ngx.ssl.session").set_serialized_session("nonsense"))) }`, "ssl_session_tickets off;",
			tls.VersionTLS12, false, "ssl_session_fetchfailed to de-serialize session", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := server(t, dir, "lua_shared_dict kept 1m;\n"+c.http, c.server)
			before := len(s.ErrorLog()) // of the cases before
			if got := resume(t, s, c.version); got != c.resumed {
				t.Errorf("resumed: %v, want %v", got, c.resumed)
			}
			if want := strings.ReplaceAll(c.log, "ADDR", s.Addr()); want != "" && !s.WaitLog(want) {
				log := s.ErrorLog()
				t.Errorf("no %q in the log, which ends\n%s", want, log[max(0, len(log)-2500):])
			}
			if c.not != "" && strings.Contains(s.ErrorLog()[before:], c.not) {
				t.Errorf("%q is in the log", c.not)
			}
		})
	}
}

// TestForeignSession: a session of one server is not resumed at another, even where they store in one place.
func TestForeignSession(t *testing.T) {
	dir, _ := setUp(t)
	s := phasetest.StartIn(t, dir, `events {} http { lua_shared_dict kept 1m; `+storing+`
	ssl_session_fetch_by_lua_block {
		local sess, kept = require "ngx.ssl.session", ngx.shared.kept
		assert(sess.set_serialized_session(kept:get(kept:get_keys()[1])))
		print("given")
	}
	ssl_session_tickets off;
	server { listen ADDR ssl; server_name own.test; ssl_certificate own.test.pem; ssl_certificate_key own.test.key; location / { content_by_lua_block { ngx.print("ok") } } }
	server { listen ADDR ssl; server_name other.test; ssl_certificate other.test.pem; ssl_certificate_key other.test.key; location / { content_by_lua_block { ngx.print("ok") } } }
	}`, ssl.Module, luastd.Complete())
	cache := tls.NewLRUClientSessionCache(8)
	cfg := &tls.Config{ServerName: "own.test", InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, ClientSessionCache: cache}
	if _, _, err := dial(s, cfg, "/"); err != nil {
		t.Fatal(err)
	}
	cs, _ := cache.Get("own.test")
	cache.Put("other.test", cs)
	cfg.ServerName = "other.test"
	state, _, err := dial(s, cfg, "/")
	if err != nil || state.DidResume {
		t.Errorf("resumed: %v, %v", state.DidResume, err)
	}
	if !s.WaitLog("given") {
		t.Error("the script was not asked")
	}
}
