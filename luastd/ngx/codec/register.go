package codec

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// CoreVersion is the version of lua-resty-core that the modules written in Go report.
const CoreVersion = "0.1.33"

// Register installs the functions of this package into the ngx table of L.
func Register(L *lua.LState, ngx *lua.LTable, clock Clock) {
	for name, fn := range map[string]lua.LGFunction{
		"escape_uri":        escapeURI,
		"unescape_uri":      unescapeURI,
		"encode_args":       encodeArgs,
		"decode_args":       decodeArgs,
		"encode_base64":     encodeBase64,
		"decode_base64":     decoder(DecodeBase64),
		"decode_base64mime": decoder(DecodeBase64MIME),
		"crc32_short":       crc,
		"crc32_long":        crc,
		"hmac_sha1":         hmacSHA1,
		"md5":               digest(MD5Hex),
		"md5_bin":           digest(MD5),
		"sha1_bin":          digest(SHA1),
		"quote_sql_str":     quoteSQL,
		"today":             clock.text(Today),
		"localtime":         clock.text(LocalTime),
		"utctime":           clock.text(UTCTime),
		"update_time":       clock.update,
		"cookie_time":       luaTime(CookieTime),
		"http_time":         luaTime(HTTPTime),
		"parse_http_time":   parseHTTPTime,
	} {
		ngx.RawSetString(name, L.NewFunction(fn))
	}
	ngx.RawSetString("now", machine.NewQuick(L, clock.now, clock.quickNow))
	ngx.RawSetString("time", machine.NewQuick(L, clock.seconds, clock.quickSeconds))
}
