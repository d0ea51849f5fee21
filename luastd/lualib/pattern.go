package lualib

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

const (
	maxCaptures = 32
	// maxMatchDepth bounds the recursion of the matcher.
	maxMatchDepth = 200
)

// The lengths that a capture has before it is complete.
const (
	captureOpen     = -1
	capturePosition = -2
)

type capture struct{ start, len int32 }

// matcher matches one pattern against one subject. It lives on the stack of the function that uses it.
type matcher struct {
	L        *lua.LState
	src, pat string
	level    int
	depth    int
	captures [maxCaptures]capture
	// set is the one whose bracket stands before setAt, if that is not 0.
	set   charset
	setAt int
}

func (m *matcher) reset() { m.level, m.depth = 0, 0 }

func (m *matcher) fail(msg string) { machine.Errorf(m.L, "%s", msg) }

// The classes of characters in the C locale, a bit each.
const (
	classAlpha = 1 << iota
	classControl
	classDigit
	classGraph
	classLower
	classPunct
	classSpace
	classUpper
	classHex
)

var classes = func() (t [256]uint16) {
	for c := range 128 {
		b := byte(c)
		switch {
		case b >= 'a' && b <= 'z':
			t[c] |= classAlpha | classLower
		case b >= 'A' && b <= 'Z':
			t[c] |= classAlpha | classUpper
		case b >= '0' && b <= '9':
			t[c] |= classDigit | classHex
		case b > ' ' && b < 127:
			t[c] |= classPunct
		case b != ' ':
			t[c] |= classControl
		}
		if b|0x20 >= 'a' && b|0x20 <= 'f' {
			t[c] |= classHex
		}
		if b > ' ' && b < 127 {
			t[c] |= classGraph
		}
		if b == ' ' || b >= '\t' && b <= '\r' {
			t[c] |= classSpace
		}
	}
	return t
}()

// classOf maps a letter after % to its class.
var classOf = [32]uint16{
	'a' & 31: classAlpha, 'c' & 31: classControl, 'd' & 31: classDigit, 'g' & 31: classGraph, 'l' & 31: classLower,
	'p' & 31: classPunct, 's' & 31: classSpace, 'u' & 31: classUpper, 'w' & 31: classAlpha | classDigit, 'x' & 31: classHex,
}

func matchClass(c, class byte) bool {
	if class&0xc0 == 0x40 {
		if want := classOf[class&31]; want != 0 {
			return (classes[c]&want != 0) == (class&0x20 != 0)
		}
		switch class {
		case 'z':
			return c == 0
		case 'Z':
			return c != 0
		}
	}
	return class == c
}

// classEnd is where the single character class that begins at p ends.
func (m *matcher) classEnd(p int) int {
	c := m.pat[p]
	p++
	switch c {
	case '%':
		if p >= len(m.pat) {
			m.fail("malformed pattern (ends with '%')")
		}
		return p + 1
	case '[':
		if p < len(m.pat) && m.pat[p] == '^' {
			p++
		}
		for first := true; first || p >= len(m.pat) || m.pat[p] != ']'; first = false {
			if p >= len(m.pat) {
				m.fail("malformed pattern (missing ']')")
			}
			c := m.pat[p]
			p++
			if c == '%' {
				if p >= len(m.pat) {
					m.fail("malformed pattern (missing ']')")
				}
				p++
			}
		}
		return p + 1
	}
	return p
}

// matchSet tests c against the set pat[p:end], both brackets included.
func (m *matcher) matchSet(c byte, p, end int) bool {
	pat := m.pat
	in := true
	p++
	if pat[p] == '^' {
		in = false
		p++
	}
	for last := end - 1; p < last; p++ {
		switch {
		case pat[p] == '%':
			p++
			if matchClass(c, pat[p]) {
				return in
			}
		case p+2 < last && pat[p+1] == '-':
			if pat[p] <= c && c <= pat[p+2] {
				return in
			}
			p += 2
		case pat[p] == c:
			return in
		}
	}
	return !in
}

// single tests the character at s against the class pat[p:end].
func (m *matcher) single(s, p, end int) bool {
	if s >= len(m.src) {
		return false
	}
	c := m.src[s]
	switch m.pat[p] {
	case '.':
		return true
	case '%':
		return matchClass(c, m.pat[p+1])
	case '[':
		return m.matchSet(c, p, end)
	}
	return m.pat[p] == c
}

// match matches the pattern from p on at s and returns where the match ends, -1 if there is none.
func (m *matcher) match(s, p int) int {
	if m.depth++; m.depth > maxMatchDepth {
		m.fail("pattern too complex")
	}
	s = m.step(s, p)
	m.depth--
	return s
}

func (m *matcher) step(s, p int) int {
	pat := m.pat
	for p < len(pat) {
		switch pat[p] {
		case '(':
			if p+1 < len(pat) && pat[p+1] == ')' {
				return m.openCapture(s, p+2, capturePosition)
			}
			return m.openCapture(s, p+1, captureOpen)
		case ')':
			return m.closeCapture(s, p+1)
		case '$':
			if p+1 == len(pat) {
				if s == len(m.src) {
					return s
				}
				return -1
			}
		case '%':
			if p+1 >= len(pat) {
				m.fail("malformed pattern (ends with '%')")
			}
			switch c := pat[p+1]; {
			case c == 'b':
				if s = m.balance(s, p+2); s < 0 {
					return -1
				}
				p += 4
				continue
			case c == 'f':
				p += 2
				if p >= len(pat) || pat[p] != '[' {
					m.fail("missing '[' after '%f' in pattern")
				}
				end := m.classEnd(p)
				var before, here byte
				if s > 0 {
					before = m.src[s-1]
				}
				if s < len(m.src) {
					here = m.src[s]
				}
				if m.matchSet(before, p, end) || !m.matchSet(here, p, end) {
					return -1
				}
				p = end
				continue
			case c >= '0' && c <= '9':
				text, ok := m.backReference(c)
				if !ok || len(m.src)-s < len(text) || m.src[s:s+len(text)] != text {
					return -1
				}
				s += len(text)
				p += 2
				continue
			}
		}
		end := m.classEnd(p)
		if end < len(pat) {
			switch pat[end] {
			case '?':
				if m.single(s, p, end) {
					if r := m.match(s+1, end+1); r >= 0 {
						return r
					}
				}
				p = end + 1
				continue
			case '*':
				return m.maxExpand(s, p, end, 0)
			case '+':
				return m.maxExpand(s, p, end, 1)
			case '-':
				return m.minExpand(s, p, end)
			}
		}
		if !m.single(s, p, end) {
			return -1
		}
		s++
		p = end
	}
	return s
}

func (m *matcher) maxExpand(s, p, end, least int) int {
	n := m.run(s, p, end)
	if end+1 == len(m.pat) {
		if n < least {
			return -1
		}
		return s + n
	}
	for ; n >= least; n-- {
		if r := m.match(s+n, end+1); r >= 0 {
			return r
		}
	}
	return -1
}

// run is how many characters from s on belong to the class pat[p:end].
func (m *matcher) run(s, p, end int) int {
	rest := m.src[s:]
	set := &m.set
	switch c := m.pat[p]; c {
	case '.':
		return len(rest)
	case '%':
		set = &classSets[m.pat[p+1]]
	case '[':
		if m.setAt != p+1 {
			m.setAt = p + 1
			set.bracketed(m.pat, p, end)
		}
	default:
		n := 0
		for n < len(rest) && rest[n] == c {
			n++
		}
		return n
	}
	for n := range len(rest) {
		if !set.has(rest[n]) {
			return n
		}
	}
	return len(rest)
}

func (m *matcher) minExpand(s, p, end int) int {
	for {
		if r := m.match(s, end+1); r >= 0 {
			return r
		}
		if !m.single(s, p, end) {
			return -1
		}
		s++
	}
}

func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.pat) {
		m.fail("unbalanced pattern")
	}
	if s >= len(m.src) || m.src[s] != m.pat[p] {
		return -1
	}
	open, closing := m.pat[p], m.pat[p+1]
	depth := 1
	for i := s + 1; i < len(m.src); i++ {
		switch m.src[i] {
		case closing:
			if depth--; depth == 0 {
				return i + 1
			}
		case open:
			depth++
		}
	}
	return -1
}

func (m *matcher) openCapture(s, p int, what int32) int {
	if m.level >= maxCaptures {
		m.fail("too many captures")
	}
	m.captures[m.level] = capture{int32(s), what}
	m.level++
	r := m.match(s, p)
	if r < 0 {
		m.level--
	}
	return r
}

func (m *matcher) closeCapture(s, p int) int {
	l := m.level - 1
	for l >= 0 && m.captures[l].len != captureOpen {
		l--
	}
	if l < 0 {
		m.fail("invalid pattern capture")
	}
	m.captures[l].len = int32(s) - m.captures[l].start
	r := m.match(s, p)
	if r < 0 {
		m.captures[l].len = captureOpen
	}
	return r
}

// backReference is the text of a capture. There is none for a position, which matches nothing.
func (m *matcher) backReference(digit byte) (text string, ok bool) {
	l := int(digit) - '1'
	if l < 0 || l >= m.level || m.captures[l].len == captureOpen {
		m.fail("invalid capture index")
	}
	c := m.captures[l]
	if c.len == capturePosition {
		return "", false
	}
	return m.src[c.start : c.start+c.len], true
}

// value is capture i, or the whole match src[s:e] where the pattern has none.
func (m *matcher) value(i, s, e int) lua.LValue {
	if i >= m.level {
		if i != 0 {
			m.fail("invalid capture index")
		}
		return lua.LString(m.src[s:e])
	}
	c := m.captures[i]
	switch c.len {
	case captureOpen:
		m.fail("unfinished capture")
	case capturePosition:
		return machine.Number(m.L, float64(c.start+1))
	}
	return lua.LString(m.src[c.start : c.start+c.len])
}

// push pushes all captures, or the whole match src[s:e] if there are none and whole is set.
func (m *matcher) push(s, e int, whole bool) int {
	n := m.level
	if n == 0 && whole {
		n = 1
	}
	if n < 2 {
		for i := range n {
			m.L.Push(m.value(i, s, e))
		}
		return n
	}
	texts := make([]lua.LString, n) // one piece of memory for all captures
	for i, c := range m.captures[:n] {
		if c.len < 0 {
			m.L.Push(m.value(i, s, e))
			continue
		}
		texts[i] = lua.LString(m.src[c.start : c.start+c.len])
		m.L.Push(machine.String(&texts[i]))
	}
	return n
}
