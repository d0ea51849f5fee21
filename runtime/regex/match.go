package regex

import (
	"math"
	"strings"
)

const (
	defaultSteps = 10_000_000
	defaultDepth = 4_000_000
	// callSteps bounds the steps of one call over all starting positions, one more being allowed for each byte. A step is some 50 ns,
	// so whatever the pattern, a call ends within about a tenth of a second. PCRE has no such bound, only the one for each start.
	callSteps = 2_000_000

	// checkSteps is how much work the first attempt may be before the required literal is looked for.
	checkSteps = 256

	// longSubject is from where on the literal is looked for first of all.
	longSubject = 512

	localStack = 40
	localSlots = 24
	// keepStack is the largest stack, in frames, that is kept for reuse.
	keepStack = 1 << 16
)

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
	reqAt := -1 // where the required literal was last found, less the prefix
	if p.required != "" && len(s)-at > longSubject {
		// Each match holds the literal, so this looks no further than the match itself will.
		i := strings.Index(s[min(at+len(p.prefix), len(s)):], p.required)
		if i < 0 {
			return false, nil
		}
		reqAt = at + i
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
