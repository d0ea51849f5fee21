package openssl

import (
	"crypto/rand"
	_ "embed"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
)

//go:embed evp.lua
var evpSource string

// Loaders are the modules by name.
var Loaders = map[string]func(*handler.VM) lua.LGFunction{
	"resty.evp":            handler.Embedded("resty.evp", evpSource),
	"resty.hmac":           plain(loadHMACCompat),
	"resty.openssl":        plain(loadIndex),
	"resty.openssl.bn":     plain(loadBN),
	"resty.openssl.cipher": plain(loadCipher),
	"resty.openssl.digest": plain(loadDigest),
	"resty.openssl.hmac":   plain(loadHMAC),
	"resty.openssl.kdf":    plain(loadKDF),
	"resty.openssl.mac":    plain(loadMAC),
	"resty.openssl.pkey":   plain(loadPKey),
	"resty.openssl.rand":   plain(loadRand),
	"resty.openssl.x509":   plain(loadX509),

	"resty.openssl.version": plain(loadVersion),
}

func plain(load lua.LGFunction) func(*handler.VM) lua.LGFunction {
	return func(*handler.VM) lua.LGFunction { return load }
}

const (
	libraryVersion = "1.8.0"    // of lua-resty-openssl, whose interface this is
	opensslNumber  = 0x30000020 // 3.0.2, as -V says
	opensslText    = "Go crypto (moongate)"
)

func loadIndex(L *lua.LState) int {
	t := L.SetFuncs(L.CreateTable(0, 8), map[string]lua.LGFunction{
		"load_modules":   func(*lua.LState) int { return 0 },
		"load_library":   func(L *lua.LState) int { return give(L, lua.LString("crypto")) },
		"luaossl_compat": func(*lua.LState) int { return 0 },
		"get_fips_mode":  func(L *lua.LState) int { return give(L, lua.LFalse) },
		"set_fips_mode":  func(L *lua.LState) int { return refuse(L, "openssl.set_fips_mode: there is no FIPS provider") },

		"list_digest_algorithms": func(L *lua.LState) int { return list(L, hashes) },
		"list_cipher_algorithms": func(L *lua.LState) int { return list(L, suites) },
	})
	t.RawSetString("_VERSION", lua.LString(libraryVersion))
	return give(L, t)
}

func list[V any](L *lua.LState, names map[string]V) int {
	t := L.CreateTable(len(names), 0)
	for _, name := range sorted(names) {
		t.Append(lua.LString(name))
	}
	return give(L, t)
}

func loadVersion(L *lua.LState) int {
	t := L.SetFuncs(L.CreateTable(0, 8), map[string]lua.LGFunction{
		"version": func(L *lua.LState) int { return give(L, lua.LString(opensslText)) },
		"info":    func(L *lua.LState) int { return give(L, lua.LString(opensslText)) },
	})
	t.RawSetString("version_num", lua.LNumber(opensslNumber))
	t.RawSetString("version_text", lua.LString(opensslText))
	for name, v := range map[string]bool{"OPENSSL_3X": true, "OPENSSL_3_UP": true, "OPENSSL_4X": false, "OPENSSL_111": false, "OPENSSL_111_OR_LATER": true, "BORINGSSL": false} {
		t.RawSetString(name, lua.LBool(v))
	}
	return give(L, t)
}

// bytes, err = rand.bytes(length, private?, strength?)
func loadRand(L *lua.LState) int {
	return give(L, L.SetFuncs(L.CreateTable(0, 1), map[string]lua.LGFunction{"bytes": func(L *lua.LState) int {
		n, ok := L.Get(1).(lua.LNumber)
		if !ok || n < 0 || n > 1<<30 {
			codec.Raise(L, "rand.bytes: expect a number at #1")
		}
		b := make([]byte, int(n))
		rand.Read(b) //nolint:errcheck // never fails
		return give(L, lua.LString(b))
	}}))
}

// class makes a module whose objects are tables with its functions as methods and the Go value in their field ctx.
func class(L *lua.LState, functions map[string]lua.LGFunction) (module, meta *lua.LTable) {
	module = L.SetFuncs(L.CreateTable(0, len(functions)+1), functions)
	meta = L.CreateTable(0, 1)
	meta.RawSetString("__index", module)
	module.RawSetString("istype", L.NewFunction(func(L *lua.LState) int {
		t, ok := L.Get(1).(*lua.LTable)
		return give(L, lua.LBool(ok && t.Metatable == meta))
	}))
	return module, meta
}

func object(L *lua.LState, meta *lua.LTable, value any) int {
	u := L.NewUserData()
	u.Value = value
	t := L.CreateTable(0, 1)
	t.RawSetString("ctx", u)
	t.Metatable = meta
	return give(L, t)
}

func isObject[T any](v lua.LValue) (T, bool) {
	if t, ok := v.(*lua.LTable); ok {
		if u, ok := t.RawGetString("ctx").(*lua.LUserData); ok {
			x, ok := u.Value.(T)
			return x, ok
		}
	}
	var zero T
	return zero, false
}

// self is the object that a method was called on.
func self[T any](L *lua.LState, name string) T {
	x, ok := isObject[T](L.Get(1))
	if !ok {
		codec.Raise(L, name+": expect an instance at #1")
	}
	return x
}

func give(L *lua.LState, v ...lua.LValue) int {
	for _, x := range v {
		L.Push(x)
	}
	return len(v)
}

func refuse(L *lua.LState, format string, args ...any) int {
	return give(L, lua.LNil, lua.LString(fmt.Sprintf(format, args...)))
}

// text is argument n, which must be a string or a number.
func text(L *lua.LState, n int, name string) string { return codec.CheckString(L, n, name) }

// optional is the string at n, or fallback where there is none.
func optional(L *lua.LState, n int, fallback string) string {
	if s, ok := L.Get(n).(lua.LString); ok {
		return string(s)
	}
	return fallback
}

// field is the string in t's field, or "".
func field(t *lua.LTable, name string) string {
	switch v := t.RawGetString(name).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return codec.FormatNumber(float64(v))
	}
	return ""
}

func number(t *lua.LTable, name string, fallback int) int {
	if n, ok := t.RawGetString(name).(lua.LNumber); ok {
		return int(n)
	}
	return fallback
}
