package regex

import "unicode/utf8"

// newlineAt returns the length of the line end at pos under the pattern's convention, or 0.
func (p *program) newlineAt(s string, pos int) int {
	if pos >= len(s) {
		return 0
	}
	c := s[pos]
	crlf := c == '\r' && pos+1 < len(s) && s[pos+1] == '\n'
	switch p.newline {
	case nlLF:
		return boolInt(c == '\n')
	case nlCR:
		return boolInt(c == '\r')
	case nlNUL:
		return boolInt(c == 0)
	case nlCRLF:
		return 2 * boolInt(crlf)
	case nlAnyCRLF:
		if crlf {
			return 2
		}
		return boolInt(c == '\n' || c == '\r')
	}
	return p.anyNewline(s, pos)
}

// anyNewline returns the length of the Unicode line end at pos, or 0.
func (p *program) anyNewline(s string, pos int) int {
	switch c := s[pos]; {
	case c == '\r' && pos+1 < len(s) && s[pos+1] == '\n':
		return 2
	case '\n' <= c && c <= '\r':
		return 1
	case !p.utf:
		return boolInt(c == 0x85)
	case c == 0xc2 && pos+1 < len(s) && s[pos+1] == 0x85:
		return 2
	case c == 0xe2:
		if r, n := utf8.DecodeRuneInString(s[pos:]); r == 0x2028 || r == 0x2029 {
			return n
		}
	}
	return 0
}

// newlineBefore tells whether a line end ends at pos.
func (p *program) newlineBefore(s string, pos int) bool {
	if pos > 1 && p.newlineAt(s, pos-2) == 2 {
		return true
	}
	if p.newlineAt(s, pos-1) == 1 {
		return true
	}
	return p.newline == nlAny && p.utf && pos > 2 && p.newlineAt(s, pos-3) == 3
}

// newlineSeq returns the length of what \R matches at pos, or 0.
func (p *program) newlineSeq(s string, pos int) int {
	if pos >= len(s) {
		return 0
	}
	n := p.anyNewline(s, pos)
	if n > 0 && p.bsrCRLF && s[pos] != '\n' && s[pos] != '\r' {
		return 0
	}
	return n
}

// wordEdgeUCP tells whether pos is between a word character and another, by Unicode's idea of a word.
func (p *program) wordEdgeUCP(s string, pos int) bool {
	var before, after bool
	if !p.utf {
		before = pos > 0 && isWordUCP(rune(s[pos-1]))
		after = pos < len(s) && isWordUCP(rune(s[pos]))
		return before != after
	}
	if pos > 0 {
		r, _ := utf8.DecodeLastRuneInString(s[:pos])
		before = isWordUCP(r)
	}
	if pos < len(s) {
		r, _ := utf8.DecodeRuneInString(s[pos:])
		after = isWordUCP(r)
	}
	return before != after
}
