package lualib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// program is a pattern taken apart, for string.find and string.match. Patterns with balances, frontiers or back-references have none, nor have those that are
// faulty or could be too complex: they are left to the matcher.
type program struct {
	anchored bool
	plain    bool // nothing in it is special
	captures int
	lead     lead
	steps    []step
}

// step is one item of a pattern.
type step struct {
	op  stepOp
	rep byte // ?, *, + or -; 0 for once
	// sole: of the run of characters only the longest can lead to a match, because what comes next cannot be one of them.
	sole bool
	c    byte  // for stepByte
	n    uint8 // of a capture
	set  charset
}

type stepOp uint8

const (
	stepByte stepOp = iota
	stepSet
	stepOpen
	stepClose
	stepPosition
	stepEnd
)

const (
	mostSteps       = 64  // so that the depth is less than maxMatchDepth
	mostParts       = 8   // captures
	longestCompiled = 128 // bytes
)

// compile takes a pattern apart; it gives nil for one that is left to the matcher.
func compile(pat string) *program {
	pr := &program{plain: !strings.ContainsAny(pat, patternSpecials)}
	if strings.IndexByte(pat, 0) >= 0 {
		return nil
	}
	if pat != "" && pat[0] == '^' {
		pr.anchored = true
		pat = pat[1:]
	} else {
		pr.lead = leadOf(pat)
	}
	var open []uint8
	for p := 0; p < len(pat); {
		if len(pr.steps) == mostSteps || pr.captures > mostParts {
			return nil
		}
		switch c := pat[p]; {
		case c == '(' && p+1 < len(pat) && pat[p+1] == ')':
			pr.steps = append(pr.steps, step{op: stepPosition, n: uint8(pr.captures)})
			pr.captures++
			p += 2
			continue
		case c == '(':
			open = append(open, uint8(pr.captures))
			pr.steps = append(pr.steps, step{op: stepOpen, n: uint8(pr.captures)})
			pr.captures++
			p++
			continue
		case c == ')':
			if len(open) == 0 {
				return nil
			}
			pr.steps = append(pr.steps, step{op: stepClose, n: open[len(open)-1]})
			open = open[:len(open)-1]
			p++
			continue
		case c == '$' && p+1 == len(pat):
			pr.steps = append(pr.steps, step{op: stepEnd})
			p++
			continue
		}
		st, end := stepAt(pat, p)
		if end < 0 {
			return nil
		}
		p = end
		if p < len(pat) && strings.IndexByte("?*+-", pat[p]) >= 0 {
			st.rep = pat[p]
			p++
		}
		pr.steps = append(pr.steps, st)
	}
	if len(open) > 0 || pr.captures > mostParts {
		return nil
	}
	for i := range pr.steps {
		pr.steps[i].sole = pr.decides(i)
	}
	return pr
}

// stepAt is the class of characters that begins at p, and where it ends; below 0 where there is no such class.
func stepAt(pat string, p int) (st step, end int) {
	end = p + 1
	switch c := pat[p]; c {
	case '%':
		if end == len(pat) {
			return st, -1
		}
		if c := pat[end]; c == 'b' || c == 'f' || c >= '0' && c <= '9' {
			return st, -1
		}
		end++
	case '[':
		if end = bracketEnd(pat, end); end < 0 {
			return st, -1
		}
	case '.':
	default:
		return step{op: stepByte, c: c}, end
	}
	st.op = stepSet
	st.set.single(pat, p, end)
	return st, end
}

// decides tells of a repeated step whether its longest run is the only one to try.
func (pr *program) decides(i int) bool {
	if rep := pr.steps[i].rep; rep != '*' && rep != '+' {
		return false
	}
	for j := i + 1; j < len(pr.steps); j++ {
		switch next := &pr.steps[j]; next.op {
		case stepOpen, stepClose, stepPosition:
		case stepEnd:
			return true
		default:
			if next.rep != 0 && next.rep != '+' {
				return false
			}
			for c := range 256 {
				if next.has(byte(c)) && pr.steps[i].has(byte(c)) {
					return false
				}
			}
			return true
		}
	}
	return true
}

func (st *step) has(c byte) bool {
	if st.op == stepByte {
		return st.c == c
	}
	return st.set.has(c)
}

// run is how many characters at the beginning of s the step stands for.
func (st *step) run(s string) int {
	for n := range len(s) {
		if !st.has(s[n]) {
			return n
		}
	}
	return len(s)
}

// parts are the captures of a match.
type parts struct {
	src   string
	steps []step
	at    [mostParts]capture
}

// match matches the steps from i on at s and returns where the match ends, -1 if there is none.
func (m *parts) match(s, i int) int {
	for ; i < len(m.steps); i++ {
		st := &m.steps[i]
		switch st.op {
		case stepOpen:
			m.at[st.n&(mostParts-1)].start = int32(s)
			continue
		case stepClose:
			c := &m.at[st.n&(mostParts-1)]
			c.len = int32(s) - c.start
			continue
		case stepPosition:
			m.at[st.n&(mostParts-1)] = capture{int32(s), capturePosition}
			continue
		case stepEnd:
			if s != len(m.src) {
				return -1
			}
			continue
		}
		here := s < len(m.src) && st.has(m.src[s])
		switch st.rep {
		case 0:
			if !here {
				return -1
			}
			s++
		case '?':
			if here {
				if e := m.match(s+1, i+1); e >= 0 {
					return e
				}
			}
		case '-':
			for {
				if e := m.match(s, i+1); e >= 0 {
					return e
				}
				if s >= len(m.src) || !st.has(m.src[s]) {
					return -1
				}
				s++
			}
		default:
			n, least := 0, 0
			if st.rep == '+' {
				least = 1
			}
			if here {
				n = 1 + st.run(m.src[s+1:])
			}
			if n < least {
				return -1
			}
			if st.sole {
				s += n
				continue
			}
			for ; n >= least; n-- {
				if e := m.match(s+n, i+1); e >= 0 {
					return e
				}
			}
			return -1
		}
	}
	return s
}

// find finds the first match from at on; start is below 0 where there is none.
func (pr *program) find(m *parts, at int) (start, end int) {
	s := m.src
	for ; ; at++ {
		if pr.lead.known {
			if at = pr.lead.next(s, at); at == len(s) {
				return -1, -1
			}
		}
		if e := m.match(at, 0); e >= 0 {
			return at, e
		}
		if pr.anchored || at >= len(s) {
			return -1, -1
		}
	}
}

// value is capture i.
func (m *parts) value(L *lua.LState, i int, text *lua.LString) lua.LValue {
	c := m.at[i]
	if c.len == capturePosition {
		return machine.Number(L, float64(c.start+1))
	}
	*text = lua.LString(m.src[c.start : c.start+c.len])
	return machine.String(text)
}

// programs remembers the programs of patterns that came twice. It belongs to one worker and is guarded by its baton.
type programs struct {
	entries [64]struct {
		pat      string
		program  *program
		compiled bool
	}
}

// of is the program of a pattern, nil if it has none or is seen for the first time.
func (ps *programs) of(pat string) *program {
	n := len(pat)
	if n == 0 || n > longestCompiled {
		return nil
	}
	e := &ps.entries[(n*7+int(pat[n/2])*5+int(pat[n-1])+int(pat[n/3]))%len(ps.entries)]
	if e.pat != pat {
		e.pat, e.program, e.compiled = strings.Clone(pat), nil, false
		return nil
	}
	if !e.compiled {
		e.program, e.compiled = compile(e.pat), true
	}
	return e.program
}

// subjectAndPattern are the first arguments of find and match, and where the search is to begin.
func subjectAndPattern(args []lua.LValue) (s, pat string, at int, ok bool) {
	if len(args) < 2 {
		return "", "", 0, false
	}
	subject, ok := args[0].(lua.LString)
	pattern, ok2 := args[1].(lua.LString)
	if !ok || !ok2 {
		return "", "", 0, false
	}
	init := 1
	if len(args) > 2 {
		n, ok := args[2].(lua.LNumber)
		if !ok {
			return "", "", 0, false
		}
		init = toInt32(float64(n))
	}
	return string(subject), string(pattern), startAt(len(subject), init), true
}

// startAt turns the position where a search is to begin into an offset. A start beyond the end counts as the end in the LuaJIT of OpenResty.
func startAt(n, init int) int {
	if init < 0 {
		init += n
	} else {
		init--
	}
	return min(max(init, 0), n)
}

// quickMatch is the short way of string.match.
func (l *library) quickMatch(L *lua.LState, args []lua.LValue) (a, b, c lua.LValue, ok bool) {
	s, pat, at, ok := subjectAndPattern(args)
	if !ok || len(args) > 3 {
		return nil, nil, nil, false
	}
	pr := l.programs.of(pat)
	if pr == nil {
		return nil, nil, nil, false
	}
	m := parts{src: s, steps: pr.steps}
	start, end := pr.find(&m, at)
	a, b, c = lua.LNil, lua.LNil, lua.LNil
	switch {
	case start < 0:
	case pr.captures == 0:
		a = lua.LString(s[start:end])
	case pr.captures == 1:
		a = m.value(L, 0, new(lua.LString))
	default:
		texts := new([3]lua.LString)
		a, b = m.value(L, 0, &texts[0]), m.value(L, 1, &texts[1])
		if pr.captures > 2 {
			c = m.value(L, 2, &texts[2])
		}
	}
	return a, b, c, true
}

// quickFind is the short way of string.find.
func (l *library) quickFind(L *lua.LState, args []lua.LValue) (a, b, c lua.LValue, ok bool) {
	s, pat, at, ok := subjectAndPattern(args)
	if !ok || len(args) > 4 {
		return nil, nil, nil, false
	}
	plain := len(args) == 4 && lua.LVAsBool(args[3])
	var pr *program
	if !plain {
		if pr = l.programs.of(pat); pr == nil {
			return nil, nil, nil, false
		}
		plain = pr.plain
	}
	a, b, c = lua.LNil, lua.LNil, lua.LNil
	if plain {
		if i := strings.Index(s[at:], pat); i >= 0 {
			a, b = machine.Number(L, float64(at+i+1)), machine.Number(L, float64(at+i+len(pat)))
		}
		return a, b, c, true
	}
	m := parts{src: s, steps: pr.steps}
	if start, end := pr.find(&m, at); start >= 0 {
		a, b = machine.Number(L, float64(start+1)), machine.Number(L, float64(end))
		if pr.captures > 0 {
			c = m.value(L, 0, new(lua.LString))
		}
	}
	return a, b, c, true
}
