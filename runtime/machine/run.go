package machine

import (
	_ "unsafe" // for go:linkname

	lua "github.com/yuin/gopher-lua"
)

//go:linkname callGoFunction github.com/yuin/gopher-lua.callGFunction
func callGoFunction(L *lua.LState, tailcall bool) bool

// run is the interpreter's loop in place of gopher-lua's, for states without a context. The instructions that scripts run most are in
// the loop itself, as far as they need neither metamethods nor conversions; all else is left to the table of instructions.
//
// Registers are read at each instruction anew: any call may move them.
func run(L *lua.LState, base *frame) {
	s := stateOf(L)
	stack := StackOf(L)
	if s.currentFrame = stack.last(); s.currentFrame == nil {
		return
	}
	if s.currentFrame.Fn.IsG {
		callGoFunction(L, false)
		return
	}
	for {
		cf := s.currentFrame
		proto := protoOf(cf.Fn.Proto)
		inst := proto.Code[cf.Pc]
		cf.Pc++
		r := s.reg
		regs := r.array[cf.LocalBase:]
		a := aOf(inst)
		switch op := opOf(inst); op {
		case lua.OP_MOVE:
			s.put(a, regs, regs[bOf(inst)])
			continue
		case lua.OP_LOADK:
			s.put(a, regs, proto.Constants[bxOf(inst)])
			continue
		case lua.OP_GETUPVAL:
			uv := upvalueOf(cf.Fn.Upvalues[bOf(inst)])
			if uv.closed || uv.reg == nil {
				s.put(a, regs, uv.value)
			} else {
				s.put(a, regs, uv.reg.array[uv.index])
			}
			continue
		case lua.OP_SETUPVAL:
			if uv := upvalueOf(cf.Fn.Upvalues[bOf(inst)]); uv.closed {
				uv.value = regs[a]
				continue
			}
		case lua.OP_GETGLOBAL:
			if v, ok := tableOf(cf.Fn.Env).strdict[proto.stringConstants[bxOf(inst)]]; ok {
				s.put(a, regs, v)
				continue
			}
		case lua.OP_GETTABLEKS:
			if t, ok := regs[bOf(inst)].(*lua.LTable); ok && inst&(constBit<<9) != 0 {
				if v, ok := tableOf(t).strdict[proto.stringConstants[cOf(inst)&^constBit]]; ok {
					s.put(a, regs, v)
					continue
				}
			}
		case lua.OP_GETTABLE:
			if t, ok := regs[bOf(inst)].(*lua.LTable); ok && inst&(constBit<<9) == 0 {
				if n, ok := regs[cOf(inst)].(lua.LNumber); ok {
					array := tableOf(t).array
					if i := arrayIndex(n); uint(i) < uint(len(array)) && !isNil(array[i]) {
						s.put(a, regs, array[i])
						continue
					}
				}
			}
		case lua.OP_SETTABLE:
			if t, ok := regs[a].(*lua.LTable); ok && inst&constBit == 0 && !hasMetatable(t) {
				if n, ok := regs[bOf(inst)].(lua.LNumber); ok {
					array := tableOf(t).array
					if i := arrayIndex(n); uint(i) < uint(len(array)) {
						array[i] = s.operand(cf, cOf(inst))
						continue
					}
				}
			}
		case lua.OP_SETTABLEKS:
			if t, ok := regs[a].(*lua.LTable); ok && inst&constBit != 0 && !hasMetatable(t) {
				x := tableOf(t)
				v := s.operand(cf, cOf(inst))
				if !isNil(v) {
					name := proto.stringConstants[bOf(inst)&^constBit]
					if _, ok := x.strdict[name]; ok {
						x.strdict[name] = v
						continue
					}
				}
			}
		case lua.OP_ADD:
			if x, ok := s.operand(cf, bOf(inst)).(lua.LNumber); ok {
				if y, ok := s.operand(cf, cOf(inst)).(lua.LNumber); ok {
					s.put(a, regs, s.alloc.number(float64(x+y)))
					continue
				}
			}
		case lua.OP_SUB:
			if x, ok := s.operand(cf, bOf(inst)).(lua.LNumber); ok {
				if y, ok := s.operand(cf, cOf(inst)).(lua.LNumber); ok {
					s.put(a, regs, s.alloc.number(float64(x-y)))
					continue
				}
			}
		case lua.OP_MUL:
			if x, ok := s.operand(cf, bOf(inst)).(lua.LNumber); ok {
				if y, ok := s.operand(cf, cOf(inst)).(lua.LNumber); ok {
					s.put(a, regs, s.alloc.number(float64(x*y)))
					continue
				}
			}
		case lua.OP_EQ:
			switch x := s.operand(cf, bOf(inst)).(type) {
			case lua.LNumber:
				if y, ok := s.operand(cf, cOf(inst)).(lua.LNumber); ok {
					skip(cf, x == y, inst)
					continue
				}
			case lua.LString:
				y, ok := s.operand(cf, cOf(inst)).(lua.LString)
				skip(cf, ok && x == y, inst)
				continue
			}
		case lua.OP_LT:
			if x, ok := s.operand(cf, bOf(inst)).(lua.LNumber); ok {
				if y, ok := s.operand(cf, cOf(inst)).(lua.LNumber); ok {
					skip(cf, x < y, inst)
					continue
				}
			}
		case lua.OP_LE:
			if x, ok := s.operand(cf, bOf(inst)).(lua.LNumber); ok {
				if y, ok := s.operand(cf, cOf(inst)).(lua.LNumber); ok {
					skip(cf, x <= y, inst)
					continue
				}
			}
		case lua.OP_TEST:
			if truth(regs[a]) == (cOf(inst) == 0) {
				cf.Pc++
			}
			continue
		case lua.OP_JMP:
			if n := sbxOf(inst); n >= 0 || attention.Load() == 0 {
				cf.Pc += n
				continue
			}
		case lua.OP_CALL:
			if fn, ok := regs[a].(*lua.LFunction); ok && !fn.IsG && fn.Proto.IsVarArg == 0 && attention.Load() == 0 {
				if s.enter(stack, cf, fn, cf.LocalBase+a, bOf(inst)-1, cOf(inst)-1) {
					continue
				}
			}
		case lua.OP_RETURN:
			if s.uvcache == nil && cf != base {
				if n := bOf(inst) - 1; n >= 0 {
					if s.leave(stack, cf, cf.LocalBase+a, n) {
						continue
					}
					return
				}
			}
		}
		if jumpTable[opOf(inst)](L, inst, base) == 1 {
			return
		}
	}
}

// put stores into register a of the running function, whose registers regs are.
func (s *state) put(a int, regs []lua.LValue, v lua.LValue) {
	regs[a] = v
	r := s.reg
	if i := s.currentFrame.LocalBase + a; i >= r.top {
		r.top = i + 1
	}
}

func hasMetatable(t *lua.LTable) bool {
	_, ok := t.Metatable.(*lua.LTable)
	return ok
}

// enter begins a call of a Lua function without extra arguments, which is in register at. It reports false, and does nothing, where there
// is no room.
func (s *state) enter(stack *Stack, cf *frame, fn *lua.LFunction, at, nargs, nret int) bool {
	r := s.reg
	if nargs < 0 {
		nargs = r.top - at - 1
	}
	local := at + 1
	used := int(fn.Proto.NumUsedRegisters)
	end := local + max(nargs, used)
	if end > len(r.array) || stack.base+stack.n >= stack.limit {
		return false
	}
	if stack.n == len(stack.chunk) {
		stack.grow()
	}
	f := &stack.chunk[stack.n]
	f.Idx = stack.base + stack.n
	stack.n++
	f.Fn, f.Parent, f.Pc = fn, cf, 0
	f.Base, f.LocalBase, f.ReturnBase = at, local, at
	f.NArgs, f.NRet, f.TailCall = nargs, nret, 0
	rest := r.array[local+min(nargs, int(fn.Proto.NumParameters)) : end]
	for i := range rest {
		rest[i] = lua.LNil
	}
	r.top = local + used
	s.currentFrame = f
	return true
}

// leave ends the call in cf, whose n results begin at register from. It reports false if the loop is to end as well.
func (s *state) leave(stack *Stack, cf *frame, from, n int) bool {
	r := s.reg
	to := cf.ReturnBase
	want := cf.NRet
	if want < 0 {
		want = n
	}
	regs := r.array
	if want == 1 && n >= 1 {
		regs[to] = regs[from]
	} else {
		for i := range want {
			if i < n {
				regs[to+i] = regs[from+i]
			} else {
				regs[to+i] = lua.LNil
			}
		}
	}
	top := to + want
	if top < r.top {
		clear(regs[top:r.top])
	}
	r.top = top
	stack.pop()
	s.currentFrame = stack.last()
	return s.currentFrame != nil && !s.currentFrame.Fn.IsG
}
