// Package openssl is the part of lua-resty-openssl that tokens, sessions and signatures need, in Go: digests, MACs,
// key derivation, symmetric ciphers, random bytes, keys and certificates. Beside it stand resty.hmac and resty.evp, which
// lua-resty-jwt builds on. The interfaces are the libraries'; no machine code is loaded.
//
//	local digest = require("resty.openssl.digest")
//	ngx.say(require("resty.string").to_hex(digest.new("sha256"):final("moon")))
//	local key = require("resty.openssl.pkey").new({type = "EC", curve = "prime256v1"})
//	local signature = key:sign("moon", "sha256", nil, {ecdsa_use_raw = true})
//
// What has no counterpart in Go's standard library is refused with an error that says so: Ed448 and X448, DH parameters,
// CCM and OCB modes, providers and engine parameters. Objects are not safe for use by two workers.
package openssl
