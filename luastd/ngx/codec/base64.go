package codec

import (
	"encoding/base64"
	"strings"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// notBase64 marks, in a decoding table, a byte outside the alphabet.
const notBase64 = 0xff

var (
	base64Std = decodingTable("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
	base64URL = decodingTable("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
)

func decodingTable(alphabet string) *[256]byte {
	var t [256]byte
	for c := range t {
		t[c] = notBase64
	}
	for i := range len(alphabet) {
		t[alphabet[i]] = byte(i)
	}
	return &t
}

// EncodeBase64 returns s in standard base64, with or without its padding
// (ngx.encode_base64).
func EncodeBase64(s string, padding bool) string {
	enc := base64.StdEncoding
	if !padding {
		enc = base64.RawStdEncoding
	}
	return enc.EncodeToString(bytesOf(s))
}

// DecodeBase64 decodes standard base64 as nginx does: the text ends at its first "=", what
// follows is not looked at, and spare bits are ignored. It fails on any byte outside the
// alphabet and where one lone digit is left over (ngx.decode_base64).
func DecodeBase64(s string) (string, bool) {
	return decodeBase64(s, base64Std, false)
}

// DecodeBase64MIME is DecodeBase64 which passes over bytes outside the alphabet
// (ngx.decode_base64mime, RFC 2045).
func DecodeBase64MIME(s string) (string, bool) {
	return decodeBase64(s, base64Std, true)
}

// EncodeBase64URL returns s in URL-safe base64 without padding
// (encode_base64url of the module ngx.base64).
func EncodeBase64URL(s string) string {
	return base64.RawURLEncoding.EncodeToString(bytesOf(s))
}

// DecodeBase64URL is DecodeBase64 for the URL-safe alphabet
// (decode_base64url of the module ngx.base64).
func DecodeBase64URL(s string) (string, bool) {
	return decodeBase64(s, base64URL, false)
}

// Deviation: encoding/base64 is no help in decoding, since it skips line ends and refuses
// spare bits and text behind the padding, where nginx does neither.
func decodeBase64(s string, table *[256]byte, lenient bool) (string, bool) {
	if end := strings.IndexByte(s, '='); end >= 0 {
		s = s[:end]
	}
	dst := make([]byte, 0, len(s)*3/4)
	for len(s) >= 4 {
		// A byte outside the alphabet has its high bit set here, and is left to the loop below.
		a, b, c, d := table[s[0]], table[s[1]], table[s[2]], table[s[3]]
		if (a|b|c|d)&0x80 != 0 {
			break
		}
		dst = append(dst, a<<2|b>>4, b<<4|c>>2, c<<6|d)
		s = s[4:]
	}
	bits, digits := uint32(0), 0
	for i := range len(s) {
		v := table[s[i]]
		if v == notBase64 {
			if lenient {
				continue
			}
			return "", false
		}
		bits = bits<<6 | uint32(v)
		if digits++; digits == 4 {
			dst = append(dst, byte(bits>>16), byte(bits>>8), byte(bits))
			bits, digits = 0, 0
		}
	}
	switch digits {
	case 1:
		return "", false
	case 2:
		dst = append(dst, byte(bits>>4))
	case 3:
		dst = append(dst, byte(bits>>10), byte(bits>>2))
	}
	return unsafe.String(unsafe.SliceData(dst), len(dst)), true
}

// encodeBase64 is newstr = ngx.encode_base64(str, no_padding?).
func encodeBase64(L *lua.LState) int {
	s, noPadding := text(L, 1), L.Get(2)
	if !lua.LVIsFalse(noPadding) && noPadding != lua.LTrue {
		Raise(L, "bad no_padding: boolean expected, got "+noPadding.Type().String())
	}
	return pushString(L, EncodeBase64(s, noPadding != lua.LTrue))
}

// decoder makes the Lua function for newstr = ngx.decode_base64(str) and its MIME twin.
func decoder(decode func(string) (string, bool)) lua.LGFunction {
	return func(L *lua.LState) int {
		s, ok := L.Get(1).(lua.LString)
		if !ok {
			Raise(L, "string argument only")
		}
		plain, ok := decode(string(s))
		if !ok {
			L.Push(lua.LNil)
			return 1
		}
		return pushString(L, plain)
	}
}

// Base64Loader is the loader of the module ngx.base64, for package.preload.
func Base64Loader(L *lua.LState) int {
	m := L.CreateTable(0, 3)
	m.RawSetString("version", lua.LString(CoreVersion))
	m.RawSetString("encode_base64url", L.NewFunction(func(L *lua.LState) int {
		s, ok := L.Get(1).(lua.LString)
		if !ok {
			L.Push(lua.LNil)
			L.Push(lua.LString("must provide a string"))
			return 2
		}
		return pushString(L, EncodeBase64URL(string(s)))
	}))
	m.RawSetString("decode_base64url", L.NewFunction(func(L *lua.LState) int {
		s, ok := L.Get(1).(lua.LString)
		if !ok {
			L.Push(lua.LNil)
			L.Push(lua.LString("must provide a string"))
			return 2
		}
		plain, ok := DecodeBase64URL(string(s))
		if !ok {
			L.Push(lua.LNil)
			L.Push(lua.LString("invalid input"))
			return 2
		}
		return pushString(L, plain)
	}))
	L.Push(m)
	return 1
}
