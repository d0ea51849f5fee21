package ffi

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

type tokenKind uint8

const (
	tokenEOF tokenKind = iota
	tokenName
	tokenInteger
	tokenString
	tokenPunct
)

type token struct {
	kind tokenKind
	text string
	num  int64
	// unsigned is set for integers that do not fit 32 bits with a sign.
	unsigned bool
	// given is set for what a $ stands for: a name that is no keyword, or typ.
	given bool
	typ   *ctype
}

// lexer cuts C declarations into tokens. Comments and line markers are skipped; #pragma pack calls pragma. parameter is what the next $ stands for.
type lexer struct {
	src    string
	pos    int
	line   int
	pragma func(args []string)

	parameter func() token
	last      string // the text of the token before, for messages
}

// syntaxError is what the parser panics with; parser.run recovers it.
type syntaxError struct{ msg string }

func (lx *lexer) fail(near, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	if near != "" {
		msg += " near '" + near + "'"
	}
	if lx.line > 1 {
		msg += " at line " + strconv.Itoa(lx.line)
	}
	panic(syntaxError{msg})
}

func isNameByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= '0' && c <= '9' || c >= 0x80
}

var longPuncts = []string{"...", "<<", ">>", "&&", "||", "==", "!=", "<=", ">=", "->"}

func (lx *lexer) next() token {
	lx.skipSpace()
	if lx.pos >= len(lx.src) {
		return token{kind: tokenEOF, text: "<eof>"}
	}
	start, c := lx.pos, lx.src[lx.pos]
	switch {
	case c >= '0' && c <= '9':
		for lx.pos < len(lx.src) && isNameByte(lx.src[lx.pos]) {
			lx.pos++
		}
		return lx.integer(lx.src[start:lx.pos])
	case isNameByte(c):
		for lx.pos < len(lx.src) && isNameByte(lx.src[lx.pos]) {
			lx.pos++
		}
		return token{kind: tokenName, text: lx.src[start:lx.pos]}
	case c == '"' || c == '\'':
		return lx.quoted(c)
	case c == '$':
		lx.pos++
		if lx.pos < len(lx.src) && (isNameByte(lx.src[lx.pos]) || lx.src[lx.pos] == '$') {
			lx.fail(lx.src[lx.pos:lx.pos+1], "syntax error")
		}
		return lx.parameter()
	}
	for _, p := range longPuncts {
		if strings.HasPrefix(lx.src[start:], p) {
			lx.pos += len(p)
			return token{kind: tokenPunct, text: p}
		}
	}
	lx.pos++
	return token{kind: tokenPunct, text: lx.src[start:lx.pos]}
}

func (lx *lexer) skipSpace() {
	for lx.pos < len(lx.src) {
		rest := lx.src[lx.pos:]
		switch {
		case rest[0] == '\n':
			lx.line++
			lx.pos++
		case strings.IndexByte(" \t\r\v\f", rest[0]) >= 0:
			lx.pos++
		case strings.HasPrefix(rest, "\\\n"):
			lx.line++
			lx.pos += 2
		case strings.HasPrefix(rest, "//"):
			lx.pos += lineLength(rest)
		case strings.HasPrefix(rest, "/*"):
			end := strings.Index(rest[2:], "*/")
			if end < 0 {
				end = len(rest) - 4
			}
			comment := rest[:max(end+4, 2)]
			lx.line += strings.Count(comment, "\n")
			lx.pos += len(comment)
		case rest[0] == '#':
			n := lineLength(rest)
			lx.directive(rest[1:n])
			lx.pos += n
		default:
			return
		}
	}
}

func lineLength(s string) int {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return i
	}
	return len(s)
}

// directive handles what follows a #: "pragma pack(...)", and line markers of a preprocessor.
func (lx *lexer) directive(text string) {
	split := func(r rune) bool { return strings.ContainsRune(" \t\r,()", r) }
	words := strings.FieldsFunc(text, split)
	switch {
	case len(words) > 1 && words[0] == "pragma" && words[1] == "pack":
		lx.pragma(words[2:])
	case len(words) == 0, words[0] == "pragma", words[0] == "line", words[0][0] >= '0' && words[0][0] <= '9':
	default:
		lx.fail(words[0], "unexpected symbol")
	}
}

// integer converts a number. LuaJIT knows those of 32 bits only, and U as their only suffix.
func (lx *lexer) integer(text string) token {
	digits := strings.TrimRight(text, "uU")
	n, err := strconv.ParseUint(digits, 0, 32)
	if err != nil || len(text)-len(digits) > 1 || strings.ContainsAny(digits, "_oO") {
		lx.fail(text, "malformed number")
	}
	return token{kind: tokenInteger, text: text, num: int64(n), unsigned: digits != text || n > math.MaxInt32}
}

var escapes = map[byte]byte{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', 'e': 27}

// quoted reads a string or a character; the latter is an integer.
func (lx *lexer) quoted(q byte) token {
	var b []byte
	start := lx.pos
	rest := lx.src[start+1:]
	for rest != "" && rest[0] != q {
		c := rest[0]
		rest = rest[1:]
		if c != '\\' || rest == "" {
			b = append(b, c)
			continue
		}
		c = rest[0]
		if e, ok := escapes[c]; ok {
			c = e
		} else if n := octalDigits(rest); n > 0 {
			v, _ := strconv.ParseUint(rest[:n], 8, 16)
			b, rest = append(b, byte(v)), rest[n:]
			continue
		} else if c == 'x' {
			digits := rest[1:]
			n := 0
			for c = 0; n < len(digits); n++ {
				d, err := strconv.ParseUint(digits[n:n+1], 16, 8)
				if err != nil {
					break
				}
				c = c<<4 + byte(d)
			}
			b, rest = append(b, c), digits[n:]
			continue
		}
		b, rest = append(b, c), rest[1:]
	}
	if rest == "" {
		lx.fail("<eof>", "unfinished string")
	}
	lx.pos = len(lx.src) - len(rest) + 1
	if q == '"' {
		return token{kind: tokenString, text: string(b)}
	}
	if len(b) != 1 {
		lx.fail(lx.last, "''' expected")
	}
	return token{kind: tokenInteger, text: string(b), num: int64(int8(b[0]))}
}

// octalDigits is the length of the octal number, of three digits at most, that s begins with.
func octalDigits(s string) int {
	n := 0
	for n < len(s) && n < 3 && s[n] >= '0' && s[n] <= '7' {
		n++
	}
	return n
}
