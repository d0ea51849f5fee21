package openssl

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// OpenSSL's numbers of RSA's paddings.
const (
	paddingPKCS1 = 1
	paddingNone  = 3
	paddingOAEP  = 4
	paddingPSS   = 6
)

var paddingNames = map[string]int{
	"RSA_PKCS1_PADDING": paddingPKCS1, "RSA_SSLV23_PADDING": 2, "RSA_NO_PADDING": paddingNone,
	"RSA_PKCS1_OAEP_PADDING": paddingOAEP, "RSA_X931_PADDING": 5, "RSA_PKCS1_PSS_PADDING": paddingPSS,
}

var (
	errPrivate = errors.New("a private key is needed")
	errUsage   = errors.New("this type of key cannot do that")
	errPadding = errors.New("invalid padding")
)

// signing is how something is signed or encrypted.
type signing struct {
	algorithm algorithm
	padding   int
	saltLen   int
	raw       bool // ECDSA's two numbers side by side, as JWS has them
	oaep      algorithm
}

// signingFrom reads (…, md_alg?, padding?, opts?) from argument n on.
func signingFrom(L *lua.LState, md, padding int) (signing, error) {
	s := signing{algorithm: hashes["sha256"], padding: paddingPKCS1, saltLen: rsa.PSSSaltLengthAuto, oaep: hashes["sha1"]}
	if name := optional(L, md, ""); md > 0 && name != "" {
		a, ok := algorithmOf(name)
		if !ok || a.id == 0 {
			return s, fmt.Errorf("invalid digest type %q", name)
		}
		s.algorithm = a
	}
	if n, ok := L.Get(padding).(lua.LNumber); ok {
		s.padding = int(n)
	}
	if o, ok := L.Get(padding + 1).(*lua.LTable); ok {
		s.raw = lua.LVAsBool(o.RawGetString("ecdsa_use_raw"))
		s.saltLen = number(o, "pss_saltlen", s.saltLen)
		if name := field(o, "oaep_md"); name != "" {
			a, ok := algorithmOf(name)
			if !ok || a.id == 0 {
				return s, fmt.Errorf("invalid digest type %q", name)
			}
			s.oaep = a
		}
	}
	return s, nil
}

func (s signing) pss() *rsa.PSSOptions { return &rsa.PSSOptions{SaltLength: s.saltLen} }

// sign signs a digest; of Ed25519, the message.
func (k *pkey) sign(data []byte, s signing) ([]byte, error) {
	switch key := k.private.(type) {
	case nil:
		return nil, errPrivate
	case *rsa.PrivateKey:
		switch s.padding {
		case paddingPKCS1:
			return rsa.SignPKCS1v15(nil, key, s.algorithm.id, data)
		case paddingPSS:
			return rsa.SignPSS(rand.Reader, key, s.algorithm.id, data, s.pss())
		}
		return nil, errPadding
	case *ecdsa.PrivateKey:
		sig, err := ecdsa.SignASN1(rand.Reader, key, data)
		if err == nil && s.raw {
			return rawSignature(sig, fieldSize(key.Curve))
		}
		return sig, err
	case ed25519.PrivateKey:
		return ed25519.Sign(key, data), nil
	}
	return nil, errUsage
}

// verify checks a signature of a digest; of Ed25519, of the message.
func (k *pkey) verify(sig, data []byte, s signing) (bool, error) {
	switch key := k.public.(type) {
	case *rsa.PublicKey:
		switch s.padding {
		case paddingPKCS1:
			return rsa.VerifyPKCS1v15(key, s.algorithm.id, data, sig) == nil, nil
		case paddingPSS:
			return rsa.VerifyPSS(key, s.algorithm.id, data, sig, s.pss()) == nil, nil
		}
		return false, errPadding
	case *ecdsa.PublicKey:
		if s.raw {
			var err error
			if sig, err = packedSignature(sig, fieldSize(key.Curve)); err != nil {
				return false, err
			}
		}
		return ecdsa.VerifyASN1(key, data, sig), nil
	case ed25519.PublicKey:
		return ed25519.Verify(key, data, sig), nil
	}
	return false, errUsage
}

// rawSignature takes an ECDSA signature apart into two numbers of size bytes.
func rawSignature(sig []byte, size int) ([]byte, error) {
	in := cryptobyte.String(sig)
	var body cryptobyte.String
	r, s := new(big.Int), new(big.Int)
	if !in.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1Integer(r) || !body.ReadASN1Integer(s) || r.Sign() < 0 || s.Sign() < 0 ||
		r.BitLen() > size*8 || s.BitLen() > size*8 {
		return nil, errors.New("malformed signature")
	}
	out := make([]byte, 2*size)
	r.FillBytes(out[:size])
	s.FillBytes(out[size:])
	return out, nil
}

// packedSignature is the reverse of rawSignature.
func packedSignature(raw []byte, size int) ([]byte, error) {
	if len(raw) != 2*size {
		return nil, fmt.Errorf("invalid ecdsa signature length %d, expect %d", len(raw), 2*size)
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(new(big.Int).SetBytes(raw[:size]))
		b.AddASN1BigInt(new(big.Int).SetBytes(raw[size:]))
	})
	return b.Bytes()
}

func (k *pkey) encrypt(data []byte, s signing) ([]byte, error) {
	key, ok := k.public.(*rsa.PublicKey)
	if !ok {
		return nil, errUsage
	}
	switch s.padding {
	case paddingPKCS1:
		return rsa.EncryptPKCS1v15(rand.Reader, key, data) //nolint:staticcheck // the library's default
	case paddingOAEP:
		return rsa.EncryptOAEP(s.oaep.make(), rand.Reader, key, data, nil)
	}
	return nil, errPadding
}

func (k *pkey) decrypt(data []byte, s signing) ([]byte, error) {
	key, ok := k.private.(*rsa.PrivateKey)
	switch {
	case k.private == nil:
		return nil, errPrivate
	case !ok:
		return nil, errUsage
	}
	switch s.padding {
	case paddingPKCS1:
		return rsa.DecryptPKCS1v15(nil, key, data) //nolint:staticcheck // ditto
	case paddingOAEP:
		return rsa.DecryptOAEP(s.oaep.make(), nil, key, data, nil)
	}
	return nil, errPadding
}

// recover gives the text that was signed with PKCS #1's padding and no digest.
func (k *pkey) recover(sig []byte) ([]byte, error) {
	key, ok := k.public.(*rsa.PublicKey)
	if !ok {
		return nil, errUsage
	}
	c := new(big.Int).SetBytes(sig)
	if c.Cmp(key.N) >= 0 {
		return nil, errBad
	}
	block := new(big.Int).Exp(c, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
	rest, ok := bytes.CutPrefix(block, []byte{0, 1})
	end := bytes.IndexByte(rest, 0)
	if !ok || end < 8 || len(bytes.Trim(rest[:end], "\xff")) > 0 {
		return nil, errBad
	}
	return rest[end+1:], nil
}

// derive is the secret that two keys share.
func (k *pkey) derive(peer *pkey) ([]byte, error) {
	exchange := func(v any) *ecdh.PrivateKey {
		switch v := v.(type) {
		case *ecdh.PrivateKey:
			return v
		case *ecdsa.PrivateKey:
			if p, err := v.ECDH(); err == nil {
				return p
			}
		}
		return nil
	}(k.private)
	if exchange == nil {
		return nil, errUsage
	}
	var public *ecdh.PublicKey
	switch p := peer.public.(type) {
	case *ecdh.PublicKey:
		public = p
	case *ecdsa.PublicKey:
		public, _ = p.ECDH()
	}
	if public == nil || public.Curve() != exchange.Curve() {
		return nil, errors.New("different parameters")
	}
	return exchange.ECDH(public)
}

// message is what is signed: argument n hashed, or a digest's state, or for Ed25519 the text itself.
func (k *pkey) message(L *lua.LState, n int, s *signing) ([]byte, error) {
	_, whole := k.public.(ed25519.PublicKey)
	if h, ok := isObject[*hasher](L.Get(n)); ok {
		if whole {
			return nil, errUsage
		}
		s.algorithm = h.algorithm
		return h.Sum(nil), nil
	}
	data := []byte(text(L, n, "sign"))
	if whole {
		return data, nil
	}
	h := s.algorithm.make()
	h.Write(data) //nolint:errcheck // a hash never fails
	return h.Sum(nil), nil
}

func answer(L *lua.LState, name string, out []byte, err error) int {
	if err != nil {
		return refuse(L, "pkey:%s: %v", name, err)
	}
	return give(L, lua.LString(out))
}

func judge(L *lua.LState, name string, ok bool, err error) int {
	if err != nil {
		return give(L, lua.LFalse, lua.LString(fmt.Sprintf("pkey:%s: %v", name, err)))
	}
	return give(L, lua.LBool(ok))
}

var pkeyMethods = map[string]lua.LGFunction{
	// signature, err = k:sign(digest|message, md_alg?, padding?, opts?)
	"sign": func(L *lua.LState) int {
		k := self[*pkey](L, "pkey:sign")
		s, err := signingFrom(L, 3, 4)
		var data, sig []byte
		if err == nil {
			data, err = k.message(L, 2, &s)
		}
		if err == nil {
			sig, err = k.sign(data, s)
		}
		return answer(L, "sign", sig, err)
	},
	// ok, err = k:verify(signature, digest|message, md_alg?, padding?, opts?)
	"verify": func(L *lua.LState) int {
		k := self[*pkey](L, "pkey:verify")
		s, err := signingFrom(L, 4, 5)
		var data []byte
		if err == nil {
			data, err = k.message(L, 3, &s)
		}
		ok := false
		if err == nil {
			ok, err = k.verify([]byte(text(L, 2, "verify")), data, s)
		}
		return judge(L, "verify", ok, err)
	},
	// signature, err = k:sign_raw(text, padding?, opts?)
	"sign_raw": func(L *lua.LState) int {
		k := self[*pkey](L, "pkey:sign_raw")
		s, err := signingFrom(L, 0, 3)
		var sig []byte
		if err == nil {
			s.algorithm.id = crypto.Hash(0)
			sig, err = k.sign([]byte(text(L, 2, "sign_raw")), s)
		}
		return answer(L, "sign_raw", sig, err)
	},
	// ok, err = k:verify_raw(signature, digest, md_alg?, padding?, opts?)
	"verify_raw": func(L *lua.LState) int {
		k := self[*pkey](L, "pkey:verify_raw")
		s, err := signingFrom(L, 4, 5)
		ok := false
		if err == nil {
			ok, err = k.verify([]byte(text(L, 2, "verify_raw")), []byte(text(L, 3, "verify_raw")), s)
		}
		return judge(L, "verify_raw", ok, err)
	},
	// text, err = k:verify_recover(signature)
	"verify_recover": func(L *lua.LState) int {
		out, err := self[*pkey](L, "pkey:verify_recover").recover([]byte(text(L, 2, "verify_recover")))
		return answer(L, "verify_recover", out, err)
	},
	// s, err = k:encrypt(text, padding?, opts?)
	"encrypt": func(L *lua.LState) int {
		k := self[*pkey](L, "pkey:encrypt")
		s, err := signingFrom(L, 0, 3)
		var out []byte
		if err == nil {
			out, err = k.encrypt([]byte(text(L, 2, "encrypt")), s)
		}
		return answer(L, "encrypt", out, err)
	},
	"decrypt": func(L *lua.LState) int {
		k := self[*pkey](L, "pkey:decrypt")
		s, err := signingFrom(L, 0, 3)
		var out []byte
		if err == nil {
			out, err = k.decrypt([]byte(text(L, 2, "decrypt")), s)
		}
		return answer(L, "decrypt", out, err)
	},
	// secret, err = k:derive(peer)
	"derive": func(L *lua.LState) int {
		k := self[*pkey](L, "pkey:derive")
		peer, ok := isObject[*pkey](L.Get(2))
		if !ok {
			return refuse(L, "pkey:derive: expect a pkey instance at #1")
		}
		out, err := k.derive(peer)
		return answer(L, "derive", out, err)
	},
	// s, err = k:tostring(private_or_public?, format?, is_pkcs1?)
	"tostring": func(L *lua.LState) int {
		k := self[*pkey](L, "pkey:tostring")
		s, err := k.format(optional(L, 2, "public"), optional(L, 3, "PEM"), lua.LVAsBool(L.Get(4)))
		return answer(L, "tostring", []byte(s), err)
	},
	"to_PEM": func(L *lua.LState) int {
		k := self[*pkey](L, "pkey:to_PEM")
		s, err := k.format(optional(L, 2, "public"), "PEM", lua.LVAsBool(L.Get(3)))
		return answer(L, "to_PEM", []byte(s), err)
	},
	"is_private": func(L *lua.LState) int {
		return give(L, lua.LBool(self[*pkey](L, "pkey:is_private").private != nil))
	},
	"get_size": func(L *lua.LState) int { return give(L, lua.LNumber(self[*pkey](L, "pkey:get_size").size())) },
	// {id, nid, sn, ln} = k:get_key_type(nid_only?)
	"get_key_type": func(L *lua.LState) int {
		kt := self[*pkey](L, "pkey:get_key_type").keyType()
		if lua.LVAsBool(L.Get(2)) {
			return give(L, lua.LNumber(kt.nid))
		}
		t := L.CreateTable(0, 4)
		t.RawSetString("id", lua.LString(kt.oid))
		t.RawSetString("nid", lua.LNumber(kt.nid))
		t.RawSetString("sn", lua.LString(kt.name))
		t.RawSetString("ln", lua.LString(kt.name))
		return give(L, t)
	},
	"get_parameters":    getParameters,
	"get_provider_name": func(L *lua.LState) int { return give(L, lua.LString("default")) },
	// raw, err = k:raw_signature(der): resty.evp's need, not the library's
	"raw_signature": func(L *lua.LState) int {
		key, ok := self[*pkey](L, "pkey:raw_signature").public.(*ecdsa.PublicKey)
		if !ok {
			return refuse(L, "pkey:raw_signature: %v", errUsage)
		}
		out, err := rawSignature([]byte(text(L, 2, "raw_signature")), fieldSize(key.Curve))
		return answer(L, "raw_signature", out, err)
	},
}
