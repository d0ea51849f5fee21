package regex

import (
	"unicode/utf8"
)

// maxMinLen keeps minimum lengths from overflowing; nothing is gained by exact ones beyond it.
const maxMinLen = 1 << 20

// minLen returns a lower bound of the bytes that n matches.
func minLen(n *node) int {
	switch n.kind {
	case kChar, kSet, kAny, kAnyAll, kByte, kNewline, kGrapheme:
		return 1
	case kCat:
		sum := 0
		for _, s := range n.subs {
			sum = min(sum+minLen(s), maxMinLen)
		}
		return sum
	case kAlt:
		least := maxMinLen
		for _, s := range n.subs {
			least = min(least, minLen(s))
		}
		return least
	case kRepeat:
		if n.min == 0 {
			return 0
		}
		return min(n.min*minLen(n.subs[0]), maxMinLen)
	case kGroup, kAtomic:
		return minLen(n.subs[0])
	case kCond:
		if n.cond == condNever {
			return minLen(n.subs[1])
		}
		return min(minLen(n.subs[0]), minLen(n.subs[1]))
	}
	return 0
}

// fixer computes fixed lengths for lookbehind.
type fixer struct {
	t     *tree
	utf   bool
	calls map[int]bool // groups whose length is being computed
	known map[int]fixedLen
	// err is set when the length is not merely variable but the item forbidden.
	err errCode
}

// fixedLen is what length found for a group.
type fixedLen struct {
	n  int
	ok bool
}

// group returns the length of a group that is referred to. Each is computed once, or groups that refer to each other could take
// exponential time.
func (f *fixer) group(num int) (int, bool) {
	g := f.t.root
	if num > 0 {
		g = f.t.byNumber[num]
	}
	if f.calls[num] || g == nil {
		return 0, false
	}
	if l, ok := f.known[num]; ok {
		return l.n, l.ok
	}
	f.calls[num] = true
	n, ok := f.length(g)
	delete(f.calls, num)
	if n > maxRepeat {
		n, ok = 0, false
	}
	f.known[num] = fixedLen{n, ok}
	return n, ok
}

// length returns the number of characters that n matches, if that is fixed.
func (f *fixer) length(n *node) (int, bool) {
	switch n.kind {
	case kChar, kSet, kAny, kAnyAll:
		return 1, true
	case kByte:
		if f.utf {
			f.err = errLookbehindByte
			return 0, false
		}
		return 1, true
	case kEmpty, kLook, kAssert, kKeep, kBack:
		return 0, true
	case kVerb:
		return 0, n.verb != verbAccept
	case kCat:
		sum := 0
		for _, s := range n.subs {
			l, ok := f.length(s)
			if !ok {
				return 0, false
			}
			sum = min(sum+l, maxMinLen)
		}
		return sum, true
	case kAlt:
		return f.same(n.subs)
	case kRepeat:
		if n.min != n.max {
			return 0, false
		}
		l, ok := f.length(n.subs[0])
		return min(l*n.min, maxMinLen), ok
	case kGroup, kAtomic:
		return f.length(n.subs[0])
	case kCond:
		if n.cond == condNever {
			return f.length(n.subs[1])
		}
		return f.same(n.subs[:2])
	case kCall:
		return f.group(n.n)
	case kBackref:
		if len(n.refs) != 1 || n.fold && f.utf || f.t.flags&JavascriptCompat != 0 {
			return 0, false
		}
		return f.group(n.refs[0])
	}
	return 0, false
}

// same returns the length that all nodes share.
func (f *fixer) same(nodes []*node) (int, bool) {
	first, ok := f.length(nodes[0])
	for _, n := range nodes[1:] {
		l, o := f.length(n)
		ok = ok && o && l == first
	}
	return first, ok
}

// simplify rewrites n to an equivalent that matches faster: alternatives of single characters become sets, nested sequences flat.
func simplify(n *node, utf bool) *node {
	for i, s := range n.subs {
		n.subs[i] = simplify(s, utf)
	}
	switch n.kind {
	case kCat:
		flat := n.subs[:0:0]
		for _, s := range n.subs {
			switch s.kind {
			case kCat:
				flat = append(flat, s.subs...)
			case kEmpty:
			default:
				flat = append(flat, s)
			}
		}
		switch len(flat) {
		case 0:
			return &node{kind: kEmpty}
		case 1:
			return flat[0]
		}
		n.subs = flat
	case kAlt:
		if s := unionOf(n.subs, utf); s != nil {
			return &node{kind: kSet, set: s}
		}
	}
	return n
}

// unionOf returns the set of alternatives that are all single characters, else nil.
func unionOf(subs []*node, utf bool) *charset {
	var all rangeSet
	for _, s := range subs {
		switch s.kind {
		case kChar:
			all.add(s.r, s.r)
		case kSet:
			for c, in := range s.set.bytes {
				if in {
					all.add(rune(c), rune(c))
				}
			}
			all.addSet(s.set.ranges)
		default:
			return nil
		}
	}
	return newCharset(all, utf)
}

// walk calls f for n and all nodes below it.
func walk(n *node, f func(*node)) {
	f(n)
	for _, s := range n.subs {
		walk(s, f)
	}
}

// appendChar appends a literal character as it stands in subjects.
func appendChar(b []byte, r rune, utf bool) []byte {
	if utf {
		return utf8.AppendRune(b, r)
	}
	return append(b, byte(r))
}

// spine lists what must match one after the other whenever n does: its sequence, groups opened. cut is set
// where it is not known what comes between.
type spineItem struct {
	n   *node
	cut bool
}

func spine(n *node, out []spineItem) []spineItem {
	switch n.kind {
	case kCat:
		for _, s := range n.subs {
			out = spine(s, out)
		}
	case kGroup, kAtomic:
		out = spine(n.subs[0], out)
	case kRepeat:
		if n.min == 0 {
			return append(out, spineItem{nil, true})
		}
		for range min(n.min, 8) {
			out = spine(n.subs[0], out)
		}
		if n.min != n.max || n.min > 8 {
			out = append(out, spineItem{nil, true})
		}
	case kChar:
		out = append(out, spineItem{n, false})
	case kEmpty, kKeep:
	case kAssert:
		out = append(out, spineItem{n, false})
	case kVerb:
		if n.verb != verbMark {
			out = append(out, spineItem{nil, true})
		}
	default:
		out = append(out, spineItem{nil, true})
	}
	return out
}

// literals returns the literal that every match begins with and the longest that it holds after that, both possibly empty.
func literals(root *node, utf bool) (prefix, required string) {
	var run []byte
	leading := true
	flush := func() {
		if leading {
			prefix = string(run)
		} else if len(run) > len(required) {
			required = string(run)
		}
		run = run[:0]
		leading = false
	}
	for _, it := range spine(root, nil) {
		switch {
		case it.cut:
			flush()
		case it.n.kind == kChar:
			run = appendChar(run, it.n.r, utf)
		}
		// A simple assertion between two characters takes no room.
	}
	flush()
	return prefix, required
}

// startAnchor says where alone a match can begin.
type startAnchor uint8

const (
	anyStart     startAnchor = iota
	subjectStart             // ^ \A
	searchStart              // \G
	lineStart                // (?m)^
	afterNewline             // the search's start, and after newlines: .* without DotAll
)

// anchorOf returns where n can begin; only what holds on all ways through it counts.
func anchorOf(n *node) startAnchor {
	switch n.kind {
	case kAssert:
		switch n.at {
		case atSubjectStart:
			return subjectStart
		case atSearchStart:
			return searchStart
		case atLineStart:
			return lineStart
		}
	case kCat:
		for _, s := range n.subs {
			if a := anchorOf(s); a != anyStart {
				return a
			}
			switch {
			case s.kind == kLook, s.kind == kAssert, s.kind == kEmpty:
			default:
				return anyStart
			}
		}
	case kGroup, kAtomic:
		return anchorOf(n.subs[0])
	case kAlt:
		a := anchorOf(n.subs[0])
		for _, s := range n.subs[1:] {
			if anchorOf(s) != a {
				return anyStart
			}
		}
		return a
	case kRepeat:
		if n.min > 0 {
			return anchorOf(n.subs[0])
		}
	}
	return anyStart
}

// leadingDots tells whether every way through n begins with .* outside of captures that may be referred to, and outside of atomic groups:
// then a match that fails at one place of a line (or, all being set, of the subject) fails at the others too.
func leadingDots(n *node, all bool) bool {
	switch n.kind {
	case kRepeat:
		k := n.subs[0].kind
		return n.min == 0 && n.max == unlimited && n.mode != possessive && (k == kAnyAll || k == kAny && !all)
	case kCat:
		return leadingDots(n.subs[0], all)
	case kGroup:
		return leadingDots(n.subs[0], all)
	case kAlt:
		for _, s := range n.subs {
			if !leadingDots(s, all) {
				return false
			}
		}
		return true
	}
	return false
}
