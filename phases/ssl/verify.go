package ssl

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"moongate/phases"
)

// roots is what client certificates are verified by.
type roots struct{ pools []*x509.CertPool }

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

// verifyError is why a client's certificate is not trusted, in OpenSSL's number and words.
type verifyError struct {
	code int
	text string
}

func (e *verifyError) Error() string { return e.text }

// OpenSSL's reasons (X509_V_ERR_…).
var (
	errNotYetValid = &verifyError{9, "certificate is not yet valid"}
	errExpired     = &verifyError{10, "certificate has expired"}
	errSelfSigned  = &verifyError{18, "self-signed certificate"}
	errNoIssuer    = &verifyError{20, "unable to get local issuer certificate"}
	errTooLong     = &verifyError{22, "certificate chain too long"}
	errPurpose     = &verifyError{26, "unsuitable certificate purpose"}
)

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
	between := x509.NewCertPool()
	for _, c := range st.PeerCertificates[1:] {
		between.AddCert(c)
	}
	var err error = errNoIssuer
	for _, pool := range pools {
		var chains [][]*x509.Certificate
		chains, err = leaf.Verify(x509.VerifyOptions{Roots: pool, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		if err != nil {
			continue
		}
		for _, chain := range chains {
			if len(chain)-2 <= depth {
				return nil
			}
		}
		err = errTooLong
	}
	return translate(err, leaf)
}

func translate(err error, leaf *x509.Certificate) error {
	var mine *verifyError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &mine):
	case errors.As(err, &invalid):
		switch invalid.Reason {
		case x509.Expired:
			if c := invalid.Cert; c != nil && time.Now().Before(c.NotBefore) {
				return errNotYetValid
			}
			return errExpired
		case x509.IncompatibleUsage:
			return errPurpose
		case x509.TooManyIntermediates:
			return errTooLong
		default:
			return &verifyError{1, err.Error()}
		}
	case errors.As(err, &unknown):
		mine = errNoIssuer
	default:
		return &verifyError{1, err.Error()}
	}
	if mine == errNoIssuer && leaf.CheckSignatureFrom(leaf) == nil || mine == errNoIssuer && leaf.Issuer.String() == leaf.Subject.String() {
		return errSelfSigned
	}
	return mine
}

// optional tells the reasons that optional_no_ca overlooks.
func (e *verifyError) optional() bool {
	return e.code == errSelfSigned.code || e.code == errNoIssuer.code
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
	if e := asVerifyError(r.Conn.PeerError); e != nil && (c.verify.V != verifyOptionalNoCA || !e.optional()) {
		r.Logf(phases.LogInfo, "client SSL certificate verify error: (%d:%s)", e.code, e.text)
		return phases.StatusHTTPSCertError
	}
	if c.verify.V == verifyOn && len(st.PeerCertificates) == 0 {
		r.Log(phases.LogInfo, "client sent no required SSL certificate")
		return phases.StatusHTTPSNoCert
	}
	return phases.Declined
}

func asVerifyError(err error) *verifyError {
	var e *verifyError
	if errors.As(err, &e) {
		return e
	}
	if err != nil {
		return &verifyError{1, err.Error()}
	}
	return nil
}

// verdict is $ssl_client_verify.
func verdict(c *phases.Conn) string {
	switch e := asVerifyError(c.PeerError); {
	case len(c.TLS.PeerCertificates) == 0:
		return "NONE"
	case e != nil:
		return fmt.Sprintf("FAILED:%s", e.text)
	}
	return "SUCCESS"
}
