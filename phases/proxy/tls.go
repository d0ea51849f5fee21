package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/openssl"
	"moongate/phases/ssl"
	"moongate/phases/upstream"
)

// versions bounds the versions of TLS.
type versions struct{ low, high uint16 }

func setProtocols(l *phases.Load, d *conf.Directive, c *config) error {
	if c.sslProtocols.Set {
		return l.Duplicate(d)
	}
	var all []uint16
	for _, a := range d.Args {
		_, v, ok := openssl.Protocol(a.Value)
		if !ok {
			return fmt.Errorf("invalid value %q", a.Value)
		}
		if v != 0 { // no library speaks the others any more
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return errors.New("none of the protocols is supported")
	}
	c.sslProtocols = phases.Opt[versions]{V: versions{slices.Min(all), slices.Max(all)}, Set: true}
	return nil
}

// mergeTLS settles the proxy_ssl_ directives.
func (c *config) mergeTLS(l *phases.Load, p *config) error {
	own := c.sslReuse.Set || c.sslServerName.Set || c.sslVerify.Set || c.sslName.Set || c.sslDepth.Set || c.sslTrusted.Set ||
		c.sslCiphers.Set || c.sslProtocols.Set || c.sslCert.Set || c.sslKey.Set || c.sslCommands != nil || c.sslPasswords.Set || c.sslCRL.Set
	c.sslReuse.Merge(p.sslReuse, true)
	c.sslServerName.Merge(p.sslServerName, false)
	c.sslVerify.Merge(p.sslVerify, false)
	c.sslName.Merge(p.sslName, nil)
	c.sslDepth.Merge(p.sslDepth, 1)
	c.sslTrusted.Merge(p.sslTrusted, "")
	c.sslCiphers.Merge(p.sslCiphers, "DEFAULT")
	c.sslProtocols.Merge(p.sslProtocols, versions{tls.VersionTLS12, tls.VersionTLS13})
	c.sslCert.Merge(p.sslCert, nil)
	c.sslKey.Merge(p.sslKey, nil)
	c.sslPasswords.Merge(p.sslPasswords, "")
	c.sslCRL.Merge(p.sslCRL, "")
	if c.sslCommands == nil {
		c.sslCommands = p.sslCommands
	}
	if c.tls = p.tls; own || c.tls == nil {
		c.tls = &security{TLS: upstream.TLS{
			Min: c.sslProtocols.V.low, Max: c.sslProtocols.V.high, Name: c.sslName.V, ServerName: c.sslServerName.V,
			Verify: c.sslVerify.V, Depth: c.sslDepth.V, Reuse: c.sslReuse.V, Cert: c.sslCert.V, Key: c.sslKey.V,
		}}
	}
	if !c.pass.set() || c.tls.loaded {
		return nil // nothing is loaded for levels that pass nothing on
	}
	err := c.loadTLS(l)
	c.tls.loaded = err == nil
	return err
}

// security is how connections are secured, for a level and all inside it that say nothing else.
type security struct {
	upstream.TLS
	loaded bool // the files
}

// loadTLS reads what the proxy_ssl_ directives name into c.tls.
func (c *config) loadTLS(l *phases.Load) error {
	t := &c.tls.TLS
	var err error
	list := c.sslCiphers.V
	if x := c.sslCommands; x != nil {
		t.Min, t.Max = x.Bounds(t.Min, t.Max)
		t.Curves, t.VerifyPeer = x.Curves, x.VerifyPeer
		if x.CipherString != "" {
			list = x.CipherString
		}
	}
	if t.Ciphers, err = ciphers(list); err != nil {
		return err
	}
	if c.sslPasswords.V != "" {
		if t.Passwords, err = ssl.ReadPasswords(l.ConfPath(c.sslPasswords.V)); err != nil {
			return err
		}
	}
	if c.sslCRL.V != "" {
		file := l.ConfPath(c.sslCRL.V)
		if t.CRLs, err = openssl.ReadCRLs(file); err != nil {
			return fmt.Errorf("X509_LOOKUP_load_file(%q) failed: %w", file, err)
		}
	}
	if t.Verify && c.sslTrusted.V == "" {
		return errors.New("no proxy_ssl_trusted_certificate for proxy_ssl_verify")
	}
	if c.sslTrusted.V != "" {
		file := l.ConfPath(c.sslTrusted.V)
		pem, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("cannot load certificate %q: %w", file, err)
		}
		t.Roots = x509.NewCertPool()
		if !t.Roots.AppendCertsFromPEM(pem) {
			return fmt.Errorf("SSL_CTX_load_verify_locations(%q) failed: no certificate", file)
		}
	}
	if t.Cert == nil {
		return nil
	}
	if t.Key == nil {
		return fmt.Errorf("no \"proxy_ssl_certificate_key\" is defined for certificate %q", t.Cert.Text())
	}
	if t.Cert.IsConstant() && t.Key.IsConstant() {
		cert, key := l.ConfPath(t.Cert.Text()), l.ConfPath(t.Key.Text())
		pair, err := ssl.LoadPair(cert, key, t.Passwords)
		if err != nil {
			return err
		}
		t.Pair = &pair
	}
	return nil
}

func setCommand(_ *phases.Load, d *conf.Directive, c *config) error {
	if c.sslCommands == nil {
		c.sslCommands = &openssl.Commands{}
	}
	return c.sslCommands.Set(d.Args[0].Value, d.Args[1].Value)
}

// opensslNames are the ciphers that Go has, by OpenSSL's names. TLS 1.3 has its own, which are not chosen.
var opensslNames = map[string]uint16{
	"ECDHE-ECDSA-AES128-GCM-SHA256": tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-RSA-AES128-GCM-SHA256":   tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-ECDSA-AES256-GCM-SHA384": tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-RSA-AES256-GCM-SHA384":   tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-ECDSA-CHACHA20-POLY1305": tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-RSA-CHACHA20-POLY1305":   tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-ECDSA-AES128-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	"ECDHE-RSA-AES128-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	"ECDHE-ECDSA-AES256-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	"ECDHE-RSA-AES256-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	"ECDHE-RSA-AES128-SHA256":       tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
	"AES128-GCM-SHA256":             tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
	"AES256-GCM-SHA384":             tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
	"AES128-SHA":                    tls.TLS_RSA_WITH_AES_128_CBC_SHA,
	"AES256-SHA":                    tls.TLS_RSA_WITH_AES_256_CBC_SHA,
	"AES128-SHA256":                 tls.TLS_RSA_WITH_AES_128_CBC_SHA256,
}

// ciphers reads a cipher list. Names choose ciphers; the classes of OpenSSL (DEFAULT, HIGH, ALL …) stand for
// Go's own choice, which leaves out what they leave out.
func ciphers(list string) ([]uint16, error) {
	var out []uint16
	class := false
	for w := range strings.FieldsFuncSeq(list, func(c rune) bool { return c == ':' || c == ' ' || c == ',' }) {
		if strings.HasPrefix(w, "!") || strings.HasPrefix(w, "-") || strings.HasPrefix(w, "+") || strings.HasPrefix(w, "@") {
			continue
		}
		if id, ok := opensslNames[w]; ok {
			out = append(out, id)
			continue
		}
		switch w {
		case "DEFAULT", "COMPLEMENTOFDEFAULT", "ALL", "HIGH", "MEDIUM", "EECDH", "ECDHE", "kEECDH", "ECDH", "EDH", "DHE", "RSA", "kRSA", "AES", "AESGCM", "CHACHA20", "TLSv1.2":
			class = true
		}
	}
	if class {
		return nil, nil
	}
	if out == nil {
		return nil, fmt.Errorf("SSL_CTX_set_cipher_list(%q) failed", list)
	}
	return out, nil
}

// UsesTLS reports whether the location being merged passes requests on by TLS, or may: a URL with variables says so
// only then.
func UsesTLS(l *phases.Load) bool {
	c, ok := l.LocationOf(Module).(*config)
	return ok && (c.pass.tls || c.pass.value != nil)
}
