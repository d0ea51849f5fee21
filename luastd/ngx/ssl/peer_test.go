package ssl_test

import (
	"strings"
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
	"moongate/phases/proxy"
	"moongate/phases/ssl"
	"moongate/phases/upstream"
)

// TestUpstreamScripts: proxy_ssl_certificate_by_lua* and proxy_ssl_verify_by_lua* in a location whose upstream wants a
// certificate and has one of ca.
func TestUpstreamScripts(t *testing.T) {
	dir, ca := setUp(t)
	issue(t, dir, "client", ecKey(t), ca)
	const (
		cert   = `proxy_ssl_certificate_by_lua_block { local pc, ssl = require "ngx.ssl.proxysslcert", require "ngx.ssl" `
		verify = `proxy_ssl_verify_by_lua_block { local pv = require "ngx.ssl.proxysslverify" `
		own    = `proxy_ssl_certificate client.pem; proxy_ssl_certificate_key client.key; `
		trust  = `proxy_ssl_verify on; proxy_ssl_trusted_certificate ca.pem; proxy_ssl_name own.test; `
		choose = `assert(pc.set_cert(assert(ssl.parse_pem_cert(slurp("client.pem"))))) assert(pc.set_priv_key(assert(ssl.parse_pem_priv_key(slurp("client.key")))))`
	)
	for _, c := range []struct {
		name, conf string
		status     int
		body, log  string
	}{
		{"none", cert + `print("asked") }`, 200, "NONE", "asked while loading proxy ssl certificate by lua, client: 127.0.0.1"},
		{"chosen", cert + choose + `}`, 200, "SUCCESS", ""},
		{"chosen in DER", cert + `assert(pc.set_der_cert(ssl.cert_pem_to_der(slurp("client.pem")))) assert(pc.set_der_priv_key(ssl.priv_key_pem_to_der(slurp("client.key")))) }`, 200, "SUCCESS", ""},
		{"the directive's", own + cert + `}`, 200, "SUCCESS", ""},
		{"cleared", own + cert + `assert(pc.clear_certs()) }`, 200, "NONE", ""},
		{"after a sleep, with ngx.ctx", `access_by_lua_block { ngx.ctx.x = "seen" } ` + cert + `ngx.sleep(0.001) print("ctx ", ngx.ctx.x, " ", ngx.var.uri, " ", ngx.get_phase()) ngx.ctx.y = 1 } log_by_lua_block { print("back ", ngx.ctx.y) }`,
			200, "NONE", "back 1"},
		{"version", cert + `print("version ", require("ngx.proxyssl").get_tls1_version_str()) }`, 200, "NONE", "version TLSv1.3"},
		{"refused", cert + `ngx.exit(ngx.ERROR) }`, 502, "", "SSL_do_handshake() failed (SSL: error:0A0000EA:SSL routines::callback failed) while SSL handshaking to upstream"},
		{"an error", cert + `error("bad bad") }`, 502, "", "proxy_ssl_certificate_by_lua: handler return value: 500, cert cb exit code: 0"},
		{"too slow", `proxy_connect_timeout 1s; ` + cert + `ngx.sleep(10) } log_by_lua_block { print("logged") }`, 504, "", "upstream timed out (110: Connection timed out) while loading proxy ssl certificate by lua"},
		{"no subrequests", cert + `ngx.location.capture("/") }`, 502, "", "API disabled in the context of proxy_ssl_certificate_by_lua*"},

		{"trusted", trust + verify + `print("judging ", pv.get_verify_result(), " ", type(pv.get_verify_cert())) }`, 200, "NONE", "judging 0 cdata while loading proxy ssl verify by lua"},
		{"judged bad", trust + verify + `assert(pv.set_verify_result(23)) }`, 502, "", "upstream SSL certificate verify error: (23:certificate revoked) while SSL handshaking to upstream"},
		{"refused by the script", trust + verify + `ngx.sleep(0.001) ngx.exit(ngx.ERROR) }`, 502, "", "::certificate verify failed) while SSL handshaking to upstream"},
		{"not trusted", `proxy_ssl_verify on; proxy_ssl_trusted_certificate client.pem; ` + verify + `print("never") }`, 502, "", "upstream SSL certificate verify error: (21:unable to verify the first certificate)"},
		{"left to the script", `proxy_ssl_verify on; proxy_ssl_trusted_certificate client.pem; proxy_ssl_name own.test; lua_upstream_skip_openssl_default_verify on; ` + verify + `print("trusting") }`, 200, "NONE", "trusting"},
		{"the name counts still", `proxy_ssl_verify on; proxy_ssl_trusted_certificate client.pem; proxy_ssl_name no.test; lua_upstream_skip_openssl_default_verify on; ` + verify + `}`, 502, "",
			`upstream SSL certificate does not match "no.test"`},
		{"verified by the handshake", `proxy_ssl_conf_command VerifyMode Peer; proxy_ssl_trusted_certificate client.pem;`, 502, "", "SSL_do_handshake() failed (SSL: error:0A000086:SSL routines::certificate verify failed)"},
		{"not in another phase", trust + `access_by_lua_block { print(pcall(require("ngx.ssl.proxysslverify").get_verify_result)) print(select(2, require("ngx.proxyssl").get_tls1_version())) }`,
			200, "NONE", "falseAPI disabled in the current context"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := phasetest.StartIn(t, dir, strings.ReplaceAll(`events {} http { init_by_lua_block {`+lib+`}
			server { listen ADDR1 ssl; ssl_certificate own.test.pem; ssl_certificate_key own.test.key; ssl_client_certificate ca.pem; ssl_verify_client optional;
				location / { content_by_lua_block { ngx.print(ngx.var.ssl_client_verify) } } }
			server { listen ADDR; location / { proxy_pass https://ADDR1; proxy_ssl_session_reuse off; `+c.conf+` } }
			}`, "PREFIX", dir), ssl.Module, upstream.Module, proxy.Module, luastd.Complete())
			before := len(s.ErrorLog())
			res := s.Get("/")
			if res.Status != c.status || c.status == 200 && res.Body != c.body {
				t.Errorf("%d %q, want %d %q", res.Status, res.Body, c.status, c.body)
			}
			if c.log != "" && !s.WaitLog(c.log) {
				t.Errorf("no %q in the log:\n%s", c.log, s.ErrorLog()[before:])
			}
			if log := s.ErrorLog()[before:]; strings.Contains(log, "never") {
				t.Errorf("the script has run:\n%s", log)
			}
		})
	}
}

func TestUpstreamScriptWithoutTLS(t *testing.T) {
	for name, text := range map[string]string{
		"proxy_ssl_certificate_by_lua* should be used with proxy_pass https url": "proxy_ssl_certificate_by_lua_block { }",
		"proxy_ssl_verify_by_lua* should be used with proxy_pass https url":      "proxy_ssl_verify_by_lua_block { }",
	} {
		got := phasetest.LoadError(t, `events {} http { server { listen ADDR; location / { proxy_pass http://127.0.0.1:1; `+text+` } } }`, ssl.Module, upstream.Module, proxy.Module, luastd.Complete())
		if !strings.Contains(got, name) {
			t.Errorf("%q, want %q in it", got, name)
		}
	}
}
