package openssl_test

import (
	"strings"
	"testing"

	"moongate/luastd"
	"moongate/phases/phasetest"
)

const cbcMoon = "dc652cd59b6aee85bfa4ea98750bcf19" // AES-128-CBC, zero key and vector

const certificate = `-----BEGIN CERTIFICATE-----
MIIBczCCARmgAwIBAgIUcE0QSlzk4O8vPhUYtgHWKedZy8UwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEbW9vbjAeFw0yNjExMjEwODUwMjlaFw0zNjExMTgwODUwMjla
MA8xDTALBgNVBAMMBG1vb24wWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASoaIEk
1L5658pa7bsU8dDdqm7m20mHWrDcvEPW+VFTX0DKgcj6PAtZdmZ7gT/RDhzLbfWs
1UpFRC22QCtqM1lgo1MwUTAdBgNVHQ4EFgQUjHALLbJrbAghT+NfmmzOixBTkbww
HwYDVR0jBBgwFoAUjHALLbJrbAghT+NfmmzOixBTkbwwDwYDVR0TAQH/BAUwAwEB
/zAKBggqhkjOPQQDAgNIADBFAiEApx+K1+x92WaYI22y5TY5wv8384fjIZCkXpet
6+9/Y88CIAoxPwt49FxJeKIg9J3lEDKXWhnpFfDdZBphu7KWONov
-----END CERTIFICATE-----`

const prelude = `
local hex = require("resty.string").to_hex
local function bytes(s) return (s:gsub("%s", ""):gsub("..", function(c) return string.char(tonumber(c, 16)) end)) end
local function say(...) ngx.say(...) end
`

// The values are those of the RFCs named, else of OpenSSL's command line.
func TestModules(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{"digest", `local d = require "resty.openssl.digest"
			say(hex(d.new("SHA2-256"):final("abc")))
			local x = d.new() x:update("a", "b") x:update("c") say(hex(x:final())) x:reset() say(hex(x:final("abc")))
			say(d.istype(x), " ", d.istype({}), " ", select(2, d.new("nothing")))`, `
			ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
			a9993e364706816aba3e25717850c26c9cd0d89d
			a9993e364706816aba3e25717850c26c9cd0d89d
			true false digest.new: invalid digest type "nothing"`},
		{"hmac, RFC 4231 2", `
			local want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
			local m, text = {}, "what do ya want for nothing?"
			m[1] = require("resty.openssl.hmac").new("Jefe", "sha256"):final(text)
			m[2] = require("resty.openssl.mac").new("Jefe", "HMAC", nil, "sha256"):final(text)
			local h = require "resty.hmac"
			m[3] = h:new("Jefe", h.ALGOS.SHA256):final(text)
			for i = 1, 3 do say(hex(m[i]) == want) end
			say(h:new("Jefe", h.ALGOS.SHA256):final(text, true) == want)
			say(select(2, require("resty.openssl.mac").new("k", "CMAC", "aes-128-cbc")))`, `
			true
			true
			true
			true
			mac.new: invalid mac type "CMAC": moongate has HMAC only`},
		{"hkdf, RFC 5869 A.1", `local kdf = require "resty.openssl.kdf"
			local ikm, salt, info = ("\11"):rep(22), bytes "000102030405060708090a0b0c", bytes "f0f1f2f3f4f5f6f7f8f9"
			say(hex(kdf.new("HKDF"):derive(42, {digest = "sha256", key = ikm, salt = salt, info = info})))
			local prk = kdf.new("hkdf"):derive(32, {digest = "sha256", key = ikm, salt = salt, mode = kdf.HKDEF_MODE_EXTRACT_ONLY})
			say(hex(prk))
			say(hex(kdf.derive{type = kdf.HKDF, md = "sha256", hkdf_key = prk, hkdf_info = info, hkdf_mode = kdf.HKDEF_MODE_EXPAND_ONLY, outlen = 42}))`, `
			3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865
			077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5
			3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865`},
		{"pbkdf2 and scrypt, RFC 6070 2, RFC 7914 12", `local kdf = require "resty.openssl.kdf"
			local k = kdf.new("PBKDF2") k:set_params{iter = 2, digest = "sha1", salt = "salt"}
			say(hex(k:derive(20, {pass = "password"})))
			say(hex(kdf.derive{type = kdf.SCRYPT, pass = "", salt = "", scrypt_N = 16, scrypt_r = 1, scrypt_p = 1, outlen = 16}))
			say(select(2, kdf.derive{type = kdf.SCRYPT, scrypt_N = 3, scrypt_r = 1, scrypt_p = 1, outlen = 16}))`, `
			ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957
			77d6576238657b203b19ca42c18a0497
			kdf.derive: invalid scrypt parameters N=3 r=1 p=1`},
		{"cipher in parts and at once", `local cipher = require "resty.openssl.cipher"
			for _, name in ipairs{"aes-128-cbc", "aes-256-ecb", "aes192-ctr", "AES-128-CFB", "aes-256-ofb", "aes-256-gcm", "chacha20-poly1305"} do
				local c = cipher.new(name)
				local size = tonumber(name:match("128") or name:match("192") or 256) / 8
				local key = ("k"):rep(size)
				local iv = name:find("ecb") and "" or ("i"):rep((name:find("gcm") or name:find("poly")) and 12 or 16)
				local text = ("moongate "):rep(9)
				local whole = assert(c:encrypt(key, iv, text))
				local tag = c:get_aead_tag(16)
				assert(c:init(key, iv, {is_encrypt = true}))
				local parts = {}
				for i = 1, #text, 7 do parts[#parts + 1] = c:update(text:sub(i, i + 6)) end
				parts[#parts + 1] = c:final()
				say(name, " ", table.concat(parts) == whole, " ", c:decrypt(key, iv, whole, false, nil, tag) == text)
			end`, `
			aes-128-cbc true true
			aes-256-ecb true true
			aes192-ctr true true
			AES-128-CFB true true
			aes-256-ofb true true
			aes-256-gcm true true
			chacha20-poly1305 true true`},
		{"cipher: values and errors", `local cipher = require "resty.openssl.cipher"
			local c = cipher.new("aes-128-cbc")
			say(hex(c:encrypt(("\0"):rep(16), ("\0"):rep(16), "moon")))
			local key, iv = cipher.new("aes-128-cfb"):derive("x") say(hex(key), " ", hex(iv))
			say(select(2, c:encrypt("k", "i", "s")))
			say(select(2, c:decrypt(("\0"):rep(16), ("\0"):rep(16), ("x"):rep(16))))
			say(select(2, c:update("x")))
			say(select(2, cipher.new("rot13")))
			local g = cipher.new("aes-128-gcm")
			local s = g:encrypt(("k"):rep(16), ("i"):rep(12), "text", false, "aad") local tag = g:get_aead_tag()
			say(g:decrypt(("k"):rep(16), ("i"):rep(12), s, false, "aad", tag))
			say(select(2, g:decrypt(("k"):rep(16), ("i"):rep(12), s, false, "other", tag)))`, `
			` + cbcMoon + `
			11f6ad8ec52a2984abaafd7c3b516503 785c207215080b74b7509202ac4977d9
			cipher:init: incorrect key size, expect 16
			cipher:final: EVP_CipherFinal_ex: bad decrypt
			cipher:update: cipher not initialized, call cipher:init first
			cipher.new: invalid cipher type "rot13"
			text
			cipher:final: EVP_CipherFinal_ex: bad decrypt`},
		{"key wrap, RFC 3394 4.1", `local c = require("resty.openssl.cipher").new("aes-128-wrap")
			local kek, key = bytes "000102030405060708090A0B0C0D0E0F", bytes "00112233445566778899AABBCCDDEEFF"
			local w = c:encrypt(kek, "", key) say(hex(w)) say(c:decrypt(kek, "", w) == key)
			say(select(2, c:decrypt(kek, "", "x" .. w:sub(2))))`, `
			1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5
			true
			cipher:final: EVP_CipherFinal_ex: bad decrypt`},
		{"keys sign, verify, and come back from every form", `local pkey = require "resty.openssl.pkey"
			for _, o in ipairs{{type = "RSA", bits = 1024}, {type = "EC", curve = "prime256v1"}, {type = "EC", curve = "secp521r1"}, {type = "Ed25519"}} do
				local k = assert(pkey.new(o))
				local sig = assert(k:sign("moon"))
				local n = 0
				for _, form in ipairs{"PEM", "DER", "JWK"} do
					local public = assert(pkey.new(k:tostring("public", form), {format = form}))
					local private = assert(pkey.new(k:tostring("private", form)))
					if public:verify(sig, "moon") and not public:verify(sig, "sun") and private:verify(private:sign("x"), "x")
						and private:is_private() and not public:is_private() then n = n + 1 end
				end
				say(k:get_key_type().sn, " ", n)
			end
			local k = pkey.new{type = "EC", curve = "secp384r1"}
			local raw = k:sign("moon", "sha384", nil, {ecdsa_use_raw = true})
			say(#raw, " ", k:verify(raw, "moon", "sha384", nil, {ecdsa_use_raw = true}))
			say(select(2, pkey.new("rubbish")), ", ", select(2, pkey.new{type = "Ed448"}))`, `
			rsaEncryption 3
			id-ecPublicKey 3
			id-ecPublicKey 3
			ED25519 3
			96 true
			pkey.new: no key could be read, pkey.new: unsupported type Ed448`},
		{"Ed25519 of a JWK, RFC 8037 A.4", `local k = require("resty.openssl.pkey").new('{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}')
			say((ngx.encode_base64(k:sign("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"), true):gsub("+", "-"):gsub("/", "_")))`, `
			hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg`},
		{"RSA encrypts, pads, and recovers", `local pkey = require "resty.openssl.pkey"
			local k = pkey.new{bits = 2048}
			local P = pkey.PADDINGS
			say(k:decrypt(k:encrypt("moon")), " ", k:decrypt(k:encrypt("moon", P.RSA_PKCS1_OAEP_PADDING, {oaep_md = "sha256"}), P.RSA_PKCS1_OAEP_PADDING, {oaep_md = "sha256"}))
			say(k:verify(k:sign("m", "sha512", P.RSA_PKCS1_PSS_PADDING), "m", "sha512", P.RSA_PKCS1_PSS_PADDING), " ", k:verify_recover(k:sign_raw("raw")))
			local d = require("resty.openssl.digest").new("sha256") d:update("moon")
			say(k:verify(k:sign(d), "moon"), " ", k:get_size(), " ", k:get_parameters().e:to_number())
			say(select(2, pkey.new(k:to_PEM("public")):sign("x")))`, `
			moon moon
			true raw
			true 256 65537
			pkey:sign: a private key is needed`},
		{"shared secrets", `local pkey = require "resty.openssl.pkey"
			for _, o in ipairs{{type = "X25519"}, {type = "EC", curve = "prime256v1"}} do
				local a, b = pkey.new(o), pkey.new(o)
				say(a:derive(b) == b:derive(a), " ", #a:derive(b))
			end
			say(select(2, pkey.new{type = "X25519"}:derive(pkey.new{type = "EC", curve = "prime256v1"})))`, `
			true 32
			true 32
			pkey:derive: different parameters`},
		{"big numbers", `local bn = require "resty.openssl.bn"
			local a, b = bn.new("100000000000000000000"), bn.from_hex("FF")
			say(tostring(a + b), " ", tostring(a * 2), " ", (b % 7):to_number(), " ", a > b, " ", bn.new(255) == b)
			say(b:to_hex(), " ", hex(b:to_binary(4)), " ", tostring(bn.new(3):mod_exp(200, 13)), " ", bn.new(97):is_prime(), " ", bn.istype(b))
			say(select(2, bn.new("x")), " ", pcall(function() return bn.new(2) ^ 10000000 end))
			say(pcall(function() return b / 0 end))`, `
			100000000000000000255 200000000000000000000 3 true true
			FF 000000ff 9 true true
			bn.new: "x" is no number of base 10 falsecontent_by_lua(nginx.conf:2):9: bn: the result is too large
			falsecontent_by_lua(nginx.conf:2):10: bn: division by zero`},
		{"a certificate", `local cert = assert(require("resty.openssl.x509").new([[` + certificate + `]]))
			say(#cert:digest("sha256"), " ", cert:get_pubkey():get_key_type().sn, " ", select(2, cert:get_lifetime()) > 0)
			local evp = require "resty.evp"
			say(#evp.Cert:new(cert:to_PEM()):get_fingerprint("SHA256"), " ", select(2, evp.Cert:new()))
			say(select(2, require("resty.openssl.x509").new("x")) ~= nil)`, `
			32 id-ecPublicKey true
			95 Must pass a PEM or binary DER cert
			true`},
		{"resty.evp signs and verifies", `local evp, pkey = require "resty.evp", require "resty.openssl.pkey"
			local k = pkey.new{bits = 1024}
			local sig = evp.RSASigner:new(k:to_PEM("private")):sign("m", evp.CONST.SHA256_DIGEST)
			local public = evp.PublicKey:new(k:to_PEM())
			say(evp.RSAVerifier:new(public):verify("m", sig, evp.CONST.SHA256_DIGEST), " ", select(2, evp.RSAVerifier:new(public):verify("n", sig, "SHA256")))
			say(evp.RSADecryptor:new(k:to_PEM("private")):decrypt(evp.RSAEncryptor:new(public):encrypt("m")))
			local e = pkey.new{type = "EC", curve = "prime256v1"}
			local s = evp.ECSigner:new(e:to_PEM("private"))
			local v = evp.ECVerifier:new(evp.PublicKey:new(e:to_PEM()))
			say(v:verify("m", s:get_raw_sig(s:sign("m", "SHA256")), "SHA256"), " ", select(2, v:verify("m", "short", "SHA256")))`, `
			true Verification failed
			m
			true signature length != 2 * order length`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := phasetest.Start(t, "events {} http { server { listen ADDR; location / { content_by_lua_block {"+prelude+tt.code+"} } } }", luastd.Complete())
			want := strings.ReplaceAll(strings.TrimSpace(tt.want), "\n\t\t\t", "\n") + "\n"
			if got := s.Get("/").Body; got != want {
				t.Errorf("got:\n%s\nwant:\n%s\n%s", got, want, s.ErrorLog())
			}
		})
	}
}
