package openssl

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"math/big"

	lua "github.com/yuin/gopher-lua"
)

// groups are OpenSSL's numbers of the curves.
var groups = map[string]int{"P-224": 713, "P-256": 415, "P-384": 715, "P-521": 716}

// getParameters is t, err = k:get_parameters().
func getParameters(L *lua.LState) int {
	k := self[*pkey](L, "pkey:get_parameters")
	t := L.CreateTable(0, 8)
	set := func(name string, n *big.Int) {
		pushBN(L, n)
		t.RawSetString(name, L.Get(-1))
		L.Pop(1)
	}
	switch p := k.public.(type) {
	case *rsa.PublicKey:
		set("n", p.N)
		set("e", big.NewInt(int64(p.E)))
		if r, ok := k.private.(*rsa.PrivateKey); ok && len(r.Primes) == 2 {
			r.Precompute()
			set("d", r.D)
			set("p", r.Primes[0])
			set("q", r.Primes[1])
			set("dmp1", r.Precomputed.Dp)
			set("dmq1", r.Precomputed.Dq)
			set("iqmp", r.Precomputed.Qinv)
		}
	case *ecdsa.PublicKey:
		point, err := p.Bytes()
		if err != nil {
			return refuse(L, "pkey:get_parameters: %v", err)
		}
		half := (len(point) - 1) / 2
		set("public", new(big.Int).SetBytes(point))
		set("x", new(big.Int).SetBytes(point[1:1+half]))
		set("y", new(big.Int).SetBytes(point[1+half:]))
		t.RawSetString("group", lua.LNumber(groups[p.Params().Name]))
		if e, ok := k.private.(*ecdsa.PrivateKey); ok {
			d, err := e.Bytes()
			if err != nil {
				return refuse(L, "pkey:get_parameters: %v", err)
			}
			set("private", new(big.Int).SetBytes(d))
		}
	case ed25519.PublicKey:
		t.RawSetString("public", lua.LString(p))
		if e, ok := k.private.(ed25519.PrivateKey); ok {
			t.RawSetString("private", lua.LString(e.Seed()))
		}
	case *ecdh.PublicKey:
		t.RawSetString("public", lua.LString(p.Bytes()))
		if e, ok := k.private.(*ecdh.PrivateKey); ok {
			t.RawSetString("private", lua.LString(e.Bytes()))
		}
	}
	return give(L, t)
}
