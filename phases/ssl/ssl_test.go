package ssl

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/echo"
	"moongate/phases/phasetest"
)

// authority signs the certificates of a test.
type authority struct {
	*tls.Certificate
	pem string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	c := phasetest.Issue(t, x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil)
	text, _ := phasetest.PEM(t, c)
	return &authority{c, text}
}

// issue makes a certificate for name that is valid until the given time.
func (a *authority) issue(t *testing.T, name string, until time.Time) (certPEM, keyPEM string) {
	t.Helper()
	return phasetest.PEM(t, phasetest.Issue(t, x509.Certificate{
		SerialNumber: big.NewInt(0xabc), Subject: pkix.Name{CommonName: name, Organization: []string{"A, B"}}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, nil, a.Certificate))
}

// get sends one request over TLS and gives the body; an error of the handshake is returned.
func get(t *testing.T, s *phasetest.Server, cfg *tls.Config, host, path string) (*phasetest.Response, error) {
	t.Helper()
	raw, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	c := tls.Client(raw, cfg)
	if err := c.Handshake(); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n"); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(c)
	if len(b) == 0 {
		return nil, err
	}
	return phasetest.Parse(t, string(b), "GET"), nil
}

func setUp(t *testing.T) (dir string, ca, other *authority) {
	dir = phasetest.Dir(t)
	ca, other = newAuthority(t, "ca"), newAuthority(t, "other")
	for _, name := range []string{"one.test", "two.test"} {
		cert, key := ca.issue(t, name, time.Now().Add(time.Hour))
		phasetest.WriteFile(t, dir+"conf/"+name+".pem", cert)
		phasetest.WriteFile(t, dir+"conf/"+name+".key", key)
	}
	phasetest.WriteFile(t, dir+"conf/ca.pem", ca.pem)
	return dir, ca, other
}

func clientConfig(ca *authority, name string) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(ca.Leaf)
	return &tls.Config{RootCAs: pool, ServerName: name, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
}

func TestServerNames(t *testing.T) {
	dir, ca, _ := setUp(t)
	s := phasetest.StartIn(t, dir, `events {} http {
		server { listen ADDR ssl; server_name one.test; ssl_certificate one.test.pem; ssl_certificate_key one.test.key; ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;
			location / { echo "one $scheme $ssl_protocol $ssl_server_name $ssl_session_reused $ssl_client_verify $ssl_cipher $ssl_curve"; } 
			location /hello { echo "$ssl_ciphers $ssl_curves"; } }
		server { listen ADDR ssl; server_name two.test *.two.test; ssl_certificate two.test.pem; ssl_certificate_key two.test.key; ssl_protocols TLSv1.2;
			location / { echo "two $ssl_protocol"; } }
		server { listen ADDR ssl; server_name no.test; ssl_reject_handshake on; }
	}`, Module, echo.Module)
	cfg := clientConfig(ca, "one.test")
	for _, want := range []string{"one https TLSv1.3 one.test . NONE TLS_", "one https TLSv1.3 one.test r NONE TLS_"} {
		res, err := get(t, s, cfg, "one.test", "/")
		if err != nil || !strings.HasPrefix(res.Body, want) {
			t.Fatalf("%v %v, want %q", res, err, want)
		}
	}
	cfg12 := clientConfig(ca, "one.test")
	cfg12.MaxVersion, cfg12.CurvePreferences = tls.VersionTLS12, []tls.CurveID{tls.CurveP256}
	res, err := get(t, s, cfg12, "one.test", "/")
	if err != nil || !strings.HasSuffix(res.Body, " TLSv1.2 one.test . NONE ECDHE-ECDSA-AES128-GCM-SHA256 prime256v1\n") {
		t.Errorf("TLS 1.2: %v %v", res, err)
	}
	if res, err = get(t, s, cfg12, "one.test", "/hello"); err != nil || !strings.Contains(res.Body, "ECDHE-RSA-AES128-GCM-SHA256") || !strings.HasSuffix(res.Body, " prime256v1\n") {
		t.Errorf("hello: %v %v", res, err)
	}
	if res, err = get(t, s, clientConfig(ca, "two.test"), "two.test", "/"); err != nil || res.Body != "two TLSv1.2\n" {
		t.Errorf("two: %v %v", res, err)
	}
	if _, err = get(t, s, clientConfig(ca, "no.test"), "no.test", "/"); err == nil {
		t.Error("ssl_reject_handshake let a client in")
	}
	unknown := clientConfig(ca, "unknown.test")
	unknown.InsecureSkipVerify = true
	if res, err = get(t, s, unknown, "unknown.test", "/"); err != nil || !strings.HasPrefix(res.Body, "one ") {
		t.Errorf("unknown name: %v %v", res, err)
	}
}

func TestClientCertificates(t *testing.T) {
	dir, ca, other := setUp(t)
	s := phasetest.StartIn(t, dir, `events {} http { ssl_certificate one.test.pem; ssl_certificate_key one.test.key; ssl_client_certificate ca.pem;
		server { listen ADDR ssl; server_name one.test; ssl_verify_client on;
			location / { echo "$ssl_client_verify $ssl_client_s_dn $ssl_client_i_dn_legacy $ssl_client_serial"; } }
		server { listen ADDR ssl; server_name optional.test; ssl_verify_client optional; location / { echo "$ssl_client_verify"; } }
		server { listen ADDR ssl; server_name noca.test; ssl_verify_client optional_no_ca; location / { echo "$ssl_client_verify"; } }
	}`, Module, echo.Module)
	config := func(name string, a *authority, until time.Duration) *tls.Config {
		cfg := clientConfig(ca, name)
		cfg.InsecureSkipVerify = true
		if a != nil {
			cert, key := a.issue(t, "client", time.Now().Add(until))
			pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
			if err != nil {
				t.Fatal(err)
			}
			// whatever authorities the server names
			cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		return cfg
	}
	tests := []struct {
		name, server, host string
		ca                 *authority
		until              time.Duration
		status             int
		body, log          string
	}{
		{"good", "one.test", "one.test", ca, time.Hour, 200, `SUCCESS CN=client,O=A\, B /CN=ca 0ABC` + "\n", ""},
		{"none", "one.test", "one.test", nil, 0, 400, "No required SSL certificate was sent", "client sent no required SSL certificate"},
		{"of another authority", "one.test", "one.test", other, time.Hour, 400, "The SSL certificate error", "client SSL certificate verify error: (21:unable to verify the first certificate)"},
		{"expired", "one.test", "one.test", ca, -time.Hour, 400, "The SSL certificate error", "(10:certificate has expired)"},
		{"optional, none", "optional.test", "optional.test", nil, 0, 200, "NONE\n", ""},
		{"optional, bad", "optional.test", "optional.test", other, time.Hour, 400, "", ""},
		{"no ca", "noca.test", "noca.test", other, time.Hour, 200, "FAILED:unable to verify the first certificate\n", ""},
		{"another host", "noca.test", "one.test", ca, time.Hour, 421, "", "client attempted to request the server name different"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := config(tt.server, tt.ca, tt.until)
			for _, round := range []string{"first", "resumed"} {
				res, err := get(t, s, cfg, tt.host, "/")
				if err != nil {
					t.Fatal(err)
				}
				if res.Status != tt.status || !strings.Contains(res.Body, tt.body) {
					t.Errorf("%s: %d %q, want %d %q", round, res.Status, res.Body, tt.status, tt.body)
				}
			}
			if tt.log != "" && !s.WaitLog(tt.log) {
				t.Errorf("the log lacks %q", tt.log)
			}
		})
	}
}

func TestHooks(t *testing.T) {
	dir, ca, _ := setUp(t)
	var seen []string
	hooks := phases.NewModule(phases.Module{Name: "hooks", Directives: []phases.Directive{
		{Name: "hooks", Ctx: phases.CtxServer, Args: phases.NoArgs, Set: func(l *phases.Load, _ *conf.Directive, _ any) error {
			OnClientHello(l, l.Server, func(_ context.Context, h *Handshake) error {
				seen = append(seen, "hello "+h.Hello.ServerName+" "+h.Conn.RemoteIP)
				if h.Hello.ServerName == "bad.test" {
					return errors.New("refused by a hook")
				}
				h.MaxVersion = tls.VersionTLS12
				return nil
			})
			OnCertificate(l, l.Server, func(_ context.Context, h *Handshake) error {
				pair, err := LoadPair(dir+"conf/two.test.pem", dir+"conf/two.test.key", nil)
				h.Certificates = []tls.Certificate{pair}
				return err
			})
			return nil
		}},
	}})
	s := phasetest.StartIn(t, dir, `events {} http { server { listen ADDR ssl; hooks; ssl_certificate one.test.pem; ssl_certificate_key one.test.key;
		location / { echo "$ssl_protocol"; } } }`, Module, echo.Module, hooks)
	res, err := get(t, s, clientConfig(ca, "two.test"), "two.test", "/")
	if err != nil || res.Body != "TLSv1.2\n" {
		t.Errorf("%v %v", res, err)
	}
	if _, err := get(t, s, clientConfig(ca, "bad.test"), "bad.test", "/"); err == nil {
		t.Error("a hook's error did not end the handshake")
	}
	if len(seen) != 2 || seen[0] != "hello two.test 127.0.0.1" {
		t.Errorf("seen: %q", seen)
	}
	if !s.WaitLog("refused by a hook") {
		t.Errorf("log: %s", s.ErrorLog())
	}
}

func TestParseCiphers(t *testing.T) {
	for _, tt := range []struct{ name, list, want, err string }{
		{"names", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES128-GCM-SHA256", ""},
		{"and", "ECDHE+AESGCM+ECDSA", "ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-GCM-SHA256", ""},
		{"removed for good", "AESGCM:!RSA:RSA", "ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-AES128-GCM-SHA256", ""},
		{"removed", "AES128+kRSA:-SHA:AES128-SHA", "AES128-GCM-SHA256 AES128-SHA256 AES128-SHA", ""},
		{"moved back", "RSA+AESGCM:+AES256-GCM-SHA384:!ECDHE", "AES128-GCM-SHA256 AES256-GCM-SHA384", ""},
		{"what Go lacks", "DHE-RSA-AES256-GCM-SHA384:AES128-SHA:!aNULL:!MD5:@STRENGTH", "AES128-SHA", ""},
		{"TLS 1.3", "TLS_AES_128_GCM_SHA256:AES128-SHA", "AES128-SHA", ""},
		{"unknown", "HIGH:NOSUCH", "", `unknown cipher "NOSUCH"`},
		{"nothing left", "aNULL", "", `SSL_CTX_set_cipher_list("aNULL") failed (SSL: no cipher match)`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ids, err := parseCiphers(tt.list)
			var names []string
			for _, id := range ids {
				names = append(names, cipherName(id))
			}
			text := ""
			if err != nil {
				text = err.Error()
			}
			if got := strings.Join(names, " "); got != tt.want || text != tt.err {
				t.Errorf("%q %q", got, text)
			}
		})
	}
}

// encryptedKey was made by openssl genpkey -aes-256-cbc, the password is "secret".
const encryptedKey = `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAijT1HUmxCG5wICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEENq/E9g/h43CU9WHoxYRjCoEgZBG
L+fPB2bB/ef6vnf6ZraFimpxOCgtW9UjBiEWK5a0cHLgZm04qjAgtp9FeZqMGktM
F0eTvpIzZiu3MOPAlmGNXFoj2E8NkTBomVNIeG+YJUnkeC8QRoq7LxAJn6SI4ddu
KjVMnbaElmZVoNMfD2lotrOIh2rDyHxo6KNrGGYec7c7u27pvBHyoqVGzyHfZMU=
-----END ENCRYPTED PRIVATE KEY-----
`

// legacyKey was made by openssl ec -aes128 -traditional, the password is "secret".
const legacyKey = `-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,607D79AF860ED3F28BA51B62693FB6D3

K1gO74w13o5Mxndz4AOEXokaMqzNhjuPc4iGBbbtk+ZblvUD5ryglXBiynTSUIVf
gM7mY05u+O75d7VHfwWhZ9qj3yCaja34VAkc/Fx5rlmMmLj0kBbkVnsASzcgdlcW
rtME2negC1ZQOHq7x9b6EvzlZfb/hBWwWXkoi5dobdQ=
-----END EC PRIVATE KEY-----
`

func TestDecrypt(t *testing.T) {
	for name, text := range map[string]string{"PKCS 8": encryptedKey, "traditional": legacyKey} {
		if _, err := decrypt([]byte(text), nil); err == nil || !strings.Contains(err.Error(), "no ssl_password_file") {
			t.Errorf("%s without password: %v", name, err)
		}
		if _, err := decrypt([]byte(text), [][]byte{[]byte("wrong")}); err == nil {
			t.Errorf("%s with a wrong password: %v", name, err)
		}
		clear, err := decrypt([]byte(text), [][]byte{[]byte("wrong"), []byte("secret")})
		if err != nil || bytes.Contains(clear, []byte("ENCRYPTED")) {
			t.Errorf("%s: %q %v", name, clear, err)
		}
	}
}

func TestConfiguration(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"no certificate", "", `no "ssl_certificate" is defined for the "listen ... ssl" directive in conf/nginx.conf:2`},
		{"no key", "ssl_certificate x.pem;", `no "ssl_certificate_key" is defined for certificate "conf/x.pem"`},
		{"no file", "ssl_certificate x.pem; ssl_certificate_key x.pem;", `cannot load certificate "conf/x.pem": open() failed (2: No such file or directory)`},
		{"protocol", "ssl_protocols TLSv9;", `invalid value "TLSv9"`},
		{"gap", "ssl_protocols TLSv1 TLSv1.2;", `"ssl_protocols" directive leaves a gap between protocols`},
		{"cipher", "ssl_ciphers NOSUCH;", `unknown cipher "NOSUCH"`},
		{"curve", "ssl_ecdh_curve K-1;", `unknown curve "K-1"`},
		{"session cache", "ssl_session_cache shared:x;", `invalid session cache "shared:x"`},
		{"stapling", "ssl_stapling_responder http://a.test/;", "not supported by moongate yet"},
		{"conf command", "ssl_conf_command RecordPadding 4;", `SSL_CONF_cmd("RecordPadding", "4") failed`},
		{"variable", "ssl_certificate $ssl_server_name.pem;", `variables in "ssl_certificate" are not supported by moongate yet`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := phasetest.LoadError(t, "http { server { listen ADDR ssl; "+tt.text+" } }", Module)
			if !strings.Contains(got, tt.want) {
				t.Errorf("error %q, want %q in it", got, tt.want)
			}
		})
	}
	ok := "ssl_reject_handshake on; ssl_stapling off; ssl_session_cache shared:SSL:10m; ssl_session_cache builtin:1000 shared:S:1m; ssl_prefer_server_ciphers on; ssl_early_data on;"
	if got := phasetest.LoadError(t, "http { server { listen ADDR ssl; "+ok+" } }", Module); got != "" {
		t.Errorf("%q", got)
	}
}
