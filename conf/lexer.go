package conf

import "strings"

// maxWord is the number of bytes at which nginx gives up on a word: the size of
// its read buffer. Long brackets in Lua blocks share it.
const maxWord = 4096

// maxErrors is the number of problems after which reading ends.
const maxErrors = 100

// Ends of a statement, as lexer.statement returns them.
const (
	endSimple = ';'
	endOpen   = '{'
	endClose  = '}'
	endFile   = 0
)

// lexer cuts one file into statements. It reports problems to errs and goes on;
// where nothing sensible can follow, it sets dead and answers endFile.
type lexer struct {
	file      string
	src       string
	pos       int // next byte to read
	line      int // of pos
	lineStart int // index of the first byte of line
	param     bool
	dead      bool
	errs      *ErrorList
	words     []Arg // reused between statements
}

func newLexer(file, src string, errs *ErrorList) *lexer {
	l := &lexer{file: file, src: src, line: 1, errs: errs}
	// Deviation: nginx takes a byte order mark for part of the first directive's
	// name, and complains of an unknown directive that looks right to the eye.
	if strings.HasPrefix(src, "\uFEFF") {
		l.pos, l.lineStart = 3, 3
	}
	return l
}

// at returns the position of the byte at index i, which is on the current line.
func (l *lexer) at(i int) Pos {
	if l.param {
		return Pos{File: l.file, Col: i + 1}
	}
	return Pos{File: l.file, Line: l.line, Col: i - l.lineStart + 1}
}

func (l *lexer) newline() {
	l.line++
	l.lineStart = l.pos
}

// skipTo moves to index i, counting the lines between.
func (l *lexer) skipTo(i int) {
	passed := l.src[l.pos:i]
	if n := strings.Count(passed, "\n"); n > 0 {
		l.line += n
		l.lineStart = l.pos + strings.LastIndexByte(passed, '\n') + 1
	}
	l.pos = i
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// statement reads the words up to the next end. The words are valid until the
// next call; term is the place of the end. endOpen without words has been
// reported already, its block is still to be read.
func (l *lexer) statement() (words []Arg, end byte, term Pos) {
	l.words = l.words[:0]
	for !l.dead && !l.enough() {
		// Between words: skip what is blank.
		c, ok := l.blank()
		if !ok {
			break
		}
		here := l.at(l.pos)
		switch c {
		case ';', '{':
			l.pos++
			if len(l.words) == 0 {
				l.errs.Addf(here, `unexpected "%c"`, c)
				if c == ';' {
					continue
				}
			}
			return l.words, c, here
		case '}':
			if len(l.words) != 0 {
				l.errs.Addf(here, `unexpected "}"`)
				return l.words, endSimple, here // the brace closes the block next time
			}
			l.pos++
			return nil, endClose, here
		case '"', '\'':
			l.quotedWord(c, here)
		default:
			l.bareWord(here)
		}
	}
	if !l.dead && len(l.words) > 0 {
		l.unfinished()
	}
	return nil, endFile, l.at(l.pos)
}

// enough tells whether so many problems were found that the rest would only
// bury them, as when the file is no text at all, and then ends the file.
func (l *lexer) enough() bool {
	n := len(*l.errs)
	if n == maxErrors {
		l.errs.Addf(l.at(l.pos), "too many errors")
	}
	l.dead = l.dead || n >= maxErrors
	return l.dead
}

// unfinished reports the end of the file within a statement.
func (l *lexer) unfinished() {
	l.dead = true
	if l.param {
		l.errs.Addf(l.at(l.pos), `unexpected end of parameter, expecting ";"`)
		return
	}
	l.errs.Addf(l.at(l.pos), `unexpected end of file, expecting ";" or "}"`)
}

// blank skips space and comments and returns the byte that stands then, unread.
func (l *lexer) blank() (c byte, ok bool) {
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == '\n':
			l.pos++
			l.newline()
		case isSpace(c):
			l.pos++
		case c == '#':
			start := l.pos
			l.toLineEnd()
			if l.pos-start >= maxWord && l.overflows(start) {
				l.tooLong(start, l.at(start))
			}
		default:
			return c, true
		}
	}
	return 0, false
}

// overflows tells whether what begins at index start and does not end within
// maxWord bytes is too long. It is not if the file ends there, nor on the command
// line, which nginx has in memory as a whole.
func (l *lexer) overflows(start int) bool { return !l.param && start+maxWord < len(l.src) }

// tooLong reports the word or comment that begins at index start.
func (l *lexer) tooLong(start int, pos Pos) {
	l.errs.Addf(pos, `too long parameter "%s..." started`, l.src[start:start+10])
}

// quotedWord reads a word that begins with quote q at here.
func (l *lexer) quotedWord(q byte, here Pos) {
	start := l.pos + 1
	end, escaped, found := start, false, false
	for ; end < len(l.src); end++ {
		c := l.src[end]
		if c == q {
			found = true
			break
		}
		if c == '\\' {
			escaped = true
			end++
		}
	}
	long := l.overflows(start)
	switch {
	case long && end-start >= maxWord:
		l.errs.Addf(here, `too long parameter, probably missing terminating "%c" character`, q)
		l.dead = true
		return
	case !found:
		l.skipTo(len(l.src))
		l.unfinished()
		return
	case long && end-start == maxWord-1:
		l.tooLong(start, here) // nginx wants to see what follows the quote as well
	}
	l.skipTo(end + 1)
	l.words = append(l.words, Arg{Value: unescape(l.src[start:end], escaped), Quoted: true, Pos: here})
	l.afterQuote()
}

// afterQuote checks what follows a closing quote. Whatever it is, a new word may
// begin there.
func (l *lexer) afterQuote() {
	if l.pos >= len(l.src) {
		return
	}
	switch c := l.src[l.pos]; {
	case isSpace(c), c == ';', c == '{', c == ')':
	case c == '}': // never right behind a word, and reported as such
	default:
		l.errs.Addf(l.at(l.pos), `unexpected "%s"`, l.src[l.pos:l.pos+1])
	}
}

// bareWord reads a word without quotes, which begins at here.
func (l *lexer) bareWord(here Pos) {
	start, end := l.pos, l.pos
	escaped, variable := false, false
scan:
	for ; end < len(l.src); end++ {
		switch c := l.src[end]; {
		case c == '{' && variable:
			continue
		case c == '\\':
			escaped = true
			end++
		case c == '$':
			variable = true
			continue
		case isSpace(c), c == ';', c == '{':
			break scan
		}
		variable = false
	}
	if end >= len(l.src) {
		if l.overflows(start) {
			l.tooLong(start, here)
			l.dead = true
			return
		}
		l.skipTo(len(l.src))
		l.unfinished()
		return
	}
	// A space is consumed with the word in nginx and must fit into the buffer
	// with room for what follows it; ";" and "{" need not.
	n := end - start
	if l.overflows(start) && (n >= maxWord || n == maxWord-1 && isSpace(l.src[end])) {
		l.tooLong(start, here)
	}
	l.skipTo(end)
	l.words = append(l.words, Arg{Value: unescape(l.src[start:end], escaped), Pos: here})
}

// unescape undoes nginx's escapes. Pairs that nginx does not know keep their
// backslash.
func unescape(raw string, escaped bool) string {
	if !escaped {
		return raw
	}
	b := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '\\' && i+1 < len(raw) {
			switch raw[i+1] {
			case '"', '\'', '\\':
				i++
				c = raw[i]
			case 't':
				i++
				c = '\t'
			case 'r':
				i++
				c = '\r'
			case 'n':
				i++
				c = '\n'
			}
		}
		b = append(b, c)
	}
	return string(b)
}
