package ssl

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases/ssl"
)

// What OpenSSL's functions that fail are called, in which scripts read why.
const (
	badFirstPEM = "PEM_read_bio_X509_AUX() failed"
	badNextPEM  = "PEM_read_bio_X509() failed"
	badKeyPEM   = "PEM_read_bio_PrivateKey() failed"
	badFirstDER = "d2i_X509_bio() failed"
	badNextDER  = "d2i_X509_bio() failed in rest of chain"
	badKeyDER   = "d2i_PrivateKey_bio() failed"
)

var pemBegin = []byte("-----BEGIN ")

// chainOfPEM reads all certificates of a PEM text. Unlike pem.Decode it does not pass over a block that
// is damaged.
func chainOfPEM(text []byte) (*Chain, string) {
	c, why := &Chain{}, badFirstPEM
	for {
		i := bytes.Index(text, pemBegin)
		if i < 0 {
			break
		}
		b, rest := pem.Decode(text[i:])
		if b == nil || bytes.Count(text[i:len(text)-len(rest)], pemBegin) > 1 {
			return nil, why
		}
		text = rest
		switch b.Type {
		case "CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE":
		default:
			continue
		}
		if !c.add(b.Bytes) {
			return nil, why
		}
		why = badNextPEM
	}
	if c.leaf == nil {
		return nil, why
	}
	return c, ""
}

// chainOfDER reads certificates that stand one behind the other.
func chainOfDER(der []byte) (*Chain, string) {
	c, why := &Chain{}, badFirstDER
	for len(der) > 0 || c.leaf == nil {
		var one asn1.RawValue
		rest, err := asn1.Unmarshal(der, &one)
		if err != nil || !c.add(one.FullBytes) {
			return nil, why
		}
		der, why = rest, badNextDER
	}
	return c, ""
}

func (c *Chain) add(der []byte) bool {
	x, err := x509.ParseCertificate(der)
	if err != nil {
		return false
	}
	if c.leaf == nil {
		c.leaf = x
	}
	c.der = append(c.der, der)
	return true
}

func keyOfDER(der []byte) *Key {
	k, err := ssl.ParsePrivateKeyDER(der)
	if err != nil || !supported(k) {
		return nil
	}
	return &Key{k}
}

func keyOfPEM(text, password []byte) *Key {
	k, err := ssl.ParsePrivateKey(text, password)
	if err != nil || !supported(k) {
		return nil
	}
	return &Key{k}
}

// traditional is the key in the form that OpenSSL's i2d_PrivateKey writes.
func traditional(key crypto.PrivateKey) ([]byte, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return x509.MarshalPKCS1PrivateKey(k), nil
	case *ecdsa.PrivateKey:
		return x509.MarshalECPrivateKey(k)
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

// der, err = ssl.cert_pem_to_der(pem)
func certPEMToDER(_ *handler.VM, L *lua.LState) int {
	c, why := chainOfPEM([]byte(codec.CheckString(L, 1, "cert_pem_to_der")))
	if c == nil {
		return refuse(L, why)
	}
	L.Push(lua.LString(bytes.Join(c.der, nil)))
	return 1
}

// der, err = ssl.priv_key_pem_to_der(pem, passphrase?)
func keyPEMToDER(_ *handler.VM, L *lua.LState) int {
	text := []byte(codec.CheckString(L, 1, "priv_key_pem_to_der"))
	var password []byte
	if L.Get(2) != lua.LNil {
		password = []byte(codec.CheckString(L, 2, "priv_key_pem_to_der"))
	}
	k := keyOfPEM(text, password)
	if k == nil {
		return refuse(L, badKeyPEM)
	}
	der, err := traditional(k.key)
	if err != nil {
		return refuse(L, "i2d_PrivateKey() failed")
	}
	L.Push(lua.LString(der))
	return 1
}

// cert_chain, err = ssl.parse_pem_cert(pem)
func parsePEMCert(_ *handler.VM, L *lua.LState) int {
	c, why := chainOfPEM([]byte(codec.CheckString(L, 1, "parse_pem_cert")))
	if c == nil {
		return refuse(L, why)
	}
	return pushObject(L, c)
}

// cert_chain, err = ssl.parse_der_cert(der)
func parseDERCert(_ *handler.VM, L *lua.LState) int {
	der := codec.CheckString(L, 1, "parse_der_cert")
	if der == "" {
		return refuse(L, "invalid argument")
	}
	c, why := chainOfDER([]byte(der))
	if c == nil {
		return refuse(L, why)
	}
	return pushObject(L, c)
}

// priv_key, err = ssl.parse_pem_priv_key(pem)
func parsePEMKey(_ *handler.VM, L *lua.LState) int {
	k := keyOfPEM([]byte(codec.CheckString(L, 1, "parse_pem_priv_key")), nil)
	if k == nil {
		return refuse(L, badKeyPEM)
	}
	return pushObject(L, k)
}

// priv_key, err = ssl.parse_der_priv_key(der)
func parseDERKey(_ *handler.VM, L *lua.LState) int {
	der := codec.CheckString(L, 1, "parse_der_priv_key")
	if der == "" {
		return refuse(L, "invalid argument")
	}
	k := keyOfDER([]byte(der))
	if k == nil {
		return refuse(L, badKeyDER)
	}
	return pushObject(L, k)
}
