package openssl

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func loadX509(L *lua.LState) int {
	module, meta := class(L, x509Methods)
	// cert, err = x509.new(text, format?)
	module.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		c, err := parseCertificate(text(L, 1, "new"), optional(L, 2, "*"))
		if err != nil {
			return refuse(L, "x509.new: %v", err)
		}
		return object(L, meta, c)
	}))
	// k, err = c:get_pubkey()
	module.RawSetString("get_pubkey", L.NewFunction(func(L *lua.LState) int {
		c := self[*x509.Certificate](L, "x509:get_pubkey")
		L.Push(L.GetGlobal("require"))
		L.Push(lua.LString("resty.openssl.pkey"))
		L.Call(1, 1)
		L.Push(L.GetField(L.Get(-1), "new"))
		L.Push(lua.LString(c.RawSubjectPublicKeyInfo))
		L.Call(1, 2)
		return 2
	}))
	return give(L, module)
}

func parseCertificate(text, format string) (*x509.Certificate, error) {
	der := []byte(text)
	if b, _ := pem.Decode(der); b != nil && !strings.EqualFold(format, "DER") {
		if b.Type != "CERTIFICATE" {
			return nil, errors.New("it holds a " + b.Type)
		}
		der = b.Bytes
	}
	return x509.ParseCertificate(der)
}

var x509Methods = map[string]lua.LGFunction{
	// s, err = c:tostring(format?)
	"tostring": func(L *lua.LState) int {
		c := self[*x509.Certificate](L, "x509:tostring")
		if strings.EqualFold(optional(L, 2, "PEM"), "DER") {
			return give(L, lua.LString(c.Raw))
		}
		return give(L, lua.LString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})))
	},
	"to_PEM": func(L *lua.LState) int {
		c := self[*x509.Certificate](L, "x509:to_PEM")
		return give(L, lua.LString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})))
	},
	"digest": func(L *lua.LState) int { return digestOf(L, "digest", self[*x509.Certificate](L, "x509:digest").Raw) },
	"pubkey_digest": func(L *lua.LState) int {
		return digestOf(L, "pubkey_digest", self[*x509.Certificate](L, "x509:pubkey_digest").RawSubjectPublicKeyInfo)
	},
	// not_before, not_after = c:get_lifetime(), in seconds
	"get_lifetime": func(L *lua.LState) int {
		c := self[*x509.Certificate](L, "x509:get_lifetime")
		return give(L, lua.LNumber(c.NotBefore.Unix()), lua.LNumber(c.NotAfter.Unix()))
	},
	"get_not_before": func(L *lua.LState) int {
		return give(L, lua.LNumber(self[*x509.Certificate](L, "x509:get_not_before").NotBefore.Unix()))
	},
	"get_not_after": func(L *lua.LState) int {
		return give(L, lua.LNumber(self[*x509.Certificate](L, "x509:get_not_after").NotAfter.Unix()))
	},
	// hex = c:get_serial_hex(): moongate's own, as there are no big numbers
	"get_serial_hex": func(L *lua.LState) int {
		return give(L, lua.LString(strings.ToUpper(hex.EncodeToString(self[*x509.Certificate](L, "x509:get_serial_hex").SerialNumber.Bytes()))))
	},
	// match, err = c:check_private_key(key)
	"check_private_key": func(L *lua.LState) int {
		c := self[*x509.Certificate](L, "x509:check_private_key")
		k, ok := isObject[*pkey](L.Get(2))
		if !ok || k.private == nil {
			return give(L, lua.LFalse, lua.LString("x509:check_private_key: "+errPrivate.Error()))
		}
		own, err := newKey(c.PublicKey)
		if err != nil {
			return give(L, lua.LFalse, lua.LString(err.Error()))
		}
		a, errA := own.format("public", "DER", false)
		b, errB := k.format("public", "DER", false)
		return give(L, lua.LBool(errA == nil && errB == nil && a == b))
	},
	// ok = c:verify_trust(pem): whether one of these certificates has issued it, directly or not
	"verify_trust": func(L *lua.LState) int {
		c := self[*x509.Certificate](L, "x509:verify_trust")
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(text(L, 2, "verify_trust"))) {
			return give(L, lua.LFalse, lua.LString("no certificate"))
		}
		if _, err := c.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
			return give(L, lua.LFalse, lua.LString(err.Error()))
		}
		return give(L, lua.LTrue)
	},
}

func digestOf(L *lua.LState, name string, data []byte) int {
	which := optional(L, 2, "sha1")
	a, ok := algorithmOf(which)
	if !ok {
		return refuse(L, "x509:%s: invalid digest type \"%s\"", name, which)
	}
	h := a.make()
	h.Write(data) //nolint:errcheck // a hash never fails
	return give(L, lua.LString(h.Sum(nil)))
}
