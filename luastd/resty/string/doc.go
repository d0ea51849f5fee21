// Package string is lua-resty-string in Go: resty.string, resty.md5, resty.sha1 and its greater
// relatives, resty.random and resty.aes. The interface is the library's; OpenSSL is not needed.
//
//	local sha256 = require("resty.sha256"):new()
//	sha256:update("moon")
//	ngx.say(require("resty.string").to_hex(sha256:final()))
package string //nolint:predeclared,revive // named after the library that Lua sees
