package regex

import (
	"slices"
	"unicode/utf8"
)

// Compile parses a pattern. A pattern that PCRE refuses gives a *[SyntaxError].
func Compile(pattern string, flags Flags) (*Regexp, error) {
	t, err := parse(pattern, flags)
	if err != nil {
		return nil, err
	}
	t.root = simplify(t.root, t.flags&UTF != 0)
	prog, err := compile(t, false)
	if err != nil {
		return nil, err
	}
	return &Regexp{pattern: pattern, flags: t.flags, ncap: t.groups, names: t.names, prog: prog, tree: t}, nil
}

// maxInsts bounds a program: beyond it a pattern is too large.
const maxInsts = 1 << 20

// inlineCopies bounds the instructions that repeats may add by copying their bodies instead of counting.
const inlineCopies = 64

// compiler turns a tree into a program.
type compiler struct {
	t       *tree
	utf     bool
	longest bool // for MatchDFA: quantifiers are all greedy, every match is tried
	insts   []inst
	slots   int32
	hasBack bool
	callAt  map[int]int32 // where a called group begins
	called  map[int]bool
	private map[int]int32 // groups whose start must stay invisible until they close, and the slot for it
	open    []int         // capturing groups around the current node
	looks   []*[]int32    // lookarounds around the current node: jumps of (*ACCEPT) to their ends
	then    []int32       // slots of (*THEN), of the alternations around the current node
}

// compile builds the program of a tree.
func compile(t *tree, longest bool) (p *program, err error) {
	defer func() {
		if r := recover(); r != nil {
			se, ok := r.(*SyntaxError)
			if !ok {
				panic(r)
			}
			p, err = nil, se
		}
	}()
	c := &compiler{t: t, utf: t.flags&UTF != 0, longest: longest, callAt: map[int]int32{}, called: map[int]bool{}, private: map[int]int32{}}
	p = &program{utf: c.utf, ncap: t.groups, newline: t.newline, bsrCRLF: t.bsrCRLF, jsUnset: t.flags&JavascriptCompat != 0,
		firstLine: t.flags&FirstLine != 0, notEmpty: t.notEmpty, notEmptyAtStart: t.notEmptyAtStart,
		limitSteps: t.limitSteps, limitDepth: t.limitDepth, longest: longest, fp: -1, firstByte: -1}
	c.slots = int32(2 * (t.groups + 1))
	if t.hasCall {
		p.fp = int(c.newSlot())
	}
	c.findPrivate()
	walk(t.root, func(n *node) {
		if n.kind == kCall {
			c.called[n.n] = true
		}
	})
	c.emit(t.root)
	if longest {
		c.add(inst{op: opMatchLongest})
	} else {
		c.add(inst{op: opMatch})
	}
	c.callAt[0] = 0
	for i := range c.insts {
		if c.insts[i].op == opCall {
			c.insts[i].x = c.callAt[int(c.insts[i].n)]
		}
	}
	p.hasBack = c.hasBack
	p.insts, p.slots = c.insts, int(c.slots)
	p.optimize(t)
	return p, nil
}

// findPrivate gives a private start slot to each group that may be looked at before it closes.
func (c *compiler) findPrivate() {
	var refs func(n *node)
	need := map[int]bool{}
	anywhere := map[int]bool{}
	var open []int
	refs = func(n *node) {
		if n.kind == kBackref || n.kind == kCond && n.cond == condGroup {
			for _, r := range n.refs {
				anywhere[r] = true
				if slices.Contains(open, r) {
					need[r] = true
				}
			}
		}
		if n.kind == kGroup {
			open = append(open, n.n)
			defer func() { open = open[:len(open)-1] }()
		}
		for _, s := range n.subs {
			refs(s)
		}
	}
	refs(c.t.root)
	if c.t.hasCall {
		need = anywhere
	}
	for g := range need {
		c.private[g] = c.newSlot()
	}
}

func (c *compiler) newSlot() int32 {
	c.slots++
	return c.slots - 1
}

func (c *compiler) pc() int32 { return int32(len(c.insts)) }

func (c *compiler) add(in inst) int32 {
	if len(c.insts) >= maxInsts {
		panic(&SyntaxError{Msg: messages[errTooLarge].pcre8, code: errTooLarge})
	}
	c.insts = append(c.insts, in)
	return c.pc() - 1
}

// emit appends the code of n.
func (c *compiler) emit(n *node) {
	switch n.kind {
	case kEmpty:
	case kCat:
		c.emitCat(n.subs)
	case kChar, kSet, kAny, kAnyAll, kByte:
		c.emitSingle(n)
	case kNewline:
		c.add(inst{op: opNewlineSeq})
	case kGrapheme:
		c.add(inst{op: opGrapheme})
	case kAlt:
		c.emitAlt(n)
	case kRepeat:
		c.emitRepeat(n)
	case kGroup:
		c.emitGroup(n)
	case kAtomic:
		slot := c.newSlot()
		c.add(inst{op: opAtomic, n: slot})
		c.emit(n.subs[0])
		c.add(inst{op: opAtomicEnd, n: slot})
	case kLook:
		c.emitLook(n)
	case kBackref:
		in := inst{op: opBackref}
		if n.fold {
			in.op = opBackrefFold
		}
		for _, r := range n.refs {
			in.refs = append(in.refs, int32(r))
		}
		c.add(in)
	case kCall:
		c.add(inst{op: opCall, n: int32(n.n)})
		c.add(inst{op: opCallUndo, marker: true})
	case kCond:
		c.emitCond(n)
	case kAssert:
		c.emitAssert(n)
	case kKeep:
		c.add(inst{op: opKeep})
	case kVerb:
		c.emitVerb(n)
	case kBack:
		c.hasBack = true
		c.add(inst{op: opBack, n: int32(n.n)})
	}
}

// emitCat appends a sequence, joining literal characters into strings.
func (c *compiler) emitCat(subs []*node) {
	for i := 0; i < len(subs); {
		j, folds := i, 0
		var lit []byte
		for j < len(subs) && subs[j].kind == kChar {
			lit = appendChar(lit, subs[j].r, c.utf)
			j++
		}
		k := j
		if k == i || k < len(subs) && foldable(subs[k]) {
			var fold []byte
			for k = i; k < len(subs); k++ {
				if b, isFold, ok := foldByte(subs[k]); ok {
					fold = append(fold, b)
					folds += boolInt(isFold)
					continue
				}
				break
			}
			if folds > 0 && k-i > 1 && k > j {
				c.add(inst{op: opStrFold, str: string(fold)})
				i = k
				continue
			}
		}
		switch {
		case j == i:
			c.emit(subs[i])
			i++
		case len(lit) == 1:
			c.add(inst{op: opByte, c: lit[0]})
			i = j
		default:
			c.add(inst{op: opStr, str: string(lit)})
			i = j
		}
	}
}

// foldByte returns the lower-case byte of a node that is an ASCII character, isFold telling that either case will do.
func foldByte(n *node) (b byte, isFold, ok bool) {
	switch {
	case n.kind == kChar && n.r < utf8.RuneSelf && (n.r|0x20 < 'a' || n.r|0x20 > 'z'):
		return byte(n.r), false, true
	case foldable(n):
		return byte(n.r | 0x20), true, true
	}
	return 0, false, false
}

// foldable tells whether n is an ASCII letter in either case, and nothing else.
func foldable(n *node) bool {
	return n.kind == kSet && n.fold && n.set.high == highNone && n.r < utf8.RuneSelf
}

// asSet returns the set of a node that matches one character, nil for one that does not or that depends on the next.
func (c *compiler) asSet(n *node) *charset {
	var s rangeSet
	switch n.kind {
	case kSet:
		return n.set
	case kChar:
		return newCharset(rangeSet{{n.r, n.r}}, c.utf)
	case kAnyAll:
	case kByte:
		return newCharset(s.negate(), false)
	case kAny:
		switch c.t.newline {
		case nlLF:
			s.add('\n', '\n')
		case nlCR:
			s.add('\r', '\r')
		case nlNUL:
			s.add(0, 0)
		case nlAnyCRLF:
			s = rangeSet{{'\n', '\n'}, {'\r', '\r'}}
		case nlAny:
			s = slices.Clone(vertSet)
		case nlCRLF:
			return nil
		}
	default:
		return nil
	}
	return newCharset(s.negate(), c.utf)
}

func (c *compiler) emitSingle(n *node) {
	if n.kind == kChar {
		c.emitCat([]*node{n})
		return
	}
	set := c.asSet(n)
	if set == nil {
		c.add(inst{op: opNotNewline})
		set = c.asSet(&node{kind: kAnyAll})
	}
	if c.utf && set.high != highNone && n.kind != kByte {
		c.add(inst{op: opSetUTF, uset: set, set: &set.bytes})
		return
	}
	if n.kind == kSet && n.fold && foldable(n) {
		c.add(inst{op: opByte2, c: byte(n.r | 0x20), c2: byte(n.r &^ 0x20)})
		return
	}
	c.add(inst{op: opSet, set: &set.bytes})
}

// emitLoop appends a repeat over single characters.
func (c *compiler) emitLoop(n *node, set *charset) {
	in := inst{op: opGreedy, set: &set.bytes, uset: set, min: int32(n.min), max: int32(n.max), scan: scanSet}
	utf := c.utf && n.subs[0].kind != kByte
	out, outByte := 0, 0
	for b := range set.bytes {
		if !set.bytes[b] && (!utf || b < utf8.RuneSelf) {
			out++
			outByte = b
		}
	}
	switch {
	case utf && set.high == highSome:
		in.scan = scanUTF
	case utf && set.high == highAll && out == 0:
		in.scan = scanAllUTF
	case utf && set.high == highAll:
		in.scan = scanHigh
	case !utf && out == 0:
		in.scan = scanAll
	case !utf && out == 1:
		in.scan, in.c = scanNotC, byte(outByte)
	}
	if in.scan == scanHigh && out == 1 {
		in.c, in.c2 = byte(outByte), 1
	}
	resume := inst{op: opGreedyMore}
	switch {
	case n.mode == lazy && !c.longest:
		in.op, resume.op = opLazy, opLazyMore
	case n.mode == possessive:
		in.op, resume.op = opPossess, opFail
	}
	resume.set, resume.uset, resume.scan = in.set, in.uset, in.scan
	resume.c, resume.c2, resume.min, resume.max = in.c, in.c2, in.min, in.max
	c.add(in)
	c.add(resume)
}

// hasThen tells whether there is a (*THEN) in n.
func hasThen(n *node) (found bool) {
	walk(n, func(n *node) { found = found || n.kind == kVerb && n.verb == verbThen })
	return found
}

func (c *compiler) emitAlt(n *node) {
	then := hasThen(n)
	var slot int32
	if then {
		slot = c.newSlot()
		c.then = append(c.then, slot)
		defer func() { c.then = c.then[:len(c.then)-1] }()
	}
	var ends []int32
	for i, s := range n.subs {
		var split int32
		last := i == len(n.subs)-1
		if !last {
			split = c.add(inst{op: opSplit})
			c.insts[split].x = c.pc()
		}
		if then {
			c.add(inst{op: opThenMark, n: slot})
		}
		c.emit(s)
		if !last {
			ends = append(ends, c.add(inst{op: opJump}))
			c.insts[split].y = c.pc()
		}
	}
	for _, e := range ends {
		c.insts[e].x = c.pc()
	}
}

// split appends a choice between going on here and going elsewhere, which the caller fills in by the returned function.
func (c *compiler) split(lazyMode bool) (elsewhere func(pc int32)) {
	at := c.add(inst{op: opSplit})
	if lazyMode {
		c.insts[at].y = c.pc()
		return func(pc int32) { c.insts[at].x = pc }
	}
	c.insts[at].x = c.pc()
	return func(pc int32) { c.insts[at].y = pc }
}

func (c *compiler) emitRepeat(n *node) {
	body := n.subs[0]
	if set := c.asSet(body); set != nil && n.max != 0 {
		c.emitLoop(n, set)
		return
	}
	if n.mode == possessive {
		m := *n
		m.mode = greedy
		c.emit(&node{kind: kAtomic, subs: []*node{&m}})
		return
	}
	if n.max == 0 {
		// Never matched, but groups inside can be called.
		skip := c.add(inst{op: opJump})
		if c.t.hasCall {
			c.emit(body)
		}
		c.insts[skip].x = c.pc()
		return
	}
	isLazy := n.mode == lazy && !c.longest
	if n.min == 0 && n.max == 1 {
		exit := c.split(isLazy)
		c.emit(body)
		exit(c.pc())
		return
	}
	if n.max == unlimited && n.min <= 1 {
		c.emitStar(body, n.min, isLazy)
		return
	}
	copies := n.max
	if copies == unlimited {
		copies = n.min
	}
	if size(body)*copies <= inlineCopies {
		c.emitCopies(n, isLazy)
	} else {
		c.emitCounted(n, isLazy)
	}
}

// size estimates the instructions of n.
func size(n *node) int {
	sum := 1
	for _, s := range n.subs {
		sum += size(s) + 1
	}
	if n.kind == kRepeat && n.subs[0].kind > kByte {
		copies := max(n.min, n.max, 1)
		if sum*copies <= inlineCopies {
			sum *= copies
		}
		sum += 3
	}
	return min(sum, maxInsts)
}

// emitStar appends body* or, with least 1, body+.
func (c *compiler) emitStar(body *node, least int, isLazy bool) {
	nullable := minLen(body) == 0
	var exit func(int32)
	loop := c.pc()
	if least == 0 {
		exit = c.split(isLazy)
	}
	slot := int32(-1)
	if nullable {
		slot = c.newSlot()
		c.add(inst{op: opMarkPos, n: slot})
	}
	c.emit(body)
	check := int32(-1)
	if nullable {
		check = c.add(inst{op: opEmptyCheck, n: slot})
	}
	if least == 0 {
		c.add(inst{op: opJump, x: loop})
	} else {
		again := inst{op: opSplit, x: loop, y: c.pc() + 1}
		if isLazy {
			again.x, again.y = again.y, again.x
		}
		c.add(again)
	}
	if exit != nil {
		exit(c.pc())
	}
	if check >= 0 {
		c.insts[check].x = c.pc()
	}
}

// emitCopies appends a small repeat by writing its body out: xx(?:x(?:x)?)? for x{2,4}.
func (c *compiler) emitCopies(n *node, isLazy bool) {
	body := n.subs[0]
	if n.max == unlimited {
		for range n.min - 1 {
			c.emit(body)
		}
		c.emitStar(body, 1, isLazy)
		return
	}
	for range n.min {
		c.emit(body)
	}
	var exits []func(int32)
	for range n.max - n.min {
		exits = append(exits, c.split(isLazy))
		c.emit(body)
	}
	for _, exit := range exits {
		exit(c.pc())
	}
}

// emitCounted appends a repeat that counts.
func (c *compiler) emitCounted(n *node, isLazy bool) {
	body := n.subs[0]
	count := c.newSlot()
	slot := int32(-1)
	nullable := n.max == unlimited && minLen(body) == 0
	c.add(inst{op: opCountInit, n: count})
	loop := c.add(inst{op: opCountLoop, n: count, min: int32(n.min), max: int32(n.max)})
	if isLazy {
		c.insts[loop].mode = lazy
	}
	c.add(inst{op: opCountMore, n: count, x: c.pc() + 1})
	c.insts[loop].x = c.pc()
	if nullable {
		slot = c.newSlot()
		c.add(inst{op: opMarkPos, n: slot})
	}
	c.emit(body)
	check := int32(-1)
	if nullable {
		// An empty time ends the loop, but not before the least number is reached.
		check = c.add(inst{op: opEmptyCheck, n: slot, y: count + 1, min: int32(n.min)})
	}
	c.add(inst{op: opJump, x: loop})
	c.insts[loop].y = c.pc()
	if check >= 0 {
		c.insts[check].x = c.pc()
	}
}

func (c *compiler) emitAssert(n *node) {
	generic := c.t.newline != nlLF
	var op opcode
	switch n.at {
	case atSubjectStart:
		op = opSubjectStart
	case atLineStart:
		op = opLineStart
		if generic {
			op = opLineStartX
		}
	case atSubjectEnd:
		op = opSubjectEnd
	case atFinalLineEnd:
		op = opFinalLineEnd
		if generic {
			op = opFinalLineEndX
		}
	case atLineEnd:
		op = opLineEnd
		if generic {
			op = opLineEndX
		}
	case atSearchStart:
		op = opSearchStart
	case atWordEdge:
		op = opWordEdge
	case atNotWordEdge:
		op = opNotWordEdge
	case atWordEdgeUCP:
		op = opWordEdgeUCP
	case atNotWordEdgeUCP:
		op = opNotWordEdgeUCP
	}
	c.add(inst{op: op})
}
