package openssl

import (
	"crypto"
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // scripts ask for it
	"crypto/sha1" //nolint:gosec // scripts ask for it
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// algorithm is a digest; id is what signatures name it by.
type algorithm struct {
	name string
	id   crypto.Hash
	make func() hash.Hash
}

var hashes = map[string]algorithm{
	"md5":        {"md5", crypto.MD5, md5.New},
	"sha1":       {"sha1", crypto.SHA1, sha1.New},
	"sha224":     {"sha224", crypto.SHA224, sha256.New224},
	"sha256":     {"sha256", crypto.SHA256, sha256.New},
	"sha384":     {"sha384", crypto.SHA384, sha512.New384},
	"sha512":     {"sha512", crypto.SHA512, sha512.New},
	"sha512-256": {"sha512-256", crypto.SHA512_256, sha512.New512_256},
	"sha3-256":   {"sha3-256", crypto.SHA3_256, func() hash.Hash { return sha3.New256() }},
	"sha3-384":   {"sha3-384", crypto.SHA3_384, func() hash.Hash { return sha3.New384() }},
	"sha3-512":   {"sha3-512", crypto.SHA3_512, func() hash.Hash { return sha3.New512() }},
	"null":       {"null", 0, func() hash.Hash { return nothing{} }},
}

// nothing is the digest named null.
type nothing struct{}

func (nothing) Write(p []byte) (int, error) { return len(p), nil }
func (nothing) Sum(b []byte) []byte         { return b }
func (nothing) Reset()                      {}
func (nothing) Size() int                   { return 0 }
func (nothing) BlockSize() int              { return 1 }

// algorithmOf finds a digest by any of the ways to write its name: SHA256, sha-256, SHA2-256.
func algorithmOf(name string) (algorithm, bool) {
	n := strings.ToLower(name)
	if a, ok := hashes[n]; ok {
		return a, true
	}
	n = strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(n, "sha2-"), "-", ""), "rsa", "")
	if _, ok := hashes["sha"+n]; ok {
		n = "sha" + n
	}
	a, ok := hashes[n]
	return a, ok
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// hasher is an object that data is written to: a digest or a MAC.
type hasher struct {
	hash.Hash
	algorithm algorithm
}

func loadDigest(L *lua.LState) int {
	module, meta := class(L, hasherMethods("digest"))
	// d, err = digest.new(name?)
	module.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		name := optional(L, 1, "sha1")
		a, ok := algorithmOf(name)
		if !ok {
			return refuse(L, "digest.new: invalid digest type \"%s\"", name)
		}
		return object(L, meta, &hasher{a.make(), a})
	}))
	return give(L, module)
}

func loadHMAC(L *lua.LState) int {
	module, meta := class(L, hasherMethods("hmac"))
	// h, err = hmac.new(key, digest_name?)
	module.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		return newHMAC(L, meta, "hmac.new", text(L, 1, "new"), optional(L, 2, "sha1"))
	}))
	return give(L, module)
}

func loadMAC(L *lua.LState) int {
	module, meta := class(L, hasherMethods("mac"))
	// h, err = mac.new(key, mac, cipher?, digest?)
	module.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		if kind := text(L, 2, "new"); !strings.EqualFold(kind, "HMAC") {
			return refuse(L, "mac.new: invalid mac type \"%s\": moongate has HMAC only", kind)
		}
		name := optional(L, 4, "")
		if name == "" {
			return refuse(L, "mac.new: a digest is needed")
		}
		return newHMAC(L, meta, "mac.new", text(L, 1, "new"), name)
	}))
	return give(L, module)
}

func newHMAC(L *lua.LState, meta *lua.LTable, function, key, name string) int {
	a, ok := algorithmOf(name)
	if !ok || a.id == 0 {
		return refuse(L, "%s: invalid digest type \"%s\"", function, name)
	}
	return object(L, meta, &hasher{hmac.New(a.make, []byte(key)), a})
}

func (h *hasher) writeFrom(L *lua.LState, first int, name string) {
	for i := first; i <= L.GetTop(); i++ {
		h.Write([]byte(text(L, i, name))) //nolint:errcheck // a hash never fails
	}
}

func hasherMethods(class string) map[string]lua.LGFunction {
	return map[string]lua.LGFunction{
		// ok, err = h:update(s, ...)
		"update": func(L *lua.LState) int {
			self[*hasher](L, class+":update").writeFrom(L, 2, "update")
			return give(L, lua.LTrue)
		},
		// s, err = h:final(s?)
		"final": func(L *lua.LState) int {
			h := self[*hasher](L, class+":final")
			if L.Get(2) != lua.LNil {
				h.writeFrom(L, 2, "final")
			}
			return give(L, lua.LString(h.Sum(nil)))
		},
		// ok, err = h:reset()
		"reset": func(L *lua.LState) int {
			self[*hasher](L, class+":reset").Reset()
			return give(L, lua.LTrue)
		},
		"get_provider_name": func(L *lua.LState) int { return give(L, lua.LString("default")) },
	}
}

// loadHMACCompat makes resty.hmac, whose digests are chosen by its table ALGOS.
func loadHMACCompat(L *lua.LState) int {
	algos := L.CreateTable(0, 4)
	for constant, name := range map[string]string{"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512"} {
		algos.RawSetString(constant, lua.LString(name))
	}
	module, meta := class(L, map[string]lua.LGFunction{
		"update": func(L *lua.LState) int {
			self[*hasher](L, "hmac:update").writeFrom(L, 2, "update")
			return give(L, lua.LTrue)
		},
		// digest = h:final(s?, as_hex?)
		"final": func(L *lua.LState) int {
			h := self[*hasher](L, "hmac:final")
			if L.Get(2) != lua.LNil {
				h.Write([]byte(text(L, 2, "final"))) //nolint:errcheck // ditto
			}
			sum := h.Sum(nil)
			if lua.LVAsBool(L.Get(3)) {
				return give(L, lua.LString(hex.EncodeToString(sum)))
			}
			return give(L, lua.LString(sum))
		},
		"reset": func(L *lua.LState) int {
			self[*hasher](L, "hmac:reset").Reset()
			return give(L, lua.LTrue)
		},
	})
	// h = hmac:new(key, algorithm?)
	module.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		return newHMAC(L, meta, "hmac:new", text(L, 2, "new"), optional(L, 3, "md5"))
	}))
	module.RawSetString("ALGOS", algos)
	return give(L, module)
}
