package codec

import "strings"

// UnsafeByte returns the offset of the first control byte in s other than a tab, which must not stand in
// a URI or a redirect, or -1.
func UnsafeByte(s string) int {
	for i := range len(s) {
		if c := s[i]; c < 0x20 && c != '\t' || c == 0x7f {
			return i
		}
	}
	return -1
}

// EscapeLog returns s fit for a log line: control bytes, bytes beyond ASCII, quotes and backslashes as \xNN.
func EscapeLog(s string) string {
	escaped := func(c byte) bool { return c < 0x20 || c >= 0x7f || c == '"' || c == '\\' }
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; escaped(c) {
			b.WriteString(`\x`)
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
