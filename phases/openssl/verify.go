package openssl

import (
	"bytes"
	"crypto/x509"
	"errors"
	"strconv"
	"time"
)

// OK is X509_V_OK: the certificate is trusted.
const OK = 0

// VerifyError is why a certificate is not trusted (X509_V_ERR_…).
type VerifyError struct {
	Code int
	Text string
}

func (e *VerifyError) Error() string { return e.Text }

// texts are X509_verify_cert_error_string's, by X509_V_ERR_… number.
var texts = map[int]string{
	OK: "ok",
	1:  "unspecified certificate verification error",
	2:  "unable to get issuer certificate",
	3:  "unable to get certificate CRL",
	7:  "certificate signature failure",
	8:  "CRL signature failure",
	9:  "certificate is not yet valid",
	10: "certificate has expired",
	11: "CRL is not yet valid",
	12: "CRL has expired",
	18: "self-signed certificate",
	19: "self-signed certificate in certificate chain",
	20: "unable to get local issuer certificate",
	21: "unable to verify the first certificate",
	22: "certificate chain too long",
	23: "certificate revoked",
	24: "invalid CA certificate",
	25: "path length constraint exceeded",
	26: "unsuitable certificate purpose",
	27: "certificate not trusted",
	28: "certificate rejected",
	47: "permitted subtree violation",
	48: "excluded subtree violation",
	50: "application verification failure",
	62: "hostname mismatch",
	63: "email address mismatch",
	64: "IP address mismatch",
}

// Failure is the error of that number; nil for OK.
func Failure(code int) *VerifyError {
	switch text, ok := texts[code]; {
	case code == OK:
		return nil
	case ok:
		return &VerifyError{code, text}
	}
	return &VerifyError{code, "error number " + strconv.Itoa(code)}
}

// Verdict is what OpenSSL says of a chain, the leaf first, that x509's Verify has refused with err.
func Verdict(err error, chain []*x509.Certificate) *VerifyError {
	var invalid x509.CertificateInvalidError
	now := time.Now()
	for _, c := range chain {
		if now.Before(c.NotBefore) {
			return Failure(9)
		}
	}
	if errors.As(err, &invalid) {
		switch invalid.Reason {
		case x509.Expired:
			return Failure(10)
		case x509.NotAuthorizedToSign:
			return Failure(24)
		case x509.TooManyIntermediates:
			return Failure(25)
		case x509.IncompatibleUsage:
			return Failure(26)
		case x509.CANotAuthorizedForThisName, x509.NameConstraintsWithoutSANs:
			return Failure(47)
		default:
			return &VerifyError{1, err.Error()}
		}
	}
	var unknown x509.UnknownAuthorityError
	switch {
	case len(chain) == 0:
		return Failure(20)
	case !errors.As(err, &unknown):
		return &VerifyError{1, err.Error()}
	case selfSigned(chain[0]):
		return Failure(18)
	case selfSigned(chain[len(chain)-1]):
		return Failure(19)
	case len(chain) == 1:
		return Failure(21) // nginx goes on after the first error, and the last one counts
	}
	return Failure(20)
}

func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

// MadeFor reports whether a certificate names a host. One without alternative names speaks by its subject, which
// crypto/x509 no longer believes and OpenSSL does.
func MadeFor(c *x509.Certificate, name string) bool {
	if c.VerifyHostname(name) == nil {
		return true
	}
	if len(c.DNSNames)+len(c.IPAddresses)+len(c.EmailAddresses)+len(c.URIs) > 0 || c.Subject.CommonName == "" {
		return false
	}
	return (&x509.Certificate{DNSNames: []string{c.Subject.CommonName}}).VerifyHostname(name) == nil
}
