package socket_test

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"moongate/phases/phasetest"
)

// authority signs certificates for tests.
type authority struct {
	*tls.Certificate
	pem string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	c := phasetest.Issue(t, x509.Certificate{
		Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, nil, nil)
	text, _ := phasetest.PEM(t, c)
	return &authority{c, text}
}

// server makes a TLS server's certificate for test.com, which signs itself where there is no authority.
func (a *authority) server(t *testing.T, serial int64, until time.Time) tls.Certificate {
	t.Helper()
	tmpl := x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test.com"}, DNSNames: []string{"test.com"},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if a == nil {
		return *phasetest.Issue(t, tmpl, nil, nil)
	}
	return *phasetest.Issue(t, tmpl, nil, a.Certificate)
}

// secureEcho answers lines over TLS; the greeting tells the name asked for and whether a session was resumed.
func secureEcho(t *testing.T, cfg *tls.Config) string {
	return serve(t, func(c net.Conn) {
		s := tls.Server(c, cfg)
		if s.Handshake() != nil {
			return
		}
		cs := s.ConnectionState()
		greeting := "name=" + cs.ServerName + " resumed=no client=" + clientName(cs) + "\n"
		if cs.DidResume {
			greeting = strings.Replace(greeting, "=no", "=yes", 1)
		}
		io.WriteString(s, greeting) //nolint:errcheck // the script may have left
		echo(s)
	})
}

func clientName(cs tls.ConnectionState) string {
	if len(cs.PeerCertificates) == 0 {
		return "none"
	}
	return cs.PeerCertificates[0].Subject.CommonName
}

func TestHandshake(t *testing.T) {
	ca := newAuthority(t)
	later := time.Now().Add(time.Hour)
	good := secureEcho(t, &tls.Config{Certificates: []tls.Certificate{ca.server(t, 2, later)}})
	old := secureEcho(t, &tls.Config{Certificates: []tls.Certificate{ca.server(t, 3, time.Now().Add(-time.Hour))}})
	revoked := secureEcho(t, &tls.Config{Certificates: []tls.Certificate{ca.server(t, 9, later)}})
	lonely := secureEcho(t, &tls.Config{Certificates: []tls.Certificate{(*authority)(nil).server(t, 4, later)}})
	plain := serve(t, says("no TLS here, sorry\n"))
	silent := serve(t, func(c net.Conn) { io.Copy(io.Discard, c) }) //nolint:errcheck // until the script leaves
	dir := phasetest.Dir(t)
	phasetest.WriteFile(t, dir+"conf/ca.pem", ca.pem)
	crl, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), NextUpdate: later, RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(9), RevocationTime: time.Now()}},
	}, ca.Leaf, ca.PrivateKey.(crypto.Signer))
	if err != nil {
		t.Fatal(err)
	}
	phasetest.WriteFile(t, dir+"conf/crl.pem", string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: crl})))
	tests := []struct{ name, conf, port, lua, want, log string }{
		{"without verification", "", good, `ngx.say(type(sock:sslhandshake(nil, "test.com"))) ngx.say(sock:receive()) sock:send("hi\n") ngx.say(sock:receive())`,
			"cdata\nname=test.com resumed=no client=none\nhi\n", `lua ssl server name: "test.com"`},
		{"a session is freed", "", good, `do local x = sock:sslhandshake(nil, "test.com") x = nil sock:close() end collectgarbage() ngx.say("done")`, "done\n", "lua ssl free session: "},
		{"no session wanted", "", good, `ngx.say(sock:sslhandshake(false)) ngx.say(sock:sslhandshake(false)) ngx.say(sock:receive())`,
			"true\ntrue\nname= resumed=no client=none\n", ""},
		{"verified", "lua_ssl_trusted_certificate ca.pem;", good, `ngx.say(sock:sslhandshake(false, "test.com", true))`, "true\n", ""},
		{"wrong name", "lua_ssl_trusted_certificate ca.pem;", good, `ngx.say(sock:sslhandshake(nil, "blah.com", true)) ngx.say(sock:send("x"))`,
			"nilcertificate host mismatch\nnilclosed\n", `lua ssl certificate does not match host "blah.com", upstream: 127.0.0.1:`},
		{"unknown issuer", "", good, `ngx.say(sock:sslhandshake(nil, "test.com", true))`, "nil20: unable to get local issuer certificate\n",
			"lua ssl certificate verify error: (20: unable to get local issuer certificate)"},
		{"self-signed", "", lonely, `ngx.say(sock:sslhandshake(nil, "test.com", true))`, "nil18: self-signed certificate\n", ""},
		{"expired", "lua_ssl_trusted_certificate ca.pem;", old, `ngx.say(sock:sslhandshake(nil, "test.com", true))`, "nil10: certificate has expired\n", ""},
		{"revoked", "lua_ssl_trusted_certificate ca.pem; lua_ssl_crl crl.pem;", revoked, `ngx.say(sock:sslhandshake(nil, "test.com", true))`, "nil23: certificate revoked\n", ""},
		{"not revoked", "lua_ssl_trusted_certificate ca.pem; lua_ssl_crl crl.pem;", good, `ngx.say(type(sock:sslhandshake(nil, "test.com", true)))`, "cdata\n", ""},
		{"no TLS there", "", plain, `ngx.say(sock:sslhandshake())`, "nilhandshake failed\n", "SSL_do_handshake() failed (SSL: wrong version number"},
		{"timeout", "", silent, `sock:settimeout(20) ngx.say(sock:sslhandshake())`, "niltimeout\n", ""},
		{"reuse", "lua_ssl_protocols TLSv1.2;", good, `local sess = sock:sslhandshake(nil, "test.com") sock:receive() sock:close()
			sock:connect("127.0.0.1", PORT) ngx.say(type(sock:sslhandshake(sess, "test.com"))) ngx.say(sock:receive())`,
			"cdata\nname=test.com resumed=yes client=none\n", "SSL reused session"},
		{"keepalive", "", good, `sock:sslhandshake(nil, "test.com") sock:receive() ngx.say(sock:setkeepalive())
			sock:connect("127.0.0.1", PORT) ngx.say(sock:getreusedtimes(), sock:sslhandshake(false)) sock:send("again\n") ngx.say(sock:receive())`,
			"1\n1true\nagain\n", ""},
		{"arguments", "", good, `ngx.say(select(2, pcall(sock.sslhandshake))) ngx.say(sock:setclientcert(nil, nil)) ngx.say(sock:setclientcert(1)) ngx.say(sock:setclientcert(1, 2))`,
			"ngx.socket sslhandshake: expecting 1 ~ 5 arguments (including the object), but seen 0\ntrue\n" +
				"nilclient certificate must be supplied with corresponding private key\nnilbad cert arg: cdata expected, got number\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := phasetest.StartIn(t, dir, `events {} http { `+tt.conf+` server { listen ADDR; location /t { content_by_lua_block {
				`+strings.ReplaceAll(open+tt.lua, "PORT", tt.port)+` } } } }`, complete())
			body := s.Get("/t").Body
			if d := cmp.Diff(tt.want, body); d != "" {
				t.Errorf("%s\n%s", d, s.ErrorLog())
			}
			if !strings.Contains(s.ErrorLog(), tt.log) {
				t.Errorf("no %q in\n%s", tt.log, s.ErrorLog())
			}
		})
	}
}

func TestClientCertificate(t *testing.T) {
	ca := newAuthority(t)
	pair := ca.server(t, 5, time.Now().Add(time.Hour))
	others := x509.NewCertPool() // whom the server names: the certificate is sent all the same
	others.AddCert(newAuthority(t).Leaf)
	port := secureEcho(t, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert, ClientCAs: others})
	dir := phasetest.Dir(t)
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	phasetest.WriteFile(t, dir+"c.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})))
	phasetest.WriteFile(t, dir+"k.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	s := phasetest.StartIn(t, dir, `events {} http { lua_ssl_certificate `+dir+`c.pem; lua_ssl_certificate_key `+dir+`k.pem; server { listen ADDR; location /t { content_by_lua_block {
		`+strings.ReplaceAll(open, "PORT", port)+` ngx.say(sock:sslhandshake(false)) ngx.say(sock:receive()) } } } }`, complete())
	if d := cmp.Diff("true\nname= resumed=no client=test.com\n", s.Get("/t").Body); d != "" {
		t.Errorf("%s\n%s", d, s.ErrorLog())
	}
}
