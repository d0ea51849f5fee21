package regex

import (
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxNesting = 250   // of parentheses, PCRE's own limit
	maxRepeat  = 65535 // in a quantifier
	maxGroups  = 65535
	maxName    = 32
)

// parser turns a pattern into a tree. It panics with a *SyntaxError, which parse recovers.
type parser struct {
	src   string
	pos   int
	flags Flags // in force at pos
	utf   bool
	quote bool // between \Q and \E
	depth int
	tree  *tree

	names    []NamedGroup // in order of appearance
	nameOf   map[int]string
	deferred []func() // references, resolved when all groups are known
}

// parse parses a pattern.
func parse(pattern string, flags Flags) (t *tree, err error) {
	p := &parser{src: pattern, flags: flags, nameOf: map[int]string{}, tree: &tree{byNumber: map[int]*node{}}}
	defer func() {
		if r := recover(); r != nil {
			se, ok := r.(*SyntaxError)
			if !ok {
				panic(r)
			}
			t, err = nil, se
		}
	}()
	p.leadingVerbs()
	p.utf = p.flags&UTF != 0
	if p.utf && p.flags&NoUTFCheck == 0 && !utf8.ValidString(pattern) {
		p.fail(errPatternUTF, invalidAt(pattern))
	}
	p.tree.flags = p.flags
	root := p.alternation(false)
	if p.pos < len(p.src) {
		p.fail2(errUnmatchedParen, p.pos, p.pos)
	}
	for _, resolve := range p.deferred {
		resolve()
	}
	p.tree.root = root
	p.tree.names = slices.Clone(p.names)
	slices.SortStableFunc(p.tree.names, func(a, b NamedGroup) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return a.Index - b.Index
	})
	return p.tree, nil
}

// invalidAt returns the offset of the first byte of s that is not valid UTF-8.
func invalidAt(s string) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return len(s)
}

// fail reports an error that both libraries place at the same offset.
func (p *parser) fail(code errCode, offset int) { p.fail2(code, offset, offset) }

func (p *parser) fail2(code errCode, offset8, offset2 int) {
	p.failAs(code, offset8, code, offset2)
}

// failAs reports what the libraries call by different names.
func (p *parser) failAs(code8 errCode, offset8 int, code2 errCode, offset2 int) {
	panic(&SyntaxError{Msg: messages[code8].pcre8, Offset: min(offset8, len(p.src)), code: code2, offset2: min(offset2, len(p.src))})
}

func (p *parser) more() bool { return p.pos < len(p.src) }

// peek tells whether the pattern goes on with s.
func (p *parser) peek(s string) bool { return strings.HasPrefix(p.src[p.pos:], s) }

// accept skips s if the pattern goes on with it.
func (p *parser) accept(s string) bool {
	if !p.peek(s) {
		return false
	}
	p.pos += len(s)
	return true
}

// nextByte returns the byte at pos, or 0 at the end.
func (p *parser) nextByte() byte {
	if p.more() {
		return p.src[p.pos]
	}
	return 0
}

// char reads one literal character.
func (p *parser) char() rune {
	if p.utf && p.src[p.pos] >= utf8.RuneSelf {
		r, n := utf8.DecodeRuneInString(p.src[p.pos:])
		p.pos += n
		return r
	}
	p.pos++
	return rune(p.src[p.pos-1])
}

// leadingVerbs reads the (*…) items that set options for the whole pattern.
func (p *parser) leadingVerbs() {
	t := p.tree
	simple := map[string]func(){
		"UTF)": func() { p.flags |= UTF }, "UTF8)": func() { p.flags |= UTF }, "UCP)": func() { p.flags |= UCP },
		"CR)": func() { t.newline = nlCR }, "LF)": func() { t.newline = nlLF }, "CRLF)": func() { t.newline = nlCRLF },
		"ANYCRLF)": func() { t.newline = nlAnyCRLF }, "ANY)": func() { t.newline = nlAny }, "NUL)": func() { t.newline = nlNUL },
		"BSR_ANYCRLF)": func() { t.bsrCRLF = true }, "BSR_UNICODE)": func() { t.bsrCRLF = false },
		"NO_START_OPT)": func() { t.noStartOpt = true }, "NO_AUTO_POSSESS)": func() { t.noAutoPossess = true },
		"NOTEMPTY)": func() { t.notEmpty = true }, "NOTEMPTY_ATSTART)": func() { t.notEmptyAtStart = true },
		"NO_JIT)": func() {}, "NO_DOTSTAR_ANCHOR)": func() {},
	}
next:
	for p.peek("(*") {
		for name, set := range simple {
			if strings.HasPrefix(p.src[p.pos+2:], name) {
				p.pos += 2 + len(name)
				set()
				continue next
			}
		}
		name, _, ok := strings.Cut(p.src[p.pos+2:], ")")
		key, val, hasVal := strings.Cut(name, "=")
		n, isNum := atoi(val)
		if !ok || !hasVal || !isNum {
			return
		}
		switch key {
		case "LIMIT_MATCH":
			t.limitSteps = n
		case "LIMIT_DEPTH", "LIMIT_RECURSION":
			t.limitDepth = n
		case "LIMIT_HEAP":
		default:
			return
		}
		p.pos += 2 + len(name) + 1
	}
}

// atoi converts a run of digits, capped where it could overflow.
func atoi(s string) (int, bool) {
	if s == "" {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = min(n*10+int(s[i]-'0'), 1<<30)
	}
	return n, true
}

// alternation reads branches up to a closing parenthesis or the end. With reset, each branch numbers its groups from the same start.
func (p *parser) alternation(reset bool) *node {
	first, most := p.tree.groups, p.tree.groups
	var branches []*node
	for {
		branches = append(branches, p.branch())
		most = max(most, p.tree.groups)
		if !p.more() || p.src[p.pos] != '|' {
			break
		}
		p.pos++
		if reset {
			p.tree.groups = first
		}
	}
	p.tree.groups = most
	if len(branches) == 1 {
		return branches[0]
	}
	return &node{kind: kAlt, subs: branches}
}

// branch reads items up to a | or a closing parenthesis.
func (p *parser) branch() *node {
	var items []*node
	repeatable := false
	add := func(n *node, canRepeat bool) {
		if n != nil {
			items = append(items, n)
		}
		repeatable = canRepeat && n != nil
	}
	for p.more() {
		if p.quote {
			if p.accept(`\E`) {
				p.quote = false
			} else {
				add(p.literal(p.char()), true)
			}
			continue
		}
		if p.skipIgnored() {
			continue
		}
		c := p.src[p.pos]
		if c == '|' || c == ')' {
			break
		}
		start := p.pos
		if lo, hi, ok := p.quantifier(); ok {
			if !repeatable {
				p.fail(errNothingToRepeat, p.pos-1)
			}
			items[len(items)-1] = p.repeat(items[len(items)-1], lo, hi)
			repeatable = false
			continue
		}
		switch c {
		case '(':
			add(p.group())
		case '[':
			add(p.class(), true)
		case '\\':
			add(p.escape())
		case '.':
			p.pos++
			if p.flags&DotAll != 0 {
				add(&node{kind: kAnyAll}, true)
			} else {
				add(&node{kind: kAny}, true)
			}
		case '^':
			p.pos++
			if p.flags&Multiline != 0 {
				add(&node{kind: kAssert, at: atLineStart}, false)
			} else {
				add(&node{kind: kAssert, at: atSubjectStart}, false)
			}
		case '$':
			p.pos++
			switch {
			case p.flags&Multiline != 0:
				add(&node{kind: kAssert, at: atLineEnd}, false)
			case p.flags&DollarEndOnly != 0:
				add(&node{kind: kAssert, at: atSubjectEnd}, false)
			default:
				add(&node{kind: kAssert, at: atFinalLineEnd}, false)
			}
		default:
			if c == ']' && p.flags&JavascriptCompat != 0 {
				p.fail(errJSBracket, start)
			}
			add(p.literal(p.char()), true)
		}
	}
	switch len(items) {
	case 0:
		return &node{kind: kEmpty}
	case 1:
		// A kAlt of a group in parentheses is wrapped, so that a bare one always comes from a | of this level.
		if items[0].kind != kAlt {
			return items[0]
		}
	}
	return &node{kind: kCat, subs: items}
}

// skipIgnored skips one piece of what has no meaning: a comment, a space under (?x), a stray \E.
func (p *parser) skipIgnored() bool {
	if p.flags&Extended != 0 && p.skipSpace() {
		return true
	}
	if p.peek("(?#") {
		end := strings.IndexByte(p.src[p.pos:], ')')
		if end < 0 {
			p.fail(errCommentEnd, len(p.src))
		}
		p.pos += end + 1
		return true
	}
	if p.accept(`\Q`) {
		p.quote = true
		return true
	}
	return p.accept(`\E`)
}

// skipSpace skips white space and # comments.
func (p *parser) skipSpace() bool {
	from := p.pos
	for p.more() {
		c := p.src[p.pos]
		switch {
		case c == ' ' || '\t' <= c && c <= '\r':
			p.pos++
		case c == '#':
			end := byte('\n')
			if p.tree.newline == nlCR {
				end = '\r'
			}
			n := strings.IndexByte(p.src[p.pos:], end)
			if n < 0 {
				p.pos = len(p.src)
			} else {
				p.pos += n + 1
			}
		default:
			return p.pos > from
		}
	}
	return p.pos > from
}

// quantifier reads *, +, ? or {…} at pos, if there is one.
func (p *parser) quantifier() (lo, hi int, ok bool) {
	switch p.src[p.pos] {
	case '*':
		p.pos++
		return 0, unlimited, true
	case '+':
		p.pos++
		return 1, unlimited, true
	case '?':
		p.pos++
		return 0, 1, true
	case '{':
		return p.braces()
	}
	return 0, 0, false
}

// braces reads {n}, {n,} or {n,m}; anything else in braces is literal.
func (p *parser) braces() (lo, hi int, ok bool) {
	digits := func(i int) int {
		for i < len(p.src) && '0' <= p.src[i] && p.src[i] <= '9' {
			i++
		}
		return i
	}
	from := p.pos + 1
	mid := digits(from)
	end := mid
	if mid == from {
		return 0, 0, false
	}
	if end < len(p.src) && p.src[end] == ',' {
		end = digits(end + 1)
	}
	if end >= len(p.src) || p.src[end] != '}' {
		return 0, 0, false
	}
	number := func(from, to int) int {
		n := 0
		for i := from; i < to; i++ {
			if n = n*10 + int(p.src[i]-'0'); n > maxRepeat {
				p.fail(errQuantBig, i+1)
			}
		}
		return n
	}
	lo = number(from, mid)
	switch {
	case end == mid:
		hi = lo
	case end == mid+1:
		hi = unlimited
	default:
		if hi = number(mid+1, end); hi < lo {
			p.fail(errQuantOrder, end)
		}
	}
	p.pos = end + 1
	return lo, hi, true
}

// repeat wraps an item in the quantifier just read, and reads the ? or + that may follow it.
func (p *parser) repeat(n *node, lo, hi int) *node {
	m := greedy
	if p.flags&Ungreedy != 0 {
		m = lazy
	}
	if p.flags&Extended != 0 {
		for p.skipIgnored() {
		}
	}
	switch {
	case p.accept("?"):
		m = lazy
		if p.flags&Ungreedy != 0 {
			m = greedy
		}
	case p.accept("+"):
		m = possessive
	}
	if n.kind == kLook || n.kind == kCond && n.cond == condNever {
		// Testing the same place again cannot change the answer.
		lo, hi = min(lo, 1), 1
		if n.kind == kCond {
			lo = 1
		}
	}
	if lo == 1 && hi == 1 {
		if m == possessive {
			return &node{kind: kAtomic, subs: []*node{n}}
		}
		return n
	}
	return &node{kind: kRepeat, subs: []*node{n}, min: lo, max: hi, mode: m}
}

// literal returns the node of a literal character under the flags in force.
func (p *parser) literal(r rune) *node {
	if p.flags&Caseless != 0 {
		s := rangeSet{{r, r}}.foldCase(p.utf)
		if s.single() < 0 {
			return &node{kind: kSet, r: r, fold: true, set: newCharset(s, p.utf)}
		}
	}
	return &node{kind: kChar, r: r}
}
