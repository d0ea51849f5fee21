package ssl_test

import (
	"bufio"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"moongate/luastd"
	"moongate/luastd/ngx/socket"
	ngxssl "moongate/luastd/ngx/ssl"
	"moongate/phases/phasetest"
	"moongate/phases/proxy"
	"moongate/phases/ssl"
	"moongate/phases/upstream"
)

// What parse_pem_cert and its like give is what cosockets take.
var (
	_ socket.CertChain    = (*ngxssl.Chain)(nil)
	_ socket.TrustedStore = (*ngxssl.Chain)(nil)
	_ socket.PrivateKey   = (*ngxssl.Key)(nil)
)

// issue makes a certificate for name, signed by parent or by itself, and writes it and its key to the prefix's conf.
func issue(t *testing.T, dir, name string, key crypto.Signer, parent *tls.Certificate) *tls.Certificate {
	t.Helper()
	c := phasetest.Issue(t, x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, BasicConstraintsValid: true, IsCA: parent == nil,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, key, parent)
	phasetest.WritePEM(t, c, dir+"conf/"+name+".pem", dir+"conf/"+name+".key")
	return c
}

func ecKey(t *testing.T) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// dial makes a handshake and one request for path, and gives the certificate's name, the version and the body.
func dial(s *phasetest.Server, cfg *tls.Config, path string) (state tls.ConnectionState, body string, err error) {
	raw, err := net.Dial("tcp", s.Addr())
	if err != nil {
		return state, "", err
	}
	defer raw.Close()
	c := tls.Client(raw, cfg)
	if err := c.Handshake(); err != nil {
		return state, "", err
	}
	io.WriteString(c, "GET "+path+" HTTP/1.0\r\nHost: "+cfg.ServerName+"\r\n\r\n")
	b, err := io.ReadAll(c)
	_, body, _ = strings.Cut(string(b), "\r\n\r\n")
	return c.ConnectionState(), body, err
}

const lib = `
	function _G.slurp(name) local f = assert(io.open("PREFIXconf/" .. name)); local s = f:read("*a"); f:close(); return s end
	function _G.dump(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
`

// setUp makes certificates for own.test, which the servers have, and other.test, signed by ca.
func setUp(t *testing.T) (dir string, ca *tls.Certificate) {
	dir = phasetest.Dir(t)
	ca = issue(t, dir, "ca", ecKey(t), nil)
	issue(t, dir, "own.test", ecKey(t), ca)
	issue(t, dir, "other.test", ecKey(t), ca)
	return dir, ca
}

func server(t *testing.T, dir, http, inServer string) *phasetest.Server {
	t.Helper()
	return phasetest.StartIn(t, dir, strings.ReplaceAll(`events {} http { init_by_lua_block {`+lib+`} `+http+`
	server { listen ADDR ssl; server_name own.test; ssl_certificate own.test.pem; ssl_certificate_key own.test.key;
	`+inServer+`
	location / { content_by_lua_block { ngx.print("ok") } }
	location /ssl { content_by_lua_block {
		local ssl = require "ngx.ssl"
		ngx.print(ssl.server_name(), " ", ssl.get_tls1_version_str(), " ", ssl.server_port() == tonumber(ngx.var.server_port), " ", dump((ssl.raw_client_addr())),
			" ", #ssl.export_keying_material(20, "EXPORTER-x"), " ", select(2, ssl.clear_certs()), " ", ngx.var.ssl_client_verify)
	} }
	} }`, "PREFIX", dir), ssl.Module, luastd.Complete())
}

func TestCertificateScript(t *testing.T) {
	dir, ca := setUp(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	issue(t, dir, "rsa.test", rsaKey, ca)
	enc, err := x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey), []byte("secret"), x509.PEMCipherAES128) //nolint:staticcheck // such keys exist
	if err != nil {
		t.Fatal(err)
	}
	phasetest.WriteFile(t, dir+"conf/locked.key", string(pem.EncodeToMemory(enc)))
	phasetest.WriteFile(t, dir+"conf/bad.pem", "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n")

	const choose = `local ssl = require "ngx.ssl"; assert(ssl.clear_certs()); `
	const tail = ", context: ssl_certificate_by_lua*, client: 127.0.0.1, server: ADDR"
	for _, c := range []struct {
		name, script string
		cert         string // its name; "" for a handshake that fails
		log          string
	}{
		{"the server's own", `print("x")`, "own.test", "[lua] ssl_certificate_by_lua(nginx.conf:7):1: x" + tail},
		{"parsed", choose + `assert(ssl.set_cert(assert(ssl.parse_pem_cert(slurp("other.test.pem"))))) assert(ssl.set_priv_key(assert(ssl.parse_pem_priv_key(slurp("other.test.key")))))`, "other.test", ""},
		{"der", choose + `assert(ssl.set_der_cert(assert(ssl.cert_pem_to_der(slurp("other.test.pem"))))) assert(ssl.set_der_priv_key(assert(ssl.priv_key_pem_to_der(slurp("other.test.key")))))`, "other.test", ""},
		{"parsed der", choose + `assert(ssl.set_cert(assert(ssl.parse_der_cert(ssl.cert_pem_to_der(slurp("rsa.test.pem")))))) assert(ssl.set_priv_key(assert(ssl.parse_der_priv_key(ssl.priv_key_pem_to_der(slurp("rsa.test.key"))))))`, "rsa.test", ""},
		{"encrypted key", choose + `assert(ssl.set_der_cert(ssl.cert_pem_to_der(slurp("rsa.test.pem")))) assert(ssl.set_der_priv_key(assert(ssl.priv_key_pem_to_der(slurp("locked.key"), "secret"))))`, "rsa.test", ""},
		{"wrong password", `print(require("ngx.ssl").priv_key_pem_to_der(slurp("locked.key"), "no"))`, "own.test", "nilPEM_read_bio_PrivateKey() failed" + tail},
		{"by name, after a sleep", `local ssl = require "ngx.ssl"; ngx.sleep(0.001); local n = ssl.server_name() == "wanted.test" and "other.test" or "x";
			assert(ssl.set_cert(assert(ssl.parse_pem_cert(slurp(n .. ".pem"))))) assert(ssl.set_priv_key(assert(ssl.parse_pem_priv_key(slurp(n .. ".key")))))`, "other.test", ""},
		{"cleared", choose, "", "SSL_do_handshake() failed (SSL: error:0A000076:SSL routines::no suitable signature algorithm)"},
		{"a certificate without its key", choose + `assert(ssl.set_cert(ssl.parse_pem_cert(slurp("other.test.pem"))))`, "", "::no suitable signature algorithm)"},
		{"a key that does not fit", `local ssl = require "ngx.ssl"; print(ssl.set_priv_key(ssl.parse_pem_priv_key(slurp("other.test.key"))))`, "own.test", "nilSSL_use_PrivateKey() failed" + tail},
		{"damaged chain", `local ssl = require "ngx.ssl"; print(ssl.parse_pem_cert(slurp("bad.pem"))); print(ssl.cert_pem_to_der(slurp("own.test.pem") .. slurp("bad.pem")))`, "own.test",
			"nilPEM_read_bio_X509() failed" + tail},
		{"bad arguments", `local ssl = require "ngx.ssl"; local function why(...) return select(2, ...) end
			print(why(ssl.set_cert()), "; ", why(ssl.set_priv_key()), "; ", why(ssl.parse_der_cert("")), "; ", why(ssl.set_der_cert("x")), "; ", why(pcall(ssl.set_cert, 1)))`, "own.test",
			"invalid certificate chain; invalid private key; invalid argument; d2i_X509_bio() failed; bad argument #1 to '?' (certificate expected, got number)"},
		{"what it sees", `local ssl = require "ngx.ssl"; print(ngx.get_phase(), " ", ssl.server_name(), " ", ssl.get_tls1_version_str(), " ", ssl.get_tls1_version() == ssl.TLS1_3_VERSION, " ", #ssl.get_client_random(),
			" ", ssl.get_client_random(0), " ", dump((ssl.raw_server_addr())), " ", select(2, ssl.raw_client_addr()), " ", ssl.server_port() > 0, " ", type(ssl.parse_pem_cert(slurp("ca.pem"))))`, "own.test",
			"ssl_cert wanted.test TLSv1.3 true 32 32 7f000001 inet true cdata" + tail},
		{"shared ciphers", `local list = require("ngx.ssl").get_req_shared_ssl_ciphers() local h = {} for i, id in ipairs(list) do h[i] = ("%04x"):format(id) end table.sort(h) print(#h > 4, " ", table.concat(h, " "):sub(1, 14))`,
			"own.test", "true 1301 1302 1303" + tail},
		{"exit ok", `ngx.exit(ngx.OK) error("no")`, "own.test", "lua exit with code 0"},
		{"exit error", `ngx.exit(ngx.ERROR)`, "", "ssl_certificate_by_lua: handler return value: -1, cert cb exit code: 0"},
		{"exit error in the log", `ngx.sleep(0.001) ngx.exit(500)`, "", "SSL_do_handshake() failed (SSL: error:0A000179:SSL routines::cert cb error) while SSL handshaking, client: 127.0.0.1, server: ADDR"},
		{"error", `error("bad bad")`, "", "lua entry thread aborted: runtime error: ssl_certificate_by_lua(nginx.conf:7):1: bad bad\nstack traceback:"},
		{"syntax error", `x = = 1`, "", "failed to load inlined Lua code: ssl_certificate_by_lua(nginx.conf:7):1:"},
		{"no subrequests", `ngx.location.capture("/")`, "", "ssl_certificate_by_lua(nginx.conf:7):1: API disabled in the context of ssl_certificate_by_lua*"},
		{"no variables", `print(pcall(function() return ngx.var.uri end))`, "own.test", "API disabled in the current context"},
		{"not the hello's functions", `print(pcall(require("ngx.ssl.clienthello").get_client_hello_ciphers))`, "own.test", "falseAPI disabled in the current context"},
		{"threads and coroutines", `local t = ngx.thread.spawn(function() ngx.sleep(0.001) return "b" end); local co = coroutine.wrap(function() coroutine.yield("a") end); print(co(), select(2, ngx.thread.wait(t)))`, "own.test", "ab" + tail},
		{"timer", `ngx.timer.at(0, function() print("in timer") end)`, "own.test", "in timer, context: ngx.timer, client: 127.0.0.1, server: ADDR"},
		{"cosocket", `local s = ngx.socket.tcp(); local ok, err = s:connect("127.0.0.1", 1); print(ok, err)`, "own.test", "nilconnection refused" + tail},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := server(t, dir, "", "ssl_certificate_by_lua_block { "+c.script+" }")
			state, body, err := dial(s, &tls.Config{ServerName: "wanted.test", InsecureSkipVerify: true}, "/")
			name := ""
			if err == nil {
				name = state.PeerCertificates[0].Subject.CommonName
			}
			if name != c.cert || name != "" && body != "ok" {
				t.Errorf("certificate %q, body %q, %v; want %q", name, body, err, c.cert)
			}
			if want := strings.ReplaceAll(c.log, "ADDR", s.Addr()); !s.WaitLog(want) {
				log := s.ErrorLog()
				t.Errorf("no %q in the log, which ends\n%s", want, log[max(0, len(log)-2500):])
			}
		})
	}
}

func TestInRequests(t *testing.T) {
	dir, _ := setUp(t)
	s := server(t, dir, "", "")
	_, body, err := dial(s, &tls.Config{ServerName: "own.test", InsecureSkipVerify: true}, "/ssl")
	if want := "own.test TLSv1.3 true 7f000001 20 the handshake has ended NONE"; body != want {
		t.Errorf("%q, %v; want %q", body, err, want)
	}
}

func TestVerifyClient(t *testing.T) {
	dir, ca := setUp(t)
	stranger := issue(t, dir, "stranger", ecKey(t), nil)
	const script = `ssl_certificate_by_lua_block { local ssl = require "ngx.ssl"; local ca = ssl.parse_pem_cert(slurp("ca.pem")); assert(ssl.verify_client(%)) }`
	for _, c := range []struct {
		name, args string
		cert       *tls.Certificate
		want       string
	}{
		{"known", "ca, 1", issue(t, dir, "client", ecKey(t), ca), "SUCCESS"},
		{"trusted without a name", "nil, nil, ca", issue(t, dir, "client", ecKey(t), ca), "SUCCESS"},
		{"stranger", "ca", stranger, "FAILED:self-signed certificate"},
		{"nothing to trust", "", issue(t, dir, "client", ecKey(t), ca), "FAILED:unable to verify the first certificate"},
		{"none", "ca", nil, "NONE"},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(c.name+" "+tls.VersionName(version), func(t *testing.T) {
				s := server(t, dir, "", strings.ReplaceAll(script, "%", c.args))
				cfg := &tls.Config{ServerName: "own.test", InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					if c.cert == nil {
						return &tls.Certificate{}, nil
					}
					return c.cert, nil
				}}
				_, body, err := dial(s, cfg, "/ssl")
				if !strings.HasSuffix(body, " "+c.want) {
					t.Errorf("%q, %v; want %q", body, err, c.want)
				}
			})
		}
	}
}

// TestProxiedClient: proxy_ssl_certificate is sent even to a server that names other issuers.
func TestProxiedClient(t *testing.T) {
	dir, _ := setUp(t)
	issue(t, dir, "stranger", ecKey(t), nil)
	s := phasetest.StartIn(t, dir, strings.ReplaceAll(`events {} http { init_by_lua_block {`+lib+`}
	server { listen ADDR1 ssl; ssl_certificate own.test.pem; ssl_certificate_key own.test.key;
		ssl_certificate_by_lua_block { local ssl = require "ngx.ssl"; assert(ssl.verify_client(ssl.parse_pem_cert(slurp("ca.pem")))) }
		location / { content_by_lua_block { ngx.print(ngx.var.ssl_client_verify) } } }
	server { listen ADDR; location / { proxy_pass https://ADDR1; proxy_ssl_certificate stranger.pem; proxy_ssl_certificate_key stranger.key; } }
	}`, "PREFIX", dir), ssl.Module, upstream.Module, proxy.Module, luastd.Complete())
	if got := s.Get("/").Body; got != "FAILED:self-signed certificate" {
		t.Errorf("%q", got)
	}
}

func TestClientHelloScript(t *testing.T) {
	dir, _ := setUp(t)
	const hello = `local h = require "ngx.ssl.clienthello"; `
	const tail = ", context: ssl_client_hello_by_lua*, client: 127.0.0.1, server: ADDR"
	for _, c := range []struct {
		name, script string
		version      uint16 // 0 for a handshake that fails
		log          string
	}{
		{"from a file", "", tls.VersionTLS13, ""},
		{"name", hello + `print(h.get_client_hello_server_name())`, tls.VersionTLS13, "wanted.test" + tail},
		{"name as it came", hello + `print(h.get_client_hello_ext(0):sub(6), " ", h.get_client_hello_ext(54321))`, tls.VersionTLS13, "wanted.test nil" + tail},
		{"versions", hello + `print(table.concat(h.get_supported_versions(), " "))`, tls.VersionTLS13, "TLSv1.2 TLSv1.3" + tail},
		{"lists", hello + `print(#h.get_client_hello_ciphers() > 3, " ", #h.get_client_hello_ext_present() > 3)`, tls.VersionTLS13, "true true" + tail},
		{"set_protocols", hello + `ngx.sleep(0.001) assert(h.set_protocols({"TLSv1.1", "TLSv1.2"}))`, tls.VersionTLS12, ""},
		{"older only", hello + `assert(h.set_protocols({"TLSv1"}))`, 0, "SSL_do_handshake() failed"},
		{"none", hello + `assert(h.set_protocols({"SSLv3"}))`, 0, "SSL_do_handshake() failed"},
		{"unknown", hello + `print(h.set_protocols({"TLSv9"}))`, tls.VersionTLS13, "nilinvalid protocols failed" + tail},
		{"gap", hello + `print(h.set_protocols({"TLSv1", "TLSv1.3"}))`, tls.VersionTLS13, "nilcrypto/tls cannot leave a gap between protocols" + tail},
		{"certificates are not chosen here", `print(require("ngx.ssl").clear_certs())`, tls.VersionTLS13, "nilcertificates are chosen in ssl_certificate_by_lua*" + tail},
		{"exit error", `ngx.exit(ngx.ERROR)`, 0, "SSL_do_handshake() failed (SSL: error:0A0000EA:SSL routines::callback failed) while SSL handshaking"},
		{"error", `error("bad")`, 0, "ssl_client_hello_by_lua: handler return value: 500, client hello cb exit code: 0"},
		{"ngx.ctx reaches the certificate's script", `ngx.ctx.x = "seen"`, tls.VersionTLS13, "ctx: seen"},
	} {
		t.Run(c.name, func(t *testing.T) {
			script := "ssl_client_hello_by_lua_block { " + c.script + " }"
			if c.script == "" {
				script, c.log = `ssl_client_hello_by_lua_file conf/hello.lua;`, "hello.lua:1: ssl_client_hello"+tail
				phasetest.WriteFile(t, dir+"conf/hello.lua", `print(ngx.get_phase())`)
			}
			s := server(t, dir, script, `ssl_certificate_by_lua_block { print("ctx: ", ngx.ctx.x) }`)
			state, body, err := dial(s, &tls.Config{ServerName: "wanted.test", InsecureSkipVerify: true}, "/")
			if state.Version != c.version || err == nil && body != "ok" {
				t.Errorf("version %x, body %q, %v; want %x", state.Version, body, err, c.version)
			}
			if want := strings.ReplaceAll(c.log, "ADDR", s.Addr()); !s.WaitLog(want) {
				log := s.ErrorLog()
				t.Errorf("no %q in the log, which ends\n%s", want, log[max(0, len(log)-2500):])
			}
		})
	}
}

// TestCtxOfHandshake: the connection's requests read through ngx.ctx what its handshake has put there, and each writes its own.
func TestCtxOfHandshake(t *testing.T) {
	dir, _ := setUp(t)
	s := phasetest.StartIn(t, dir, `worker_processes 3; events {} http {
		ssl_client_hello_by_lua_block { ngx.ctx.hello = "hi" }
		server { listen ADDR ssl; ssl_certificate own.test.pem; ssl_certificate_key own.test.key;
		ssl_certificate_by_lua_block { ngx.ctx.cert = ngx.ctx.hello .. "!" }
		location /sub { content_by_lua_block { ngx.print(ngx.ctx.cert, ngx.ctx.mine) } }
		location / { content_by_lua_block { local c = ngx.ctx
			ngx.print(c.hello, c.cert, c.mine, next(c), ngx.location.capture("/sub").body) c.mine, c.hello = 1, 2 } } } }`, ssl.Module, luastd.Complete())
	raw, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	c := tls.Client(raw, &tls.Config{ServerName: "own.test", InsecureSkipVerify: true})
	r := bufio.NewReader(c)
	for range 2 {
		io.WriteString(c, "GET / HTTP/1.1\r\nHost: own.test\r\n\r\n")
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		if want := "hihi!nilnilhi!nil"; string(b) != want {
			t.Errorf("%q, want %q\n%s", b, want, s.ErrorLog())
		}
	}
	c.Close()
	if want := "lua release ngx.ctx at ref 1, "; !s.WaitLog(want) {
		t.Errorf("no %q in\n%s", want, s.ErrorLog())
	}
}

// TestLentCertificate: a server without certificates presents those of its address, unless a script would choose them.
func TestLentCertificate(t *testing.T) {
	dir, _ := setUp(t)
	for _, c := range []struct{ name, first, second, cert, log string }{
		{"lent", "", "", "own.test", ""},
		{"no script of its own", "ssl_certificate_by_lua_block { }", "", "", "no ssl_certificate_by_lua* defined in server second.test"},
		{"a script of its own", "ssl_certificate_by_lua_block { }", `ssl_certificate_by_lua_block { print("own script") }`, "own.test", "own script"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := phasetest.StartIn(t, dir, `events {} http {
			server { listen ADDR ssl; ssl_certificate own.test.pem; ssl_certificate_key own.test.key; `+c.first+` location / { content_by_lua_block { ngx.print("first") } } }
			server { listen ADDR ssl; server_name second.test; `+c.second+` location / { content_by_lua_block { ngx.print("second") } } }
			}`, ssl.Module, luastd.Complete())
			state, body, err := dial(s, &tls.Config{ServerName: "second.test", InsecureSkipVerify: true}, "/")
			if c.cert != "" && (err != nil || state.PeerCertificates[0].Subject.CommonName != c.cert || body != "second") || c.cert == "" && err == nil {
				t.Errorf("%q, %v", body, err)
			}
			if c.log != "" && !s.WaitLog(c.log) {
				t.Errorf("no %q in the log:\n%s", c.log, s.ErrorLog())
			}
		})
	}
}
