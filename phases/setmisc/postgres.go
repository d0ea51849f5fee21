package setmisc

import (
	"strings"
	"unicode/utf8"
)

// escapePostgres leaves well-formed UTF-8 alone and otherwise writes every byte beyond ASCII in octal,
// so that PostgreSQL takes the literal whatever its encoding.
func escapePostgres(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if c < utf8.RuneSelf {
			b.WriteByte(c)
			continue
		}
		b.WriteString(`\\`)
		b.WriteByte('0' + c>>6)
		b.WriteByte('0' + c>>3&7)
		b.WriteByte('0' + c&7)
	}
	return b.String()
}
