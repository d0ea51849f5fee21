package socket

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"moongate/luastd/handler"
)

// tlsBase is what a location's lua_ssl_* directives come to. Immutable.
type tlsBase struct {
	min, max uint16
	ciphers  []uint16
	curves   []tls.CurveID
	// verifyPeer has every handshake verify (VerifyMode Peer).
	verifyPeer bool
	roots      *x509.CertPool
	depth      int
	crls       []*x509.RevocationList
	crl        bool
	cert       *tls.Certificate
	keyLog     *os.File
	err        error
}

// baseOf is the configuration that conf stands for, made at its first use.
func (s *state) baseOf(conf *handler.Settings) *tlsBase {
	if b := s.tls[conf]; b != nil {
		return b
	}
	b := newBase(conf)
	if s.tls == nil {
		s.tls = map[*handler.Settings]*tlsBase{}
	}
	s.tls[conf] = b
	return b
}

// versions are the words of lua_ssl_protocols in lower case.
var versions = map[string]uint16{
	"tlsv1": tls.VersionTLS10, "tlsv1.1": tls.VersionTLS11, "tlsv1.2": tls.VersionTLS12, "tlsv1.3": tls.VersionTLS13,
}

func newBase(conf *handler.Settings) *tlsBase {
	b := &tlsBase{roots: x509.NewCertPool(), depth: conf.SSLVerifyDepth}
	for _, p := range conf.SSLProtocols {
		v := versions[strings.ToLower(p)]
		if v == 0 {
			continue
		}
		if b.min == 0 || v < b.min {
			b.min = v
		}
		b.max = max(b.max, v)
	}
	if b.max == 0 {
		b.err = fmt.Errorf("no protocols available")
	}
	b.ciphers = cipherSuites(conf.SSLCiphers)
	if x := conf.SSLCommands; x != nil { // lua_ssl_conf_command
		b.min, b.max = x.Bounds(b.min, b.max)
		b.curves, b.verifyPeer = x.Curves, x.VerifyPeer
		if x.CipherString != "" {
			b.ciphers = cipherSuites(x.CipherString)
		}
	}
	if f := conf.SSLTrustedCertificate; f != "" {
		pem, err := os.ReadFile(f)
		if err == nil && !b.roots.AppendCertsFromPEM(pem) {
			err = fmt.Errorf("no certificate in %q", f)
		}
		b.fail(err)
	}
	if f := conf.SSLCRL; f != "" {
		b.crl = true
		list, err := readCRL(f)
		b.crls = list
		b.fail(err)
	}
	if conf.SSLCertificate != "" {
		pair, err := tls.LoadX509KeyPair(conf.SSLCertificate, conf.SSLCertificateKey)
		b.fail(err)
		b.cert = &pair
	}
	if conf.SSLKeyLog != "" {
		f, err := os.OpenFile(conf.SSLKeyLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		b.fail(err)
		b.keyLog = f
	}
	return b
}

func (b *tlsBase) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// suites are OpenSSL's names of the cipher suites that Go has; those of TLS 1.3 are not chosen by lua_ssl_ciphers,
// here as there.
var suites = map[string]uint16{
	"ECDHE-ECDSA-AES128-GCM-SHA256": tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-RSA-AES128-GCM-SHA256":   tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-ECDSA-AES256-GCM-SHA384": tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-RSA-AES256-GCM-SHA384":   tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-ECDSA-CHACHA20-POLY1305": tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-RSA-CHACHA20-POLY1305":   tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-ECDSA-AES128-SHA256":     tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
	"ECDHE-RSA-AES128-SHA256":       tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
	"ECDHE-ECDSA-AES128-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	"ECDHE-ECDSA-AES256-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	"ECDHE-RSA-AES128-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	"ECDHE-RSA-AES256-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	"AES128-GCM-SHA256":             tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
	"AES256-GCM-SHA384":             tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	"AES128-SHA256":                 tls.TLS_RSA_WITH_AES_128_CBC_SHA256,
	"AES128-SHA":                    tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	"AES256-SHA":                    tls.TLS_RSA_WITH_AES_256_CBC_SHA,
	"DES-CBC3-SHA":                  tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA,
}

// cipherSuites reads the explicit names of an OpenSSL cipher list. A list that also names groups of suites
// (DEFAULT, HIGH …) is left to Go's own choice.
func cipherSuites(list string) []uint16 {
	var out []uint16
	for name := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ':' || r == ',' || r == ' ' }) {
		id, ok := suites[name]
		switch {
		case ok:
			out = append(out, id)
		case strings.HasPrefix(name, "!"), strings.HasPrefix(name, "-"), strings.HasPrefix(name, "@"), strings.Contains(name, "-"):
		default:
			return nil
		}
	}
	return out
}

// suiteName is OpenSSL's name of a suite.
func suiteName(id uint16) string {
	for name, n := range suites {
		if n == id {
			return name
		}
	}
	return tls.CipherSuiteName(id)
}
