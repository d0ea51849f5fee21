package string //nolint:predeclared,revive // named after the library that Lua sees

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"  //nolint:gosec // the default of the library
	"crypto/sha1" //nolint:gosec // one of the library's
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"hash"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
)

// suite is what aes.cipher(size, mode) chooses.
type suite struct {
	size int // of the key, in bits
	mode string
}

var modes = map[string]bool{"ecb": true, "cbc": true, "cfb128": true, "cfb": true, "ofb": true, "ctr": true, "gcm": true}

var hashes = map[string]func() hash.Hash{
	"md5": md5.New, "sha1": sha1.New, "sha224": sha256.New224, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
}

// crypter is an object of aes:new. It is not changed after.
type crypter struct {
	suite   suite
	key, iv []byte
	padding bool
}

// AESLoader makes resty.aes.
//
// Deviation: the modes cfb1 and cfb8 do not exist.
func AESLoader(*handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		mod, mt := L.CreateTable(0, 6), L.CreateTable(0, 1)
		mt.RawSetString("__index", mod)
		mod.RawSetString("_VERSION", version)
		names := L.CreateTable(0, len(hashes))
		for name, f := range hashes {
			u := L.NewUserData()
			u.Value = f
			names.RawSetString(name, u)
		}
		mod.RawSetString("hash", names)
		mod.RawSetString("cipher", L.NewFunction(chooseSuite))
		mod.RawSetString("new", L.NewFunction(func(L *lua.LState) int { return newCrypter(L, mt) }))
		mod.RawSetString("encrypt", L.NewFunction(encrypt))
		mod.RawSetString("decrypt", L.NewFunction(decrypt))
		L.Push(mod)
		return 1
	}
}

// chooseSuite is cipher = aes.cipher(size?, mode?); nil where there is no such cipher.
func chooseSuite(L *lua.LState) int {
	s := suite{128, "cbc"}
	if n, ok := L.Get(1).(lua.LNumber); ok {
		s.size = int(n)
	}
	if m, ok := L.Get(2).(lua.LString); ok {
		s.mode = string(m)
	}
	if s.size != 128 && s.size != 192 && s.size != 256 || !modes[s.mode] {
		L.Push(lua.LNil)
		return 1
	}
	if s.mode == "cfb" {
		s.mode = "cfb128"
	}
	t := L.CreateTable(0, 3)
	t.RawSetString("size", lua.LNumber(s.size))
	t.RawSetString("cipher", lua.LString(s.mode))
	u := L.NewUserData()
	u.Value = s
	t.RawSetString("method", u)
	L.Push(t)
	return 1
}

func failed(L *lua.LState, err string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(err))
	return 2
}

// newCrypter is obj, err = aes:new(key, salt?, cipher?, hash?, rounds?, iv_len?, padding?).
func newCrypter(L *lua.LState, mt *lua.LTable) int {
	key := []byte(codec.CheckString(L, 2, "new"))
	c := &crypter{suite: suite{128, "cbc"}, padding: L.Get(8) != lua.LFalse}
	if t, ok := L.Get(4).(*lua.LTable); ok {
		if u, ok := t.RawGetString("method").(*lua.LUserData); ok {
			if s, ok := u.Value.(suite); ok {
				c.suite = s
			}
		}
	}
	ivLen := 16
	if c.suite.mode == "gcm" {
		ivLen = 12
	}
	if n, ok := L.Get(7).(lua.LNumber); ok && n > 0 && n <= 64 && c.suite.mode == "gcm" {
		ivLen = int(n)
	}
	if t, ok := L.Get(5).(*lua.LTable); ok {
		if err := c.keyGiven(L, t, key, ivLen); err != "" {
			return failed(L, err)
		}
	} else if err := c.keyDerived(L, key, ivLen); err != "" {
		return failed(L, err)
	}
	obj := L.CreateTable(0, 1)
	u := L.NewUserData()
	u.Value = c
	obj.RawSetString(state, u)
	obj.Metatable = mt
	L.Push(obj)
	return 1
}

// keyGiven is the form {iv = …, method = nil or function(key)}: the key as it is, or what the method makes
// of it.
func (c *crypter) keyGiven(L *lua.LState, t *lua.LTable, key []byte, ivLen int) string {
	iv, ok := t.RawGetString("iv").(lua.LString)
	switch {
	case !ok:
		return "iv is needed"
	case len(iv)*8 > c.suite.size || iv == "":
		return "bad iv length"
	case c.suite.mode == "gcm":
		c.iv = []byte(iv)
	default:
		// As in OpenResty, a short one is filled up with zeros.
		c.iv = make([]byte, ivLen)
		copy(c.iv, iv)
	}
	if f := t.RawGetString("method"); f != lua.LNil {
		L.Push(f)
		L.Push(lua.LString(key))
		L.Call(1, 1)
		made, ok := L.Get(-1).(lua.LString)
		L.Pop(1)
		if !ok {
			return "bad key"
		}
		key = []byte(made)
	}
	if len(key)*8 != c.suite.size {
		return "bad key length"
	}
	c.key = key
	return ""
}

// keyDerived makes key and IV of a password by OpenSSL's EVP_BytesToKey.
func (c *crypter) keyDerived(L *lua.LState, password []byte, ivLen int) string {
	salt := ""
	if s, ok := L.Get(3).(lua.LString); ok {
		if len(s) != 8 {
			return "salt must be 8 characters or nil"
		}
		salt = string(s)
	}
	create, rounds := md5.New, 1
	if u, ok := L.Get(5).(*lua.LUserData); ok {
		f, ok := u.Value.(func() hash.Hash)
		if !ok {
			return "bad hash"
		}
		create = f
	}
	if n, ok := L.Get(6).(lua.LNumber); ok && n > 1 {
		rounds = int(n)
	}
	want := c.suite.size/8 + ivLen
	var out, block []byte
	for len(out) < want {
		h := create()
		h.Write(block)        //nolint:errcheck // a hash never fails
		h.Write(password)     //nolint:errcheck // a hash never fails
		h.Write([]byte(salt)) //nolint:errcheck // a hash never fails
		block = h.Sum(nil)
		for range rounds - 1 {
			h.Reset()
			h.Write(block) //nolint:errcheck // a hash never fails
			block = h.Sum(nil)
		}
		out = append(out, block...)
	}
	c.key, c.iv = out[:c.suite.size/8], out[c.suite.size/8:want]
	return ""
}

func checkCrypter(L *lua.LState) *crypter {
	if t, ok := L.Get(1).(*lua.LTable); ok {
		if u, ok := t.RawGetString(state).(*lua.LUserData); ok {
			if c, ok := u.Value.(*crypter); ok {
				return c
			}
		}
	}
	codec.Raise(L, "bad argument #1 self: table expected, got "+codec.TypeName(L, 1))
	return nil
}

func optional(L *lua.LState, n int) []byte {
	if s, ok := L.Get(n).(lua.LString); ok {
		return []byte(s)
	}
	return nil
}

// encrypt is str, err = obj:encrypt(s, aad?); with gcm a table of the text and its tag.
func encrypt(L *lua.LState) int {
	c, text := checkCrypter(L), []byte(codec.CheckString(L, 2, "encrypt"))
	if c.suite.mode == "gcm" {
		g, err := c.gcm()
		if err != nil {
			return failed(L, err.Error())
		}
		sealed := g.Seal(nil, c.iv, text, optional(L, 3))
		n := len(sealed) - g.Overhead()
		t := L.CreateTable(2, 0)
		t.RawSetInt(1, lua.LString(sealed[:n]))
		t.RawSetInt(2, lua.LString(sealed[n:]))
		L.Push(t)
		return 1
	}
	out, err := c.crypt(text, true)
	if err != nil {
		return failed(L, "EVP_EncryptFinal_ex failed")
	}
	L.Push(lua.LString(out))
	return 1
}

// decrypt is str, err = obj:decrypt(s, tag?, aad?).
func decrypt(L *lua.LState) int {
	c, text := checkCrypter(L), []byte(codec.CheckString(L, 2, "decrypt"))
	if c.suite.mode == "gcm" {
		g, err := c.gcm()
		if err != nil {
			return failed(L, err.Error())
		}
		out, err := g.Open(nil, c.iv, append(text, optional(L, 3)...), optional(L, 4))
		if err != nil {
			return failed(L, "EVP_DecryptFinal_ex failed")
		}
		L.Push(lua.LString(out))
		return 1
	}
	out, err := c.crypt(text, false)
	if err != nil {
		return failed(L, "EVP_DecryptFinal_ex failed")
	}
	L.Push(lua.LString(out))
	return 1
}

func (c *crypter) gcm() (cipher.AEAD, error) {
	b, err := aes.NewCipher(c.key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithNonceSize(b, len(c.iv))
}

var (
	errLength  = errors.New("not a multiple of the block length")
	errPadding = errors.New("bad padding")
)

func (c *crypter) crypt(text []byte, encrypting bool) ([]byte, error) {
	b, err := aes.NewCipher(c.key)
	if err != nil {
		return nil, err
	}
	iv := c.iv
	switch c.suite.mode {
	case "ctr":
		return stream(cipher.NewCTR(b, iv), text), nil
	case "ofb":
		return stream(cipher.NewOFB(b, iv), text), nil //nolint:staticcheck // scripts ask for it
	case "cfb128":
		if encrypting {
			return stream(cipher.NewCFBEncrypter(b, iv), text), nil //nolint:staticcheck // scripts ask for it
		}
		return stream(cipher.NewCFBDecrypter(b, iv), text), nil //nolint:staticcheck // scripts ask for it
	}
	const size = aes.BlockSize
	if encrypting && c.padding {
		n := size - len(text)%size
		text = append(text, bytes.Repeat([]byte{byte(n)}, n)...)
	}
	if len(text)%size != 0 || !encrypting && c.padding && len(text) == 0 {
		return nil, errLength
	}
	out := make([]byte, len(text))
	switch {
	case c.suite.mode == "ecb":
		for i := 0; i < len(text); i += size {
			if encrypting {
				b.Encrypt(out[i:], text[i:])
			} else {
				b.Decrypt(out[i:], text[i:])
			}
		}
	case encrypting:
		cipher.NewCBCEncrypter(b, iv).CryptBlocks(out, text)
	default:
		cipher.NewCBCDecrypter(b, iv).CryptBlocks(out, text)
	}
	if encrypting || !c.padding {
		return out, nil
	}
	n := int(out[len(out)-1])
	if n == 0 || n > size || !bytes.Equal(out[len(out)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, errPadding
	}
	return out[:len(out)-n], nil
}

func stream(s cipher.Stream, text []byte) []byte {
	out := make([]byte, len(text))
	s.XORKeyStream(out, text)
	return out
}
