package string //nolint:predeclared,revive // named after the library that Lua sees

import (
	"crypto/md5"  //nolint:gosec // scripts ask for it
	"crypto/sha1" //nolint:gosec // scripts ask for it
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
)

// The loaders of the digests: each module has new, its objects update, final and reset.
var (
	MD5    = digest(md5.New)
	SHA1   = digest(sha1.New)
	SHA224 = digest(sha256.New224)
	SHA256 = digest(sha256.New)
	SHA384 = digest(sha512.New384)
	SHA512 = digest(sha512.New)
)

const state = "_ctx"

// shape is that of a digest.
var shape = machine.NewShape([]lua.LValue{lua.LString(state)})

func checkHash(L *lua.LState) hash.Hash {
	if t, ok := L.Get(1).(*lua.LTable); ok {
		if u, ok := machine.Field(t, state).(*lua.LUserData); ok {
			if h, ok := u.Value.(hash.Hash); ok {
				return h
			}
		}
	}
	codec.Raise(L, "bad argument #1: a digest expected")
	return nil
}

func digest(create func() hash.Hash) func(*handler.VM) lua.LGFunction {
	return func(*handler.VM) lua.LGFunction {
		return func(L *lua.LState) int {
			mod, mt := L.CreateTable(0, 5), L.CreateTable(0, 1)
			mt.RawSetString("__index", mod)
			mod.RawSetString("_VERSION", version)
			// obj = class:new()
			mod.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
				u := L.NewUserData()
				u.Value = create()
				obj := shape.Record([]lua.LValue{u})
				obj.Metatable = mt
				L.Push(obj)
				return 1
			}))
			// ok = obj:update(s, len?)
			mod.RawSetString("update", L.NewFunction(func(L *lua.LState) int {
				h, s := checkHash(L), codec.CheckString(L, 2, "update")
				if n, ok := L.Get(3).(lua.LNumber); ok && n >= 0 && int(n) < len(s) {
					s = s[:int(n)]
				}
				h.Write(unsafe.Slice(unsafe.StringData(s), len(s))) //nolint:errcheck // a hash never fails, nor changes what it reads
				L.Push(lua.LTrue)
				return 1
			}))
			// digest = obj:final()
			mod.RawSetString("final", L.NewFunction(func(L *lua.LState) int {
				var room [sha512.Size]byte
				L.Push(machine.CopyString(checkHash(L).Sum(room[:0])))
				return 1
			}))
			// ok = obj:reset()
			mod.RawSetString("reset", L.NewFunction(func(L *lua.LState) int {
				checkHash(L).Reset()
				L.Push(lua.LTrue)
				return 1
			}))
			L.Push(mod)
			return 1
		}
	}
}
