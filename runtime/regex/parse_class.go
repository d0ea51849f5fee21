package regex

import "strings"

// class reads a bracketed class.
func (p *parser) class() *node {
	open := p.pos
	if kind, _ := p.posixAt(p.pos); kind != 0 {
		if kind != ':' {
			p.fail(errPosixCollate, open)
		}
		p.fail(errPosixOutside, open)
	}
	p.pos++
	neg := p.accept("^")
	var chars, classes rangeSet // chars have case, classes do not
	first := true
	if p.flags&JavascriptCompat != 0 {
		first = false // so that [] is empty
	}
	quote := false
	type item struct {
		r     rune
		class bool
	}
	read := func() (item, bool) {
		for {
			if !p.more() {
				p.fail(errClassEnd, len(p.src))
			}
			if quote {
				if p.accept(`\E`) {
					quote = false
					continue
				}
				return item{r: p.char()}, true
			}
			if p.accept(`\E`) {
				continue
			}
			if p.accept(`\Q`) {
				quote = true
				continue
			}
			break
		}
		c := p.src[p.pos]
		switch {
		case c == ']' && !first:
			p.pos++
			return item{}, false
		case c == '[':
			kind, end := p.posixAt(p.pos)
			if kind == 0 {
				break
			}
			if kind != ':' {
				p.fail(errPosixCollate, p.pos)
			}
			classes.addSet(p.posix(end))
			return item{class: true}, true
		case c == '\\':
			p.pos++
			if !p.more() {
				p.fail(errEndBackslash, p.pos)
			}
			if p.src[p.pos] == 'N' && !strings.HasPrefix(p.src[p.pos+1:], "{U+") {
				p.fail2(errNInClass, p.pos, p.pos+1)
			}
			if c := p.src[p.pos]; c == 'R' || c == 'X' || c == 'B' {
				p.pos++
				return item{r: rune(c)}, true
			}
			if s, ok := p.classEscape(); ok {
				classes.addSet(s)
				return item{class: true}, true
			}
			return item{r: p.charEscape(true)}, true
		}
		return item{r: p.char()}, true
	}
	for {
		it, ok := read()
		if !ok {
			break
		}
		first = false
		if it.class {
			// PCRE2 calls a hyphen here an error unless it is last; PCRE 8 takes it literally.
			continue
		}
		// A hyphen makes a range unless it is last or quoted.
		if quote || !p.rangeFollows() {
			chars.add(it.r, it.r)
			continue
		}
		p.pos++
		at := p.pos
		hi, ok := read()
		switch {
		case !ok:
			chars.add(it.r, it.r)
			chars.add('-', '-')
			p.pos--
		case hi.class:
			esc := boolInt(p.src[at] == '\\')
			p.fail2(errClassRange, at+esc, at+1+esc)
		case hi.r < it.r:
			p.fail(errRangeOrder, p.pos-1)
		default:
			chars.add(it.r, hi.r)
		}
	}
	if p.flags&Caseless != 0 {
		chars = chars.foldCase(p.utf)
	}
	all := append(chars, classes...).normalize()
	if r := all.single(); r >= 0 && !neg {
		return &node{kind: kChar, r: r}
	}
	if neg {
		all = all.negate()
	}
	return &node{kind: kSet, set: newCharset(all, p.utf)}
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rangeFollows tells whether pos is at a hyphen that joins two ends of a range; it skips a \E before it.
func (p *parser) rangeFollows() bool {
	for p.peek(`\E`) {
		p.pos += 2
	}
	if p.nextByte() != '-' || !p.more() {
		return false
	}
	rest := p.src[p.pos+1:]
	for {
		if r, ok := strings.CutPrefix(rest, `\E`); ok {
			rest = r
			continue
		}
		break
	}
	return rest != "" && rest[0] != ']'
}

// posixAt tells whether a POSIX item begins at the bracket at offset i: its kind, one of : . =, and the offset after it.
func (p *parser) posixAt(i int) (kind byte, end int) {
	if i+1 >= len(p.src) {
		return 0, 0
	}
	kind = p.src[i+1]
	if kind != ':' && kind != '.' && kind != '=' {
		return 0, 0
	}
	for j := i + 2; j+1 < len(p.src); j++ {
		switch c := p.src[j]; {
		case c == kind && p.src[j+1] == ']':
			return kind, j + 2
		case c == ']' || c == '\\' && (p.src[j+1] == ']' || p.src[j+1] == '\\'):
			return 0, 0
		case c == '[' && p.src[j+1] == kind:
			return 0, 0
		}
	}
	return 0, 0
}

// posix reads the POSIX class at pos, which ends before end.
func (p *parser) posix(end int) rangeSet {
	name := p.src[p.pos+2 : end-2]
	name, neg := strings.CutPrefix(name, "^")
	s, ok := posixSets[name]
	if !ok {
		p.fail(errPosixName, p.pos+2)
	}
	if p.flags&Caseless != 0 && (name == "upper" || name == "lower") {
		name = "alpha"
		s = posixSets[name]
	}
	if p.flags&UCP != 0 {
		if u, ok := ucpPosix(name); ok {
			s = u
		}
	}
	if neg {
		s = s.negate()
	}
	p.pos = end
	return s
}
