package syntax

// quoted scans a string in single or double quotes.
func (p *parser) quoted(t *token) {
	delim := p.src[p.pos]
	p.pos++
	start := p.pos
	escaped := false
	p.buf = p.buf[:0]
	for {
		c := p.cur()
		switch {
		case c == eof:
			p.fail(tkEOF.String(), "unfinished string")
		case c == '\n' || c == '\r':
			p.fail(string(delim)+string(p.buf)+p.src[start:p.pos], "unfinished string")
		case c == int(delim):
			text := p.src[start:p.pos]
			p.pos++
			if escaped {
				text = string(append(p.buf, text...))
			}
			t.kind, t.text = tkString, p.intern(text)
			t.open = string(delim)
			t.end = t.open
			return
		case c == '\\':
			escaped = true
			p.buf = append(p.buf, p.src[start:p.pos]...)
			p.pos++
			p.escape(delim)
			start = p.pos
		default:
			p.pos++
		}
	}
}

// escape appends what an escape sequence stands for; the backslash has been passed.
func (p *parser) escape(delim byte) {
	c := p.cur()
	switch c {
	case eof:
		return
	case 'a', 'b', 'f', 'n', 'r', 't', 'v':
		p.buf = append(p.buf, simpleEscapes[c-'a'])
	case '\\', '"', '\'':
		p.buf = append(p.buf, byte(c))
	case '\n', '\r':
		p.buf = append(p.buf, '\n')
		p.newline()
		return
	case 'x':
		p.pos++
		v := p.hexDigit(delim) << 4
		p.buf = append(p.buf, byte(v|p.hexDigit(delim)))
		return
	case 'u':
		p.codePoint(delim)
		return
	case 'z':
		p.pos++
		for p.cur() != eof && IsSpace(p.src[p.pos]) {
			if p.atEOL() {
				p.newline()
			} else {
				p.pos++
			}
		}
		return
	default:
		p.decimal(delim)
		return
	}
	p.pos++
}

var simpleEscapes = [...]byte{
	0: 7, 'b' - 'a': 8, 'f' - 'a': 12, 'n' - 'a': 10, 'r' - 'a': 13, 't' - 'a': 9, 'v' - 'a': 11}

func (p *parser) badEscape(delim byte) {
	p.fail(string(delim)+string(p.buf), "invalid escape sequence")
}

func (p *parser) hexDigit(delim byte) int {
	c := p.cur()
	if c == eof || !isHex(byte(c)) {
		p.badEscape(delim)
	}
	p.pos++
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

func (p *parser) decimal(delim byte) {
	v, n := 0, 0
	for ; n < 3 && p.cur() != eof && isDigit(p.src[p.pos]); n++ {
		v = v*10 + int(p.src[p.pos]-'0')
		p.pos++
	}
	if n == 0 || v > 255 {
		p.badEscape(delim)
	}
	p.buf = append(p.buf, byte(v))
}

// codePoint appends the UTF-8 form of \u{...}. Surrogates and what lies beyond Unicode are refused.
func (p *parser) codePoint(delim byte) {
	p.pos++
	if p.cur() != '{' {
		p.badEscape(delim)
	}
	p.pos++
	v := 0
	for {
		v = v<<4 | p.hexDigit(delim)
		if v >= 0x110000 {
			p.badEscape(delim)
		}
		if p.cur() == '}' {
			break
		}
	}
	if v >= 0xd800 && v < 0xe000 {
		p.badEscape(delim)
	}
	p.pos++
	p.buf = append(p.buf, string(rune(v))...)
}
