package regex

func (c *compiler) emitGroup(n *node) {
	num := int32(n.n)
	callable := c.called[n.n]
	if _, have := c.callAt[n.n]; !have {
		c.callAt[n.n] = c.pc()
	}
	slot, private := c.private[n.n]
	if private {
		c.add(inst{op: opCapBegin, n: slot})
	} else {
		c.add(inst{op: opCapOpen, n: 2 * num})
	}
	c.open = append(c.open, n.n)
	c.emit(n.subs[0])
	c.open = c.open[:len(c.open)-1]
	c.closeGroup(n.n, callable)
}

// closeGroup appends the end of a group, ret telling whether it can be the end of a call.
func (c *compiler) closeGroup(num int, ret bool) {
	in := inst{op: opCapClose, n: int32(2*num + 1), x: -1}
	if slot, private := c.private[num]; private {
		in.op, in.y = opCapEnd, slot
	}
	if ret {
		in.x = int32(num)
	}
	c.add(in)
}

// emitLook appends a lookaround. It returns where the op for a failed inside stands, and for a negative one the opLookNot, which
// both take another target when the lookaround is a condition.
func (c *compiler) emitLook(n *node) (failed, matchedNot int32) {
	slot := c.newSlot()
	c.add(inst{op: opLook, n: slot})
	// Verbs take effect beyond a positive assertion, but end at a negative one.
	failed = c.add(inst{op: opFail, marker: n.neg})
	if n.neg {
		c.insts[failed].op = opJump
	}
	var accepts []int32
	c.looks = append(c.looks, &accepts)
	body := n.subs[0]
	if n.behind {
		body = c.behind(n)
	}
	thens := c.then
	c.then = nil
	if hasThen(body) {
		// Without alternatives to go on with, (*THEN) fails the assertion.
		c.then = []int32{c.newSlot()}
		c.add(inst{op: opThenMark, n: c.then[0]})
	}
	c.emit(body)
	c.then = thens
	c.looks = c.looks[:len(c.looks)-1]
	for _, a := range accepts {
		c.insts[a].x = c.pc()
	}
	switch {
	case n.neg:
		matchedNot = c.add(inst{op: opLookNot, n: slot, x: -1})
		c.insts[failed].x = c.pc()
	case n.nonAtomic:
		c.add(inst{op: opLookKeep, n: slot})
	default:
		c.add(inst{op: opLookEnd, n: slot})
	}
	return failed, matchedNot
}

// behind returns a lookbehind's body with each alternative beginning by the step back.
func (c *compiler) behind(n *node) *node {
	step := func(alt *node) *node {
		f := fixer{t: c.t, utf: c.utf, calls: map[int]bool{}, known: map[int]fixedLen{}}
		l, ok := f.length(alt)
		if !ok || l > maxRepeat {
			code := errLookbehind
			if f.err != 0 {
				code = f.err
			}
			panic(&SyntaxError{Msg: messages[code].pcre8, Offset: n.end, code: code, offset2: n.pos})
		}
		return &node{kind: kCat, subs: []*node{{kind: kBack, n: l}, alt}}
	}
	body := n.subs[0]
	if body.kind != kAlt {
		return step(body)
	}
	alts := &node{kind: kAlt}
	for _, s := range body.subs {
		alts.subs = append(alts.subs, step(s))
	}
	return alts
}

func (c *compiler) emitCond(n *node) {
	yes, no := n.subs[0], n.subs[1]
	switch n.cond {
	case condAlways:
		c.emit(yes)
		return
	case condNever:
		if c.t.hasCall {
			skip := c.add(inst{op: opJump})
			c.emit(yes)
			c.insts[skip].x = c.pc()
		}
		c.emit(no)
		return
	}
	var toNo int32
	set := func(at, pc int32) { c.insts[at].x = pc }
	switch n.cond {
	case condGroup:
		in := inst{op: opCondGroup}
		for _, r := range n.refs {
			in.refs = append(in.refs, int32(r))
		}
		toNo = c.add(in)
	case condRecurse:
		toNo = c.add(inst{op: opCondCall, min: int32(n.n)})
	default:
		look := n.subs[2]
		failed, matchedNot := c.emitLook(look)
		toNo = failed
		if look.neg {
			toNo = matchedNot
		} else {
			c.insts[failed].op = opJump
		}
	}
	c.emit(yes)
	end := c.add(inst{op: opJump})
	set(toNo, c.pc())
	c.emit(no)
	set(end, c.pc())
}

func (c *compiler) emitVerb(n *node) {
	switch n.verb {
	case verbFail:
		c.add(inst{op: opFail})
	case verbAccept:
		for i := len(c.open) - 1; i >= 0; i-- {
			c.closeGroup(c.open[i], false)
		}
		if len(c.looks) > 0 {
			jumps := c.looks[len(c.looks)-1]
			*jumps = append(*jumps, c.add(inst{op: opJump}))
			return
		}
		c.add(inst{op: opAccept})
	default:
		v := inst{op: opVerbFail, verb: n.verb, str: n.name, n: -1}
		if n.verb == verbThen {
			if len(c.then) > 0 {
				v.n = c.then[len(c.then)-1]
			} else {
				v.verb = verbPrune
			}
		}
		c.add(inst{op: opVerb})
		c.add(v)
	}
}
