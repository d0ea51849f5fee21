package string //nolint:predeclared,revive // named after the library that Lua sees

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
)

// version is that of the library whose interface this is.
const version = lua.LString("0.19")

// Loader makes resty.string.
func Loader(*handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		mod := L.CreateTable(0, 5)
		mod.RawSetString("_VERSION", version)
		for name, f := range map[string]lua.LGFunction{"to_hex": toHex, "str_to_hex": toHex, "from_hex": fromHex, "atoi": atoi} {
			mod.RawSetString(name, L.NewFunction(f))
		}
		L.Push(mod)
		return 1
	}
}

// toHex is str.to_hex(s).
func toHex(L *lua.LState) int {
	L.Push(lua.LString(hex.EncodeToString([]byte(codec.CheckString(L, 1, "to_hex")))))
	return 1
}

// fromHex is str.from_hex(s); nil for what is not hexadecimal.
func fromHex(L *lua.LState) int {
	b, err := hex.DecodeString(codec.CheckString(L, 1, "from_hex"))
	if err != nil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LString(b))
	return 1
}

// atoi is str.atoi(s): the number that s begins with, as C's function of that name reads it.
func atoi(L *lua.LState) int {
	s := strings.TrimLeft(codec.CheckString(L, 1, "atoi"), " \t\n\v\f\r")
	sign := 1.0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	n := 0.0
	for i := 0; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		n = n*10 + float64(s[i]-'0')
	}
	L.Push(lua.LNumber(sign * n))
	return 1
}

// maxRandom bounds random.bytes, in bytes.
const maxRandom = 64 << 20

// RandomLoader makes resty.random. Its bytes are cryptographically strong with and without strong.
func RandomLoader(*handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		mod := L.CreateTable(0, 2)
		mod.RawSetString("_VERSION", version)
		// bytes = random.bytes(length, strong?)
		mod.RawSetString("bytes", L.NewFunction(func(L *lua.LState) int {
			n := codec.CheckNumber(L, 1, "bytes")
			if !(n >= 0 && n <= maxRandom) {
				L.Push(lua.LNil)
				return 1
			}
			b := make([]byte, int(n))
			rand.Read(b) //nolint:errcheck // it never fails
			L.Push(lua.LString(b))
			return 1
		}))
		L.Push(mod)
		return 1
	}
}
