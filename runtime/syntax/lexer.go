package syntax

import "strings"

// eof stands for the end of the source where a byte is expected.
const eof = -1

// lexer cuts source text into tokens. It is part of parser, which owns the state.
type lexer struct {
	src string
	pos int
	// line is the line of the character at pos; lastLine that of the token consumed last.
	line, lastLine int
	tok, ahead     token
	buf            []byte
}

// skipHeader passes over a byte order mark and a first line that begins with '#'.
func (p *parser) skipHeader() {
	p.line = 1
	if strings.HasPrefix(p.src, "\xef\xbb\xbf") {
		p.pos = 3
	}
	if p.cur() == '#' {
		for p.cur() != eof && !p.atEOL() {
			p.pos++
		}
		if p.cur() != eof {
			p.newline()
		}
	}
}

func (p *parser) cur() int {
	if p.pos < len(p.src) {
		return int(p.src[p.pos])
	}
	return eof
}

func (p *parser) peek() int {
	if p.pos+1 < len(p.src) {
		return int(p.src[p.pos+1])
	}
	return eof
}

func (p *parser) atEOL() bool {
	c := p.cur()
	return c == '\n' || c == '\r'
}

// newline passes over one end of line, be it LF, CR, CRLF or LFCR.
func (p *parser) newline() {
	first := p.cur()
	p.pos++
	if p.atEOL() && p.cur() != first {
		p.pos++
	}
	p.line++
}

// next makes the following token the current one.
func (p *parser) next() {
	p.lastLine = p.line
	if p.ahead.kind != 0 {
		p.tok = p.ahead
		p.ahead.kind = 0
		return
	}
	p.scan(&p.tok)
}

// lookahead scans the token after the current one.
func (p *parser) lookahead() tokenKind {
	if p.ahead.kind == 0 {
		p.scan(&p.ahead)
	}
	return p.ahead.kind
}

// near is a token as a message shows it.
func (p *parser) near(t token) string {
	switch t.kind {
	case tkName, tkNumber:
		return t.text
	case tkString:
		return t.open + t.text + t.end
	case 0: // LuaJIT takes it for no token
		return ""
	}
	return t.kind.String()
}

func (p *parser) scan(t *token) {
	for {
		c := p.cur()
		switch {
		case c == eof:
			t.kind = tkEOF
			return
		case isIdent(byte(c)):
			p.scanWord(t)
			return
		case c == '\n' || c == '\r':
			p.newline()
		case IsSpace(byte(c)):
			p.pos++
		case c == '-':
			if p.peek() != '-' {
				p.single(t, c)
				return
			}
			p.pos += 2
			p.comment(t)
		case c == '[':
			start := p.pos
			level, ok := p.longOpen()
			switch {
			case ok:
				p.longString(t, level, false)
				return
			case level > 0:
				p.fail(p.src[start:p.pos], "invalid long string delimiter")
			}
			t.kind = '['
			return
		case c == '"' || c == '\'':
			p.quoted(t)
			return
		default:
			p.symbol(t, c)
			return
		}
	}
}

func (p *parser) single(t *token, c int) {
	p.pos++
	t.kind = tokenKind(c)
}

func (p *parser) symbol(t *token, c int) {
	next := p.peek()
	double := tokenKind(0)
	switch {
	case c == '=' && next == '=':
		double = tkEq
	case c == '<' && next == '=':
		double = tkLe
	case c == '>' && next == '=':
		double = tkGe
	case c == '~' && next == '=':
		double = tkNe
	case c == ':' && next == ':':
		double = tkLabel
	case c == '.' && next == '.':
		if strings.HasPrefix(p.src[p.pos+2:], ".") {
			p.pos += 3
			t.kind = tkDots
			return
		}
		double = tkConcat
	case c == '.' && next != eof && isDigit(byte(next)):
		p.number(t)
		return
	}
	if double != 0 {
		p.pos += 2
		t.kind = double
		return
	}
	p.single(t, c)
}

func (p *parser) scanWord(t *token) {
	if isDigit(p.src[p.pos]) {
		p.number(t)
		return
	}
	start := p.pos
	for p.pos < len(p.src) && isIdent(p.src[p.pos]) {
		p.pos++
	}
	word := p.src[start:p.pos]
	if k, ok := reserved[word]; ok {
		t.kind, t.text = k, word
		return
	}
	t.kind, t.text = tkName, p.intern(word)
}

func (p *parser) number(t *token) {
	start := p.pos
	marker, last := byte('e'), p.src[p.pos]
	p.pos++
	if last == '0' && p.cur() != eof && p.src[p.pos]|0x20 == 'x' {
		marker = 'p'
	}
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		if !isIdent(c) && c != '.' && !((c == '-' || c == '+') && last|0x20 == marker) {
			break
		}
		last = c
		p.pos++
	}
	t.kind, t.text = tkNumber, p.src[start:p.pos]
	if t.num = scanNumeral(t.text, true); t.num.Kind == NotNumber {
		p.fail(t.text, "malformed number")
	}
}

// longOpen passes over "[", "[[", "[=[" and so on. It reports the level, and whether a long bracket opens here.
func (p *parser) longOpen() (level int, ok bool) {
	p.pos++
	for p.cur() == '=' {
		p.pos++
		level++
	}
	if p.cur() == '[' {
		p.pos++
		return level, true
	}
	return level, false
}

func (p *parser) comment(t *token) {
	if p.cur() == '[' {
		start := p.pos
		if level, ok := p.longOpen(); ok {
			p.longString(t, level, true)
			return
		}
		p.pos = start
	}
	for p.cur() != eof && !p.atEOL() {
		p.pos++
	}
}

func (p *parser) longString(t *token, level int, comment bool) {
	closing := "]" + strings.Repeat("=", level) + "]"
	if p.atEOL() {
		p.newline()
	}
	start := p.pos
	rewritten := false
	p.buf = p.buf[:0]
	for {
		c := p.cur()
		switch {
		case c == eof:
			what := "string"
			if comment {
				what = "comment"
			}
			p.fail(tkEOF.String(), "unfinished long %s", what)
		case c == ']' && strings.HasPrefix(p.src[p.pos:], closing):
			text := p.src[start:p.pos]
			p.pos += len(closing)
			if comment {
				return
			}
			if rewritten {
				text = string(append(p.buf, text...))
			}
			t.kind, t.text = tkString, p.intern(text)
			t.open, t.end = "["+closing[1:len(closing)-1]+"[", closing
			return
		case c == '\n' || c == '\r':
			at := p.pos
			p.newline()
			if p.src[at:p.pos] != "\n" {
				rewritten = true
				p.buf = append(append(p.buf, p.src[start:at]...), '\n')
				start = p.pos
			}
		default:
			p.pos++
		}
	}
}
