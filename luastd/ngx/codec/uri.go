package codec

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// EscapeType says which bytes Escape leaves alone. The values are those of the second
// argument of ngx.escape_uri, which are nginx's NGX_ESCAPE_* numbers.
type EscapeType int

// The kinds of text that Escape knows.
const (
	EscapeURI          EscapeType = iota // a whole path: keeps "/", "&", "=", "+" …
	EscapeArgs                           // a query string: also escapes "+"
	EscapeURIComponent                   // one component: keeps unreserved bytes and !'()* only
	EscapeHTML
	EscapeRefresh
	EscapeMemcached
	EscapeMailAuth
	EscapeHeaderName  // a header name about to be sent: separators and controls
	EscapeHeaderValue // a header value about to be sent: controls but tab
	// EscapeRawArgs is for a query string that Lua gives as one string
	// (ngx.req.set_uri_args): only controls, the blank and DEL.
	EscapeRawArgs

	escapeTypes
)

// maxLuaEscapeType is the largest type that ngx.escape_uri accepts.
const maxLuaEscapeType = EscapeMailAuth

// escapeTables[t][c] says that byte c is escaped under type t.
var escapeTables = buildEscapeTables()

func buildEscapeTables() *[escapeTypes][256]bool {
	const controls, high = 1, 2
	kinds := [escapeTypes]struct {
		classes int
		bytes   string
	}{
		EscapeURI:          {controls | high, " #%?\x7f"},
		EscapeArgs:         {controls | high, " #%+?\x7f"},
		EscapeURIComponent: {controls | high, " \"#$%&+,/:;<=>?@[\\]^`{|}\x7f"},
		EscapeHTML:         {controls | high, " \"#%'\x7f"},
		EscapeRefresh:      {controls | high, " \"'\x7f"},
		EscapeMemcached:    {controls, " %"},
		EscapeMailAuth:     {controls, " %"},
		EscapeHeaderName:   {controls | high, " \"(),/:;<=>?@[\\]{}\x7f"},
		EscapeHeaderValue:  {controls, "\x7f"},
		EscapeRawArgs:      {controls, " \x7f"},
	}
	var tables [escapeTypes][256]bool
	for t, kind := range kinds {
		table := &tables[t]
		for c := range table {
			table[c] = c < 0x20 && kind.classes&controls != 0 || c >= 0x80 && kind.classes&high != 0
		}
		for i := range len(kind.bytes) {
			table[kind.bytes[i]] = true
		}
	}
	tables[EscapeHeaderValue]['\t'] = false
	return &tables
}

const upperHex = "0123456789ABCDEF"

// Escape percent-encodes s under type t. It returns s itself where nothing needs escaping.
func Escape(s string, t EscapeType) string {
	n := EscapeCount(s, t)
	if n == 0 {
		return s
	}
	return string(AppendEscape(make([]byte, 0, len(s)+2*n), s, t))
}

// EscapeCount returns how many bytes of s type t escapes; the escaped text is twice that
// number longer.
func EscapeCount(s string, t EscapeType) int {
	table, n := &escapeTables[t], 0
	for i := range len(s) {
		if table[s[i]] {
			n++
		}
	}
	return n
}

// AppendEscape appends s to dst, percent-encoded under type t.
func AppendEscape(dst []byte, s string, t EscapeType) []byte {
	table := &escapeTables[t]
	from := 0
	for i := range len(s) {
		if c := s[i]; table[c] {
			dst = append(dst, s[from:i]...)
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
			from = i + 1
		}
	}
	return append(dst, s[from:]...)
}

// Unescape decodes the percent sequences of a URI component and turns "+" into a blank;
// a malformed sequence stays as it is (ngx.unescape_uri). It returns s itself where there
// is nothing to decode.
func Unescape(s string) string {
	first := strings.IndexAny(s, "%+")
	if first < 0 {
		return s
	}
	dst := make([]byte, first, len(s))
	copy(dst, s)
	for i := first; i < len(s); i++ {
		c := s[i]
		switch c {
		case '+':
			c = ' '
		case '%':
			if i+2 < len(s) {
				if hi, lo := hexDigit[s[i+1]], hexDigit[s[i+2]]; hi >= 0 && lo >= 0 {
					c = byte(hi<<4 | lo)
					i += 2
				}
			}
		}
		dst = append(dst, c)
	}
	return string(dst)
}

// hexDigit maps a byte to the value of the hexadecimal digit that it is, or to -1.
var hexDigit = func() (t [256]int8) {
	for c := range t {
		t[c] = -1
	}
	for i := range int8(16) {
		t[upperHex[i]] = i
		t[upperHex[i]|0x20] = i
	}
	return t
}()

// escapeURI is newstr = ngx.escape_uri(str, type?).
func escapeURI(L *lua.LState) int {
	s, t := text(L, 1), EscapeURIComponent
	switch v := L.Get(2).(type) {
	case *lua.LNilType:
	case lua.LNumber:
		if v < 0 || v > lua.LNumber(maxLuaEscapeType) {
			RaiseLevel(L, 2, `"type" `+FormatNumber(float64(v))+" out of range")
		}
		t = EscapeType(v)
	default:
		RaiseLevel(L, 2, `"type" is not a number`)
	}
	return pushString(L, Escape(s, t))
}

// unescapeURI is newstr = ngx.unescape_uri(str).
func unescapeURI(L *lua.LState) int {
	return pushString(L, Unescape(text(L, 1)))
}
