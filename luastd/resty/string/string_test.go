package string_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

// The expected texts are what the openssl program answers.
func TestLibrary(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{
			"string", `
			ngx.say(str.to_hex("\0\1\255"), " ", str.str_to_hex("ab"), " ", str.from_hex("6d6f"), " ", str.from_hex("x"))
			ngx.say(str.atoi("42"), " ", str.atoi(" -7x"), " ", str.atoi("x"), " ", str.atoi("+1"))`,
			"0001ff 6162 mo nil\n42 -7 0 1\n",
		},
		{
			"digests", `
			for _, name in ipairs{"md5", "sha1", "sha224", "sha256"} do
				local d = require("resty." .. name):new()
				ngx.say(d:update("mo"), d:update("on, not this", 2), " ", str.to_hex(d:final()))
				ngx.say(d:reset(), " ", d:update("moon"), " ", str.to_hex(d:final()):sub(1, 8))
			end`,
			"truetrue 6d4db5ff0c117864a02827bad3c361b9\ntrue true 6d4db5ff\n" +
				"truetrue 46dcd4dd65b63d106b8cfb4aad906b23716cc613\ntrue true 46dcd4dd\n" +
				"truetrue 99f0fab0ce285095c3942c62525c4251846ba60ac3a035d6161db2e2\ntrue true 99f0fab0\n" +
				"truetrue 9e78b43ea00edcac8299e0cc8df7f6f913078171335f733a21d5d911b6999132\ntrue true 9e78b43e\n",
		},
		{
			"long digests", `
			for _, name in ipairs{"sha384", "sha512"} do
				local d = require("resty." .. name):new()
				d:update("moon")
				ngx.say(#d:final(), " ", str.to_hex(d:final()):sub(1, 16))
			end`,
			"48 bab4d2fce96be86b\n64 6ab10af8ba889a65\n",
		},
		{
			"random", `
			local random = require "resty.random"
			local a, b = random.bytes(16), random.bytes(16, true)
			ngx.say(#a, " ", #b, " ", a ~= b, " ", #random.bytes(0), " ", random.bytes(-1))`,
			"16 16 true 0 nil\n",
		},
		{
			"aes, a password", `
			for _, mode in ipairs{"cbc", "ecb", "ctr", "cfb128", "ofb"} do
				local o = assert(aes:new("secret", nil, aes.cipher(128, mode)))
				local text = o:encrypt("a moon gate is round")
				ngx.say(str.to_hex(text), " ", o:decrypt(text))
			end
			local o = assert(aes:new("secret", "12345678", aes.cipher(256, "cbc"), aes.hash.sha256, 3))
			ngx.say(str.to_hex(o:encrypt("moon")), " ", o:decrypt(o:encrypt("moon")))`,
			`ac1fc545989672661192ef999eb9c73b003a1306c2c61086d67b82b5347cad6a a moon gate is round
5b208e41d4f742ab4bb62e3e41f05284a8866dabba40a97e16f3d65a15a4757f a moon gate is round
ec4e852aa7672439750a16b7e9e99e6ff02e62ac a moon gate is round
ec4e852aa7672439750a16b7e9e99e6fbc96c3ae a moon gate is round
ec4e852aa7672439750a16b7e9e99e6fe6afd2e3 a moon gate is round
2d09caa76884ebc34432ec71008f65b3 moon
`,
		},
		{
			"aes, a key", `
			local key = str.from_hex("00112233445566778899aabbccddeeff")
			local o = assert(aes:new(key, nil, aes.cipher(128, "cbc"), {iv = key}))
			ngx.say(str.to_hex(o:encrypt("moon")))
			local zero = ("\0"):rep(16)
			local g = assert(aes:new(zero, nil, aes.cipher(128, "gcm"), {iv = ("\0"):rep(12)}))
			local sealed = g:encrypt(zero)
			ngx.say(str.to_hex(sealed[1]), " ", str.to_hex(sealed[2]))
			ngx.say(g:decrypt(sealed[1], sealed[2]) == zero, " ", g:decrypt(sealed[1], zero))
			local bare = assert(aes:new(key, nil, aes.cipher(128, "cbc"), {iv = key}, nil, nil, false))
			ngx.say(#bare:encrypt(zero), " ", bare:encrypt("short"))
			local hashed = assert(aes:new("x", nil, aes.cipher(128, "cbc"), {iv = key, method = ngx.md5_bin}))
			ngx.say(hashed:decrypt(hashed:encrypt("moon")))`,
			"37b1664b7f06c98f35502225c947cf18\n" +
				"0388dace60b6a392f328c2b971b2fe78 ab6e47d42cec13bdf53a67b21257bddf\n" +
				"true nilEVP_DecryptFinal_ex failed\n" +
				"16 nilEVP_EncryptFinal_ex failed\nmoon\n",
		},
		{
			"aes, mistakes", `
			ngx.say(aes.cipher(512), " ", aes.cipher(128, "xts"))
			ngx.say(aes:new("k", "short"))
			ngx.say(aes:new("k", nil, aes.cipher(128), {iv = ("x"):rep(17)}))
			ngx.say(aes:new("k", nil, aes.cipher(128), {}))
			ngx.say(pcall(aes:new("k").encrypt, "k"))
			ngx.say(aes:new("k", nil, aes.cipher(128), {iv = ("x"):rep(16)}))
			ngx.say(aes:new("k"):decrypt("no block"))
			ngx.say(aes:new("k"):decrypt(("x"):rep(16)))`,
			"nil nil\nnilsalt must be 8 characters or nil\nnilbad iv length\nniliv is needed\nfalsebad argument #1 self: table expected, got string\nnilbad key length\n" +
				"nilEVP_DecryptFinal_ex failed\nnilEVP_DecryptFinal_ex failed\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := phasetest.Start(t, `
events {}
http { server { listen ADDR; location / { content_by_lua_block {
	local str, aes = require "resty.string", require "resty.aes"
	`+tt.code+`
} } } }`, luastd.Complete())
			if diff := cmp.Diff(tt.want, s.Get("/").Body); diff != "" {
				t.Error(diff, s.ErrorLog())
			}
		})
	}
}
