package http1

import "moongate/phases"

// A step's outcome when a head is scanned.
type outcome uint8

const (
	more       outcome = iota // the line is not whole
	fine                      // a whole line
	blank                     // the empty line that ends the head
	badRequest                // from here on: no request
	badMethod
	badVersion
	badOld  // HTTP/0.9 with another method than GET
	badLine // a header line
)

// refusals says how an outcome from badRequest on is answered, and what the error log says of it.
var refusals = map[outcome]struct {
	status phases.Status
	why    string
}{
	badRequest: {400, "client sent invalid request"},
	badMethod:  {400, "client sent invalid method"},
	badVersion: {505, "client sent invalid version"},
	badOld:     {400, "client sent invalid method in HTTP/0.9 request"},
	badLine:    {400, "client sent invalid header line"},
}

// requestLine is what a request line says.
type requestLine struct {
	text     string // without its line break
	method   string
	absolute bool   // the target names a host
	host     string // as it was sent, without its port
	target   string // path and arguments; begins with a slash
	version  string // empty in HTTP/0.9
	major    int
	minor    int
}

func (l *requestLine) proto() phases.Proto {
	switch {
	case l.version == "":
		return phases.HTTP09
	case l.minor == 0:
		return phases.HTTP10
	}
	return phases.HTTP11
}

// States of scanLine, named after what they expect.
const (
	lineMethod = iota
	lineTarget
	lineScheme
	lineSchemeSlash
	lineSchemeSlash2
	lineHostStart
	lineHost
	lineLiteral
	lineLiteralEnd
	linePort
	linePath
	lineVersion
	lineMajor1
	lineMajor
	lineMinor1
	lineMinor
	lineBlanks
	lineFeed
)

// scanLine takes the request line at the beginning of s, which may not be whole, as nginx's parser takes it: n is its
// length with the line break. What cannot become a request is refused at once, without waiting for the line's end.
func scanLine(s string) (l requestLine, n int, o outcome) {
	state, begin, end := lineMethod, 0, 0 // of the target
	hostAt, versionAt := 0, 0
	scheme := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch state {
		case lineMethod:
			switch {
			case c >= 'A' && c <= 'Z', c == '_', c == '-':
			case c == ' ' && i > 0:
				l.method = s[:i]
				state = lineTarget
			default:
				return l, 0, badMethod
			}
		case lineTarget:
			switch {
			case c == '/':
				begin, state = i, linePath
			case letter(c):
				state = lineScheme
			case c != ' ':
				return l, 0, badRequest
			}
		case lineScheme:
			switch {
			case letter(c), digit(c), c == '+', c == '-', c == '.':
			case c == ':':
				state = lineSchemeSlash
			default:
				return l, 0, badRequest
			}
		case lineSchemeSlash, lineSchemeSlash2:
			if c != '/' {
				return l, 0, badRequest
			}
			state++
			scheme = true
		case lineHostStart, lineHost, lineLiteralEnd, linePort:
			if state == lineHostStart {
				hostAt = i
				state = lineHost
				if c == '[' {
					state = lineLiteral
					continue
				}
			}
			switch {
			case state == lineHost && (letter(c) || digit(c) || c == '.' || c == '-'), state == linePort && digit(c):
				continue
			case state != linePort:
				l.absolute, l.host = true, s[hostAt:i]
			}
			switch {
			case c == ':' && state != linePort:
				state = linePort
			case c == '/', c == '?':
				begin, state = i, linePath
			case c == ' ':
				begin, end, state = i, i, lineVersion
			default:
				return l, 0, badRequest
			}
		case lineLiteral:
			switch {
			case letter(c), digit(c):
			case c == ']':
				state = lineLiteralEnd
			default:
				switch c {
				case ':', '-', '.', '_', '~', '!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '=':
				default:
					return l, 0, badRequest
				}
			}
		case linePath:
			switch {
			case c == ' ':
				end, state = i, lineVersion
			case c == '\r':
				end, state = i, lineFeed
			case c == '\n':
				end = i
				return l.done(s, begin, end, i, scheme)
			case c < 0x20 || c == 0x7f:
				return l, 0, badRequest
			}
		case lineVersion:
			switch c {
			case ' ':
			case '\r':
				state = lineFeed
			case '\n':
				return l.done(s, begin, end, i, scheme)
			default:
				const name = "HTTP/"
				k := 0
				for k < len(name) && i+k < len(s) {
					if s[i+k] != name[k] {
						return l, 0, badRequest
					}
					k++
				}
				if k < len(name) {
					return l, 0, more
				}
				versionAt = i
				i += k - 1
				state = lineMajor1
			}
		case lineMajor1:
			if c < '1' || c > '9' {
				return l, 0, badRequest
			}
			if l.major = int(c - '0'); l.major > 1 {
				return l, 0, badVersion
			}
			state = lineMajor
		case lineMajor:
			switch {
			case c == '.':
				state = lineMinor1
			case digit(c):
				return l, 0, badVersion
			default:
				return l, 0, badRequest
			}
		case lineMinor1, lineMinor:
			switch {
			case digit(c):
				if l.minor > 99 {
					return l, 0, badRequest
				}
				l.minor = l.minor*10 + int(c-'0')
				l.version = s[versionAt : i+1]
				state = lineMinor
			case state == lineMinor1:
				return l, 0, badRequest
			case c == ' ':
				state = lineBlanks
			case c == '\r':
				state = lineFeed
			case c == '\n':
				return l.done(s, begin, end, i, scheme)
			default:
				return l, 0, badRequest
			}
		case lineBlanks:
			switch c {
			case ' ':
			case '\r':
				state = lineFeed
			case '\n':
				return l.done(s, begin, end, i, scheme)
			default:
				return l, 0, badRequest
			}
		case lineFeed:
			if c != '\n' {
				return l, 0, badRequest
			}
			return l.done(s, begin, end, i, scheme)
		}
	}
	return l, 0, more
}

// done ends a line with the line feed at i.
func (l *requestLine) done(s string, begin, end, i int, scheme bool) (line requestLine, n int, o outcome) {
	l.text = s[:i]
	if i > 0 && s[i-1] == '\r' {
		l.text = s[:i-1]
	}
	l.target = s[begin:end]
	if scheme && (l.target == "" || l.target[0] != '/') {
		l.target = "/" + l.target
	}
	if l.version == "" && l.method != "GET" {
		return *l, i + 1, badOld
	}
	return *l, i + 1, fine
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func digit(c byte) bool { return c >= '0' && c <= '9' }

// headerLine is one line of a head.
type headerLine struct {
	name, value string
	invalid     bool // the name holds what no name should
}

// scanHeader takes the header line at the beginning of s, which may not be whole, as nginx's parser takes it: n is its
// length with the line break, or where a bad one goes wrong.
func scanHeader(s string, underscores bool) (h headerLine, n int, o outcome) {
	i := 0
	for ; ; i++ {
		if i == len(s) {
			return h, 0, more
		}
		c := s[i]
		if letter(c) || digit(c) || c == '-' {
			continue
		}
		if c == '_' {
			h.invalid = h.invalid || !underscores
			continue
		}
		if c == ':' || c == '\r' || c == '\n' {
			break
		}
		if c <= 0x20 || c == 0x7f {
			return h, i, badLine
		}
		h.invalid = true
	}
	if i == 0 {
		switch {
		case s[0] == '\n':
			return h, 1, blank
		case s[0] == ':':
			return h, 0, badLine
		case len(s) == 1:
			return h, 0, more
		case s[1] == '\n':
			return h, 2, blank
		}
		return h, 0, badLine
	}
	h.name = s[:i]
	if s[i] == ':' {
		i++
	}
	for i < len(s) && s[i] == ' ' {
		i++
	}
	begin := i
	for ; i < len(s) && s[i] != '\r' && s[i] != '\n'; i++ {
		if s[i] == 0 {
			return h, i, badLine
		}
	}
	end := i
	for i < len(s) && s[i] == '\r' {
		i++
	}
	if i == len(s) {
		return h, 0, more
	}
	for end > begin && s[end-1] == ' ' {
		end--
	}
	if s[i] != '\n' {
		return h, end, badLine
	}
	h.value = s[begin:end]
	return h, i + 1, fine
}
