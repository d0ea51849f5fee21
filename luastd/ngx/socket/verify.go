package socket

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"strconv"
	"time"
)

// verifyError is a certificate that is not accepted, with OpenSSL's code and words.
type verifyError struct {
	code int // 0: the name does not match
	text string
}

func (e *verifyError) Error() string {
	if e.code == 0 {
		return e.text
	}
	return strconv.Itoa(e.code) + ": " + e.text
}

var errHostMismatch = &verifyError{0, "certificate host mismatch"}

// verify decides whether the peer's certificate is trusted and, where name is not empty, made for name.
func (b *tlsBase) verify(cs *tls.ConnectionState, roots *x509.CertPool, name string) error {
	if len(cs.PeerCertificates) == 0 {
		return &verifyError{20, "unable to get local issuer certificate"}
	}
	leaf := cs.PeerCertificates[0]
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, c := range cs.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	chains, err := leaf.Verify(o)
	if err != nil {
		return verifyFailure(cs.PeerCertificates, err)
	}
	err = &verifyError{22, "certificate chain too long"}
	for _, chain := range chains {
		if len(chain) > b.depth+2 {
			continue
		}
		if err = b.revoked(chain); err == nil {
			break
		}
	}
	if err != nil {
		return err
	}
	if name != "" && !madeFor(leaf, name) {
		return errHostMismatch
	}
	return nil
}

// madeFor reports whether a certificate names a host. One without alternative names speaks by its subject, which
// Go no longer believes and OpenSSL does.
func madeFor(c *x509.Certificate, name string) bool {
	if c.VerifyHostname(name) == nil {
		return true
	}
	if len(c.DNSNames)+len(c.IPAddresses)+len(c.EmailAddresses)+len(c.URIs) > 0 || c.Subject.CommonName == "" {
		return false
	}
	return (&x509.Certificate{DNSNames: []string{c.Subject.CommonName}}).VerifyHostname(name) == nil
}

// verifyFailure finds OpenSSL's words for what Go says.
func verifyFailure(chain []*x509.Certificate, err error) error {
	var invalid x509.CertificateInvalidError
	now := time.Now()
	for _, c := range chain {
		if now.Before(c.NotBefore) {
			return &verifyError{9, "certificate is not yet valid"}
		}
		if errors.As(err, &invalid) && invalid.Reason == x509.Expired && now.After(c.NotAfter) {
			return &verifyError{10, "certificate has expired"}
		}
	}
	if errors.As(err, &invalid) {
		switch invalid.Reason {
		case x509.Expired:
			return &verifyError{10, "certificate has expired"}
		case x509.NotAuthorizedToSign:
			return &verifyError{24, "invalid CA certificate"}
		case x509.TooManyIntermediates:
			return &verifyError{25, "path length constraint exceeded"}
		case x509.IncompatibleUsage:
			return &verifyError{26, "unsupported certificate purpose"}
		case x509.CANotAuthorizedForThisName, x509.NameConstraintsWithoutSANs:
			return &verifyError{47, "permitted subtree violation"}
		default:
		}
	}
	if selfSigned(chain[0]) {
		return &verifyError{18, "self-signed certificate"}
	}
	if selfSigned(chain[len(chain)-1]) {
		return &verifyError{19, "self-signed certificate in certificate chain"}
	}
	return &verifyError{20, "unable to get local issuer certificate"}
}

func selfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

// revoked looks each certificate of a chain up in its issuer's list of lua_ssl_crl.
func (b *tlsBase) revoked(chain []*x509.Certificate) error {
	if !b.crl {
		return nil
	}
	for i, c := range chain {
		issuer := chain[min(i+1, len(chain)-1)]
		var list *x509.RevocationList
		for _, l := range b.crls {
			if bytes.Equal(l.RawIssuer, c.RawIssuer) {
				list = l
			}
		}
		if list == nil {
			return &verifyError{3, "unable to get certificate CRL"}
		}
		if list.CheckSignatureFrom(issuer) != nil {
			return &verifyError{8, "CRL signature failure"}
		}
		if !list.NextUpdate.IsZero() && time.Now().After(list.NextUpdate) {
			return &verifyError{12, "CRL has expired"}
		}
		for _, e := range list.RevokedCertificateEntries {
			if e.SerialNumber.Cmp(c.SerialNumber) == 0 {
				return &verifyError{23, "certificate revoked"}
			}
		}
	}
	return nil
}

func readCRL(file string) ([]*x509.RevocationList, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out []*x509.RevocationList
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return out, nil
		}
		l, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return out, err
		}
		out = append(out, l)
	}
}
