package upstream

import (
	"context"
	"crypto/tls"
	"crypto/x509"

	"moongate/phases"
	"moongate/phases/openssl"
)

// PeerHandshake is a TLS handshake with an upstream server in which a hook takes part. It belongs to the request's
// goroutine.
type PeerHandshake struct {
	R       *phases.Request
	Version uint16
	// Certificates are those of proxy_ssl_certificate when a certificate hook is called, and the server gets one of
	// what it leaves; none is sent where there are none.
	Certificates []tls.Certificate
	// Chain is what the server has shown, its own certificate first; nil in certificate hooks.
	Chain []*x509.Certificate
	// Result is what the verification has come to, in OpenSSL's numbers; a hook may change it.
	Result int
}

// PeerHooks are a location's hooks; either may be nil. They may block; ctx ends with the handshake. An error breaks
// the handshake off.
type PeerHooks struct {
	// Certificate is called when the server asks for a certificate.
	Certificate func(ctx context.Context, h *PeerHandshake) error
	// Verify is called when the server has shown its certificate, which is trusted unless SkipVerify leaves that to
	// the hook. Resumed sessions skip it.
	Verify     func(ctx context.Context, h *PeerHandshake) error
	SkipVerify bool
}

// HookHandshakes lets another module take part in the handshakes with upstream servers: of gives a request's hooks,
// nil where it has none. Only while the configuration loads.
func HookHandshakes(l *phases.Load, of func(r *phases.Request) *PeerHooks) {
	if m, ok := l.MainOf(Module).(*mainConf); ok {
		m.peerHooks = of
	}
}

func (x *Exchange) hooks() *PeerHooks {
	if f := phases.MainOf[mainConf](x.R.Tree, Module).peerHooks; f != nil {
		if h := f(x.R); h != nil {
			return h
		}
	}
	return &noHooks
}

var noHooks PeerHooks

const handshaking = "SSL handshaking to upstream"

// certificate lets a hook choose what is sent to a server that asks for a certificate.
func (x *Exchange) certificate(ctx context.Context, f func(context.Context, *PeerHandshake) error, pair *tls.Certificate) func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	return func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		h := &PeerHandshake{R: x.R, Version: asked.Version}
		if pair != nil {
			h.Certificates = []tls.Certificate{*pair}
		}
		x.action = "loading proxy ssl certificate by lua"
		if err := f(ctx, h); err != nil {
			if ctx.Err() == nil {
				x.action = handshaking
			}
			return nil, err
		}
		x.action = handshaking
		if len(h.Certificates) == 0 {
			return &tls.Certificate{}, nil // none
		}
		for i := range h.Certificates {
			if asked.SupportsCertificate(&h.Certificates[i]) == nil {
				return &h.Certificates[i], nil
			}
		}
		return &h.Certificates[0], nil
	}
}

// judge decides over the server's certificate, with a hook where there is one.
func (x *Exchange) judge(ctx context.Context, hooks *PeerHooks, s *tls.ConnectionState, name string) error {
	t := x.TLS
	var failure *openssl.VerifyError
	if hooks.Verify == nil || s.DidResume || !hooks.SkipVerify {
		failure = t.trusted(s)
	}
	if hooks.Verify != nil && !s.DidResume {
		if !hooks.SkipVerify {
			x.logf(phases.LogDebug, "proxy_ssl_verify_by_lua: openssl default verify")
		}
		if failure == nil {
			h := &PeerHandshake{R: x.R, Version: s.Version, Chain: s.PeerCertificates}
			x.action = "loading proxy ssl verify by lua"
			err := hooks.Verify(ctx, h)
			if ctx.Err() == nil {
				x.action = handshaking
			}
			if err != nil {
				return err
			}
			failure = openssl.Failure(h.Result)
			return t.refusal(failure, s, name)
		}
	}
	if failure != nil && t.VerifyPeer {
		return openssl.VerifyFailed
	}
	return t.refusal(failure, s, name)
}
