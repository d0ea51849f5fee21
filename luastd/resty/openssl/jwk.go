package openssl

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// jwk is a JSON Web Key (RFC 7517, 7518, 8037). Numbers are big-endian, in base64url.
type jwk struct {
	Kty string `json:"kty"`
	Crv string `json:"crv,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
	D   string `json:"d,omitempty"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
	P   string `json:"p,omitempty"`
	Q   string `json:"q,omitempty"`
	DP  string `json:"dp,omitempty"`
	DQ  string `json:"dq,omitempty"`
	QI  string `json:"qi,omitempty"`
}

var errNoJWK = errors.New("not a JSON Web Key")

func unbase(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }
func based(b []byte) string           { return base64.RawURLEncoding.EncodeToString(b) }

func integer(s string) (*big.Int, error) {
	b, err := unbase(s)
	if err != nil || len(b) == 0 {
		return nil, fmt.Errorf("%w: a number is missing or malformed", errNoJWK)
	}
	return new(big.Int).SetBytes(b), nil
}

// parseJWK reads a key; what it returns is what x509's parsers return.
func parseJWK(text string) (any, error) {
	var k jwk
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return nil, errNoJWK
	}
	switch k.Kty {
	case "RSA":
		return k.rsa()
	case "EC":
		return k.ec()
	case "OKP":
		return k.okp()
	}
	return nil, fmt.Errorf("%w: key type %q", errNoJWK, k.Kty)
}

func (k *jwk) rsa() (any, error) {
	n, err := integer(k.N)
	if err != nil {
		return nil, err
	}
	e, err := integer(k.E)
	if err != nil || !e.IsInt64() {
		return nil, fmt.Errorf("%w: the exponent", errNoJWK)
	}
	public := rsa.PublicKey{N: n, E: int(e.Int64())}
	if k.D == "" {
		return &public, nil
	}
	key := &rsa.PrivateKey{PublicKey: public}
	if key.D, err = integer(k.D); err != nil {
		return nil, err
	}
	for _, prime := range []string{k.P, k.Q} {
		p, err := integer(prime)
		if err != nil {
			return nil, err
		}
		key.Primes = append(key.Primes, p)
	}
	if err := key.Validate(); err != nil {
		return nil, err
	}
	key.Precompute()
	return key, nil
}

func (k *jwk) ec() (any, error) {
	curve := curves[k.Crv]
	if curve == nil {
		return nil, fmt.Errorf("%w: curve %q", errNoJWK, k.Crv)
	}
	size := (curve.Params().BitSize + 7) / 8
	if k.D != "" {
		d, err := integer(k.D)
		if err != nil || d.BitLen() > size*8 {
			return nil, errNoJWK
		}
		return ecdsa.ParseRawPrivateKey(curve, d.FillBytes(make([]byte, size)))
	}
	point := []byte{4}
	for _, s := range []string{k.X, k.Y} {
		x, err := integer(s)
		if err != nil || x.BitLen() > size*8 {
			return nil, errNoJWK
		}
		point = append(point, x.FillBytes(make([]byte, size))...)
	}
	return ecdsa.ParseUncompressedPublicKey(curve, point)
}

func (k *jwk) okp() (any, error) {
	x, errX := unbase(k.X)
	d, errD := unbase(k.D)
	if errX != nil || errD != nil {
		return nil, errNoJWK
	}
	switch {
	case k.Crv == "Ed25519" && len(d) == ed25519.SeedSize:
		return ed25519.NewKeyFromSeed(d), nil
	case k.Crv == "Ed25519" && len(x) == ed25519.PublicKeySize && k.D == "":
		return ed25519.PublicKey(x), nil
	case k.Crv == "X25519" && k.D != "":
		return ecdh.X25519().NewPrivateKey(d)
	case k.Crv == "X25519":
		return ecdh.X25519().NewPublicKey(x)
	}
	return nil, fmt.Errorf("%w: curve %q is not supported by moongate", errNoJWK, k.Crv)
}

// formatJWK writes a key, without its private part where public is asked for.
func formatJWK(key crypto.PrivateKey, public crypto.PublicKey) (string, error) {
	var k jwk
	switch p := public.(type) {
	case *rsa.PublicKey:
		k = jwk{Kty: "RSA", N: based(p.N.Bytes()), E: based(big.NewInt(int64(p.E)).Bytes())}
		if r, ok := key.(*rsa.PrivateKey); ok && len(r.Primes) == 2 {
			r.Precompute()
			k.D, k.P, k.Q = based(r.D.Bytes()), based(r.Primes[0].Bytes()), based(r.Primes[1].Bytes())
			k.DP, k.DQ, k.QI = based(r.Precomputed.Dp.Bytes()), based(r.Precomputed.Dq.Bytes()), based(r.Precomputed.Qinv.Bytes())
		}
	case *ecdsa.PublicKey:
		point, err := p.Bytes()
		if err != nil {
			return "", err
		}
		half := (len(point) - 1) / 2
		k = jwk{Kty: "EC", Crv: p.Params().Name, X: based(point[1 : 1+half]), Y: based(point[1+half:])}
		if e, ok := key.(*ecdsa.PrivateKey); ok {
			d, err := e.Bytes()
			if err != nil {
				return "", err
			}
			k.D = based(d)
		}
	case ed25519.PublicKey:
		k = jwk{Kty: "OKP", Crv: "Ed25519", X: based(p)}
		if e, ok := key.(ed25519.PrivateKey); ok {
			k.D = based(e.Seed())
		}
	case *ecdh.PublicKey:
		k = jwk{Kty: "OKP", Crv: "X25519", X: based(p.Bytes())}
		if e, ok := key.(*ecdh.PrivateKey); ok {
			k.D = based(e.Bytes())
		}
	}
	b, err := json.Marshal(k)
	return string(b), err
}

// curves by the names of JWK and of OpenSSL.
var curves = map[string]elliptic.Curve{
	"P-256": elliptic.P256(), "prime256v1": elliptic.P256(), "secp256r1": elliptic.P256(),
	"P-384": elliptic.P384(), "secp384r1": elliptic.P384(),
	"P-521": elliptic.P521(), "secp521r1": elliptic.P521(),
	"P-224": elliptic.P224(), "secp224r1": elliptic.P224(),
}
