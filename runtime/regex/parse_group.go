package regex

import "strings"

// group reads what a parenthesis begins, and tells whether a quantifier may follow. An option setting gives nil.
func (p *parser) group() (*node, bool) {
	open := p.pos
	if p.depth++; p.depth > maxNesting {
		p.fail(errTooDeep, p.pos)
	}
	defer func() { p.depth-- }()
	p.pos++
	if p.peek("*") && p.pos+1 < len(p.src) {
		if c := p.src[p.pos+1]; 'A' <= c && c <= 'Z' || c == ':' {
			return p.verb()
		} else if 'a' <= c && c <= 'z' {
			return p.alphaAssertion(open), true
		}
	}
	if !p.accept("?") {
		if p.flags&NoAutoCapture != 0 {
			return p.body(false), true
		}
		return p.capture(""), true
	}
	if !p.more() {
		p.failAs(errAfterParenQ, p.pos, errMissingParen, p.pos)
	}
	switch c := p.src[p.pos]; c {
	case ':':
		p.pos++
		return p.body(false), true
	case '|':
		p.pos++
		return p.body(true), true
	case '>':
		p.pos++
		return &node{kind: kAtomic, subs: []*node{p.body(false)}}, true
	case '=':
		p.pos++
		return p.look(open, &node{kind: kLook}), true
	case '!':
		p.pos++
		return p.look(open, &node{kind: kLook, neg: true}), true
	case '*':
		p.pos++
		return p.look(open, &node{kind: kLook, nonAtomic: true}), true
	case '<':
		if p.pos+1 < len(p.src) {
			switch p.src[p.pos+1] {
			case '=':
				p.pos += 2
				return p.look(open, &node{kind: kLook, behind: true}), true
			case '!':
				p.pos += 2
				return p.look(open, &node{kind: kLook, behind: true, neg: true}), true
			case '*':
				p.pos += 2
				return p.look(open, &node{kind: kLook, behind: true, nonAtomic: true}), true
			}
		}
		p.pos++
		if c := p.nextByte(); c < 0x80 && !isWordByte[c] {
			p.fail(errAfterParenLess, p.pos)
		}
		return p.capture(p.name('>')), true
	case '\'':
		p.pos++
		return p.capture(p.name('\'')), true
	case 'P':
		p.pos++
		switch {
		case p.accept("<"):
			if !p.more() {
				p.failAs(errNameEnd, p.pos, errNameExpected, p.pos)
			}
			return p.capture(p.name('>')), true
		case p.accept("="):
			from := p.pos
			return p.namedBackref(p.name(')'), from), true
		case p.accept(">"):
			from := p.pos
			return p.namedCall(p.name(')'), from), true
		}
		if !p.more() {
			p.failAs(errAfterParenP, p.pos, errMissingParen, p.pos)
		}
		p.fail(errAfterParenP, p.pos)
	case '&':
		p.pos++
		from := p.pos
		return p.namedCall(p.name(')'), from), true
	case 'R':
		p.pos++
		if !p.accept(")") {
			p.fail(errRecurseParen, p.pos)
		}
		return p.call(0, p.pos), true
	case '(':
		return p.conditional(open), true
	case 'C':
		p.callout()
		return nil, false
	case '+', '-':
		if d := p.pos + 1; d < len(p.src) && '0' <= p.src[d] && p.src[d] <= '9' {
			p.pos++
			return p.numberedCall(c), true
		} else if c == '+' {
			p.fail2(errDigitExpected, p.pos+1, p.pos)
		}
	case '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return p.numberedCall(0), true
	}
	return p.options()
}

// numberedCall reads the digits and the parenthesis of (?1) and its like.
func (p *parser) numberedCall(sign byte) *node {
	num := p.number()
	if num > maxGroups {
		p.fail(errNumberBig, p.pos)
	}
	if sign != 0 {
		num = p.relative(sign, num, p.pos, p.pos)
	}
	at := p.pos
	if !p.accept(")") {
		p.failAs(errRecurseParen, at, errMissingParen, at)
	}
	return p.call(num, at)
}

// body reads a group's inside and its closing parenthesis. Options set inside end there.
func (p *parser) body(reset bool) *node {
	saved := p.flags
	n := p.alternation(reset)
	p.closeParen()
	p.flags = saved
	if n.kind == kVerb {
		// A verb is not quantifiable, a group of it is.
		return &node{kind: kCat, subs: []*node{n}}
	}
	return n
}

func (p *parser) closeParen() {
	if !p.accept(")") {
		p.fail(errMissingParen, len(p.src))
	}
}

// capture reads a capturing group; pos is after what opens it.
func (p *parser) capture(name string) *node {
	if p.tree.groups++; p.tree.groups > maxGroups {
		p.fail(errTooManyGroups, p.pos)
	}
	num := p.tree.groups
	if name != "" {
		p.nameGroup(name, num)
	}
	n := &node{kind: kGroup, n: num}
	if p.tree.byNumber[num] == nil {
		p.tree.byNumber[num] = n
	}
	n.subs = []*node{p.body(false)}
	return n
}

// nameGroup enters a name into the name table; pos is after the name's terminator.
func (p *parser) nameGroup(name string, num int) {
	if have, ok := p.nameOf[num]; ok && have != name {
		p.fail2(errNamesDiffer, p.pos-1, p.pos)
	}
	p.nameOf[num] = name
	for _, g := range p.names {
		if g.Name != name {
			continue
		}
		if g.Index == num {
			return
		}
		if p.flags&DupNames == 0 {
			p.fail2(errDupName, p.pos-1, p.pos)
		}
	}
	p.names = append(p.names, NamedGroup{name, num})
}

// look reads a lookaround's inside.
func (p *parser) look(open int, n *node) *node {
	n.pos = open
	n.subs = []*node{p.body(false)}
	n.end = p.pos - 1
	if !n.behind && n.neg && n.subs[0].kind == kEmpty {
		return &node{kind: kVerb, verb: verbFail}
	}
	return n
}

// alphaAssertions are the spelt-out forms of lookarounds and atomic groups.
var alphaAssertions = map[string]node{
	"pla": {kind: kLook}, "positive_lookahead": {kind: kLook},
	"nla": {kind: kLook, neg: true}, "negative_lookahead": {kind: kLook, neg: true},
	"plb": {kind: kLook, behind: true}, "positive_lookbehind": {kind: kLook, behind: true},
	"nlb": {kind: kLook, behind: true, neg: true}, "negative_lookbehind": {kind: kLook, behind: true, neg: true},
	"napla": {kind: kLook, nonAtomic: true}, "non_atomic_positive_lookahead": {kind: kLook, nonAtomic: true},
	"naplb": {kind: kLook, behind: true, nonAtomic: true}, "non_atomic_positive_lookbehind": {kind: kLook, behind: true, nonAtomic: true},
	"atomic": {kind: kAtomic},
}

// alphaAssertion reads (*pla:…) and its like; pos is at the star.
func (p *parser) alphaAssertion(open int) *node {
	p.pos++
	from := p.pos
	for p.more() && (isWordByte[p.src[p.pos]]) {
		p.pos++
	}
	proto, ok := alphaAssertions[p.src[from:p.pos]]
	if !ok || !p.accept(":") {
		end := strings.IndexByte(p.src[p.pos:], ')')
		if end < 0 {
			end = len(p.src)
		}
		p.fail2(errAlphaAssertion, p.pos+end, p.pos)
	}
	n := proto
	if n.kind == kAtomic {
		n.subs = []*node{p.body(false)}
		return &n
	}
	return p.look(open, &n)
}

// verb reads a backtracking verb; pos is at the star.
func (p *parser) verb() (*node, bool) {
	p.pos++
	from := p.pos
	for p.more() && 'A' <= p.src[p.pos] && p.src[p.pos] <= 'Z' {
		p.pos++
	}
	word := p.src[from:p.pos]
	n := &node{kind: kVerb}
	hasArg := p.accept(":")
	if hasArg {
		arg := p.pos
		end := strings.IndexByte(p.src[p.pos:], ')')
		if end < 0 {
			p.fail(errVerb, len(p.src))
		}
		p.pos += end
		n.name = p.src[arg:p.pos]
	}
	switch word {
	case "ACCEPT":
		n.verb = verbAccept
		p.tree.hasAccept = true
	case "F", "FAIL":
		n.verb = verbFail
	case "COMMIT":
		n.verb = verbCommit
	case "PRUNE":
		n.verb = verbPrune
	case "SKIP":
		n.verb = verbSkip
	case "THEN":
		n.verb = verbThen
	case "MARK", "":
		n.verb = verbMark
		if n.name == "" {
			p.fail(errMarkArg, p.pos)
		}
	default:
		p.fail(errVerb, p.pos)
	}
	if !p.accept(")") {
		p.fail(errVerb, p.pos)
	}
	if n.verb != verbFail {
		p.tree.hasVerb = true
	}
	return n, n.verb == verbAccept
}

// callout skips (?C…), as if no function for it were set.
func (p *parser) callout() {
	p.pos++
	if num := p.number(); num > 255 {
		p.fail(errCalloutBig, p.pos)
	}
	if !p.accept(")") {
		p.fail(errCalloutParen, p.pos)
	}
}

// options reads (?flags) or (?flags:…); pos is after the question mark.
func (p *parser) options() (*node, bool) {
	start := p.pos
	set, unset := Flags(0), Flags(0)
	to := &set
	caret := p.accept("^")
	if caret {
		unset = Caseless | Multiline | DotAll | Extended | NoAutoCapture
	}
	hyphen := false
	for {
		if !p.more() {
			p.failAs(errAfterParenQ, p.pos, errMissingParen, p.pos)
		}
		at := p.pos
		c := p.src[p.pos]
		p.pos++
		switch c {
		case 'i':
			*to |= Caseless
		case 'm':
			*to |= Multiline
		case 's':
			*to |= DotAll
		case 'x':
			*to |= Extended
			p.accept("x")
		case 'n':
			*to |= NoAutoCapture
		case 'J':
			*to |= DupNames
		case 'U':
			*to |= Ungreedy
		case '-':
			if caret {
				p.fail2(errHyphen, start, at)
			}
			if hyphen {
				p.fail(errAfterParenQ, at)
			}
			hyphen = true
			to = &unset
		case ')', ':':
			flags := p.flags&^unset | set
			if hyphen {
				flags = (p.flags | set) &^ unset
			}
			if c == ')' {
				p.flags = flags
				return nil, false
			}
			saved := p.flags
			p.flags = flags
			n := p.body(false)
			p.flags = saved
			return n, true
		default:
			p.fail(errAfterParenQ, at)
		}
	}
}

// conditional reads (?(…)yes|no); pos is at the second parenthesis.
func (p *parser) conditional(open int) *node {
	p.pos++
	n := &node{kind: kCond}
	var assertion *node
	switch {
	case p.peek("?=") || p.peek("?!") || p.peek("?<=") || p.peek("?<!") || p.peek("?*") || p.peek("?<*") ||
		p.peek("*") && p.pos+1 < len(p.src) && 'a' <= p.src[p.pos+1] && p.src[p.pos+1] <= 'z':
		p.pos--
		at := p.pos
		a, _ := p.group()
		n.cond = condAssert
		switch {
		case a.kind == kVerb: // (?!)
			n.cond = condNever
		case a.kind != kLook:
			p.fail(errCondAssert, at+1)
		}
		assertion = a
	case p.peek("?"):
		p.fail2(errCondAssert, p.pos, p.pos-1)
	case !p.more():
		p.failAs(errCondAssert, p.pos, errMissingParen, p.pos)
	case p.peek(")"):
		p.failAs(errCondAssert, p.pos, errNameExpected, p.pos)
	default:
		p.condName(n)
	}
	saved := p.flags
	alts := p.alternation(false)
	p.flags = saved
	yes, no := alts, &node{kind: kEmpty}
	if alts.kind == kAlt {
		if len(alts.subs) > 2 {
			p.fail2(errCondBranches, p.pos, open)
		}
		yes, no = alts.subs[0], alts.subs[1]
	}
	if n.cond == condNever && n.name == "DEFINE" && no.kind != kEmpty {
		p.fail2(errDefineBranches, p.pos, open+3)
	}
	p.closeParen()
	n.subs = []*node{yes, no}
	if n.cond == condAssert {
		n.subs = append(n.subs, assertion)
	}
	return n
}

// condName reads a condition that is no assertion, and its closing parenthesis.
func (p *parser) condName(n *node) {
	from := p.pos
	bad := func() { p.fail2(errCondition, p.pos, p.pos) }
	isDigit := func() bool { return p.more() && '0' <= p.src[p.pos] && p.src[p.pos] <= '9' }
	finish := func() {
		if !p.accept(")") {
			bad()
		}
	}
	group := func(num int) {
		end := p.pos + 1
		n.cond, n.refs = condGroup, []int{num}
		p.deferred = append(p.deferred, func() {
			if num < 1 || num > p.tree.groups {
				p.fail2(errNoSuchGroup, end, from-1)
			}
		})
	}
	name := func(name string, at, end int) {
		n.cond = condGroup
		p.deferred = append(p.deferred, func() {
			if n.refs = p.named(name); n.refs == nil {
				p.fail2(errNoSuchGroup, end, at)
			}
		})
	}
	switch c := p.src[p.pos]; {
	case isDigit():
		num := p.number()
		if num == 0 {
			p.fail2(errCondZero, p.pos+1, p.pos)
		}
		group(num)
		finish()
	case c == '+' || c == '-':
		p.pos++
		if !isDigit() {
			bad()
		}
		group(p.relative(c, p.number(), p.pos, p.pos))
		finish()
	case c == '<' || c == '\'':
		p.pos++
		end := c
		if c == '<' {
			end = '>'
		}
		at := p.pos
		called := p.name(end)
		finish()
		name(called, at, p.pos)
	case p.accept("R)"):
		n.cond, n.n = condRecurse, -1
	case p.peek("R&"):
		p.pos += 2
		at := p.pos
		called := p.name(')')
		n.cond = condRecurse
		p.deferred = append(p.deferred, func() {
			nums := p.named(called)
			if nums == nil {
				p.fail2(errNoSuchGroup, at+len(called)+1, at)
			}
			n.n = nums[0]
		})
	case c == 'R' && p.pos+1 < len(p.src) && '0' <= p.src[p.pos+1] && p.src[p.pos+1] <= '9':
		p.pos++
		n.cond, n.n = condRecurse, p.number()
		finish()
	case p.accept("DEFINE)"):
		n.cond, n.name = condNever, "DEFINE"
	case p.peek("VERSION") && p.pos+7 < len(p.src) && (p.src[p.pos+7] == '=' || p.src[p.pos+7] == '>'):
		p.version(n)
		finish()
	default:
		called := p.name(')')
		name(called, from, p.pos)
	}
}

// The version of PCRE2 that (?(VERSION…) compares with.
const versionMajor, versionMinor = 10, 42

// version reads VERSION=n.m or VERSION>=n.m.
func (p *parser) version(n *node) {
	p.pos += len("VERSION")
	least := p.accept(">")
	if !p.accept("=") {
		p.fail2(errCondition, p.pos, p.pos)
	}
	major, minor := p.number(), 0
	if p.accept(".") {
		from := p.pos
		minor = p.number()
		if p.pos == from+1 {
			minor *= 10
		}
	}
	have, want := versionMajor*100+versionMinor, major*100+minor
	n.cond = condNever
	if have == want || least && have > want {
		n.cond = condAlways
	}
}
