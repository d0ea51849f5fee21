package regex

import "strings"

// planSearch derives from tree and program where it is worth trying to match.
func (p *program) planSearch(t *tree, first []firstSet) {
	p.minLen = minLen(t.root)
	p.anchored = t.flags&Anchored != 0
	p.start = anchorOf(t.root)
	prefix, required := literals(t.root, p.utf)
	if t.hasAccept {
		p.minLen, required = 0, ""
	}
	if p.start == searchStart {
		p.anchored = true
	}
	dots := !t.hasBackref && !t.hasCall && !t.hasVerb && t.newline == nlLF
	switch {
	case p.start != anyStart || t.noStartOpt || !dots:
	case leadingDots(t.root, true):
		p.anchored = true
	case leadingDots(t.root, false):
		p.start = afterNewline
	}
	if t.noStartOpt {
		p.minLen = 0
		return
	}
	p.prefix = prefix
	p.required = required
	if len(prefix) == 1 {
		p.firstByte = int(prefix[0])
	}
	if isLiteral(t.root) && !p.anchored && !p.firstLine && !t.notEmpty && !t.notEmptyAtStart && prefix != "" {
		p.isPure = true
	}
	pc := 0
	for p.insts[pc].op == opVerb {
		pc += 2
	}
	if f := first[pc]; f != anything {
		p.first = new([256]bool)
		n := 0
		for c := range p.first {
			if p.first[c] = f.has(c); p.first[c] {
				n++
			}
		}
		p.firstEnd = f.end
		// PCRE looks past leading verbs for a literal only, and that shows, because verbs act where a match is tried.
		if n == 256 || pc > 0 && n > 1 && p.insts[pc].op != opByte2 && p.insts[pc].op != opStrFold {
			p.first = nil
		}
	}
	if t.hasBackref || t.hasCall || t.hasVerb || p.notEmpty || p.notEmptyAtStart {
		return
	}
	for pc = 0; p.insts[pc].op == opCapOpen; pc++ {
	}
	if in := &p.insts[pc]; in.op == opPossess && in.min <= 1 && in.max == unlimited && (in.scan == scanSet || in.scan == scanNotC) {
		p.runSkip = in.set
	}
}

// isLiteral tells whether a tree is nothing but literal characters.
func isLiteral(n *node) bool {
	if n.kind != kCat {
		return n.kind == kChar
	}
	for _, s := range n.subs {
		if s.kind != kChar {
			return false
		}
	}
	return true
}

// next returns the first place from at on, at being a character's start, where a match can begin, or -1. begin is the search's own start.
func (p *program) next(s string, at, begin int) int {
	switch p.start {
	case subjectStart:
		if at > 0 || !strings.HasPrefix(s, p.prefix) {
			return -1
		}
		return at
	case lineStart:
		if p.newline == nlLF && at > 0 && s[at-1] != '\n' {
			i := strings.IndexByte(s[at:], '\n')
			if i < 0 || at+i+1 >= len(s) {
				return -1
			}
			return at + i + 1
		}
	case afterNewline:
		if at > begin && s[at-1] != '\n' {
			i := strings.IndexByte(s[at:], '\n')
			if i < 0 {
				return -1
			}
			return at + i + 1
		}
		return at
	}
	if p.anchored {
		if at > begin || !strings.HasPrefix(s[at:], p.prefix) {
			return -1
		}
		return at
	}
	if p.prefix != "" {
		var i int
		if p.firstByte >= 0 {
			i = strings.IndexByte(s[at:], byte(p.firstByte))
		} else {
			i = strings.Index(s[at:], p.prefix)
		}
		if i < 0 {
			return -1
		}
		return at + i
	}
	if first := p.first; first != nil {
		for at < len(s) && !first[s[at]] {
			at++
		}
		if at == len(s) && !p.firstEnd {
			return -1
		}
	}
	return at
}
