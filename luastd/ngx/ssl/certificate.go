package ssl

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases/ssl"
)

// Chain is what parse_pem_cert and parse_der_cert give: a certificate and those that lead to its root.
// Immutable.
type Chain struct {
	der  [][]byte
	leaf *x509.Certificate
}

// CertChain is the chain in DER, the certificate itself first.
func (c *Chain) CertChain() [][]byte { return c.der }

// CertPool is the chain as roots (tcpsock:settrustedstore).
func (c *Chain) CertPool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, der := range c.der {
		if x, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(x)
		}
	}
	return pool
}

// LuaType is what type() says.
func (c *Chain) LuaType() string { return "cdata" }

// Key is what parse_pem_priv_key and parse_der_priv_key give. Immutable.
type Key struct{ key crypto.PrivateKey }

// PrivateKey is the key.
func (k *Key) PrivateKey() crypto.PrivateKey { return k.key }

// LuaType is what type() says.
func (k *Key) LuaType() string { return "cdata" }

func pushObject(L *lua.LState, x any) int {
	u := L.NewUserData()
	u.Value = x
	mt := L.CreateTable(0, 1)
	mt.RawSetString("__tostring", L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString(fmt.Sprintf("cdata<void *>: %p", x)))
		return 1
	}))
	u.Metatable = mt
	L.Push(u)
	return 1
}

// chainArg is the n-th argument, a parsed certificate; nil where it is absent.
func chainArg(L *lua.LState, n int, name string) *Chain {
	return object[*Chain](L, n, name, "certificate")
}

func object[T any](L *lua.LState, n int, name, want string) (x T) {
	v := L.Get(n)
	if v == lua.LNil {
		return x
	}
	if u, ok := v.(*lua.LUserData); ok {
		if x, ok := u.Value.(T); ok {
			return x
		}
	}
	codec.ArgError(L, n, name, want+" expected, got "+codec.TypeName(L, n))
	return x
}

// chooser finds the certificates that the running script may choose, or says why there are none.
type chooser func(v *handler.VM, L *lua.LState) (choice, string)

// during is the choice of a server's handshake.
func during(v *handler.VM, L *lua.LState) (choice, string) {
	switch x, why := connectionOf(v, L); {
	case why != "":
		return choice{}, why
	case x.handshake == nil:
		return choice{}, "the handshake has ended"
	case x.c.Phase != handler.SSLCert:
		return choice{}, "certificates are chosen in ssl_certificate_by_lua*"
	default:
		return choice{&x.handshake.Certificates}, ""
	}
}

// Settle ends a script's choice of certificates: one without its key, or a key alone, counts for nothing.
func Settle(h *ssl.Handshake) {
	choice{&h.Certificates}.settle()
	if h.Staple != nil && len(h.Certificates) > 0 {
		for i := range h.Certificates {
			h.Certificates[i].OCSPStaple = h.Staple
		}
	}
}

// kind tells the sorts of keys of which a server may have one certificate each.
func kind(public any) string { return fmt.Sprintf("%T", public) }

func kindOf(c *tls.Certificate) string {
	switch {
	case c.Leaf != nil:
		return kind(c.Leaf.PublicKey)
	case c.PrivateKey != nil:
		return kind(c.PrivateKey.(crypto.Signer).Public())
	}
	if leaf, err := x509.ParseCertificate(c.Certificate[0]); err == nil {
		return kind(leaf.PublicKey)
	}
	return ""
}

// choice is the certificates among which the other side of a handshake gets one.
type choice struct{ list *[]tls.Certificate }

// slot is the place among them for one with that kind of key. What is in it may lack a certificate or a key
// still; settle drops such.
func (x choice) slot(kind string) *tls.Certificate {
	for i := range *x.list {
		if c := &(*x.list)[i]; kindOf(c) == kind {
			return c
		}
	}
	*x.list = append(*x.list, tls.Certificate{})
	return &(*x.list)[len(*x.list)-1]
}

// settle drops a certificate without its key, and a key alone.
func (x choice) settle() {
	*x.list = slices.DeleteFunc(*x.list, func(c tls.Certificate) bool { return c.PrivateKey == nil || len(c.Certificate) == 0 })
}

func matches(key crypto.PrivateKey, cert *x509.Certificate) bool {
	public, ok := key.(crypto.Signer).Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(cert.PublicKey)
}

// useCert puts a certificate beside its key. A key that does not fit is dropped.
func (x choice) useCert(c *Chain) {
	s := x.slot(kind(c.leaf.PublicKey))
	key := s.PrivateKey
	if key != nil && !matches(key, c.leaf) {
		key = nil
	}
	*s = tls.Certificate{Certificate: c.der, Leaf: c.leaf, PrivateKey: key}
}

// useKey puts a key beside its certificate; false if it does not fit.
func (x choice) useKey(key crypto.PrivateKey) bool {
	s := x.slot(kind(key.(crypto.Signer).Public()))
	if len(s.Certificate) > 0 {
		leaf := s.Leaf
		if leaf == nil {
			var err error
			if leaf, err = x509.ParseCertificate(s.Certificate[0]); err != nil {
				return false
			}
		}
		if !matches(key, leaf) {
			return false
		}
	}
	s.PrivateKey = key
	return true
}

// supported reports whether crypto/tls can sign with the key.
func supported(key crypto.PrivateKey) bool {
	switch key.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey:
		return true
	}
	return false
}

// choosing are the functions that choose, in a server's handshake or in one with an upstream server.
func choosing(during chooser) map[string]function {
	return map[string]function{
		// ok, err = ssl.clear_certs()
		"clear_certs": func(v *handler.VM, L *lua.LState) int {
			x, why := during(v, L)
			if why != "" {
				return refuse(L, why)
			}
			*x.list = nil
			return done(L)
		},
		// ok, err = ssl.set_cert(cert_chain)
		"set_cert": func(v *handler.VM, L *lua.LState) int {
			x, why := during(v, L)
			c := chainArg(L, 1, "set_cert")
			switch {
			case why != "":
				return refuse(L, why)
			case c == nil:
				return refuse(L, "invalid certificate chain")
			}
			x.useCert(c)
			return done(L)
		},
		// ok, err = ssl.set_priv_key(priv_key)
		"set_priv_key": func(v *handler.VM, L *lua.LState) int {
			x, why := during(v, L)
			k := object[*Key](L, 1, "set_priv_key", "private key")
			switch {
			case why != "":
				return refuse(L, why)
			case k == nil:
				return refuse(L, "invalid private key")
			case !x.useKey(k.key):
				return refuse(L, "SSL_use_PrivateKey() failed")
			}
			return done(L)
		},
		// ok, err = ssl.set_der_cert(der_cert_chain)
		"set_der_cert": func(v *handler.VM, L *lua.LState) int {
			x, why := during(v, L)
			der := codec.CheckString(L, 1, "set_der_cert")
			if why != "" {
				return refuse(L, why)
			}
			c, _ := chainOfDER([]byte(der))
			if c == nil {
				return refuse(L, "d2i_X509_bio() failed")
			}
			x.useCert(c)
			return done(L)
		},
		// ok, err = ssl.set_der_priv_key(der_priv_key)
		"set_der_priv_key": func(v *handler.VM, L *lua.LState) int {
			x, why := during(v, L)
			der := codec.CheckString(L, 1, "set_der_priv_key")
			if why != "" {
				return refuse(L, why)
			}
			k := keyOfDER([]byte(der))
			switch {
			case k == nil:
				return refuse(L, "d2i_PrivateKey_bio() failed")
			case !x.useKey(k.key):
				return refuse(L, "SSL_use_PrivateKey() failed")
			}
			return done(L)
		},
	}
}
