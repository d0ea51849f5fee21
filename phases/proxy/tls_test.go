package proxy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"moongate/phases/phasetest"
)

// certificate makes a self-signed certificate for name and writes it, and its key, to files.
func certificate(t testing.TB, name string) (pair tls.Certificate, cert, key string) {
	t.Helper()
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &priv.PublicKey, priv)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	phasetest.WriteFile(t, cert, string(certPEM))
	phasetest.WriteFile(t, key, string(keyPEM))
	pair, err = tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return pair, cert, key
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
			s := start(t, "", "location / { "+conf+" proxy_pass https://BACKEND0; }", b)
			res := s.Get("/")
			if res.Status != tt.status || tt.status == 200 && res.Body != tt.body {
				t.Errorf("%d %q\n%s", res.Status, res.Body, s.ErrorLog())
			}
			if !s.WaitLog(tt.log) {
				t.Errorf("log lacks %q:\n%s", tt.log, s.ErrorLog())
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
