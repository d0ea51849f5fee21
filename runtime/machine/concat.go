package machine

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// concat joins the values of a run of registers, from the right as LuaJIT does.
func concat(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	first, last := cf.LocalBase+bOf(inst), cf.LocalBase+cOf(inst)
	regs := s.reg.array
	if a, ok := regs[first].(lua.LString); ok && last == first+1 {
		if b, ok := regs[last].(lua.LString); ok {
			NeedString(len(a) + len(b))
			s.set(cf.LocalBase+aOf(inst), a+b)
			return 0
		}
	}
	for last > first {
		v := s.join(L, first, &last)
		s.reg.array[last] = v
	}
	s.set(cf.LocalBase+aOf(inst), s.reg.array[first])
	return 0
}

// joinAll joins strings and numbers. It reports false, and does nothing, if there is anything else.
func (s *state) joinAll(first, last int) (lua.LValue, bool) {
	regs := s.reg.array[first : last+1]
	if a, ok := regs[0].(lua.LString); ok && len(regs) == 2 {
		if b, ok := regs[1].(lua.LString); ok {
			if len(a)+len(b) <= roomy {
				var room [roomy]byte
				return CopyString(append(append(room[:0], a...), b...)), true
			}
			NeedString(len(a) + len(b))
			return a + b, true
		}
	}
	size := 0
	for _, v := range regs {
		switch v := v.(type) {
		case lua.LString:
			size += len(v)
		case lua.LNumber:
			size += 24
		default:
			return nil, false
		}
	}
	return joined(regs, size), true
}

// joined is the strings and numbers of regs, at most size bytes, in one.
func joined(regs []lua.LValue, size int) lua.LValue {
	NeedString(size)
	var digits [32]byte
	if size <= 128 {
		var room [128]byte
		b := room[:0]
		for _, v := range regs {
			switch v := v.(type) {
			case lua.LString:
				b = append(b, v...)
			case lua.LNumber:
				b = AppendNumber(b, float64(v))
			}
		}
		return CopyString(b)
	}
	// A Builder, unlike make, does not clear its room first.
	var b strings.Builder
	b.Grow(size)
	for _, v := range regs {
		switch v := v.(type) {
		case lua.LString:
			b.WriteString(string(v))
		case lua.LNumber:
			b.Write(AppendNumber(digits[:0], float64(v)))
		}
	}
	return lua.LString(b.String())
}

// join replaces the values at the end of the run by what they are joined to, and moves *last to where that belongs.
func (s *state) join(L *lua.LState, first int, last *int) lua.LValue {
	regs := s.reg.array
	size, at := 0, *last
	for ; at >= first; at-- {
		switch v := regs[at].(type) {
		case lua.LString:
			size += len(v)
			continue
		case lua.LNumber:
			size += 24
			continue
		}
		break
	}
	if at < *last-1 {
		from := *last
		*last = at + 1
		return joined(regs[at+1:from+1], size)
	}
	a, b := regs[*last-1], regs[*last]
	fn := s.metamethod2(a, b, "__concat")
	if isNil(fn) {
		reg, v := *last-1, a
		if _, ok := ToString(a); ok {
			reg, v = *last, b
		}
		failOperand(L, reg-s.currentFrame.LocalBase, v, "concatenate")
	}
	*last--
	return s.apply(L, fn, a, b)
}
