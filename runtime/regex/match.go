package regex

import (
	"math"
	"strings"
	"sync"
	"unicode/utf8"
)

// frame is an entry of the backtracking stack. With pc >= 0 it is a choice: go on at pc, at pos, aux being pc's own. Otherwise it
// is an old value: slot ^pc was aux.
type frame struct{ pc, pos, aux int32 }

// call is a recursion in progress, or one that may be backtracked into.
type call struct {
	ret, group, pos int32
	parent          int32
	mark            int32 // the height of the stack at the call
	saved           int32 // where in the save area the caller's slots begin
}

const (
	defaultSteps = 10_000_000
	defaultDepth = 4_000_000
	// callSteps bounds the steps of one call over all starting positions, one more being allowed for each byte. A step is some 50 ns,
	// so whatever the pattern, a call ends within about a tenth of a second. PCRE has no such bound, only the one for each start.
	callSteps = 2_000_000

	// checkSteps is how much work the first attempt may be before the required literal is looked for.
	checkSteps = 256

	localStack = 40
	localSlots = 24
	// keepStack is the largest stack, in frames, that is kept for reuse.
	keepStack = 1 << 16
)

var (
	stackPool = sync.Pool{New: func() any { s := make([]frame, 1024); return &s }}
	slotPool  = sync.Pool{New: func() any { s := make([]int32, 256); return &s }}
)

// pools is what one call has borrowed.
type pools struct {
	stack *[]frame
	slots *[]int32
}

// grow returns a larger stack with the contents of stk.
func (b *pools) grow(stk []frame) []frame {
	if b.stack == nil {
		b.stack = stackPool.Get().(*[]frame)
		copy(*b.stack, stk)
		return *b.stack
	}
	big := make([]frame, 4*len(stk))
	copy(big, stk)
	*b.stack = big
	return big
}

// release gives back what was borrowed.
func (b *pools) release() {
	if b.stack != nil && len(*b.stack) <= keepStack {
		stackPool.Put(b.stack)
	}
	if b.slots != nil {
		slotPool.Put(b.slots)
	}
}

// unwind restores the slots to what they were when the stack was to high.
func unwind(stk []frame, slots []int32, from, to int) {
	for i := from - 1; i >= to; i-- {
		if f := &stk[i]; f.pc < 0 {
			slots[^f.pc] = f.aux
		}
	}
}

// cut drops the choices above mark but keeps the old values, and returns the new height.
func cut(stk []frame, mark, sp int) int {
	for i := mark; i < sp; i++ {
		if stk[i].pc < 0 {
			stk[mark] = stk[i]
			mark++
		}
	}
	return mark
}

// Match searches subject from the byte offset start, and fills caps, which must have room for 2*(NumCaptures()+1)
// elements, with the byte offsets of each group's start and end, -1 where a group did not take part.
// What stands before start can be seen by lookbehind, \b and ^. lim may be nil. Unless ok, the contents of caps are undefined.
// The error is one of this package's Err… values or, for a subject that is not UTF-8, one that errors.Is takes for ErrBadUTF.
func (re *Regexp) Match(subject string, start int, caps []int, lim *Limits) (ok bool, err error) {
	p := re.prog
	if start < 0 || start > len(subject) || len(subject) > math.MaxInt32-8 {
		return false, ErrBadOffset
	}
	if p.utf && re.flags&NoUTFCheck == 0 {
		if err := checkUTF(subject, start); err != nil {
			return false, err
		}
	}
	if p.isPure {
		i := strings.Index(subject[start:], p.prefix)
		if i < 0 {
			return false, nil
		}
		caps[0], caps[1] = start+i, start+i+len(p.prefix)
		return true, nil
	}
	return p.exec(subject, start, caps, lim)
}

// limits returns the limits in force: the smaller of the caller's and the pattern's own.
func (p *program) limits(lim *Limits) (steps, depth int) {
	steps, depth = defaultSteps, defaultDepth
	if lim != nil && lim.Steps > 0 {
		steps = lim.Steps
	}
	if lim != nil && lim.Depth > 0 {
		depth = lim.Depth
	}
	if p.limitSteps > 0 {
		steps = min(steps, p.limitSteps)
	}
	if p.limitDepth > 0 {
		depth = min(depth, p.limitDepth)
	}
	return steps, depth
}

// exec runs the program. It is one long function because the machine's registers should stay in the processor's.
func (p *program) exec(s string, start int, caps []int, lim *Limits) (matched bool, err error) {
	if len(s)-start < p.minLen {
		return false, nil
	}
	at := p.next(s, start, start)
	if at < 0 {
		return false, nil
	}
	lastStart := len(s) - p.minLen
	if p.firstLine {
		if i := strings.IndexByte(s[start:], '\n'); i >= 0 {
			lastStart = min(lastStart, start+i)
		}
	}
	stepLimit, depth := p.limits(lim)
	work := callSteps + len(s)
	if lim != nil && lim.Steps > work {
		work = lim.Steps // who asks for more shall have it
	}

	var borrowed pools
	var stackBuf [localStack]frame
	var slotBuf [localSlots]int32
	stk := stackBuf[:]
	slots := slotBuf[:]
	if p.slots > localSlots {
		borrowed.slots = slotPool.Get().(*[]int32)
		if len(*borrowed.slots) < p.slots {
			*borrowed.slots = make([]int32, p.slots)
		}
		slots = *borrowed.slots
		clear(slots[:p.slots])
	}
	slots = slots[:p.slots]
	var (
		insts   = p.insts
		calls   []call
		saved   []int32
		visited []uint64 // opMatchLongest: places already tried
		best    = -1
		reqAt   = -1 // where the required literal was last found
		ncaps   = 2 * (p.ncap + 1)
	)

	for at <= lastStart {
		for i := range ncaps {
			slots[i] = -1
		}
		slots[0] = int32(at)
		if p.fp >= 0 {
			slots[p.fp] = -1
			calls, saved = calls[:0], saved[:0]
		}
		if visited != nil {
			clear(visited)
			work -= len(visited) >> 7
		}
		steps := min(stepLimit, work)
		allowed := steps
		// Before much work is put into the first attempt, look for the required literal. In most matches this never comes to pass.
		reserve := 0
		if p.required != "" && reqAt < at && steps > checkSteps {
			reserve = steps - checkSteps
			steps = checkSteps
		}
		skipTo := -1
		pc, pos, sp := 0, at, 0
		aux := 0
	run:
		for {
			in := &insts[pc]
			switch in.op {
			case opByte:
				if pos < len(s) && s[pos] == in.c {
					pos++
					pc++
					continue
				}
			case opByte2:
				if pos < len(s) && (s[pos] == in.c || s[pos] == in.c2) {
					pos++
					pc++
					continue
				}
			case opStr:
				if n := len(in.str); len(s)-pos >= n && s[pos:pos+n] == in.str {
					pos += n
					pc++
					continue
				}
			case opStrFold:
				if n := len(in.str); len(s)-pos >= n && equalFoldASCII(s[pos:pos+n], in.str) {
					pos += n
					pc++
					continue
				}
			case opSet:
				if pos < len(s) && in.set[s[pos]] {
					pos++
					pc++
					continue
				}
			case opSetUTF:
				if n := in.one(s, pos); n > 0 {
					pos += n
					pc++
					continue
				}
			case opPossess:
				least, end := in.scanAhead(s, pos)
				if least < 0 {
					break
				}
				if n := end - pos; n > 32 {
					steps -= n >> 5
				}
				pos = end
				pc += 2
				continue
			case opGreedy:
				least, end := in.scanAhead(s, pos)
				if least < 0 {
					break
				}
				if n := end - pos; n > 16 {
					steps -= n >> 4
				}
				q := end
				if in.tab != nil {
					if q = in.lastViable(s, least, end, p.utf); q < 0 {
						break
					}
				}
				if q > least {
					if sp == len(stk) {
						if sp >= depth {
							borrowed.release()
							return false, ErrRecursionLimit
						}
						stk = borrowed.grow(stk)
					}
					stk[sp] = frame{int32(pc + 1), int32(q), int32(least)}
					sp++
				}
				pos = q
				pc += 2
				continue
			case opGreedyMore:
				least := aux
				q := pos - 1
				if in.scan >= scanAllUTF {
					for q > least && s[q]&0xc0 == 0x80 {
						q--
					}
				}
				if in.tab != nil {
					from := q
					if q = in.lastViable(s, least, q, p.utf); q < 0 {
						break
					}
					steps -= (from - q) >> 4
				}
				if q > least {
					// The frame just popped left room.
					stk[sp] = frame{int32(pc), int32(q), int32(least)}
					sp++
				}
				pos = q
				pc++
				continue
			case opLazy, opLazyMore:
				q, left := pos, int(in.max)
				more := pc
				if in.op == opLazy {
					more = pc + 1
					if in.min > 0 {
						if q = in.step(s, q, int(in.min)); q < 0 {
							break
						}
						if left >= 0 {
							left -= int(in.min)
						}
					}
				} else {
					left = aux
					n := in.one(s, q)
					if n == 0 {
						break
					}
					q += n
					left--
				}
				if in.tab != nil {
					from := q
					for left != 0 && !in.viable(s, q) {
						n := in.one(s, q)
						if n == 0 {
							break
						}
						q += n
						left--
					}
					steps -= (q - from) >> 4
					if !in.viable(s, q) {
						break
					}
				}
				if left != 0 && q < len(s) {
					if sp == len(stk) {
						if sp >= depth {
							borrowed.release()
							return false, ErrRecursionLimit
						}
						stk = borrowed.grow(stk)
					}
					if left < 0 {
						left = -1
					}
					stk[sp] = frame{int32(more), int32(q), int32(left)}
					sp++
				}
				pos = q
				pc = more + 1
				continue
			case opJump:
				pc = int(in.x)
				continue
			case opSwitch, opSplit:
				if in.tab != nil {
					c := 256
					if pos < len(s) {
						c = int(s[pos])
					}
					if in.op == opSwitch {
						t := int(in.targets[c])
						if t < 0 {
							break
						}
						if t != pc {
							pc = t
							continue
						}
					}
					k := in.tab[c]
					if k == 1 {
						pc = int(in.x)
						continue
					}
					if k == 2 {
						pc = int(in.y)
						continue
					}
					if k == 0 {
						break
					}
				}
				if sp == len(stk) {
					if sp >= depth {
						borrowed.release()
						return false, ErrRecursionLimit
					}
					stk = borrowed.grow(stk)
				}
				stk[sp] = frame{in.y, int32(pos), 0}
				sp++
				pc = int(in.x)
				continue
			case opCapOpen, opCapBegin, opMarkPos, opCountInit, opThenMark, opAtomic, opKeep:
				n, v := int(in.n), pos
				switch in.op {
				case opCountInit:
					v = 0
				case opThenMark, opAtomic:
					v = sp
				}
				if sp > 0 {
					if sp == len(stk) {
						if sp >= depth {
							borrowed.release()
							return false, ErrRecursionLimit
						}
						stk = borrowed.grow(stk)
					}
					stk[sp] = frame{^int32(n), 0, slots[n]}
					sp++
				}
				slots[n] = int32(v)
				pc++
				continue
			case opCapClose, opCapEnd:
				if sp+2 > len(stk) {
					if sp >= depth {
						borrowed.release()
						return false, ErrRecursionLimit
					}
					stk = borrowed.grow(stk)
				}
				n := int(in.n)
				if sp > 0 {
					stk[sp] = frame{^int32(n), 0, slots[n]}
					sp++
				}
				slots[n] = int32(pos)
				if in.op == opCapEnd {
					if sp > 0 {
						stk[sp] = frame{^int32(n - 1), 0, slots[n-1]}
						sp++
					}
					slots[n-1] = slots[in.y]
				}
				if in.x >= 0 && p.fp >= 0 {
					if fp := slots[p.fp]; fp >= 0 && calls[fp].group == in.x {
						stk, sp, pc = p.doReturn(&borrowed, stk, sp, slots, &calls[fp], saved)
						continue
					}
				}
				pc++
				continue
			case opEmptyCheck:
				if slots[in.n] == int32(pos) && (in.y == 0 || slots[in.y-1] >= in.min) {
					pc = int(in.x)
				} else {
					pc++
				}
				continue
			case opCountLoop, opCountMore:
				count := slots[in.n]
				if in.op == opCountLoop {
					if in.max >= 0 && count >= in.max {
						pc = int(in.y)
						continue
					}
				}
				if sp+2 > len(stk) {
					if sp >= depth {
						borrowed.release()
						return false, ErrRecursionLimit
					}
					stk = borrowed.grow(stk)
				}
				steps--
				if steps < -reserve {
					borrowed.release()
					return false, ErrMatchLimit
				}
				if in.op == opCountLoop && count >= in.min {
					if in.mode == lazy {
						stk[sp] = frame{int32(pc + 1), int32(pos), 0}
						sp++
						pc = int(in.y)
						continue
					}
					stk[sp] = frame{in.y, int32(pos), 0}
					sp++
				}
				if sp > 0 {
					stk[sp] = frame{^in.n, 0, count}
					sp++
				}
				slots[in.n] = count + 1
				pc = int(in.x)
				continue
			case opLook:
				if sp+2 > len(stk) {
					if sp >= depth {
						borrowed.release()
						return false, ErrRecursionLimit
					}
					stk = borrowed.grow(stk)
				}
				if sp > 0 {
					stk[sp] = frame{^in.n, 0, slots[in.n]}
					sp++
				}
				slots[in.n] = int32(sp)
				stk[sp] = frame{int32(pc + 1), int32(pos), 0}
				sp++
				pc += 2
				continue
			case opLookEnd:
				mark := int(slots[in.n])
				pos = int(stk[mark].pos)
				stk[mark].pc = math.MaxInt32
				sp = cut(stk, mark, sp)
				pc++
				continue
			case opLookKeep:
				pos = int(stk[slots[in.n]].pos)
				pc++
				continue
			case opLookNot:
				mark := int(slots[in.n])
				pos = int(stk[mark].pos)
				unwind(stk, slots, sp, mark)
				sp = mark
				if in.x >= 0 {
					pc = int(in.x)
					continue
				}
			case opBack:
				q := pos
				if p.utf {
					q = stepBack(s, pos, int(in.n))
				} else {
					q -= int(in.n)
				}
				if q >= 0 {
					pos = q
					pc++
					continue
				}
			case opAtomicEnd:
				sp = cut(stk, int(slots[in.n]), sp)
				pc++
				continue
			case opBackref, opBackrefFold:
				q, cost := p.backref(in, s, pos, slots)
				steps -= cost >> 5
				if q >= 0 {
					pos = q
					pc++
					continue
				}
			case opCondGroup:
				pc++
				if !anySet(in.refs, slots) {
					pc = int(in.x)
				}
				continue
			case opCondCall:
				pc++
				if fp := slots[p.fpSlot()]; p.fp < 0 || fp < 0 || in.min >= 0 && calls[fp].group != in.min {
					pc = int(in.x)
				}
				continue
			case opCall:
				for fp := slots[p.fp]; fp >= 0 && (p.hasBack || int(calls[fp].pos) == pos); fp = calls[fp].parent {
					if p.hasBack {
						steps--
					}
					if calls[fp].group == in.n && int(calls[fp].pos) == pos {
						borrowed.release()
						return false, ErrRecursionLoop
					}
				}
				steps -= 1 + p.slots>>4
				if steps < -reserve {
					borrowed.release()
					return false, ErrMatchLimit
				}
				if sp+2 > len(stk) || len(saved) > depth {
					if sp >= depth || len(saved) > depth {
						borrowed.release()
						return false, ErrRecursionLimit
					}
					stk = borrowed.grow(stk)
				}
				stk[sp] = frame{int32(pc + 1), int32(pos), int32(len(calls))}
				stk[sp+1] = frame{^int32(p.fp), 0, slots[p.fp]}
				sp += 2
				calls = append(calls, call{int32(pc + 2), in.n, int32(pos), slots[p.fp], int32(sp - 2), int32(len(saved))})
				saved = append(saved, slots...)
				slots[p.fp] = int32(len(calls) - 1)
				pc = int(in.x)
				continue
			case opCallUndo:
				saved = saved[:calls[aux].saved]
				calls = calls[:aux]
			case opNewlineSeq:
				if n := p.newlineSeq(s, pos); n > 0 {
					pos += n
					pc++
					continue
				}
			case opGrapheme:
				if pos < len(s) {
					pos += grapheme(s[pos:], p.utf)
					pc++
					continue
				}
			case opNotNewline:
				if p.newlineAt(s, pos) == 0 {
					pc++
					continue
				}
			case opSubjectStart:
				if pos == 0 {
					pc++
					continue
				}
			case opLineStart:
				if pos == 0 || pos < len(s) && s[pos-1] == '\n' {
					pc++
					continue
				}
			case opSubjectEnd:
				if pos == len(s) {
					pc++
					continue
				}
			case opFinalLineEnd:
				if pos == len(s) || pos == len(s)-1 && s[pos] == '\n' {
					pc++
					continue
				}
			case opLineEnd:
				if pos == len(s) || s[pos] == '\n' {
					pc++
					continue
				}
			case opLineStartX:
				if pos == 0 || pos < len(s) && p.newlineBefore(s, pos) {
					pc++
					continue
				}
			case opFinalLineEndX:
				if pos == len(s) || p.newlineAt(s, pos) == len(s)-pos {
					pc++
					continue
				}
			case opLineEndX:
				if pos == len(s) || p.newlineAt(s, pos) > 0 {
					pc++
					continue
				}
			case opSearchStart:
				if pos == start {
					pc++
					continue
				}
			case opWordEdge, opNotWordEdge:
				before := pos > 0 && isWordByte[s[pos-1]]
				after := pos < len(s) && isWordByte[s[pos]]
				if (before != after) == (in.op == opWordEdge) {
					pc++
					continue
				}
			case opWordEdgeUCP, opNotWordEdgeUCP:
				if p.wordEdgeUCP(s, pos) == (in.op == opWordEdgeUCP) {
					pc++
					continue
				}
			case opVerb:
				if sp == len(stk) {
					if sp >= depth {
						borrowed.release()
						return false, ErrRecursionLimit
					}
					stk = borrowed.grow(stk)
				}
				stk[sp] = frame{int32(pc + 1), int32(pos), 0}
				sp++
				pc += 2
				continue
			case opVerbFail:
				switch in.verb {
				case verbThen:
					to := int(slots[in.n])
					if to <= sp {
						unwind(stk, slots, sp, to)
						sp = to
					}
				case verbMark:
				default:
					if in.verb == verbSkip && in.str != "" {
						m := p.findMark(stk[:sp], in.str)
						steps -= sp >> 4
						if m < 0 {
							break // no such mark: without effect
						}
						pos = m
					}
					if m := p.verbBorder(stk[:sp], slots, calls); m >= 0 {
						unwind(stk, slots, sp, m+1)
						sp = m + 1
						break
					}
					sp = 0
					switch in.verb {
					case verbCommit:
						skipTo = len(s) + 1
					case verbSkip:
						if pos > at {
							skipTo = pos
						}
					}
					break run
				}
			case opAccept, opMatch:
				if p.fp >= 0 {
					if fp := slots[p.fp]; fp >= 0 && (in.op == opAccept || calls[fp].group == 0) {
						if calls[fp].group == 0 {
							// PCRE2 backtracks into calls of groups, but not into those of the whole pattern.
							sp = cut(stk, int(calls[fp].mark), sp)
						}
						stk, sp, pc = p.doReturn(&borrowed, stk, sp, slots, &calls[fp], saved)
						continue
					}
				}
				if p.notEmpty && pos == int(slots[0]) || p.notEmptyAtStart && pos == start && slots[0] == int32(start) {
					break
				}
				slots[1] = int32(pos)
				for i := range ncaps {
					caps[i] = int(slots[i])
				}
				// A group that was opened in vain has a start but no end.
				for i := 2; i < ncaps; i += 2 {
					if caps[i+1] < 0 {
						caps[i] = -1
					}
				}
				borrowed.release()
				return true, nil
			case opMatchLongest:
				if p.fp >= 0 {
					if fp := slots[p.fp]; fp >= 0 && calls[fp].group == 0 {
						stk, sp, pc = p.doReturn(&borrowed, stk, sp, slots, &calls[fp], saved)
						continue
					}
				}
				if !(p.notEmpty && pos == at || p.notEmptyAtStart && pos == start && at == start) {
					best = max(best, pos)
				}
			}

			// What was tried has failed: go back to the last choice.
			for {
				if sp == 0 {
					break run
				}
				sp--
				f := stk[sp]
				if f.pc < 0 {
					slots[^f.pc] = f.aux
					continue
				}
				pc, pos, aux = int(f.pc), int(f.pos), int(f.aux)
				if p.memo && p.visit(&visited, pc, pos, len(s)) {
					continue
				}
				break
			}
			steps--
			if steps < 0 {
				if reserve == 0 {
					borrowed.release()
					return false, ErrMatchLimit
				}
				if !strings.Contains(s[at:], p.required) {
					borrowed.release()
					return false, nil
				}
				steps += reserve
				reserve = 0
			}
		}

		if best >= 0 {
			for i := range ncaps {
				caps[i] = -1
			}
			caps[0], caps[1] = at, best
			borrowed.release()
			return true, nil
		}
		work -= allowed - reserve - steps + 1 + ncaps>>5
		if work < 0 {
			borrowed.release()
			return false, ErrMatchLimit
		}
		if p.anchored && at >= start {
			break
		}
		if p.required != "" && reqAt < at {
			from := min(at+len(p.prefix), len(s))
			i := strings.Index(s[from:], p.required)
			if i < 0 {
				break
			}
			reqAt = from + i - len(p.prefix)
		}
		switch {
		case skipTo > at:
			at = skipTo
		case p.runSkip != nil && at < len(s) && p.runSkip[s[at]]:
			for at++; at < len(s) && p.runSkip[s[at]]; at++ {
			}
		default:
			at++
			if p.utf {
				for at < len(s) && s[at]&0xc0 == 0x80 {
					at++
				}
			}
		}
		if at > lastStart {
			break
		}
		if at = p.next(s, at, start); at < 0 {
			break
		}
	}
	borrowed.release()
	return false, nil
}

// fpSlot returns a slot that can be read even where there are no calls.
func (p *program) fpSlot() int { return max(p.fp, 0) }

// doReturn ends a call: the slots are as before it, and the way back into it stays open.
func (p *program) doReturn(borrowed *pools, stk []frame, sp int, slots []int32, c *call, saved []int32) ([]frame, int, int) {
	for len(stk) < sp+len(slots) {
		stk = borrowed.grow(stk)
	}
	for i, old := range saved[c.saved : int(c.saved)+len(slots)] {
		if slots[i] != old {
			stk[sp] = frame{^int32(i), 0, slots[i]}
			sp++
			slots[i] = old
		}
	}
	return stk, sp, int(c.ret)
}

// verbBorder returns the innermost frame of an assertion or an unfinished call, to which a verb's effect is confined, or -1.
func (p *program) verbBorder(stk []frame, slots []int32, calls []call) int {
	for i := len(stk) - 1; i >= 0; i-- {
		f := &stk[i]
		if f.pc < 0 || !p.insts[f.pc].marker {
			continue
		}
		if p.insts[f.pc].op != opCallUndo {
			return i
		}
		for fp := slots[p.fp]; fp >= f.aux; fp = calls[fp].parent {
			if fp == f.aux {
				return i
			}
		}
	}
	return -1
}

// findMark returns where the last (*MARK) of a name was passed, or -1.
func (p *program) findMark(stk []frame, name string) int {
	for i := len(stk) - 1; i >= 0; i-- {
		if pc := stk[i].pc; pc >= 0 {
			if in := &p.insts[pc]; in.op == opVerbFail && in.verb == verbMark && in.str == name {
				return int(stk[i].pos)
			}
		}
	}
	return -1
}

func anySet(groups []int32, slots []int32) bool {
	for _, g := range groups {
		if slots[2*g+1] >= 0 {
			return true
		}
	}
	return false
}

// equalFoldASCII tells whether s is lower, which is lower case, but for the case of ASCII letters. They have the same length.
func equalFoldASCII(s, lower string) bool {
	for i := range len(lower) {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// stepBack returns the offset n characters before pos, or -1.
func stepBack(s string, pos, n int) int {
	for ; n > 0; n-- {
		if pos == 0 {
			return -1
		}
		pos--
		for pos > 0 && s[pos]&0xc0 == 0x80 {
			pos--
		}
	}
	return pos
}

// backref returns the offset after what a back-reference matches at pos, or -1, and how many bytes it may have looked at.
func (p *program) backref(in *inst, s string, pos int, slots []int32) (after, cost int) {
	for _, g := range in.refs {
		from, to := int(slots[2*g]), int(slots[2*g+1])
		if to < 0 {
			continue
		}
		if in.op == opBackref {
			n := to - from
			if n < 0 || len(s)-pos < n {
				return -1, 0
			}
			if s[pos:pos+n] == s[from:to] {
				return pos + n, n
			}
			return -1, n
		}
		for from < to {
			if pos >= len(s) {
				return -1, cost
			}
			a, b, na, nb := rune(s[from]), rune(s[pos]), 1, 1
			if p.utf {
				a, na = utf8.DecodeRuneInString(s[from:])
				b, nb = utf8.DecodeRuneInString(s[pos:])
				if !sameFold(a, b) {
					return -1, cost
				}
			} else if lowerASCII(a) != lowerASCII(b) {
				return -1, cost
			}
			from += na
			pos += nb
			cost += 8 * na
		}
		return pos, cost
	}
	if p.jsUnset {
		return pos, 0
	}
	return -1, 0
}

func lowerASCII(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r | 0x20
	}
	return r
}
