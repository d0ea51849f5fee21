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
		NeedString(size)
		// A Builder, unlike make, does not clear its room first.
		var b strings.Builder
		b.Grow(size)
		var digits [32]byte
		for _, v := range regs[at+1 : *last+1] {
			switch v := v.(type) {
			case lua.LString:
				b.WriteString(string(v))
			case lua.LNumber:
				b.Write(AppendNumber(digits[:0], float64(v)))
			}
		}
		*last = at + 1
		return lua.LString(b.String())
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
