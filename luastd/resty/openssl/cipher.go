package openssl

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/crypto/chacha20poly1305"
)

// suite is a symmetric cipher; sizes are in bytes.
type suite struct {
	mode        string // cbc, ecb, ctr, cfb, ofb, gcm, wrap, chacha
	key, iv     int
	padded, tag bool
}

var suites = func() map[string]suite {
	m := map[string]suite{"chacha20-poly1305": {"chacha", 32, 12, false, true}}
	for _, bits := range []int{128, 192, 256} {
		for _, mode := range []string{"cbc", "ecb", "ctr", "cfb", "ofb", "gcm", "wrap"} {
			s := suite{mode: mode, key: bits / 8, iv: aes.BlockSize, padded: mode == "cbc" || mode == "ecb"}
			switch mode {
			case "ecb":
				s.iv = 0
			case "wrap":
				s.iv = 8
			case "gcm":
				s.iv, s.tag = 12, true
			}
			m[fmt.Sprintf("aes-%d-%s", bits, mode)] = s
		}
	}
	return m
}()

// suiteOf finds a cipher by OpenSSL's names, short ones included: aes256, AES-256-CBC, id-aes128-GCM.
func suiteOf(name string) (suite, bool) {
	n := strings.TrimSuffix(strings.TrimPrefix(strings.ToLower(name), "id-"), "128")
	if s, ok := suites[n]; ok {
		return s, true
	}
	n = strings.ToLower(name)
	for _, bits := range []string{"128", "192", "256"} {
		rest, ok := strings.CutPrefix(strings.TrimPrefix(n, "id-"), "aes"+bits)
		if !ok {
			continue
		}
		if rest == "" {
			rest = "-cbc"
		}
		s, ok := suites["aes-"+bits+rest]
		return s, ok
	}
	s, ok := suites[n]
	return s, ok
}

// crypt is an object of cipher.new. What comes before final is kept back where the mode works on the whole (AEAD) or on
// blocks.
type crypt struct {
	suite   suite
	ready   bool
	encrypt bool
	padding bool
	block   cipher.BlockMode
	stream  cipher.Stream
	aead    cipher.AEAD
	wrapper cipher.Block
	iv      []byte
	aad     []byte
	tag     []byte
	pending []byte
}

// ecb is the mode without chaining, which Go leaves to its users.
type ecb struct {
	b       cipher.Block
	encrypt bool
}

func (e ecb) BlockSize() int { return aes.BlockSize }

func (e ecb) CryptBlocks(dst, src []byte) {
	for i := 0; i < len(src); i += aes.BlockSize {
		if e.encrypt {
			e.b.Encrypt(dst[i:], src[i:])
		} else {
			e.b.Decrypt(dst[i:], src[i:])
		}
	}
}

func (c *crypt) init(key, iv string, encrypt, padding bool) error {
	s := c.suite
	if len(key) != s.key {
		return fmt.Errorf("incorrect key size, expect %d", s.key)
	}
	if standard := s.mode == "wrap" && iv == ""; s.iv > 0 && len(iv) != s.iv && !standard && (s.mode != "gcm" || iv == "") {
		return fmt.Errorf("incorrect iv size, expect %d", s.iv)
	}
	*c = crypt{suite: s, encrypt: encrypt, padding: padding && s.padded, iv: []byte(iv)}
	if s.mode == "chacha" {
		c.aead, _ = chacha20poly1305.New([]byte(key)) // the key's size is right
		c.ready = true
		return nil
	}
	b, err := aes.NewCipher([]byte(key))
	if err != nil {
		return err
	}
	switch s.mode {
	case "wrap":
		c.wrapper = b
	case "ecb":
		c.block = ecb{b, encrypt}
	case "cbc":
		if encrypt {
			c.block = cipher.NewCBCEncrypter(b, c.iv)
		} else {
			c.block = cipher.NewCBCDecrypter(b, c.iv)
		}
	case "ctr":
		c.stream = cipher.NewCTR(b, c.iv)
	case "ofb":
		c.stream = cipher.NewOFB(b, c.iv) //nolint:staticcheck // scripts ask for it
	case "cfb":
		if encrypt {
			c.stream = cipher.NewCFBEncrypter(b, c.iv) //nolint:staticcheck // ditto
		} else {
			c.stream = cipher.NewCFBDecrypter(b, c.iv) //nolint:staticcheck // ditto
		}
	case "gcm":
		if c.aead, err = cipher.NewGCMWithNonceSize(b, len(iv)); err != nil {
			return err
		}
	}
	c.ready = true
	return nil
}

// update takes data and gives what is ready.
func (c *crypt) update(data string) []byte {
	if c.stream != nil {
		out := []byte(data)
		c.stream.XORKeyStream(out, out)
		return out
	}
	c.pending = append(c.pending, data...)
	if c.aead != nil || c.wrapper != nil {
		return nil
	}
	n := len(c.pending) / aes.BlockSize * aes.BlockSize
	if !c.encrypt && c.padding && n > 0 && n == len(c.pending) {
		n -= aes.BlockSize // it may be the one with the padding
	}
	out := make([]byte, n)
	c.block.CryptBlocks(out, c.pending[:n])
	c.pending = append(c.pending[:0], c.pending[n:]...)
	return out
}

var (
	errBlock  = errors.New("wrong final block length")
	errBad    = errors.New("bad decrypt")
	errNoTag  = errors.New("no authentication tag is set")
	errLength = errors.New("data not multiple of block length")
)

// final gives what is left.
func (c *crypt) final() ([]byte, error) {
	c.ready = false
	switch {
	case c.stream != nil:
		return nil, nil
	case c.aead != nil && c.encrypt:
		out := c.aead.Seal(nil, c.iv, c.pending, c.aad)
		n := len(out) - c.aead.Overhead()
		c.tag = out[n:]
		return out[:n], nil
	case c.aead != nil:
		if len(c.tag) != c.aead.Overhead() {
			return nil, errNoTag
		}
		out, err := c.aead.Open(nil, c.iv, append(c.pending, c.tag...), c.aad)
		if err != nil {
			return nil, errBad
		}
		return out, nil
	case c.wrapper != nil && c.encrypt:
		return wrap(c.wrapper, c.iv, c.pending)
	case c.wrapper != nil:
		return unwrap(c.wrapper, c.iv, c.pending)
	case c.encrypt && c.padding:
		pad := aes.BlockSize - len(c.pending)
		for range pad {
			c.pending = append(c.pending, byte(pad))
		}
		c.block.CryptBlocks(c.pending, c.pending)
		return c.pending, nil
	case !c.padding:
		if len(c.pending) > 0 {
			return nil, errLength
		}
		return nil, nil
	}
	if len(c.pending) != aes.BlockSize {
		return nil, errBlock
	}
	c.block.CryptBlocks(c.pending, c.pending)
	pad := int(c.pending[aes.BlockSize-1])
	if pad == 0 || pad > aes.BlockSize {
		return nil, errBad
	}
	for _, b := range c.pending[aes.BlockSize-pad:] {
		if int(b) != pad {
			return nil, errBad
		}
	}
	return c.pending[:aes.BlockSize-pad], nil
}

// whole is encrypt and decrypt: (key, iv, s, no_padding?, aad?, tag?).
func (c *crypt) whole(L *lua.LState, name string, encrypt bool) int {
	if err := c.init(text(L, 2, name), optional(L, 3, ""), encrypt, !lua.LVAsBool(L.Get(5))); err != nil {
		return refuse(L, "cipher:init: %v", err)
	}
	c.aad = []byte(optional(L, 6, ""))
	if !encrypt {
		c.tag = []byte(optional(L, 7, ""))
	}
	out := c.update(text(L, 4, name))
	rest, err := c.final()
	if err != nil {
		return refuse(L, "cipher:final: EVP_CipherFinal_ex: %v", err)
	}
	return give(L, lua.LString(append(out, rest...)))
}

// deriveKey is OpenSSL's EVP_BytesToKey.
func (s suite) deriveKey(a algorithm, password, salt string, count int) (key, iv []byte) {
	var out, block []byte
	for len(out) < s.key+s.iv {
		h := a.make()
		for _, part := range [][]byte{block, []byte(password), []byte(salt)} {
			h.Write(part) //nolint:errcheck // a hash never fails
		}
		block = h.Sum(nil)
		for range count - 1 {
			h.Reset()
			h.Write(block) //nolint:errcheck // ditto
			block = h.Sum(nil)
		}
		out = append(out, block...)
	}
	return out[:s.key], out[s.key : s.key+s.iv]
}

func loadCipher(L *lua.LState) int {
	started := func(L *lua.LState, name string) (*crypt, bool) {
		c := self[*crypt](L, name)
		return c, c.ready
	}
	module, meta := class(L, map[string]lua.LGFunction{
		"set_buffer_size":   func(L *lua.LState) int { return give(L, lua.LTrue) },
		"get_provider_name": func(L *lua.LState) int { return give(L, lua.LString("default")) },
		"encrypt":           func(L *lua.LState) int { return self[*crypt](L, "cipher:encrypt").whole(L, "encrypt", true) },
		"decrypt":           func(L *lua.LState) int { return self[*crypt](L, "cipher:decrypt").whole(L, "decrypt", false) },
		// ok, err = c:init(key, iv?, {is_encrypt, no_padding}?)
		"init": func(L *lua.LState) int {
			c := self[*crypt](L, "cipher:init")
			encrypt, padding := false, true
			if o, ok := L.Get(4).(*lua.LTable); ok {
				encrypt, padding = lua.LVAsBool(o.RawGetString("is_encrypt")), !lua.LVAsBool(o.RawGetString("no_padding"))
			}
			if err := c.init(text(L, 2, "init"), optional(L, 3, ""), encrypt, padding); err != nil {
				return give(L, lua.LFalse, lua.LString("cipher:init: "+err.Error()))
			}
			return give(L, lua.LTrue)
		},
		"update": func(L *lua.LState) int {
			c, ok := started(L, "cipher:update")
			if !ok {
				return refuse(L, "cipher:update: cipher not initialized, call cipher:init first")
			}
			var out []byte
			for i := 2; i <= L.GetTop(); i++ {
				out = append(out, c.update(text(L, i, "update"))...)
			}
			return give(L, lua.LString(out))
		},
		"update_aead_aad": func(L *lua.LState) int {
			c, ok := started(L, "cipher:update_aead_aad")
			if !ok {
				return refuse(L, "cipher:update_aead_aad: cipher not initialized, call cipher:init first")
			}
			c.aad = append(c.aad, text(L, 2, "update_aead_aad")...)
			return give(L, lua.LTrue)
		},
		"set_aead_tag": func(L *lua.LState) int {
			c, ok := started(L, "cipher:set_aead_tag")
			if !ok {
				return refuse(L, "cipher:set_aead_tag: cipher not initialized, call cipher:init first")
			}
			c.tag = []byte(text(L, 2, "set_aead_tag"))
			return give(L, lua.LTrue)
		},
		// tag, err = c:get_aead_tag(size?)
		"get_aead_tag": func(L *lua.LState) int {
			c := self[*crypt](L, "cipher:get_aead_tag")
			size := 16
			if n, ok := L.Get(2).(lua.LNumber); ok {
				size = int(n)
			}
			if size < 0 || size > len(c.tag) {
				return refuse(L, "tag size %d is too large", size)
			}
			return give(L, lua.LString(c.tag[:size]))
		},
		"final": func(L *lua.LState) int {
			c, ok := started(L, "cipher:final")
			if !ok {
				return refuse(L, "cipher:update: cipher not initialized, call cipher:init first")
			}
			var out []byte
			if L.Get(2) != lua.LNil {
				out = c.update(text(L, 2, "final"))
			}
			rest, err := c.final()
			if err != nil {
				return refuse(L, "cipher:final: EVP_CipherFinal_ex: %v", err)
			}
			return give(L, lua.LString(append(out, rest...)))
		},
		// key, iv, err = c:derive(key, salt?, count?, md?)
		"derive": func(L *lua.LState) int {
			c := self[*crypt](L, "cipher:derive")
			name := optional(L, 5, "sha1")
			a, ok := algorithmOf(name)
			if !ok || a.id == 0 {
				return give(L, lua.LNil, lua.LNil, lua.LString(fmt.Sprintf("cipher:derive: invalid digest type %q", name)))
			}
			salt := optional(L, 3, "")
			if len(salt) > 8 {
				salt = salt[:8]
			}
			count := 1
			if n, ok := L.Get(4).(lua.LNumber); ok && n >= 1 {
				count = int(n)
			}
			key, iv := c.suite.deriveKey(a, text(L, 2, "derive"), salt, count)
			return give(L, lua.LString(key), lua.LString(iv))
		},
	})
	// c, err = cipher.new(name)
	module.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		name, ok := L.Get(1).(lua.LString)
		if !ok {
			return refuse(L, "cipher.new: expect type to be defined")
		}
		s, ok := suiteOf(string(name))
		if !ok {
			return refuse(L, "cipher.new: invalid cipher type %s", "\""+string(name)+"\"")
		}
		return object(L, meta, &crypt{suite: s})
	}))
	return give(L, module)
}
