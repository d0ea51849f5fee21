package ssl

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"

	"moongate/phases"
	"moongate/phases/openssl"
)

// Handshake is a TLS handshake in which hooks take part. It belongs to the handshake's goroutine.
type Handshake struct {
	Hello  *tls.ClientHelloInfo
	Conn   *phases.Conn // nil where the front end does not say
	Server *phases.Server
	// MinVersion and MaxVersion, set by a client-hello hook, replace ssl_protocols; 0 leaves them.
	MinVersion, MaxVersion uint16
	// Version is the protocol that client and server have agreed on; 0 in client-hello hooks.
	Version uint16
	// Ciphers are the suites that the server would agree to.
	Ciphers []uint16
	// Certificates are those of ssl_certificate when a certificate hook is called, and what it leaves is
	// presented; none breaks the handshake off.
	Certificates []tls.Certificate
	// VerifyClient, set by a hook, asks for a client certificate. Where ClientCAs or TrustedCAs (DER) are set
	// it is judged by them; the names of ClientCAs are sent to the client.
	VerifyClient          bool
	ClientCAs, TrustedCAs [][]byte
	// VerifyDepth, where set, replaces ssl_verify_depth.
	VerifyDepth phases.Opt[int]
	// Staple, set by a certificate hook, is the OCSP response that goes with the certificate.
	Staple []byte
	// SessionID names the session that session hooks store or fetch, and Session is the session itself, in a form
	// of crypto/tls's own: a hook that stores finds it, one that fetches leaves it, or nil.
	SessionID, Session []byte
	// Data is what hooks hand to one another.
	Data any
}

// HelloFunc is a hook. It may block; ctx ends with the handshake. An error breaks the handshake off.
type HelloFunc func(ctx context.Context, h *Handshake) error

// OnClientHello has f called when a client has said which server it wants, before anything else is
// decided. Only while the configuration loads; s is the server being filled, or the http level, whose hooks
// all servers inherit.
func OnClientHello(_ *phases.Load, s *phases.Server, f HelloFunc) {
	c := phases.ServerOf[server](s, Module)
	c.onHello = append(c.onHello, f)
}

// OnCertificate has f called when the certificate is to be chosen; otherwise like OnClientHello.
// Resumed sessions need no certificate and skip it.
func OnCertificate(_ *phases.Load, s *phases.Server, f HelloFunc) {
	c := phases.ServerOf[server](s, Module)
	c.onCertificate = append(c.onCertificate, f)
}

// OnMissingCertificate has f called for a server that has neither certificates nor a certificate hook, where the
// default server of its address, whose certificates it would present, has a hook; f's error breaks the handshake off.
func OnMissingCertificate(_ *phases.Load, s *phases.Server, f HelloFunc) {
	phases.ServerOf[server](s, Module).onMissing = f
}

// errRejected is in OpenSSL's words, as all that breaks a handshake off.
var errRejected = openssl.CallbackFailed

// install builds the servers' TLS configurations and sets the tree's.
func (p *program) install(l *phases.Load) error {
	for _, s := range l.Tree.Servers {
		c := phases.ServerOf[server](s, p.m)
		c.name = s.Name()
		if err := c.build(); err != nil {
			l.Add(err)
		}
	}
	for _, a := range l.Tree.Listens {
		if a.TLS {
			l.Add(p.check(l, a))
		}
	}
	l.Handle(phases.PhasePostRead, p.judge)
	byKey := map[string]*tls.Config{}
	for _, a := range l.Tree.Listens {
		byKey[a.Key()] = p.listenConfig(a)
	}
	l.Tree.TLSConfig = func(a *phases.Listen) (*tls.Config, error) {
		if cfg := byKey[a.Key()]; cfg != nil {
			return cfg, nil
		}
		return nil, fmt.Errorf("no TLS configuration for %s", a.Text)
	}
	return nil
}

// check wants a certificate for each server that may be asked for one.
func (p *program) check(l *phases.Load, a *phases.Listen) error {
	missing := func(s *phases.Server) error {
		return l.Errorf(s.Pos(), "no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive")
	}
	c := phases.ServerOf[server](a.Default, p.m)
	if c.certFiles != nil {
		return nil
	}
	if !c.reject.V {
		return missing(a.Default)
	}
	for _, s := range a.Servers() {
		if c := phases.ServerOf[server](s, p.m); c.certFiles == nil && !c.reject.V {
			return missing(s)
		}
	}
	return nil
}

// listenConfig chooses the server's configuration for each handshake on an address.
func (p *program) listenConfig(a *phases.Listen) *tls.Config {
	return &tls.Config{ //nolint:gosec // the versions are the servers'
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			return p.configFor(a, a.ServerFor(hello.ServerName), hello)
		},
	}
}

func (p *program) configFor(a *phases.Listen, s *phases.Server, hello *tls.ClientHelloInfo) (*tls.Config, error) {
	c := phases.ServerOf[server](s, p.m)
	h := &Handshake{Hello: hello, Server: s}
	h.Conn, _ = hello.Context().Value(phases.ConnKey{}).(*phases.Conn)
	if h.Conn != nil {
		h.Conn.Hello = hello
		if log := s.Root().Core.Log; log.Enabled(phases.LogDebug) {
			log.Write(phases.LogDebug, fmt.Sprintf("*%d reusable connection: 0", h.Conn.Serial)) // as it waits for nothing more
		}
	}
	if c.reject.V {
		return nil, errRejected
	}
	for _, f := range c.onHello {
		if err := f(hello.Context(), h); err != nil {
			return nil, err
		}
	}
	if c.config == nil {
		// the address's default server lends its own, as in nginx
		d := phases.ServerOf[server](a.Default, p.m)
		switch {
		case d.config == nil:
			return nil, errors.New(`no "ssl_certificate" is defined for the server`)
		case c.onCertificate == nil && d.onCertificate != nil && c.onMissing != nil:
			return nil, c.onMissing(hello.Context(), h)
		}
		lent := *d
		lent.onHello, lent.onCertificate = c.onHello, c.onCertificate
		c = &lent
	}
	if c.onHello == nil && c.onCertificate == nil && c.verify.V == verifyOff && !c.hooksSessions() {
		return c.config, nil
	}
	cfg := c.config.Clone()
	c.wrapSessions(cfg, h)
	if h.MinVersion != 0 {
		cfg.MinVersion = h.MinVersion
	}
	if h.MaxVersion != 0 {
		cfg.MaxVersion = h.MaxVersion
	}
	h.Ciphers = cfg.CipherSuites
	c.hookCertificate(cfg, h)
	c.verifyClient(cfg, h)
	return cfg, nil
}

// verifyClient has the client's certificate judged where ssl_verify_client or a hook wants one.
func (c *server) verifyClient(cfg *tls.Config, h *Handshake) {
	if h.VerifyClient {
		cfg.ClientAuth = tls.RequestClientCert
		if h.ClientCAs != nil {
			cfg.ClientCAs = poolOf(h.ClientCAs)
		}
	}
	if h.Conn == nil || cfg.VerifyConnection != nil || !h.VerifyClient && c.verify.V == verifyOff {
		return
	}
	cfg.VerifyConnection = func(st tls.ConnectionState) error {
		depth := c.depth.V
		if h.VerifyDepth.Set {
			depth = h.VerifyDepth.V
		}
		h.Conn.PeerError = c.roots.verify(&st, depth, h)
		return nil // a bad certificate is answered once a request comes
	}
}

// hookCertificate lets the certificate hooks choose. cfg is the handshake's own.
func (c *server) hookCertificate(cfg *tls.Config, h *Handshake) {
	if c.onCertificate == nil {
		return
	}
	h.Certificates = slices.Clone(cfg.Certificates)
	cfg.Certificates = nil
	cfg.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		for _, v := range hello.SupportedVersions {
			if v >= cfg.MinVersion && v <= cfg.MaxVersion {
				h.Version = max(h.Version, v)
			}
		}
		for _, f := range c.onCertificate {
			if err := f(hello.Context(), h); err != nil {
				return nil, err
			}
		}
		c.verifyClient(cfg, h)
		for i := range h.Certificates {
			if hello.SupportsCertificate(&h.Certificates[i]) == nil {
				return &h.Certificates[i], nil
			}
		}
		if len(h.Certificates) == 0 {
			return nil, openssl.NoCertificate
		}
		return &h.Certificates[0], nil
	}
}

// build loads what the directives name. A server without certificates has no configuration.
func (c *server) build() error {
	if c.certFiles == nil {
		return nil
	}
	if len(c.keyFiles) < len(c.certFiles) {
		return fmt.Errorf("no \"ssl_certificate_key\" is defined for certificate %q", c.certFiles[len(c.keyFiles)])
	}
	cfg := &tls.Config{ //nolint:gosec // the administrator chooses the versions
		MinVersion: c.protocols.V[0], MaxVersion: c.protocols.V[1], CipherSuites: c.ciphers.V, CurvePreferences: c.curves.V,
		NextProtos: []string{"http/1.1"},
	}
	if err := c.obey(cfg); err != nil {
		return err
	}
	var passwords [][]byte
	var err error
	if c.passwordFile.V != "" {
		if passwords, err = ReadPasswords(c.passwordFile.V); err != nil {
			return err
		}
	}
	for i, path := range c.certFiles {
		pair, err := LoadPair(path, c.keyFiles[i], passwords)
		if err != nil {
			return err
		}
		cfg.Certificates = append(cfg.Certificates, pair)
	}
	if err := c.stapleFile(cfg); err != nil {
		return err
	}
	if c.dhparam.V != "" {
		if _, err := os.Stat(c.dhparam.V); err != nil {
			return fmt.Errorf("open() %q failed %s", c.dhparam.V, phases.Errno(err))
		}
	}
	if err := c.buildVerification(cfg); err != nil {
		return err
	}
	c.tagSessions(cfg)
	c.wrapSessions(cfg, nil)
	c.config = cfg
	c.allowSessions()
	if c.ticketKeys == nil {
		return nil
	}
	keys := make([][32]byte, 0, len(c.ticketKeys))
	for _, path := range c.ticketKeys {
		b, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("open() %q failed %s", path, phases.Errno(err))
		}
		if len(b) != 48 && len(b) != 80 {
			return fmt.Errorf("%q must be 48 or 80 bytes", path)
		}
		keys = append(keys, sha256.Sum256(b))
	}
	cfg.SetSessionTicketKeys(keys)
	return nil
}

// obey carries out ssl_conf_command.
func (c *server) obey(cfg *tls.Config) (err error) {
	x := c.commands
	if x == nil {
		return nil
	}
	cfg.MinVersion, cfg.MaxVersion = x.Bounds(cfg.MinVersion, cfg.MaxVersion)
	if x.Curves != nil {
		cfg.CurvePreferences = x.Curves
	}
	if x.NoTickets {
		c.tickets.V = false
	}
	if x.CipherString != "" {
		cfg.CipherSuites, err = parseCiphers(x.CipherString)
	}
	return err
}

func (c *server) buildVerification(cfg *tls.Config) error {
	c.roots = &roots{}
	if c.crl.V != "" {
		var err error
		if c.roots.crls, err = openssl.ReadCRLs(c.crl.V); err != nil {
			return fmt.Errorf("X509_LOOKUP_load_file(%q) failed: %w", c.crl.V, err)
		}
	}
	if c.verify.V == verifyOff {
		return nil
	}
	if c.clientCAs.V == "" && c.trustedCAs.V == "" && c.verify.V != verifyOptionalNoCA {
		return errors.New("no ssl_client_certificate for ssl_verify_client")
	}
	cfg.ClientAuth = tls.RequestClientCert
	for _, path := range []string{c.clientCAs.V, c.trustedCAs.V} {
		if path == "" {
			continue
		}
		pool, err := loadCAs(path)
		if err != nil {
			return err
		}
		c.roots.pools = append(c.roots.pools, pool)
		if path == c.clientCAs.V {
			cfg.ClientCAs = pool
		}
	}
	return nil
}
