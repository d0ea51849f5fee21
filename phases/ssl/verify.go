package ssl

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"moongate/phases"
	"moongate/phases/openssl"
)

// roots is what client certificates are verified by.
type roots struct {
	pools []*x509.CertPool
	crls  []*x509.RevocationList // nil: revocation is not checked
}

// poolOf gathers certificates; what is none is passed over.
func poolOf(lists ...[][]byte) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, list := range lists {
		for _, der := range list {
			if c, err := x509.ParseCertificate(der); err == nil {
				pool.AddCert(c)
			}
		}
	}
	return pool
}

// verify judges the certificate of a finished handshake; nil where it is good, or where there is none.
func (x *roots) verify(st *tls.ConnectionState, depth int, h *Handshake) error {
	if len(st.PeerCertificates) == 0 {
		return nil
	}
	pools := x.pools
	if h.ClientCAs != nil || h.TrustedCAs != nil {
		pools = []*x509.CertPool{poolOf(h.ClientCAs, h.TrustedCAs)}
	}
	leaf := st.PeerCertificates[0]
	tooLong := false
	between := x509.NewCertPool()
	for _, c := range st.PeerCertificates[1:] {
		between.AddCert(c)
	}
	err := error(x509.UnknownAuthorityError{Cert: leaf})
	for _, pool := range pools {
		var chains [][]*x509.Certificate
		chains, err = leaf.Verify(x509.VerifyOptions{Roots: pool, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		if err != nil {
			continue
		}
		for _, chain := range chains {
			if len(chain)-2 <= depth {
				if e := openssl.Revoked(chain, x.crls); e != nil {
					return e
				}
				return nil
			}
		}
		tooLong = true
	}
	if tooLong {
		return openssl.Failure(22)
	}
	return openssl.Verdict(err, st.PeerCertificates)
}

// optional tells the reasons that optional_no_ca overlooks.
func optional(e *openssl.VerifyError) bool {
	switch e.Code {
	case 2, 18, 19, 20, 21, 27:
		return true
	}
	return false
}

// judge is what nginx does when the first line of a request has come over TLS: it refuses clients whose
// certificate is missing or bad, and requests for another server than the one whose rules the handshake
// followed.
func (p *program) judge(r *phases.Request) phases.Status {
	st := r.Conn.TLS
	if st == nil {
		return phases.Declined
	}
	c := phases.ServerOf[server](r.Server, p.m)
	if c.verify.V == verifyOff {
		return phases.Declined
	}
	for _, a := range r.Tree.Listens {
		if st.ServerName != "" && a.Key() == r.Conn.Listen.Key() && a.ServerFor(st.ServerName) != r.Server {
			r.Log(phases.LogInfo, "client attempted to request the server name different from the one that was negotiated")
			return 421
		}
	}
	if e := asVerifyError(r.Conn.PeerError); e != nil && (c.verify.V != verifyOptionalNoCA || !optional(e)) {
		r.Logf(phases.LogInfo, "client SSL certificate verify error: (%d:%s)", e.Code, e.Text)
		return phases.StatusHTTPSCertError
	}
	if c.verify.V == verifyOn && len(st.PeerCertificates) == 0 {
		r.Log(phases.LogInfo, "client sent no required SSL certificate")
		return phases.StatusHTTPSNoCert
	}
	return phases.Declined
}

func asVerifyError(err error) *openssl.VerifyError {
	var e *openssl.VerifyError
	if errors.As(err, &e) {
		return e
	}
	if err != nil {
		return &openssl.VerifyError{Code: 1, Text: err.Error()}
	}
	return nil
}

// verdict is $ssl_client_verify.
func verdict(c *phases.Conn) string {
	switch e := asVerifyError(c.PeerError); {
	case len(c.TLS.PeerCertificates) == 0:
		return "NONE"
	case e != nil:
		return fmt.Sprintf("FAILED:%s", e.Text)
	}
	return "SUCCESS"
}
