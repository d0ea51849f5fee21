package lualib

import "strings"

// charset is a set of bytes, a bit each.
type charset [4]uint64

func (s *charset) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }

func (s *charset) add(c byte) { s[c>>6] |= 1 << (c & 63) }

func (s *charset) union(t *charset) {
	for i := range s {
		s[i] |= t[i]
	}
}

// classSets holds the class of each byte that may follow a %.
var classSets = func() (sets [256]charset) {
	for class := range sets {
		for c := range 256 {
			if matchClass(byte(c), byte(class)) {
				sets[class].add(byte(c))
			}
		}
	}
	return sets
}()

// single makes s the characters that the class pat[p:end] matches.
func (s *charset) single(pat string, p, end int) {
	switch pat[p] {
	case '.':
		*s = charset{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
	case '%':
		*s = classSets[pat[p+1]]
	case '[':
		s.bracketed(pat, p, end)
	default:
		*s = charset{}
		s.add(pat[p])
	}
}

// bracketed is single for the set pat[p:end], both brackets included.
func (s *charset) bracketed(pat string, p, end int) {
	*s = charset{}
	p++
	inverse := pat[p] == '^'
	if inverse {
		p++
	}
	for last := end - 1; p < last; p++ {
		switch {
		case pat[p] == '%':
			p++
			s.union(&classSets[pat[p]])
		case p+2 < last && pat[p+1] == '-':
			for c := int(pat[p]); c <= int(pat[p+2]); c++ {
				s.add(byte(c))
			}
			p += 2
		default:
			s.add(pat[p])
		}
	}
	if inverse {
		for i := range s {
			s[i] = ^s[i]
		}
	}
}

// lead is what a match of a pattern must begin with, as far as that can be told at a glance.
type lead struct {
	known bool
	// literal is whether only one byte will do, which is first.
	literal bool
	first   byte
	set     charset
}

// maxOpen bounds how many captures that open at the beginning are looked past.
const maxOpen = 8

// leadOf looks at a pattern without its anchor. A malformed one has no lead, so that the matcher finds the fault.
func leadOf(pat string) (l lead) {
	p := 0
	for n := 0; p < len(pat) && pat[p] == '('; n++ {
		if p++; n == maxOpen {
			return l
		}
		if p < len(pat) && pat[p] == ')' {
			p++
		}
	}
	if p >= len(pat) {
		return l
	}
	end := p + 1
	switch pat[p] {
	case ')', '.':
		return l
	case '$':
		if end == len(pat) {
			return l
		}
	case '%':
		if end == len(pat) {
			return l
		}
		switch c := pat[end]; {
		case c == 'b':
			if p+3 < len(pat) {
				return lead{known: true, literal: true, first: pat[p+2]}
			}
			return l
		case c == 'f' || c >= '0' && c <= '9':
			return l
		}
		end++
	case '[':
		if end = bracketEnd(pat, end); end < 0 {
			return l
		}
	}
	if end < len(pat) {
		switch pat[end] {
		case '*', '?', '-':
			return l
		}
	}
	if c := pat[p]; c != '%' && c != '[' {
		return lead{known: true, literal: true, first: c}
	}
	l.known = true
	l.set.single(pat, p, end)
	return l
}

// bracketEnd is where the set ends whose bracket stands before p, -1 if nowhere.
func bracketEnd(pat string, p int) int {
	if p < len(pat) && pat[p] == '^' {
		p++
	}
	for first := true; ; first = false {
		if p >= len(pat) {
			return -1
		}
		c := pat[p]
		p++
		switch {
		case c == '%':
			p++
		case c == ']' && !first:
			return p
		}
	}
}

// next is the first position from at on where a match may begin, len(s) if there is none.
func (l *lead) next(s string, at int) int {
	if l.literal {
		if i := strings.IndexByte(s[at:], l.first); i >= 0 {
			return at + i
		}
		return len(s)
	}
	for at < len(s) && !l.set.has(s[at]) {
		at++
	}
	return at
}
