package cjson

import (
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// byteAt returns the byte at i, and 0 beyond the end.
func (p *parser) byteAt(i int) byte {
	if i < len(p.text) {
		return p.text[i]
	}
	return 0
}

func (p *parser) invalid(reason string) token {
	p.start, p.reason = p.at, reason
	return tokError
}

// next reads one token.
func (p *parser) next() token {
	for {
		for p.at < len(p.text) {
			c := p.text[p.at]
			if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
				break
			}
			p.at++
		}
		if !p.m.allowComment || p.byteAt(p.at) != '/' {
			break
		}
		found, closed := p.comment()
		if !closed {
			return p.invalid("unclosed multi-line comment")
		}
		if !found {
			break
		}
	}
	p.start = p.at
	c := p.byteAt(p.at)
	switch c {
	case '"':
		return p.quoted()
	case '{':
		p.at++
		return tokObjBegin
	case '}':
		p.at++
		return tokObjEnd
	case '[':
		p.at++
		return tokArrBegin
	case ']':
		p.at++
		return tokArrEnd
	case ',':
		p.at++
		return tokComma
	case ':':
		p.at++
		return tokColon
	case 0:
		return tokEnd
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if !p.m.decodeInvalidNumbers && p.isInvalidNumber() {
			return p.invalid("invalid number")
		}
		return p.number()
	case 't', 'f', 'n', 'N', 'i', 'I', '+':
		rest := p.text[p.at:]
		switch {
		case strings.HasPrefix(rest, "true"):
			p.at, p.truth = p.at+4, true
			return tokBoolean
		case strings.HasPrefix(rest, "false"):
			p.at, p.truth = p.at+5, false
			return tokBoolean
		case strings.HasPrefix(rest, "null"):
			p.at += 4
			return tokNull
		case p.m.decodeInvalidNumbers && p.isInvalidNumber():
			return p.number()
		}
	}
	return p.invalid("invalid token")
}

// comment passes over a comment, if there is one.
func (p *parser) comment() (found, closed bool) {
	switch p.byteAt(p.at + 1) {
	case '/':
		p.at += 2
		for c := p.byteAt(p.at); c != 0 && c != '\n'; c = p.byteAt(p.at) {
			p.at++
		}
		return true, true
	case '*':
		p.at += 2
		for c := p.byteAt(p.at); c != 0; c = p.byteAt(p.at) {
			if c == '*' && p.byteAt(p.at+1) == '/' {
				p.at += 2
				return true, true
			}
			p.at++
		}
		return true, false
	}
	return false, true
}

func (p *parser) quoted() token {
	text, from := p.text, p.at+1
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '"':
			p.raw, p.at = text[from:i], i+1
			return tokString
		case '\\':
			return p.escapedString(i)
		case 0:
			p.at = i
			return p.invalid("unexpected end of string")
		}
	}
	p.at = len(text)
	return p.invalid("unexpected end of string")
}

// unescape maps the byte after a backslash to what both stand for; 0 is an error, and
// 'u' asks for more.
var unescape = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 't': '\t', 'n': '\n', 'f': '\f', 'r': '\r', 'u': 'u',
}

// escapedString reads a string whose first backslash is at i into scratch.
func (p *parser) escapedString(i int) token {
	buf := append(p.scratch[:0], p.text[p.at+1:i]...) //nolint:gocritic // it goes back to p.scratch below
	defer func() { p.scratch = buf[:0] }()
	for p.at = i; ; {
		switch c := p.byteAt(p.at); c {
		case '"':
			p.at++
			p.raw = unsafe.String(unsafe.SliceData(buf), len(buf))
			return tokString
		case 0:
			return p.invalid("unexpected end of string")
		case '\\':
			c = unescape[p.byteAt(p.at+1)]
			if c == 0 {
				return p.invalid("invalid escape code")
			}
			if c != 'u' {
				buf = append(buf, c)
				p.at += 2
				continue
			}
			code, length := p.unicode()
			if length == 0 {
				return p.invalid("invalid unicode escape code")
			}
			buf = utf8.AppendRune(buf, code)
			p.at += length
		default:
			buf = append(buf, c)
			p.at++
		}
	}
}

// unicode reads the \uXXXX, or the pair of them, that begins here. Its length is 0 where
// that is malformed.
func (p *parser) unicode() (code rune, length int) {
	code = p.hex4(p.at + 2)
	if code < 0 || code&0xfc00 == 0xdc00 {
		return 0, 0
	}
	if code&0xfc00 != 0xd800 {
		return code, 6
	}
	if p.byteAt(p.at+6) != '\\' || p.byteAt(p.at+7) != 'u' {
		return 0, 0
	}
	low := p.hex4(p.at + 8)
	if low < 0 || low&0xfc00 != 0xdc00 {
		return 0, 0
	}
	return code&0x3ff<<10 | low&0x3ff + 0x10000, 12
}

// hex4 returns the value of four hexadecimal digits, or -1.
func (p *parser) hex4(at int) (code rune) {
	for i := at; i < at+4; i++ {
		c := p.byteAt(i)
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		code = code<<4 | rune(c)
	}
	return code
}

// isInvalidNumber reports whether a number that strtod may accept begins here that JSON
// does not know.
func (p *parser) isInvalidNumber() bool {
	i := p.at
	if p.byteAt(i) == '+' {
		return true
	}
	if p.byteAt(i) == '-' {
		i++
	}
	switch c := p.byteAt(i); {
	case c == '0':
		c = p.byteAt(i + 1)
		return c|0x20 == 'x' || c >= '0' && c <= '9'
	case c <= '9':
		return false
	}
	return p.hasWord(i, "inf") || p.hasWord(i, "nan")
}

// hasWord reports whether word, in any case, stands at i.
func (p *parser) hasWord(i int, word string) bool {
	return len(p.text)-i >= len(word) && strings.EqualFold(p.text[i:i+len(word)], word)
}

// number reads what C's strtoll reads or, before any of ".eEx", what strtod reads.
//
// Deviation: of a whole number beyond 64 bits, OpenResty's fork makes the greatest or least
// one of 64 bits; here it is read like a number with a fraction.
func (p *parser) number() token {
	i, negative := p.at, false
	switch p.byteAt(i) {
	case '-':
		negative = true
		i++
	case '+':
		i++
	}
	from, n := i, int64(0)
	for c := p.byteAt(i); c >= '0' && c <= '9'; c = p.byteAt(i) {
		n = n*10 + int64(c-'0')
		i++
	}
	switch c := p.byteAt(i); {
	case i == from || c == '.' || c == 'e' || c == 'E' || c == 'x':
		p.whole = false
		return p.float()
	case i-from > 18:
		p.num, _ = strconv.ParseFloat(p.text[from:i], 64)
	default:
		p.num = float64(n)
	}
	if negative && p.num != 0 {
		p.num = -p.num
	}
	p.at, p.whole = i, true
	return tokNumber
}

// float reads what C's strtod reads.
func (p *parser) float() token {
	i := p.at
	if c := p.byteAt(i); c == '-' || c == '+' {
		i++
	}
	suffix := ""
	switch {
	case p.hasWord(i, "infinity"):
		i += len("infinity")
	case p.hasWord(i, "inf"), p.hasWord(i, "nan"):
		i += len("inf")
	case p.byteAt(i) == '0' && p.byteAt(i+1)|0x20 == 'x':
		end, exponent := p.mantissa(i+2, 'p', isHex)
		if end == i+2 {
			// Only the zero before the x is a number.
			end, exponent = i+1, true
		}
		if i = end; !exponent {
			suffix = "p0"
		}
	default:
		end, _ := p.mantissa(i, 'e', isDecimal)
		if end == i {
			return p.invalid("invalid number")
		}
		i = end
	}
	word := p.text[p.at:i] + suffix
	if last := word[len(word)-1] | 0x20; last == 'n' && word[0] == '-' || last == 'n' && word[0] == '+' {
		word = word[1:]
	}
	// Out of range it is an infinity or 0, as in C.
	p.num, _ = strconv.ParseFloat(word, 64)
	p.at = i
	return tokNumber
}

func isDecimal(c byte) bool { return c >= '0' && c <= '9' }

func isHex(c byte) bool { return isDecimal(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// mantissa returns the end of the digits, with a fraction and an exponent, that begin at
// from; it is from where there is no digit.
func (p *parser) mantissa(from int, mark byte, isDigit func(byte) bool) (end int, exponent bool) {
	i, digits := from, 0
	for ; isDigit(p.byteAt(i)); i++ {
		digits++
	}
	if p.byteAt(i) == '.' {
		for i++; isDigit(p.byteAt(i)); i++ {
			digits++
		}
	}
	if digits == 0 {
		return from, false
	}
	if p.byteAt(i)|0x20 != mark {
		return i, false
	}
	e := i + 1
	if c := p.byteAt(e); c == '-' || c == '+' {
		e++
	}
	if !isDecimal(p.byteAt(e)) {
		return i, false
	}
	for isDecimal(p.byteAt(e)) {
		e++
	}
	return e, true
}
