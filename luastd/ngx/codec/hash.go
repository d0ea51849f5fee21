package codec

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"hash/crc32"
	"strconv"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// bytesOf shows the bytes of s without a copy; they must not be written to or kept.
func bytesOf(s string) []byte {
	return unsafe.Slice(unsafe.StringData(s), len(s))
}

// MD5Hex returns the MD5 digest of s in lower-case hexadecimal (ngx.md5).
func MD5Hex(s string) string {
	sum := md5.Sum(bytesOf(s))
	var text [2 * md5.Size]byte
	hex.Encode(text[:], sum[:])
	return string(text[:])
}

// MD5 returns the 16 bytes of the MD5 digest of s (ngx.md5_bin).
func MD5(s string) string {
	sum := md5.Sum(bytesOf(s))
	return string(sum[:])
}

// SHA1 returns the 20 bytes of the SHA-1 digest of s (ngx.sha1_bin).
func SHA1(s string) string {
	sum := sha1.Sum(bytesOf(s))
	return string(sum[:])
}

// HMACSHA1 returns the 20 bytes of the HMAC-SHA1 of s under secret (ngx.hmac_sha1).
func HMACSHA1(secret, s string) string {
	mac := hmac.New(sha1.New, bytesOf(secret))
	mac.Write(bytesOf(s))
	return string(mac.Sum(nil))
}

// CRC32 returns the IEEE CRC-32 of s. ngx.crc32_short and ngx.crc32_long, which differ in
// speed alone, both return it.
func CRC32(s string) uint32 {
	return crc32.ChecksumIEEE(bytesOf(s))
}

// digest makes a Lua function of one text argument from its Go twin.
func digest(sum func(string) string) lua.LGFunction {
	return func(L *lua.LState) int { return pushString(L, sum(text(L, 1))) }
}

// crc is intval = ngx.crc32_short(str) and intval = ngx.crc32_long(str).
func crc(L *lua.LState) int {
	L.Push(lua.LNumber(CRC32(text(L, 1))))
	return 1
}

// hmacSHA1 is digest = ngx.hmac_sha1(secret_key, str).
func hmacSHA1(L *lua.LState) int {
	if n := L.GetTop(); n != 2 {
		Raise(L, "expecting 2 arguments, but got "+strconv.Itoa(n))
	}
	secret := CheckString(L, 1, "hmac_sha1")
	return pushString(L, HMACSHA1(secret, CheckString(L, 2, "hmac_sha1")))
}
