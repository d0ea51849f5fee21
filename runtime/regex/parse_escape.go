package regex

import (
	"strings"
	"unicode"
)

// escape reads what a backslash begins outside of a class, and tells whether a quantifier may follow.
func (p *parser) escape() (n *node, repeatable bool) {
	start := p.pos
	p.pos++
	if !p.more() {
		p.fail(errEndBackslash, p.pos)
	}
	c := p.src[p.pos]
	assert := func(a anchor) (*node, bool) {
		p.pos++
		return &node{kind: kAssert, at: a}, false
	}
	single := func(k kind) (*node, bool) {
		p.pos++
		return &node{kind: k}, true
	}
	switch c {
	case 'A':
		return assert(atSubjectStart)
	case 'Z':
		return assert(atFinalLineEnd)
	case 'z':
		return assert(atSubjectEnd)
	case 'G':
		return assert(atSearchStart)
	case 'b':
		if p.flags&UCP != 0 {
			return assert(atWordEdgeUCP)
		}
		return assert(atWordEdge)
	case 'B':
		if p.flags&UCP != 0 {
			return assert(atNotWordEdgeUCP)
		}
		return assert(atNotWordEdge)
	case 'K':
		p.pos++
		p.tree.hasKeep = true
		return &node{kind: kKeep}, false
	case 'C':
		return single(kByte)
	case 'R':
		return single(kNewline)
	case 'X':
		return single(kGrapheme)
	case 'N':
		if !strings.HasPrefix(p.src[p.pos+1:], "{") {
			return single(kAny)
		}
		p.pos++
		if _, _, ok := p.braces(); ok {
			p.pos = start + 2
			return &node{kind: kAny}, true
		}
		p.pos--
	case 'g':
		return p.escapeG()
	case 'k':
		return p.escapeK(), true
	}
	if s, ok := p.classEscape(); ok {
		return &node{kind: kSet, set: newCharset(s, p.utf)}, true
	}
	if c >= '1' && c <= '9' {
		from := p.pos
		num := p.number()
		if num < 10 || c >= '8' || num <= p.tree.groups {
			if num > maxGroups {
				p.fail(errNumberBig, p.pos)
			}
			return p.backref(num, p.pos, p.pos-1), true
		}
		p.pos = from
	}
	return p.literal(p.charEscape(false)), true
}

// number reads digits.
func (p *parser) number() int {
	from := p.pos
	for p.more() && '0' <= p.src[p.pos] && p.src[p.pos] <= '9' {
		p.pos++
	}
	n, _ := atoi(p.src[from:p.pos])
	return n
}

// backref returns a reference to group num, which may not exist yet.
func (p *parser) backref(num, offset8, offset2 int) *node {
	n := &node{kind: kBackref, refs: []int{num}, fold: p.flags&Caseless != 0}
	p.tree.hasBackref = true
	p.deferred = append(p.deferred, func() {
		if num < 1 || num > p.tree.groups {
			p.fail2(errNoSuchGroup, offset8, offset2)
		}
	})
	return n
}

// namedBackref returns a reference to all groups of a name.
func (p *parser) namedBackref(name string, offset int) *node {
	n := &node{kind: kBackref, fold: p.flags&Caseless != 0}
	p.tree.hasBackref = true
	p.deferred = append(p.deferred, func() {
		if n.refs = p.named(name); n.refs == nil {
			p.fail2(errNoSuchGroup, offset+len(name), offset)
		}
	})
	return n
}

// named returns the numbers of the groups of a name.
func (p *parser) named(name string) []int {
	var nums []int
	for _, g := range p.names {
		if g.Name == name {
			nums = append(nums, g.Index)
		}
	}
	return nums
}

// call returns a recursion into group num.
func (p *parser) call(num, offset int) *node {
	p.tree.hasCall = true
	p.deferred = append(p.deferred, func() {
		if num < 0 || num > p.tree.groups {
			p.fail(errNoSuchGroup, offset)
		}
	})
	return &node{kind: kCall, n: num}
}

// namedCall returns a recursion into the first group of a name.
func (p *parser) namedCall(name string, offset int) *node {
	n := &node{kind: kCall}
	p.tree.hasCall = true
	p.deferred = append(p.deferred, func() {
		nums := p.named(name)
		if nums == nil {
			p.fail2(errNoSuchGroup, offset+len(name), offset)
		}
		n.n = nums[0]
	})
	return n
}

// relative turns a signed number into that of a group.
func (p *parser) relative(sign byte, num, offset8, offset2 int) int {
	if num == 0 {
		p.fail2(errRefZero, offset8, offset2)
	}
	if sign == '-' {
		if num > p.tree.groups {
			p.fail2(errNoSuchGroup, offset8, offset2)
		}
		return p.tree.groups - num + 1
	}
	return p.tree.groups + num
}

// escapeG reads \g: a back-reference as \g1 \g-1 \g{1} \g{name}, or a recursion as \g<1> \g'name'.
func (p *parser) escapeG() (*node, bool) {
	p.pos++
	after := p.pos
	bad := func() { p.fail2(errGEscape, after, after) }
	// Where PCRE 8.x expects a number it calls its absence zero.
	noNumber := func() { p.failAs(errRefZero, after-boolInt(p.pos == after), errGEscape, after) }
	switch c := p.nextByte(); c {
	case '<', '\'':
		end := byte('>')
		if c == '\'' {
			end = c
		}
		p.pos++
		from := p.pos
		sign := p.nextByte()
		if sign == '+' || sign == '-' {
			p.pos++
		} else {
			sign = 0
		}
		if d := p.nextByte(); d < '0' || d > '9' {
			if sign != 0 {
				bad()
			}
			return p.namedCall(p.name(end), from), true
		}
		num := p.number()
		if p.nextByte() != end {
			bad()
		}
		if sign != 0 {
			num = p.relative(sign, num, p.pos, p.pos)
		}
		n := p.call(num, p.pos)
		p.pos++
		return n, true
	}
	braced := p.accept("{")
	from := p.pos
	sign := p.nextByte()
	if sign == '+' || sign == '-' {
		p.pos++
	} else {
		sign = 0
	}
	if d := p.nextByte(); d < '0' || d > '9' {
		switch {
		case !braced || sign != 0:
			noNumber()
		case !p.more():
			p.failAs(errGEscape, p.pos, errNameExpected, p.pos)
		case d == '}':
			p.failAs(errRefZero, p.pos, errNameExpected, p.pos)
		}
		return p.namedBackref(p.name('}'), from), true
	}
	num := p.number()
	if braced && !p.accept("}") {
		p.fail2(errGEscape, p.pos, after)
	}
	end := p.pos
	if sign != 0 {
		num = p.relative(sign, num, end-1, after)
	} else if num == 0 {
		p.failAs(errRefZero, end-1, errNoSuchGroup, end)
	}
	return p.backref(num, end-1, end-1), true
}

// escapeK reads \k<name> \k'name' \k{name}.
func (p *parser) escapeK() *node {
	p.pos++
	var end byte
	switch p.nextByte() {
	case '<':
		end = '>'
	case '\'':
		end = '\''
	case '{':
		end = '}'
	default:
		p.fail2(errKEscape, p.pos-1, p.pos)
	}
	p.pos++
	from := p.pos
	return p.namedBackref(p.name(end), from)
}

// name reads a group's name and its terminator.
func (p *parser) name(end byte) string {
	from := p.pos
	if c := p.nextByte(); '0' <= c && c <= '9' {
		p.fail(errNameDigit, p.pos)
	}
	for p.more() {
		if c := p.src[p.pos]; c < 0x80 {
			if !isWordByte[c] {
				break
			}
			p.pos++
			continue
		}
		if !p.utf {
			break
		}
		at := p.pos
		if r := p.char(); !isWordUCP(r) {
			p.pos = at
			break
		}
	}
	name := p.src[from:p.pos]
	switch {
	case name == "":
		p.fail(errNameExpected, p.pos)
	case len(name) > maxName:
		p.fail(errNameLong, p.pos)
	case p.nextByte() != end:
		p.fail(errNameEnd, p.pos)
	}
	p.pos++
	return name
}

// isWordByte is \w for bytes.
var isWordByte = newCharset(wordSet, false).bytes

// classEscape reads an escape that stands for a set of characters, as \d or \p{…}; pos is after the backslash.
func (p *parser) classEscape() (rangeSet, bool) {
	var s rangeSet
	c := p.src[p.pos]
	ucp := p.flags&UCP != 0
	pick := func(plain rangeSet, uni func() rangeSet) rangeSet {
		if ucp {
			return uni()
		}
		return plain
	}
	switch c | 0x20 {
	case 'd':
		s = pick(digitSet, ucpDigit)
	case 'w':
		s = pick(wordSet, ucpWord)
	case 's':
		s = pick(spaceSet, ucpSpace)
	case 'h':
		s = horizSet
	case 'v':
		s = vertSet
	case 'p':
		return p.propertyEscape(), true
	default:
		return nil, false
	}
	p.pos++
	if c < 'a' {
		s = s.negate()
	}
	return s, true
}

// propertyEscape reads \pL, \p{…}, \p{^…} and their \P forms; pos is at the p.
func (p *parser) propertyEscape() rangeSet {
	neg := p.src[p.pos] == 'P'
	p.pos++
	if !p.more() {
		p.fail(errPropMalformed, p.pos)
	}
	var name string
	if p.accept("{") {
		if p.accept("^") {
			neg = !neg
		}
		n := strings.IndexByte(p.src[p.pos:], '}')
		if n < 0 {
			p.fail(errPropMalformed, len(p.src))
		}
		name = p.src[p.pos : p.pos+n]
		p.pos += n + 1
	} else {
		name = p.src[p.pos : p.pos+1]
		p.pos++
	}
	s, ok := property(name)
	if !ok {
		p.fail2(errPropUnknown, p.pos-1, p.pos)
	}
	if neg {
		s = s.negate()
	}
	return s
}

// charEscape reads an escape that stands for one character; pos is after the backslash.
func (p *parser) charEscape(inClass bool) rune {
	at := p.pos
	c := p.src[p.pos]
	js := p.flags&JavascriptCompat != 0
	if c >= 0x80 {
		return p.char()
	}
	p.pos++
	switch c {
	case 'a':
		return 7
	case 'e':
		return 0x1b
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		if inClass {
			return '\b'
		}
	case 'c':
		if !p.more() {
			p.fail(errEndC, p.pos)
		}
		x := p.src[p.pos]
		if x < 0x20 || x > 0x7e {
			p.fail(errCEscape, p.pos)
		}
		p.pos++
		if 'a' <= x && x <= 'z' {
			x -= 0x20
		}
		return rune(x ^ 0x40)
	case 'o':
		if !p.accept("{") {
			p.fail(errOBrace, at)
		}
		return p.bracedNumber(8, errOctal)
	case 'x':
		return p.hexEscape(js)
	case 'u', 'U':
		if !js {
			p.fail2(errPerlEscape, at, at+1)
		}
		if c == 'u' {
			if r, ok := p.hexDigits(4, 4); ok {
				if !p.utf && r > 0xff {
					p.fail(errCharTooLarge, p.pos-1)
				}
				return r
			}
		}
		return rune(c)
	case 'l', 'L':
		p.fail2(errPerlEscape, at, at+1)
	case 'N':
		return p.namedChar(at)
	case '0', '1', '2', '3', '4', '5', '6', '7':
		n := rune(c - '0')
		for i := 0; i < 2 && p.more() && '0' <= p.src[p.pos] && p.src[p.pos] <= '7'; i++ {
			n = n*8 + rune(p.src[p.pos]-'0')
			p.pos++
		}
		if !p.utf && n > 0xff {
			p.fail2(errOctalBig, p.pos-1, p.pos)
		}
		return n
	}
	return rune(c)
}

// namedChar reads \N{U+hhhh}; at is the offset of the N.
func (p *parser) namedChar(at int) rune {
	if !p.accept("{U+") {
		p.fail2(errPerlEscape, at, at+1)
	}
	if !p.utf {
		p.fail2(errNUnicode, at, at+1)
	}
	return p.bracedNumber(16, errHex)
}

// hexEscape reads what follows \x.
func (p *parser) hexEscape(js bool) rune {
	if js {
		if r, ok := p.hexDigits(2, 2); ok {
			return r
		}
		return 'x'
	}
	if p.accept("{") {
		return p.bracedNumber(16, errHex)
	}
	r, _ := p.hexDigits(0, 2)
	return r
}

// hexDigits reads from least to most hexadecimal digits, or nothing at all.
func (p *parser) hexDigits(least, most int) (rune, bool) {
	var r rune
	i := 0
	for ; i < most && p.pos+i < len(p.src); i++ {
		d := digit(p.src[p.pos+i])
		if d > 15 {
			break
		}
		r = r<<4 | rune(d)
	}
	if i < least {
		return 0, false
	}
	p.pos += i
	return r, true
}

// digit returns the value of a hexadecimal digit, or 99.
func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return 99
}

// bracedNumber reads digits and the closing brace of \x{…} and \o{…}.
func (p *parser) bracedNumber(base int, bad errCode) rune {
	if p.peek("}") {
		if base == 8 {
			p.fail2(errDigitsMissing, p.pos-2, p.pos)
		}
		p.fail(errDigitsMissing, p.pos)
	}
	if !p.more() {
		p.failAs(bad, p.pos, errDigitsMissing, p.pos)
	}
	n := 0
	for p.more() && p.src[p.pos] != '}' {
		d := digit(p.src[p.pos])
		if d >= base {
			p.fail(bad, p.pos)
		}
		n = n*base + d
		if n > unicode.MaxRune || !p.utf && n > 0xff {
			for p.more() && digit(p.src[p.pos]) < base {
				p.pos++
			}
			p.fail(errCharTooLarge, p.pos)
		}
		p.pos++
	}
	if !p.more() {
		p.fail2(bad, p.pos, p.pos-1)
	}
	if p.utf && 0xd800 <= n && n <= 0xdfff {
		p.fail(errSurrogate, p.pos)
	}
	p.pos++
	return rune(n)
}
