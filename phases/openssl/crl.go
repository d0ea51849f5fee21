package openssl

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"time"
)

// ReadCRLs reads a file of revocation lists in PEM.
func ReadCRLs(file string) ([]*x509.RevocationList, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out []*x509.RevocationList
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "X509 CRL" {
			continue
		}
		l, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	if out == nil {
		return nil, errors.New("no revocation list in it")
	}
	return out, nil
}

// Revoked looks each certificate of a chain, the leaf first, up in its issuer's list, which must be there. The
// answer is nil where none is revoked, and where there are no lists at all.
func Revoked(chain []*x509.Certificate, lists []*x509.RevocationList) *VerifyError {
	if lists == nil {
		return nil
	}
	now := time.Now()
	for i, c := range chain {
		var list *x509.RevocationList
		for _, l := range lists {
			if bytes.Equal(l.RawIssuer, c.RawIssuer) {
				list = l
			}
		}
		switch issuer := chain[min(i+1, len(chain)-1)]; {
		case list == nil:
			return Failure(3)
		case list.CheckSignatureFrom(issuer) != nil:
			return Failure(8)
		case now.Before(list.ThisUpdate):
			return Failure(11)
		case !list.NextUpdate.IsZero() && now.After(list.NextUpdate):
			return Failure(12)
		}
		for j := range list.RevokedCertificateEntries {
			if list.RevokedCertificateEntries[j].SerialNumber.Cmp(c.SerialNumber) == 0 {
				return Failure(23)
			}
		}
	}
	return nil
}
