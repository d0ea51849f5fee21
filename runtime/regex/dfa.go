package regex

import "math"

// MatchDFA is Match with the semantics of pcre_dfa_exec: of all matches at the leftmost place it finds the longest, and reports only
// group 0; the other elements of caps become -1. Patterns with back-references, \K or most verbs cannot be matched so, and
// give ErrDFAItem.
func (re *Regexp) MatchDFA(subject string, start int, caps []int, lim *Limits) (ok bool, err error) {
	re.dfaOnce.Do(re.compileDFA)
	if re.dfaErr != nil {
		return false, re.dfaErr
	}
	p := re.dfa
	if start < 0 || start > len(subject) || len(subject) > math.MaxInt32-8 {
		return false, ErrBadOffset
	}
	if p.utf && re.flags&NoUTFCheck == 0 {
		if err := checkUTF(subject, start); err != nil {
			return false, err
		}
	}
	return p.exec(subject, start, caps, lim)
}

// compileDFA builds the program that tries all matches.
func (re *Regexp) compileDFA() {
	walk(re.tree.root, func(n *node) {
		switch {
		case n.kind == kBackref, n.kind == kKeep, n.kind == kVerb && n.verb != verbFail:
			re.dfaErr = ErrDFAItem
		case n.kind == kCond && (n.cond == condGroup || n.cond == condRecurse && n.n > 0):
			if re.dfaErr == nil {
				re.dfaErr = ErrDFACondition
			}
		}
	})
	if re.dfaErr != nil {
		return
	}
	var err error
	if re.dfa, err = compile(re.tree, true); err != nil {
		re.dfaErr = err
	}
}

// maxVisited bounds the memory, in bits, of what the longest-match search remembers.
const maxVisited = 1 << 22

// visit tells whether the search has been here before, and notes that it has now. A place is a choice and an offset: nothing else
// matters where captures are not wanted. Counts of loops matter, so programs with those do without.
func (p *program) visit(visited *[]uint64, pc, pos, n int) bool {
	in := &p.insts[pc]
	if in.op == opGreedyMore || in.op == opLazyMore {
		return false
	}
	bits := len(p.insts) * (n + 1)
	if bits > maxVisited {
		return false
	}
	if *visited == nil {
		*visited = make([]uint64, bits/64+1)
	}
	i := pc*(n+1) + pos
	if (*visited)[i/64]&(1<<(i%64)) != 0 {
		return true
	}
	(*visited)[i/64] |= 1 << (i % 64)
	return false
}
