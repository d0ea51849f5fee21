package openssl

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/crypto/scrypt"
)

// The types of kdf.derive's options: OpenSSL's numbers of the algorithms.
const (
	kdfPBKDF2  = 69
	kdfTLS1PRF = 1021
	kdfHKDF    = 1036
	kdfScrypt  = 973
)

// The modes of HKDF.
const (
	hkdfBoth = iota
	hkdfExtract
	hkdfExpand
)

// derivation is what a key is derived from.
type derivation struct {
	kind                    int
	digest, pass, salt, key string
	info                    string
	mode, iter, n, r, p     int
	size                    int // of the key, in bytes
}

func (d *derivation) derive() ([]byte, error) {
	if d.kind == kdfScrypt {
		if d.n <= 1 || d.n&(d.n-1) != 0 || d.r <= 0 || d.p <= 0 || 128*d.n*d.r > 1<<30 {
			return nil, fmt.Errorf("invalid scrypt parameters N=%d r=%d p=%d", d.n, d.r, d.p)
		}
		return scrypt.Key([]byte(d.pass), []byte(d.salt), d.n, d.r, d.p, d.size)
	}
	a, ok := algorithmOf(d.digest)
	if !ok || a.id == 0 {
		return nil, fmt.Errorf("invalid digest type %q", d.digest)
	}
	switch d.kind {
	case kdfPBKDF2:
		return pbkdf2.Key(a.make, d.pass, []byte(d.salt), max(d.iter, 1), d.size)
	case kdfHKDF:
		switch d.mode {
		case hkdfExtract:
			return hkdf.Extract(a.make, []byte(d.key), []byte(d.salt))
		case hkdfExpand:
			return hkdf.Expand(a.make, []byte(d.key), d.info, d.size)
		}
		return hkdf.Key(a.make, []byte(d.key), []byte(d.salt), d.info, d.size)
	}
	return nil, fmt.Errorf("this type of derivation is not supported by moongate: PBKDF2, HKDF and SCRYPT are")
}

// kdfObject is an object of kdf.new: its parameters last until reset.
type kdfObject struct {
	kind   int
	params map[string]lua.LValue
}

var kdfNames = map[string]int{"pbkdf2": kdfPBKDF2, "hkdf": kdfHKDF, "scrypt": kdfScrypt, "id-scrypt": kdfScrypt}

func (k *kdfObject) take(options lua.LValue) {
	if t, ok := options.(*lua.LTable); ok {
		t.ForEach(func(name, v lua.LValue) { k.params[lua.LVAsString(name)] = v })
	}
}

func (k *kdfObject) derivation(L *lua.LState, size int) *derivation {
	t := L.NewTable()
	for name, v := range k.params {
		t.RawSetString(name, v)
	}
	d := &derivation{
		kind: k.kind, size: size, digest: field(t, "digest"), pass: field(t, "pass"), salt: field(t, "salt"), key: field(t, "key"), info: field(t, "info"),
		mode: number(t, "mode", hkdfBoth), iter: number(t, "iter", 2048), n: number(t, "n", 1<<20), r: number(t, "r", 8), p: number(t, "p", 1),
	}
	switch strings.ToUpper(lua.LVAsString(t.RawGetString("mode"))) {
	case "EXTRACT_ONLY":
		d.mode = hkdfExtract
	case "EXPAND_ONLY":
		d.mode = hkdfExpand
	}
	if d.digest == "" && d.kind == kdfPBKDF2 {
		d.digest = "sha1"
	}
	return d
}

func loadKDF(L *lua.LState) int {
	const most = 1 << 20 // bytes of a derived key
	legacy := func(L *lua.LState) int {
		t, ok := L.Get(1).(*lua.LTable)
		if !ok {
			return refuse(L, "kdf.derive: expect a table at #1")
		}
		size := number(t, "outlen", -1)
		if size < 0 || size > most {
			return refuse(L, "kdf.derive: expect a number in field \"outlen\"")
		}
		digest := field(t, "md")
		if digest == "" {
			digest = "sha1"
		}
		d := &derivation{
			kind: number(t, "type", 0), size: size, digest: digest, pass: field(t, "pass"), salt: field(t, "salt"), key: field(t, "hkdf_key"), info: field(t, "hkdf_info"),
			mode: number(t, "hkdf_mode", hkdfBoth), iter: number(t, "pbkdf2_iter", 1), n: number(t, "scrypt_N", 0), r: number(t, "scrypt_r", 0), p: number(t, "scrypt_p", 0),
		}
		key, err := d.derive()
		if err != nil {
			return refuse(L, "kdf.derive: %v", err)
		}
		return give(L, lua.LString(key))
	}
	module, meta := class(L, map[string]lua.LGFunction{
		"set_params": func(L *lua.LState) int {
			self[*kdfObject](L, "kdf:set_params").take(L.Get(2))
			return give(L, lua.LTrue)
		},
		"reset": func(L *lua.LState) int {
			clear(self[*kdfObject](L, "kdf:reset").params)
			return give(L, lua.LTrue)
		},
		"get_provider_name": func(L *lua.LState) int { return give(L, lua.LString("default")) },
	})
	// The function of the module takes a table, the method an object and a length.
	module.RawSetString("derive", L.NewFunction(func(L *lua.LState) int {
		k, isMethod := isObject[*kdfObject](L.Get(1))
		if !isMethod {
			return legacy(L)
		}
		size, ok := L.Get(2).(lua.LNumber)
		if !ok || size < 0 || size > most {
			return refuse(L, "kdf:derive: expect a number at #2")
		}
		k.take(L.Get(3))
		key, err := k.derivation(L, int(size)).derive()
		if err != nil {
			return refuse(L, "kdf:derive: %v", err)
		}
		return give(L, lua.LString(key))
	}))
	module.RawSetString("derive_legacy", L.NewFunction(legacy))
	// k, err = kdf.new(name)
	module.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		name := text(L, 1, "new")
		kind, ok := kdfNames[strings.ToLower(name)]
		if !ok {
			return refuse(L, "kdf.new: invalid KDF type \"%s\"", name)
		}
		return object(L, meta, &kdfObject{kind, map[string]lua.LValue{}})
	}))
	for name, v := range map[string]int{
		"PBKDF2": kdfPBKDF2, "SCRYPT": kdfScrypt, "TLS1_PRF": kdfTLS1PRF, "HKDF": kdfHKDF,
		"HKDEF_MODE_EXTRACT_AND_EXPAND": hkdfBoth, "HKDEF_MODE_EXTRACT_ONLY": hkdfExtract, "HKDEF_MODE_EXPAND_ONLY": hkdfExpand,
	} {
		module.RawSetString(name, lua.LNumber(v))
	}
	return give(L, module)
}
