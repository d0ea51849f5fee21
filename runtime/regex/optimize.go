package regex

// firstSet says what can come next where a program goes on: the bytes, and whether it can succeed at the subject's end.
// It may say too much, never too little.
type firstSet struct {
	b   [4]uint64
	end bool
}

var anything = firstSet{[4]uint64{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}, true}

func (f *firstSet) addByte(c byte) { f.b[c>>6] |= 1 << (c & 63) }

func (f *firstSet) addBytes(set *[256]bool) {
	for c, in := range set {
		if in {
			f.addByte(byte(c))
		}
	}
}

func (f *firstSet) union(o firstSet) {
	for i := range f.b {
		f.b[i] |= o.b[i]
	}
	f.end = f.end || o.end
}

func (f firstSet) intersect(o firstSet) firstSet {
	for i := range f.b {
		f.b[i] &= o.b[i]
	}
	f.end = f.end && o.end
	return f
}

func (f *firstSet) has(c int) bool {
	if c == 256 {
		return f.end
	}
	return f.b[c>>6]&(1<<(c&63)) != 0
}

func (f *firstSet) disjoint(o *firstSet) bool {
	for i := range f.b {
		if f.b[i]&o.b[i] != 0 {
			return false
		}
	}
	return true
}

// optimize decides beforehand what the program's text allows to decide.
func (p *program) optimize(t *tree) {
	first := p.firstSets()
	for pc := range p.insts {
		in := &p.insts[pc]
		switch in.op {
		case opSplit:
			p.optimizeSplit(in, &first[in.x], &first[in.y])
		case opGreedy, opLazy:
			p.optimizeLoop(t, pc, first)
		}
	}
	p.buildSwitches()
	p.planSearch(t, first)
	if p.longest {
		p.planMemo(t)
	}
}

// firstSets computes the first set of every place in the program, by iteration to the least fixed point.
func (p *program) firstSets() []firstSet {
	n := len(p.insts)
	first := make([]firstSet, n)
	fixed := make([]firstSet, n) // what an instruction adds on its own
	for pc := range p.insts {
		in := &p.insts[pc]
		f := &fixed[pc]
		switch in.op {
		case opByte:
			f.addByte(in.c)
		case opByte2:
			f.addByte(in.c)
			f.addByte(in.c2)
		case opStr:
			f.addByte(in.str[0])
		case opStrFold:
			c := in.str[0]
			f.addByte(c)
			if 'a' <= c && c <= 'z' {
				f.addByte(c &^ 0x20)
			}
		case opSet:
			f.addBytes(in.set)
		case opSetUTF:
			f.addBytes(&in.uset.lead)
		case opGreedy, opLazy, opPossess:
			f.addBytes(in.lead())
		case opNewlineSeq:
			*f = firstSet{}
			f.addBytes(&newlineLead)
		case opGrapheme:
			*f = anything
			f.end = false
		}
	}
	for changed := true; changed; {
		changed = false
		for pc := n - 1; pc >= 0; pc-- {
			in := &p.insts[pc]
			f := fixed[pc]
			next := func(pc int32) {
				f.union(first[pc])
			}
			switch in.op {
			case opFail, opByte, opByte2, opStr, opStrFold, opSet, opSetUTF, opNewlineSeq, opGrapheme:
			case opGreedy, opLazy, opPossess:
				if in.min == 0 {
					next(int32(pc + 2))
				}
			case opJump:
				next(in.x)
			case opSplit:
				next(in.x)
				next(in.y)
			case opEmptyCheck, opCondGroup, opCondCall:
				next(in.x)
				next(int32(pc + 1))
			case opCountLoop:
				next(in.x)
				next(in.y)
			case opCapOpen, opCapBegin, opMarkPos, opAtomic, opCountInit, opNotNewline, opSubjectStart, opLineStart,
				opLineStartX, opSearchStart, opWordEdge, opNotWordEdge, opWordEdgeUCP, opNotWordEdgeUCP, opKeep, opThenMark, opFinalLineEndX, opLineEndX:
				next(int32(pc + 1))
			case opFinalLineEnd, opLineEnd:
				f = first[pc+1].intersect(firstSet{[4]uint64{1 << '\n'}, true})
			case opSubjectEnd:
				f = first[pc+1].intersect(firstSet{end: true})
			case opCapClose, opCapEnd:
				if in.x >= 0 {
					f = anything
				} else {
					next(int32(pc + 1))
				}
			default:
				// Back-references, calls, lookarounds, verbs, matches: leave it open. So too the end of an atomic group: the choices
				// inside of it must not depend on what comes after.
				f = anything
			}
			if f != first[pc] {
				first[pc] = f
				changed = true
			}
		}
	}
	return first
}

var newlineLead = func() (t [256]bool) {
	for _, c := range []byte{'\n', '\v', '\f', '\r', 0x85, 0xc2, 0xe2} {
		t[c] = true
	}
	return t
}()

// lead returns the first bytes of a loop's characters.
func (in *inst) lead() *[256]bool {
	if in.scan >= scanAllUTF {
		return &in.uset.lead
	}
	return in.set
}

// optimizeSplit lets a choice look at the next byte.
func (p *program) optimizeSplit(in *inst, x, y *firstSet) {
	if *x == anything && *y == anything {
		return
	}
	in.tab = new([257]uint8)
	for c := range in.tab {
		if x.has(c) {
			in.tab[c] |= 1
		}
		if y.has(c) {
			in.tab[c] |= 2
		}
	}
}

// optimizeLoop lets a loop look at what follows it, and makes it possessive where giving back cannot help.
func (p *program) optimizeLoop(t *tree, pc int, first []firstSet) {
	in, resume := &p.insts[pc], &p.insts[pc+1]
	follow := &first[pc+2]
	var own firstSet
	own.addBytes(in.lead())
	possess := own.disjoint(follow)
	if in.op == opGreedy && !t.hasCall && p.matchFollows(pc+2) {
		possess = true
	}
	if possess {
		// A lazy loop must stop where what follows can begin, and its own characters cannot begin that.
		in.op, resume.op = opPossess, opFail
		return
	}
	if *follow == anything {
		return
	}
	in.tab = new([257]uint8)
	for c := range in.tab {
		if follow.has(c) {
			in.tab[c] = 1
		}
	}
	resume.tab = in.tab
}

// matchFollows tells whether nothing but the match comes after pc.
func (p *program) matchFollows(pc int) bool {
	for ; ; pc++ {
		switch p.insts[pc].op {
		case opMatch, opMatchLongest:
			return !p.notEmpty && !p.notEmptyAtStart
		case opCapClose, opCapEnd, opAtomicEnd:
		default:
			return false
		}
	}
}

// buildSwitches lets a chain of three or more choices jump to the first that the next byte allows.
func (p *program) buildSwitches() {
	inChain := make([]bool, len(p.insts))
	for pc := range p.insts {
		if inChain[pc] || p.insts[pc].op != opSplit || p.insts[pc].tab == nil {
			continue
		}
		var chain []int32
		at := int32(pc)
		for p.insts[at].op == opSplit && p.insts[at].tab != nil && p.insts[at].y > at {
			chain = append(chain, at)
			inChain[at] = true
			at = p.insts[at].y
		}
		if len(chain) < 3 {
			continue
		}
		targets := new([257]int32)
		for c := range targets {
			targets[c] = -1
			for _, s := range chain {
				tab := p.insts[s].tab[c]
				if tab == 2 {
					// Only what comes after: the next split, or the last alternative.
					targets[c] = p.insts[s].y
					continue
				}
				targets[c] = s
				switch tab {
				case 0:
					targets[c] = -1
				case 1:
					targets[c] = p.insts[s].x
				}
				break
			}
		}
		p.insts[pc].targets = targets
		p.insts[pc].op = opSwitch
	}
}

// planMemo decides whether the longest-match search may remember where it has been.
func (p *program) planMemo(t *tree) {
	p.memo = !t.hasCall && !t.hasBackref && !t.hasVerb
	for i := range p.insts {
		switch p.insts[i].op {
		case opCountLoop, opAtomic, opLook, opCondGroup, opEmptyCheck:
			p.memo = false
		}
	}
}
