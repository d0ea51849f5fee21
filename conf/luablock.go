package conf

import "strings"

// luaBlock reads the body of a *_by_lua_block directive up to the brace that
// matches the one at open, which has been read already. It returns the body and
// the place of the closing brace. If there is none, all that follows is the body
// and the lexer is dead.
//
// Only what can hide a brace is looked for: strings, long brackets and comments.
// Whether the rest is Lua is for the Lua compiler to say.
//
// Deviation: ngx_lua also fails with "too long lua code block" where 4096 bytes
// hold none of these things. Nobody can want that.
func (l *lexer) luaBlock(open Pos) (*LuaBlock, Pos) {
	start, first := l.pos, l.at(l.pos)
	last := open // the brace that nginx names when the end is missing
	depth := 1
	// A quote without its partner on the line is no string, and neither is any
	// later one of its kind up to where the search for the partner ended.
	// Remembering that keeps the time linear.
	noDouble, noSingle := 0, 0

	for l.pos < len(l.src) && !l.dead {
		i := l.pos
		switch l.src[i] {
		case '{':
			last = l.at(i)
			depth++
			l.pos++
		case '}':
			depth--
			end := l.at(i)
			l.pos++
			if depth == 0 {
				return &LuaBlock{Text: l.src[start:i], Pos: first}, end
			}
		case '"':
			l.luaString(&noDouble)
		case '\'':
			l.luaString(&noSingle)
		case '[':
			if level, ok := longBracket(l.src[i:]); !ok {
				l.pos++
			} else {
				l.longBracketBody(i, i, level)
			}
		case '-':
			if i+1 >= len(l.src) || l.src[i+1] != '-' {
				l.pos++
			} else if level, ok := longBracket(l.src[i+2:]); !ok {
				l.toLineEnd()
			} else {
				l.longBracketBody(i, i+2, level)
			}
		case '\n':
			l.pos++
			l.newline()
		default:
			l.pos++
		}
	}
	if !l.dead {
		l.dead = true
		l.errs.Addf(last, "unexpected end of file, expecting terminating characters for lua code block")
	}
	return &LuaBlock{Text: l.src[start:], Pos: first}, l.at(l.pos)
}

// longBracket tells whether s begins with an opening long bracket, and of which
// level.
func longBracket(s string) (level int, ok bool) {
	if s == "" || s[0] != '[' {
		return 0, false
	}
	for level < len(s)-1 && s[level+1] == '=' {
		level++
	}
	return level, level+1 < len(s) && s[level+1] == '['
}

// longBracketBody skips the long string or comment which begins at index from
// and whose opening bracket stands at index open. As in ngx_lua it must end
// within maxWord bytes.
func (l *lexer) longBracketBody(from, open, level int) {
	closing := "]" + l.src[open+1:open+1+level] + "]"
	body := open + level + 2
	window := l.src[body:min(len(l.src), max(body, from+maxWord))]
	n := strings.Index(window, closing)
	if n < 0 {
		l.dead = true
		l.errs.Addf(l.at(from), `Lua code block missing the closing long bracket "%s", the inlined Lua code may be too long`, closing)
		return
	}
	l.skipTo(body + n + len(closing))
}

// luaString skips the string whose opening quote is the next byte, or the quote
// alone if it begins no string. A string ends on its line unless the line break
// is escaped.
func (l *lexer) luaString(none *int) {
	q := l.src[l.pos]
	if l.pos < *none {
		l.pos++
		return
	}
	i := l.pos + 1
	for i < len(l.src) && l.src[i] != q && l.src[i] != '\n' {
		if l.src[i] != '\\' {
			i++
			continue
		}
		i++
		// Deviation: ngx_lua knows neither \z nor an escaped line break, and
		// counts the braces in what follows them.
		switch {
		case strings.HasPrefix(l.src[i:], "\r\n"):
			i += 2
		case strings.HasPrefix(l.src[i:], "z"):
			i++
			for i < len(l.src) && (isSpace(l.src[i]) || l.src[i] == '\v' || l.src[i] == '\f') {
				i++
			}
		default:
			i++
		}
	}
	if i >= len(l.src) || l.src[i] != q {
		*none = i
		l.pos++
		return
	}
	l.skipTo(i + 1)
}

// toLineEnd skips to the next line break.
func (l *lexer) toLineEnd() {
	if n := strings.IndexByte(l.src[l.pos:], '\n'); n >= 0 {
		l.pos += n
		return
	}
	l.pos = len(l.src)
}
