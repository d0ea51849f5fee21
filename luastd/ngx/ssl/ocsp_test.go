package ssl_test

import (
	"crypto"
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"moongate/phases/phasetest"
)

func TestOCSP(t *testing.T) {
	dir, ca := setUp(t)
	stranger := issue(t, dir, "stranger", ecKey(t), nil)
	leaf := issue(t, dir, "stapled.test", ecKey(t), ca)
	response := func(name string, status int, by *tls.Certificate, until time.Duration) {
		t.Helper()
		now := time.Now()
		b, err := ocsp.CreateResponse(by.Leaf, by.Leaf, ocsp.Response{
			Status: status, SerialNumber: leaf.Leaf.SerialNumber, ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(until), RevokedAt: now.Add(-time.Minute), Certificate: nil,
			IssuerHash: crypto.SHA1,
		}, by.PrivateKey.(crypto.Signer))
		if err != nil {
			t.Fatal(err)
		}
		phasetest.WriteFile(t, dir+"conf/"+name, string(b))
	}
	response("good.der", ocsp.Good, ca, time.Hour)
	response("revoked.der", ocsp.Revoked, ca, time.Hour)
	response("unknown.der", ocsp.Unknown, ca, time.Hour)
	response("old.der", ocsp.Good, ca, -30*time.Minute)
	response("strange.der", ocsp.Good, stranger, time.Hour)
	phasetest.WriteFile(t, dir+"conf/later.der", string([]byte{0x30, 3, 0x0a, 1, 3}))

	const chain = `local ocsp, ssl = require "ngx.ocsp", require "ngx.ssl"
		local chain = ssl.cert_pem_to_der(slurp("stapled.test.pem")) .. ssl.cert_pem_to_der(slurp("ca.pem")) `
	for _, c := range []struct{ name, script, want string }{
		{"no responder", `ngx.print(ocsp.get_ocsp_responder_from_der_chain(chain))`, "nil"},
		{"no chain", `ngx.print(ocsp.get_ocsp_responder_from_der_chain("x"))`, "nild2i_X509_bio() failed"},
		{"request", `ngx.print(#ocsp.create_ocsp_request(chain) > 50)`, "true"},
		{"request without an issuer", `ngx.print(ocsp.create_ocsp_request(ssl.cert_pem_to_der(slurp("stapled.test.pem"))))`, "nilno issuer certificate in chain"},
		{"request too long", `ngx.print((select(2, ocsp.create_ocsp_request(chain, 10)):gsub("%d+ >", "N >")))`, "output buffer too small: N > 10"},
		{"good", `local ok, next = ocsp.validate_ocsp_response(slurp("good.der"), chain) ngx.print(ok, " ", next > ngx.time())`, "true true"},
		{"revoked", `ngx.print(ocsp.validate_ocsp_response(slurp("revoked.der"), chain))`, `nilcertificate status "revoked" in the OCSP response`},
		{"unknown", `ngx.print(ocsp.validate_ocsp_response(slurp("unknown.der"), chain))`, `nilcertificate status "unknown" in the OCSP response`},
		{"old", `ngx.print(ocsp.validate_ocsp_response(slurp("old.der"), chain))`, "nilOCSP_check_validity() failed"},
		{"signed by a stranger", `ngx.print(ocsp.validate_ocsp_response(slurp("strange.der"), chain))`, "nilOCSP_basic_verify() failed"},
		{"later", `ngx.print(ocsp.validate_ocsp_response(slurp("later.der"), chain))`, "nilOCSP response not successful (3: trylater)"},
		{"nonsense", `ngx.print(ocsp.validate_ocsp_response("x", chain))`, "nild2i_OCSP_RESPONSE() failed"},
		{"another certificate", `ngx.print(ocsp.validate_ocsp_response(slurp("good.der"), ssl.cert_pem_to_der(slurp("other.test.pem")) .. ssl.cert_pem_to_der(slurp("ca.pem"))))`,
			"nilcertificate status not found in the OCSP response"},
		{"short message", `ngx.print(ocsp.validate_ocsp_response("x", chain, 3))`, "nild2i"},
		{"no handshake", `ngx.print(ocsp.set_ocsp_status_resp("x"))`, "nilbad lua context"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := server(t, dir, "", "location /x { content_by_lua_block { "+chain+c.script+" } }")
			if _, body, err := dial(s, &tls.Config{ServerName: "own.test", InsecureSkipVerify: true}, "/x"); body != c.want {
				t.Errorf("%q, %v; want %q", body, err, c.want)
			}
		})
	}
	for _, c := range []struct{ name, conf string }{
		{"by a script", `ssl_certificate_by_lua_block { assert(require("ngx.ocsp").set_ocsp_status_resp("staple")) }`},
		{"from a file", `ssl_stapling on; ssl_stapling_file good.der;`},
	} {
		t.Run("stapled "+c.name, func(t *testing.T) {
			s := server(t, dir, "", c.conf)
			state, _, err := dial(s, &tls.Config{ServerName: "own.test", InsecureSkipVerify: true}, "/")
			if err != nil || len(state.OCSPResponse) == 0 {
				t.Errorf("%q, %v", state.OCSPResponse, err)
			}
		})
	}
}

func TestConfCommand(t *testing.T) {
	dir, _ := setUp(t)
	for _, c := range []struct {
		name, conf string
		version    uint16 // 0: no handshake
	}{
		{"protocol", "ssl_conf_command MaxProtocol TLSv1.2;", tls.VersionTLS12},
		{"cipher that the client lacks", "ssl_conf_command MaxProtocol TLSv1.2; ssl_conf_command CipherString AES128-SHA;", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := server(t, dir, "", c.conf)
			state, _, err := dial(s, &tls.Config{ServerName: "own.test", InsecureSkipVerify: true}, "/")
			if state.Version != c.version {
				t.Errorf("%x, %v", state.Version, err)
			}
			if c.version == 0 && !s.WaitLog("SSL_do_handshake() failed (SSL: error:0A0000C1:SSL routines::no shared cipher)") {
				t.Errorf("not logged:\n%s", strings.TrimSpace(s.ErrorLog()))
			}
		})
	}
}
