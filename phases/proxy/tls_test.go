package proxy_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"moongate/phases/phasetest"
)

// certificate makes a self-signed certificate for name and writes it, and its key, to files.
func certificate(t testing.TB, name string) (pair tls.Certificate, cert, key string) {
	t.Helper()
	c := phasetest.Issue(t, x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}, nil, nil)
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	phasetest.WritePEM(t, c, cert, key)
	return *c, cert, key
}

func TestTLS(t *testing.T) {
	pair, cert, key := certificate(t, "up.example")
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert, MaxVersion: tls.VersionTLS12})
	b := serve(t, server, func(e *exchange) {
		for {
			if _, _, err := e.request(); err != nil {
				return
			}
			st := e.Conn.(*tls.Conn).ConnectionState()
			name := st.ServerName
			if len(st.PeerCertificates) > 0 {
				name += " cert"
			}
			if st.DidResume {
				name += " resumed"
			}
			io.WriteString(e, ok("sni="+name)) //nolint:errcheck // the test sees what came
		}
	})
	for _, tt := range []struct {
		name, conf string
		status     int
		body, log  string
	}{
		{"plain", "", 200, "sni=", ""},
		{"name from the URL is no IP", "proxy_ssl_server_name on;", 200, "sni=", ""},
		{"name", "proxy_ssl_server_name on; proxy_ssl_name other.example:443;", 200, "sni=other.example", ""},
		{"verified", "proxy_ssl_verify on; proxy_ssl_trusted_certificate CERT; proxy_ssl_name up.example;", 200, "sni=", ""},
		{"wrong name", "proxy_ssl_verify on; proxy_ssl_trusted_certificate CERT; proxy_ssl_name down.example;", 502, "", `upstream SSL certificate does not match "down.example" while SSL handshaking to upstream, client: 127.0.0.1, server: , request: "GET / HTTP/1.1", upstream: "https://`},
		{"not trusted", "proxy_ssl_verify on; proxy_ssl_trusted_certificate OTHER; proxy_ssl_name up.example;", 502, "", "upstream SSL certificate verify error: ("},
		{"client certificate", "proxy_ssl_certificate CERT; proxy_ssl_certificate_key KEY;", 200, "sni= cert", ""},
		{"old protocol only", "proxy_ssl_protocols TLSv1.3;", 502, "", "SSL_do_handshake() failed (SSL: "},
		{"cipher", "proxy_ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:!aNULL;", 200, "sni=", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, other, _ := certificate(t, "up.example")
			conf := strings.NewReplacer("CERT", cert, "KEY", key, "OTHER", other).Replace(tt.conf)
			for _, server := range []string{
				"location / { " + conf + " proxy_pass https://BACKEND0; }",
				conf + " location / { proxy_pass https://BACKEND0; }",
			} {
				s := start(t, "", server, b)
				res := s.Get("/")
				if res.Status != tt.status || tt.status == 200 && res.Body != tt.body {
					t.Errorf("%s: %d %q\n%s", server, res.Status, res.Body, s.ErrorLog())
				}
				if !s.WaitLog(tt.log) {
					t.Errorf("%s: log lacks %q:\n%s", server, tt.log, s.ErrorLog())
				}
			}
		})
	}
	t.Run("sessions are reused", func(t *testing.T) {
		s := start(t, "", "location / { proxy_ssl_server_name on; proxy_ssl_name a.example; proxy_pass https://BACKEND0; }", b)
		s.Get("/")
		if res := s.Get("/"); res.Body != "sni=a.example resumed" {
			t.Errorf("%q", res.Body)
		}
	})
	t.Run("kept connections", func(t *testing.T) {
		before, _ := b.counts()
		s := start(t, "upstream u { server BACKEND0; keepalive 2; }", `location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass https://u; }`, b)
		for range 5 {
			if res := s.Get("/"); res.Status != 200 {
				t.Fatal(s.ErrorLog())
			}
		}
		if after, _ := b.counts(); after-before != 1 {
			t.Errorf("%d connections", after-before)
		}
	})
	t.Run("no TLS there", func(t *testing.T) {
		s := start(t, "", "location / { proxy_pass https://BACKEND0; }", scripted(t, func(e *exchange) {
			io.WriteString(e, "HTTP/1.0 400 Bad\r\n\r\n") //nolint:errcheck // the test sees what came
		}))
		if res := s.Get("/"); res.Status != 502 {
			t.Errorf("status %d", res.Status)
		}
	})
}
