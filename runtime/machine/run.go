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
// What the inner loop keeps in variables (the frame, its code, its registers) holds until a function is called or ends, or anything
// is left to the table: any of these may move the registers.
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
	alloc := s.alloc
	for {
		cf := s.currentFrame
		fn := cf.Fn
		proto := protoOf(fn.Proto)
		code, consts := proto.Code, proto.Constants
		r := s.reg
		local := cf.LocalBase
		regs := r.array[local:]
		pc := cf.Pc
		var inst uint32
	fast:
		for {
			inst = code[pc]
			pc++
			a := int(inst>>18) & 0xff
			var v lua.LValue
			switch inst >> 26 {
			case uint32(lua.OP_MOVE):
				v = regs[inst&0x1ff]
			case uint32(lua.OP_LOADK):
				v = consts[inst&0x3ffff]
			case uint32(lua.OP_GETUPVAL):
				uv := upvalueOf(fn.Upvalues[inst&0x1ff])
				if uv.closed || uv.reg == nil {
					v = uv.value
				} else {
					v = uv.reg.array[uv.index]
				}
			case uint32(lua.OP_SETUPVAL):
				uv := upvalueOf(fn.Upvalues[inst&0x1ff])
				if uv.closed || uv.reg == nil {
					uv.value = regs[a]
				} else {
					uv.reg.array[uv.index] = regs[a]
				}
				continue
			case uint32(lua.OP_GETGLOBAL):
				var ok bool
				if v, ok = tableOf(fn.Env).strdict[proto.stringConstants[inst&0x3ffff]]; !ok {
					break fast
				}
			case uint32(lua.OP_GETTABLEKS):
				t, ok := regs[inst&0x1ff].(*lua.LTable)
				if !ok || inst&(constBit<<9) == 0 {
					break fast
				}
				if v, ok = tableOf(t).strdict[proto.stringConstants[inst>>9&0xff]]; !ok {
					break fast
				}
			case uint32(lua.OP_SELF):
				obj := regs[inst&0x1ff]
				t, ok := obj.(*lua.LTable)
				if !ok || inst&(constBit<<9) == 0 {
					break fast
				}
				if v = method(t, proto.stringConstants[inst>>9&0xff]); v == nil {
					break fast
				}
				regs[a+1] = obj
				if i := local + a + 1; i >= r.top {
					r.top = i + 1
				}
			case uint32(lua.OP_GETTABLE):
				t, ok := regs[inst&0x1ff].(*lua.LTable)
				if !ok || inst&(constBit<<9) != 0 {
					break fast
				}
				switch k := regs[inst>>9&0xff].(type) {
				case lua.LNumber:
					array := tableOf(t).array
					i := arrayIndex(k)
					if uint(i) >= uint(len(array)) || isNil(array[i]) {
						break fast
					}
					v = array[i]
				case lua.LString:
					if v, ok = tableOf(t).strdict[string(k)]; !ok {
						break fast
					}
				default:
					break fast
				}
			case uint32(lua.OP_SETTABLE):
				t, ok := regs[a].(*lua.LTable)
				if !ok || inst&constBit != 0 {
					break fast
				}
				k, ok := regs[inst&0xff].(lua.LNumber)
				if !ok {
					break fast
				}
				array := tableOf(t).array
				i := arrayIndex(k)
				// An element that is there never concerns __newindex.
				if uint(i) >= uint(len(array)) || isNil(array[i]) {
					break fast
				}
				array[i] = rk(regs, consts, inst>>9&0x1ff)
				continue
			case uint32(lua.OP_SETTABLEKS):
				t, ok := regs[a].(*lua.LTable)
				if !ok || inst&constBit == 0 {
					break fast
				}
				v := rk(regs, consts, inst>>9&0x1ff)
				if isNil(v) || !assign(t, proto.stringConstants[inst&0xff], v) {
					break fast
				}
				continue
			case uint32(lua.OP_ADD):
				x, ok := rk(regs, consts, inst&0x1ff).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst>>9&0x1ff).(lua.LNumber)
				if !ok || !ok2 {
					break fast
				}
				v = alloc.number(float64(x + y))
			case uint32(lua.OP_SUB):
				x, ok := rk(regs, consts, inst&0x1ff).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst>>9&0x1ff).(lua.LNumber)
				if !ok || !ok2 {
					break fast
				}
				v = alloc.number(float64(x - y))
			case uint32(lua.OP_MUL):
				x, ok := rk(regs, consts, inst&0x1ff).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst>>9&0x1ff).(lua.LNumber)
				if !ok || !ok2 {
					break fast
				}
				v = alloc.number(float64(x * y))
			case uint32(lua.OP_MOD):
				x, ok := rk(regs, consts, inst&0x1ff).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst>>9&0x1ff).(lua.LNumber)
				if !ok || !ok2 {
					break fast
				}
				v = alloc.number(modulo(float64(x), float64(y)))
			case uint32(lua.OP_EQ):
				same := false
				switch x := rk(regs, consts, inst&0x1ff).(type) {
				case lua.LNumber:
					y, ok := rk(regs, consts, inst>>9&0x1ff).(lua.LNumber)
					if !ok {
						break fast
					}
					same = x == y
				case lua.LString:
					y, ok := rk(regs, consts, inst>>9&0x1ff).(lua.LString)
					same = ok && x == y
				default:
					break fast
				}
				if same != (a != 0) {
					pc++
				}
				continue
			case uint32(lua.OP_LT):
				x, ok := rk(regs, consts, inst&0x1ff).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst>>9&0x1ff).(lua.LNumber)
				if !ok || !ok2 {
					break fast
				}
				if (x < y) != (a != 0) {
					pc++
				}
				continue
			case uint32(lua.OP_LE):
				x, ok := rk(regs, consts, inst&0x1ff).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst>>9&0x1ff).(lua.LNumber)
				if !ok || !ok2 {
					break fast
				}
				if (x <= y) != (a != 0) {
					pc++
				}
				continue
			case uint32(lua.OP_TEST):
				if truth(regs[a]) == (inst>>9&0x1ff == 0) {
					pc++
				}
				continue
			case uint32(lua.OP_JMP):
				n := sbxOf(inst)
				if n < 0 && attention.Load() != 0 {
					break fast
				}
				pc += n
				continue
			case uint32(lua.OP_FORLOOP):
				i, ok := regs[a].(lua.LNumber)
				limit, ok2 := regs[a+1].(lua.LNumber)
				step, ok3 := regs[a+2].(lua.LNumber)
				if !ok || !ok2 || !ok3 || attention.Load() != 0 {
					break fast
				}
				i += step
				if continues(i, limit, step) {
					v := alloc.number(float64(i))
					regs[a], regs[a+3] = v, v
					if i := local + a + 3; i >= r.top {
						r.top = i + 1
					}
					pc += sbxOf(inst)
				}
				continue
			case uint32(lua.OP_CALL):
				callee, ok := regs[a].(*lua.LFunction)
				if !ok || callee.IsG || callee.Proto.IsVarArg != 0 || attention.Load() != 0 {
					break fast
				}
				cf.Pc = pc
				f := s.enter(stack, cf, callee, local+a, int(inst&0x1ff)-1, int(inst>>9&0x1ff)-1)
				if f == nil {
					break fast
				}
				cf, fn, proto = f, callee, protoOf(callee.Proto)
				code, consts, pc = proto.Code, proto.Constants, 0
				local = f.LocalBase
				regs = r.array[local:]
				continue
			case uint32(lua.OP_RETURN):
				n := int(inst&0x1ff) - 1
				if s.uvcache != nil || cf == base || n < 0 {
					break fast
				}
				if cf = s.leave(stack, cf, local+a, n); cf == nil {
					return
				}
				fn = cf.Fn
				proto = protoOf(fn.Proto)
				code, consts, pc = proto.Code, proto.Constants, cf.Pc
				local = cf.LocalBase
				regs = r.array[local:]
				continue
			default:
				break fast
			}
			regs[a] = v
			if i := local + a; i >= r.top {
				r.top = i + 1
			}
		}
		cf.Pc = pc
		if jumpTable[inst>>26](L, inst, base) == 1 {
			return
		}
	}
}

// rk is the value of a register or constant.
func rk(regs, consts []lua.LValue, i uint32) lua.LValue {
	if i&constBit != 0 {
		return consts[i&^constBit]
	}
	return regs[i]
}

// method looks a name up in a table and along its chain of __index tables. It is nil where there is none, or where more than tables is
// needed to tell.
func method(t *lua.LTable, name string) lua.LValue {
	for range maxChain {
		if v, ok := tableOf(t).strdict[name]; ok {
			return v
		}
		mt, ok := t.Metatable.(*lua.LTable)
		if !ok {
			return nil
		}
		if t, ok = tableOf(mt).strdict["__index"].(*lua.LTable); !ok {
			return nil
		}
	}
	return nil
}

// assign stores a value other than nil under a name, if no metamethod can have a say in that.
func assign(t *lua.LTable, name string, v lua.LValue) bool {
	x := tableOf(t)
	if _, meta := t.Metatable.(*lua.LTable); meta {
		if _, ok := x.strdict[name]; !ok {
			return false
		}
		x.strdict[name] = v
		return true
	}
	n := len(x.strdict)
	if n == 0 {
		return false
	}
	if x.strdict[name] = v; len(x.strdict) != n {
		x.remember(lua.LString(name))
	}
	return true
}

// enter begins a call of a Lua function without extra arguments, which is in register at. It does nothing and gives nil
// where there is no room.
func (s *state) enter(stack *Stack, cf *frame, fn *lua.LFunction, at, nargs, nret int) *frame {
	r := s.reg
	if nargs < 0 {
		nargs = r.top - at - 1
	}
	local := at + 1
	used := int(fn.Proto.NumUsedRegisters)
	end := local + max(nargs, used)
	if end > len(r.array) || stack.base+stack.n >= stack.limit {
		return nil
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
	return f
}

// leave ends the call in cf, whose n results begin at register from. It gives the caller's frame, or nil if
// the loop is to end as well.
func (s *state) leave(stack *Stack, cf *frame, from, n int) *frame {
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
	up := stack.last()
	s.currentFrame = up
	if up == nil || up.Fn.IsG {
		return nil
	}
	return up
}
