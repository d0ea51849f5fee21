package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"moongate/phases"
	"moongate/phases/openssl"
	"moongate/phases/ssl"
)

// TLS is how a location secures its connections to an upstream. Immutable while it serves.
type TLS struct {
	Min, Max   uint16   // of crypto/tls's versions
	Ciphers    []uint16 // nil: Go's choice
	Name       *phases.Value
	ServerName bool // send it (SNI)
	Verify     bool
	VerifyPeer bool // by the handshake itself: proxy_ssl_conf_command VerifyMode Peer
	Depth      int  // intermediate certificates at most
	Roots      *x509.CertPool
	Reuse      bool // of sessions
	Curves     []tls.CurveID
	CRLs       []*x509.RevocationList // nil: revocation is not checked
	// Passwords are tried on keys that are encrypted.
	Passwords [][]byte
	// Cert and Key are the files of the client's certificate; nil: none. Where they hold variables they
	// are read at each handshake.
	Cert, Key *phases.Value
	Pair      *tls.Certificate // of constant files

	once     sync.Once
	sessions tls.ClientSessionCache
}

// serverName is the name that the upstream is asked for and must prove.
func (t *TLS) serverName(x *Exchange) string {
	name := x.Vars.Host
	if t.Name != nil {
		name = t.Name.Eval(x.R)
	}
	if h := x.bal.host; h != "" {
		name = h
	}
	if strings.HasPrefix(name, "[") {
		if i := strings.IndexByte(name, ']'); i > 0 {
			return name[1:i]
		}
		return name
	}
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[:i]
	}
	return name
}

func (t *TLS) sessionCache() tls.ClientSessionCache {
	t.once.Do(func() { t.sessions = tls.NewLRUClientSessionCache(256) })
	return t.sessions
}

// errVerify is a certificate that is not trusted; its text is nginx's message.
type errVerify struct{ text string }

func (e errVerify) Error() string { return e.text }

// present has a certificate sent to every server that asks for one, as OpenSSL does: crypto/tls would keep back one
// whose issuer the server does not name.
func present(cfg *tls.Config, pair *tls.Certificate) {
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return pair, nil }
}

// handshake secures c.
func (x *Exchange) handshake(ctx context.Context, c *conn) error {
	x.action = handshaking
	t := x.TLS
	name := c.key.name
	if t.Name == nil || name == "" {
		name = t.serverName(x)
	}
	cfg := &tls.Config{
		MinVersion: t.Min, MaxVersion: t.Max, CipherSuites: t.Ciphers,
		InsecureSkipVerify: true, // whether and how to verify is decided below
		RootCAs:            t.Roots, CurvePreferences: t.Curves,
	}
	hooks := x.hooks()
	client := t.Pair
	if t.ServerName {
		if _, ip := parseIP(name); !ip {
			cfg.ServerName = name
		}
	}
	if t.Reuse {
		cfg.ClientSessionCache = t.sessionCache()
	}
	if client == nil && t.Cert != nil {
		cert, key := x.R.Tree.Path(t.Cert.Eval(x.R)), x.R.Tree.Path(t.Key.Eval(x.R))
		pair, err := ssl.LoadPair(cert, key, t.Passwords)
		if err != nil {
			return err
		}
		client = &pair
	}
	switch {
	case hooks.Certificate != nil:
		cfg.GetClientCertificate = x.certificate(ctx, hooks.Certificate, client)
	case client != nil:
		present(cfg, client)
	}
	if t.Verify || t.VerifyPeer || hooks.Verify != nil {
		cfg.VerifyConnection = func(s tls.ConnectionState) error { return x.judge(ctx, hooks, &s, name) }
	}
	return c.secure(ctx, cfg)
}

// trusted is why the server's certificate is not; nil where it is.
func (t *TLS) trusted(s *tls.ConnectionState) *openssl.VerifyError {
	if len(s.PeerCertificates) == 0 {
		return openssl.Failure(20)
	}
	o := x509.VerifyOptions{Roots: t.Roots, Intermediates: x509.NewCertPool()}
	if o.Roots == nil {
		o.Roots = x509.NewCertPool() // none, rather than the system's
	}
	for _, c := range s.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	chains, err := s.PeerCertificates[0].Verify(o)
	if err != nil {
		return openssl.Verdict(err, s.PeerCertificates)
	}
	for _, c := range chains {
		if len(c) <= t.Depth+2 {
			return openssl.Revoked(c, t.CRLs)
		}
	}
	return openssl.Failure(22)
}

// refusal is what proxy_ssl_verify makes of a verdict.
func (t *TLS) refusal(failure *openssl.VerifyError, s *tls.ConnectionState, name string) error {
	switch {
	case !t.Verify:
		return nil
	case failure != nil:
		return errVerify{fmt.Sprintf("upstream SSL certificate verify error: (%d:%s)", failure.Code, failure.Text)}
	case !openssl.MadeFor(s.PeerCertificates[0], name):
		return errVerify{fmt.Sprintf("upstream SSL certificate does not match %q", name)}
	}
	return nil
}

func (x *Exchange) handshakeFailed(err error) (phases.Status, bool) {
	var ve errVerify
	switch {
	case x.aborted.Load():
		return x.abort()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return x.next(NextTimeout)
	case errors.As(err, &ve):
		x.logf(phases.LogErr, "%s", ve.text)
	case errors.Is(err, io.EOF):
		x.logf(phases.LogErr, "peer closed connection in SSL handshake")
	case errors.Is(err, openssl.VerifyFailed):
		x.logf(phases.LogCrit, "SSL_do_handshake() failed (SSL: %s)", openssl.Reason(err))
	default:
		x.logf(phases.LogErr, "SSL_do_handshake() failed (SSL: %s)", openssl.Reason(err))
	}
	return x.next(NextError)
}
