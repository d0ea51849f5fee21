package openssl

import (
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// pkey is a key: private is nil of a public one. Its types are those of crypto/x509's parsers.
type pkey struct {
	private crypto.PrivateKey
	public  crypto.PublicKey
}

// keyType is how OpenSSL names a type of key.
type keyType struct {
	name string
	nid  int
	oid  string
}

func (k *pkey) keyType() keyType {
	switch k.public.(type) {
	case *rsa.PublicKey:
		return keyType{"rsaEncryption", 6, "1.2.840.113549.1.1.1"}
	case *ecdsa.PublicKey:
		return keyType{"id-ecPublicKey", 408, "1.2.840.10045.2.1"}
	case ed25519.PublicKey:
		return keyType{"ED25519", 1087, "1.3.101.112"}
	}
	return keyType{"X25519", 1034, "1.3.101.110"}
}

var errKey = errors.New("no key could be read")

// newKey wraps what a parser has returned.
func newKey(parsed any) (*pkey, error) {
	switch p := parsed.(type) {
	case *rsa.PrivateKey:
		return &pkey{p, &p.PublicKey}, nil
	case *ecdsa.PrivateKey:
		return &pkey{p, &p.PublicKey}, nil
	case ed25519.PrivateKey:
		return &pkey{p, p.Public()}, nil
	case *ecdh.PrivateKey:
		return &pkey{p, p.PublicKey()}, nil
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey, *ecdh.PublicKey:
		return &pkey{nil, p}, nil
	}
	return nil, errKey
}

// wanted says what a text may hold; empty strings are any.
type wanted struct {
	format, kind string
	passphrase   string
}

func (w wanted) takes(format string) bool {
	return w.format == "" || w.format == "*" || strings.EqualFold(w.format, format)
}

// load reads a key from PEM, JWK or DER.
func load(text string, w wanted) (*pkey, error) {
	k, err := w.read(text)
	if err != nil {
		return nil, err
	}
	switch {
	case w.kind == "pr" && k.private == nil:
		return nil, fmt.Errorf("%w: it is no private key", errKey)
	case w.kind == "pu":
		k.private = nil
	}
	return k, nil
}

func (w wanted) read(text string) (*pkey, error) {
	if w.takes("PEM") {
		if b, _ := pem.Decode([]byte(text)); b != nil {
			return parsePEM(b, w.passphrase)
		}
	}
	if w.takes("JWK") && strings.HasPrefix(strings.TrimSpace(text), "{") {
		parsed, err := parseJWK(text)
		if err != nil {
			return nil, err
		}
		return newKey(parsed)
	}
	if w.takes("DER") {
		return parseDER([]byte(text))
	}
	return nil, errKey
}

func parsePEM(b *pem.Block, passphrase string) (*pkey, error) {
	der := b.Bytes
	if b.Type == "ENCRYPTED PRIVATE KEY" {
		return nil, errors.New("keys encrypted by PKCS#8 are not supported by moongate: store the key without a passphrase, or in the traditional form")
	}
	if x509.IsEncryptedPEMBlock(b) { //nolint:staticcheck // the traditional form is what users have
		var err error
		if der, err = x509.DecryptPEMBlock(b, []byte(passphrase)); err != nil { //nolint:staticcheck // ditto
			return nil, fmt.Errorf("bad decrypt: %w", err)
		}
	}
	if b.Type == "CERTIFICATE" {
		return nil, fmt.Errorf("%w: it is a certificate", errKey)
	}
	return parseDER(der)
}

func parseDER(der []byte) (*pkey, error) {
	for _, parse := range []func([]byte) (any, error){
		x509.ParsePKCS8PrivateKey,
		func(b []byte) (any, error) { return x509.ParsePKCS1PrivateKey(b) },
		func(b []byte) (any, error) { return x509.ParseECPrivateKey(b) },
		x509.ParsePKIXPublicKey,
		func(b []byte) (any, error) { return x509.ParsePKCS1PublicKey(b) },
	} {
		if parsed, err := parse(der); err == nil {
			return newKey(parsed)
		}
	}
	return nil, errKey
}

// generate makes a new key.
func generate(kind, curve string, bits int) (*pkey, error) {
	switch strings.ToUpper(kind) {
	case "RSA":
		if bits < 1024 || bits > 8192 {
			return nil, errors.New("bits out of range")
		}
		k, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, err
		}
		return newKey(k)
	case "EC":
		c := curves[curve]
		if c == nil {
			return nil, fmt.Errorf("unknown curve %s", curve)
		}
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			return nil, err
		}
		return newKey(k)
	case "ED25519":
		_, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return newKey(k)
	case "X25519":
		k, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return newKey(k)
	}
	return nil, fmt.Errorf("unsupported type %s", kind)
}

// format writes the key as PEM, DER or JWK.
func (k *pkey) format(kind, format string, pkcs1 bool) (string, error) {
	private := strings.HasPrefix(strings.ToLower(kind), "private")
	if private && k.private == nil {
		return "", errors.New("it is a public key")
	}
	if strings.EqualFold(format, "JWK") {
		key := k.private
		if !private {
			key = nil
		}
		return formatJWK(key, k.public)
	}
	var der []byte
	var err error
	name := "PUBLIC KEY"
	r, isRSA := k.public.(*rsa.PublicKey)
	switch {
	case pkcs1 && isRSA && private:
		name, der = "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(k.private.(*rsa.PrivateKey))
	case pkcs1 && isRSA:
		name, der = "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(r)
	case private:
		name = "PRIVATE KEY"
		der, err = x509.MarshalPKCS8PrivateKey(k.private)
	default:
		der, err = x509.MarshalPKIXPublicKey(k.public)
	}
	if err != nil {
		return "", err
	}
	if strings.EqualFold(format, "DER") {
		return string(der), nil
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der})), nil
}

// size is the room that a signature or a shared secret takes at the most, in bytes.
func (k *pkey) size() int {
	switch p := k.public.(type) {
	case *rsa.PublicKey:
		return p.Size()
	case *ecdsa.PublicKey:
		n := fieldSize(p.Curve)
		return 2*(n+3) + 3 // two integers in a sequence
	case ed25519.PublicKey:
		return ed25519.SignatureSize
	}
	return 32
}

func fieldSize(c elliptic.Curve) int { return (c.Params().BitSize + 7) / 8 }

func loadPKey(L *lua.LState) int {
	module, meta := class(L, pkeyMethods)
	module.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		k, err := keyFrom(L)
		if err != nil {
			return refuse(L, "pkey.new: %v", err)
		}
		return object(L, meta, k)
	}))
	paddings := L.CreateTable(0, 6)
	for name, n := range paddingNames {
		paddings.RawSetString(name, lua.LNumber(n))
	}
	module.RawSetString("PADDINGS", paddings)
	return give(L, module)
}

// keyFrom is pkey.new(text, opts?) or pkey.new(config?).
func keyFrom(L *lua.LState) (*pkey, error) {
	opts, _ := L.Get(2).(*lua.LTable)
	if opts == nil {
		opts = L.NewTable()
	}
	switch v := L.Get(1).(type) {
	case lua.LString:
		w := wanted{field(opts, "format"), field(opts, "type"), field(opts, "passphrase")}
		if f := opts.RawGetString("passphrase_cb"); f != lua.LNil {
			L.Push(f)
			L.Call(0, 1)
			w.passphrase = lua.LVAsString(L.Get(-1))
			L.Pop(1)
		}
		return load(string(v), w)
	case *lua.LTable:
		if v.RawGetString("params") != lua.LNil {
			return nil, errors.New("keys are not composed of parameters by moongate: load a JWK")
		}
		kind, curve := field(v, "type"), field(v, "curve")
		if kind == "" {
			kind = "RSA"
		}
		if curve == "" {
			curve = "prime192v1"
		}
		return generate(kind, curve, number(v, "bits", 2048))
	case *lua.LNilType:
		return generate("RSA", "", 2048)
	default:
		return nil, fmt.Errorf("unexpected type %s at #1", v.Type())
	}
}
