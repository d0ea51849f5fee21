package ffi

import (
	"fmt"
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
}

// lexer cuts C declarations into tokens. Comments and line markers are skipped; #pragma pack calls pragma.
type lexer struct {
	src    string
	pos    int
	line   int
	pragma func(args []string)
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
		for lx.pos < len(lx.src) && (isNameByte(lx.src[lx.pos]) || lx.src[lx.pos] == '.') {
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

func (lx *lexer) integer(text string) token {
	digits := strings.TrimRight(text, "uUlL")
	n, err := strconv.ParseUint(digits, 0, 64)
	if err != nil || strings.Contains(digits, "_") {
		lx.fail(text, "malformed number")
	}
	return token{kind: tokenInteger, text: text, num: int64(n)}
}

// quoted reads a string or a character; the latter is an integer.
func (lx *lexer) quoted(q byte) token {
	var b []byte
	start := lx.pos
	for rest := lx.src[start+1:]; ; {
		if rest == "" || rest[0] == '\n' {
			lx.fail(lx.src[start:], "unfinished string")
		}
		if rest[0] == q {
			lx.pos = len(lx.src) - len(rest) + 1
			break
		}
		c, _, tail, err := strconv.UnquoteChar(rest, q)
		if err != nil {
			// C's \0 and its like have fewer digits than Go wants.
			c, tail = rune(rest[0]), rest[1:]
			if c == '\\' && tail != "" && tail[0] >= '0' && tail[0] <= '7' {
				for c = 0; tail != "" && tail[0] >= '0' && tail[0] <= '7'; tail = tail[1:] {
					c = c*8&0xff + rune(tail[0]-'0')
				}
			}
		}
		b, rest = append(b, byte(c)), tail
	}
	if q == '"' {
		return token{kind: tokenString, text: string(b)}
	}
	if len(b) != 1 {
		lx.fail(lx.src[start:lx.pos], "malformed character")
	}
	return token{kind: tokenInteger, text: lx.src[start:lx.pos], num: int64(int8(b[0]))}
}
