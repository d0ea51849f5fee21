package machine

import (
	"math"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/syntax"
)

// run takes the place of gopher-lua's loop, for states without a context.
func run(L *lua.LState, base *frame) {
	stack := StackOf(L)
	if stack.nesting == maxNesting {
		fail(L, "stack overflow")
	}
	stack.nesting++
	loop(L, base, stack)
	stack.nesting--
}

// loop is the interpreter. The instructions that scripts run most are in
// the loop itself, as far as they need neither metamethods that are functions nor conversions; all else is left to the table of instructions.
//
// What the inner loop keeps in variables (the frame, its code, its registers) holds until a function is called or ends, or anything
// is left to the table: any of these may move the registers. Operands are not checked against the number of registers and constants: the compiler is
// trusted, and syntax.Compile checks code that was dumped before it comes here.
func loop(L *lua.LState, base *frame, stack *Stack) {
	s := stateOf(L)
	if s.currentFrame = stack.last(); s.currentFrame == nil {
		return
	}
	if s.currentFrame.Fn.IsG {
		callGoFunction(L, false)
		return
	}
	alloc := s.alloc
	r := s.reg
frame:
	for {
		cf := s.currentFrame
		fn := cf.Fn
		proto := protoOf(fn.Proto)
		if proto.IsVarArg&syntax.Native == 0 {
			if runForeign(L, base) {
				return
			}
			continue
		}
		code, consts := unsafe.Pointer(unsafe.SliceData(proto.Code)), unsafe.Pointer(unsafe.SliceData(proto.Constants))
		hints := unsafe.Add(code, len(proto.Code)*4)
		local := cf.LocalBase
		array := unsafe.Pointer(unsafe.SliceData(r.array))
		regs := unsafe.Add(array, local*int(unsafe.Sizeof(iface{})))
		slots := unsafe.Pointer(&noSlots)
		slotted := uint32(math.MaxUint32) // the first register that may be on its slot
		if stack.slots == nil && stack.k > 0 {
			stack.makeSlots(r)
		}
		if stack.slots != nil {
			if len(stack.slots) < len(r.array) {
				stack.makeSlots(r)
			}
			slots = unsafe.Pointer(&stack.slots[local])
			slotted = uint32(max(stack.captured+1-local, 0))
		}
		pc := cf.Pc
		// Between two instructions the stack ends behind the registers, unless the first has left a list of values for the second.
		if pc == 0 || !leavesList(proto.Code[pc-1]) {
			r.top = local + int(proto.NumUsedRegisters)
		}
		stack.high = max(stack.high, r.top)
		var inst uint32
	fast:
		for {
			inst = *(*uint32)(unsafe.Add(code, pc*4))
			pc++
			a := inst >> 18 & 0xff
			var n float64
			switch inst >> 26 {
			case uint32(lua.OP_MOVE), uint32(lua.OP_MOVEN): // the moves that belong to a MOVEN come behind it
				b := inst & 0xff
				p := register(regs, b)
				q := unsafe.Add(slots, uintptr(b)*8)
				if (*iface)(unsafe.Pointer(p)).data != q {
					*register(regs, a) = *p
					continue
				}
				n = *(*float64)(q)
			case uint32(lua.OP_LOADK):
				*register(regs, a) = *register(consts, inst&0x3ffff)
				continue
			case uint32(lua.OP_LOADBOOL):
				*register(regs, a) = lua.LBool(inst&0x1ff != 0)
				if inst>>9&0x1ff != 0 {
					pc++
				}
				continue
			case uint32(lua.OP_LOADNIL):
				for ; a <= inst&0x1ff; a++ {
					*register(regs, a) = lua.LNil
				}
				continue
			case uint32(lua.OP_GETUPVAL):
				uv := upvalueOf(fn.Upvalues[inst&0x1ff])
				if uv.closed || uv.reg == nil {
					*register(regs, a) = uv.value
				} else {
					*register(regs, a) = uv.reg.array[uv.index]
				}
				continue
			case uint32(lua.OP_SETUPVAL):
				uv := upvalueOf(fn.Upvalues[inst&0x1ff])
				v := alloc.keep(regs, consts, slots, a)
				if uv.closed || uv.reg == nil {
					uv.value = v
				} else {
					uv.reg.array[uv.index] = v
				}
				continue
			case uint32(lua.OP_GETGLOBAL):
				v := indexed(fn.Env, proto.stringConstants[inst&0x3ffff], hintAt(hints, pc))
				if v == nil {
					break fast
				}
				*register(regs, a) = v
				continue
			case uint32(lua.OP_GETTABLEKS):
				t, ok := (*register(regs, inst&0xff)).(*lua.LTable)
				if !ok || inst&(constBit<<9) == 0 {
					break fast
				}
				v := field(tableOf(t).strdict, proto.stringConstants[inst>>9&0xff], hintAt(hints, pc))
				if v == nil {
					cf.Pc = pc
					if v = fetch(t, proto.stringConstants[inst>>9&0xff], *register(consts, inst>>9&0xff), hintAt(hints, pc)); v == nil {
						break fast
					}
				}
				*register(regs, a) = v
				continue
			case uint32(lua.OP_SELF):
				obj := *register(regs, inst&0xff)
				t, ok := obj.(*lua.LTable)
				if !ok {
					t = s.methodsOf(obj)
				}
				if t == nil || inst&(constBit<<9) == 0 {
					break fast
				}
				v := method(t, proto.stringConstants[inst>>9&0xff], hintAt(hints, pc))
				if v == nil {
					break fast
				}
				*register(regs, a) = v
				*register(regs, a+1) = obj
				continue
			case uint32(lua.OP_GETTABLE):
				t, ok := (*register(regs, inst&0xff)).(*lua.LTable)
				if !ok {
					break fast
				}
				key := rk(regs, consts, inst>>9&0x1ff)
				var v lua.LValue
				if k, ok := key.(lua.LNumber); ok {
					array := tableOf(t).array
					if i := int(k); uint(i-1) < uint(len(array)) && lua.LNumber(i) == k {
						v = array[i-1]
					} else {
						v = Get(t, key)
					}
				} else {
					v = Get(t, key)
				}
				if isNil(v) {
					if mt, meta := t.Metatable.(*lua.LTable); meta {
						if v, ok = quickly(mt, key); !ok {
							break fast
						}
					}
				}
				*register(regs, a) = v
				continue
			case uint32(lua.OP_SETTABLE):
				t, ok := (*register(regs, a)).(*lua.LTable)
				if !ok {
					break fast
				}
				key := rk(regs, consts, inst&0x1ff)
				_, meta := t.Metatable.(*lua.LTable)
				if k, ok := key.(lua.LNumber); ok {
					array := tableOf(t).array
					// An element that is there never concerns __newindex.
					if i := int(k); uint(i-1) < uint(len(array)) && lua.LNumber(i) == k && (!meta || !isNil(array[i-1])) {
						array[i-1] = alloc.keep(regs, consts, slots, inst>>9&0x1ff)
						continue
					}
					if meta {
						break fast
					}
					key = alloc.keep(regs, consts, slots, inst&0x1ff)
				}
				if meta {
					break fast
				}
				cf.Pc = pc // for a message that memory has run out
				if Set(t, key, alloc.keep(regs, consts, slots, inst>>9&0x1ff)) != "" {
					break fast
				}
				continue
			case uint32(lua.OP_SETTABLEKS):
				t, ok := (*register(regs, a)).(*lua.LTable)
				if !ok || inst&constBit == 0 {
					break fast
				}
				v := alloc.keep(regs, consts, slots, inst>>9&0x1ff)
				cf.Pc = pc
				key := *register(consts, inst&0xff)
				mt, meta := t.Metatable.(*lua.LTable)
				if meta && tableOf(t).strdict == nil && storeQuickly(mt, key, v) {
					continue
				}
				if isNil(v) {
					break fast
				}
				if !assign(t, proto.stringConstants[inst&0xff], key, v, hintAt(hints, pc)) && (!meta || !storeQuickly(mt, key, v)) {
					break fast
				}
				continue
			case uint32(lua.OP_NEWTABLE):
				*register(regs, a) = newTable(int(inst&0x1ff), int(inst>>9&0x1ff))
				continue
			case uint32(lua.OP_SETLIST):
				cf.Pc = pc
				if stack.slots != nil {
					stack.settle(r, cf, inst)
				}
				setList(L, inst, base)
				pc = cf.Pc
				r.top = local + int(proto.NumUsedRegisters)
				continue
			case uint32(lua.OP_CLOSURE):
				cf.Pc = pc
				closure(L, inst, base)
				pc = cf.Pc
				if slotted != math.MaxUint32 {
					slotted = uint32(max(stack.captured+1-local, 0))
				}
				continue
			case uint32(lua.OP_CLOSE):
				if s.uvcache != nil && stack.captured >= local+int(a) {
					s.detach(stack, local+int(a))
				}
				continue
			case uint32(lua.OP_ADD):
				x, ok := rk(regs, consts, inst&0x1ff).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst>>9&0x1ff).(lua.LNumber)
				if !ok || !ok2 {
					break fast
				}
				n = float64(x + y)
			case uint32(lua.OP_SUB):
				x, ok := rk(regs, consts, inst&0x1ff).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst>>9&0x1ff).(lua.LNumber)
				if !ok || !ok2 {
					break fast
				}
				n = float64(x - y)
			case uint32(lua.OP_MUL):
				x, ok := rk(regs, consts, inst&0x1ff).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst>>9&0x1ff).(lua.LNumber)
				if !ok || !ok2 {
					break fast
				}
				n = float64(x * y)
			case uint32(lua.OP_DIV):
				x, ok := rk(regs, consts, inst&0x1ff).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst>>9&0x1ff).(lua.LNumber)
				if !ok || !ok2 {
					break fast
				}
				n = float64(x / y)
			case uint32(lua.OP_MOD):
				x, ok := rk(regs, consts, inst&0x1ff).(lua.LNumber)
				y, ok2 := rk(regs, consts, inst>>9&0x1ff).(lua.LNumber)
				if !ok || !ok2 {
					break fast
				}
				n = modulo(float64(x), float64(y))
			case uint32(lua.OP_UNM):
				x, ok := rk(regs, consts, inst&0x1ff).(lua.LNumber)
				if !ok {
					break fast
				}
				n = -float64(x)
			case uint32(lua.OP_LEN):
				switch v := rk(regs, consts, inst&0x1ff).(type) {
				case *lua.LTable:
					n = float64(Len(v))
				case lua.LString:
					n = float64(len(v))
				default:
					break fast
				}
			case uint32(lua.OP_NOT):
				*register(regs, a) = lua.LBool(!truth(*register(regs, inst&0xff)))
				continue
			case uint32(lua.OP_CONCAT):
				cf.Pc = pc
				v, ok := s.joinAll(local+int(inst&0x1ff), local+int(inst>>9&0x1ff))
				if !ok {
					break fast
				}
				*register(regs, a) = v
				continue
			case uint32(lua.OP_EQ):
				var same bool
				x, y := rk(regs, consts, inst&0x1ff), rk(regs, consts, inst>>9&0x1ff)
				switch x := x.(type) {
				case lua.LNumber:
					z, ok := y.(lua.LNumber)
					if ok {
						same = x == z
					} else if _, box := y.(*lua.LUserData); box {
						break fast
					}
				case lua.LString:
					y, ok := y.(lua.LString)
					same = ok && x == y
				case lua.LBool:
					y, ok := y.(lua.LBool)
					same = ok && x == y
				case *lua.LNilType:
					if _, box := y.(*lua.LUserData); box {
						break fast
					}
					same = isNil(y)
				default:
					if x == y {
						same = true
						break
					}
					if isNil(y) {
						if _, box := x.(*lua.LUserData); box {
							break fast
						}
						break
					}
					break fast
				}
				if same != (a != 0) {
					pc++
					continue
				}
				// What follows is a jump.
				if i := *(*uint32)(unsafe.Add(code, pc*4)); i>>26 == uint32(lua.OP_JMP) && sbxOf(i) >= 0 {
					pc += sbxOf(i) + 1
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
					continue
				}
				if i := *(*uint32)(unsafe.Add(code, pc*4)); i>>26 == uint32(lua.OP_JMP) && sbxOf(i) >= 0 {
					pc += sbxOf(i) + 1
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
					continue
				}
				if i := *(*uint32)(unsafe.Add(code, pc*4)); i>>26 == uint32(lua.OP_JMP) && sbxOf(i) >= 0 {
					pc += sbxOf(i) + 1
				}
				continue
			case uint32(lua.OP_TEST):
				if truth(*register(regs, a)) == (inst>>9&0x1ff == 0) {
					pc++
					continue
				}
				if i := *(*uint32)(unsafe.Add(code, pc*4)); i>>26 == uint32(lua.OP_JMP) && sbxOf(i) >= 0 {
					pc += sbxOf(i) + 1
				}
				continue
			case uint32(lua.OP_TESTSET):
				b := inst & 0x1ff
				p := register(regs, b)
				if truth(*p) == (inst>>9&0x1ff == 0) {
					pc++
					continue
				}
				q := unsafe.Add(slots, uintptr(b)*8)
				if (*iface)(unsafe.Pointer(p)).data != q {
					*register(regs, a) = *p
					continue
				}
				n = *(*float64)(q)
			case uint32(lua.OP_JMP):
				k := sbxOf(inst)
				if k < 0 {
					if attention.Load() != 0 {
						break fast
					}
					if stack.slots == nil {
						stack.makeSlots(r)
						cf.Pc = pc + k
						continue frame
					}
				}
				pc += k
				continue
			case uint32(lua.OP_FORPREP):
				i, ok := (*register(regs, a)).(lua.LNumber)
				limit, ok2 := (*register(regs, a+1)).(lua.LNumber)
				step, ok3 := (*register(regs, a+2)).(lua.LNumber)
				if !ok || !ok2 || !ok3 {
					break fast
				}
				if !continues(i, limit, step) {
					pc += sbxOf(inst) + 1
					continue
				}
				a += 3
				n = float64(i)
			case uint32(lua.OP_FORLOOP):
				i, ok := (*register(regs, a)).(lua.LNumber)
				limit, ok2 := (*register(regs, a+1)).(lua.LNumber)
				step, ok3 := (*register(regs, a+2)).(lua.LNumber)
				if !ok || !ok2 || !ok3 || attention.Load() != 0 {
					break fast
				}
				i += step
				if step > 0 {
					if !(i <= limit) {
						continue
					}
				} else if !continues(i, limit, step) {
					continue
				}
				pc += sbxOf(inst)
				if a < slotted {
					v := alloc.number(float64(i))
					*register(regs, a), *register(regs, a+3) = v, v
					if stack.slots == nil {
						stack.makeSlots(r)
						cf.Pc = pc
						continue frame
					}
					continue
				}
				put(regs, slots, a, float64(i))
				put(regs, slots, a+3, float64(i))
				continue
			case uint32(lua.OP_TFORLOOP):
				it, ok := (*register(regs, a)).(*lua.LFunction)
				if !ok || attention.Load() != 0 {
					break fast
				}
				pairs := it == nextFunction
				if !pairs && it != stepFunction {
					break fast
				}
				cf.Pc = pc
				if !s.advance(local+int(a), int(inst>>9&0x1ff), pairs) {
					break fast
				}
				pc = cf.Pc
				continue
			case uint32(lua.OP_CALL):
				callee, ok := (*register(regs, a)).(*lua.LFunction)
				if !ok || attention.Load() != 0 {
					break fast
				}
				at := local + int(a)
				nargs := int(inst&0x1ff) - 1
				if nargs < 0 {
					nargs = r.top - at - 1
				}
				nret := int(inst>>9&0x1ff) - 1
				cf.Pc = pc
				if !callee.IsG {
					switch callee.Proto.IsVarArg {
					case syntax.Native:
						if s.enter(stack, cf, callee, at, nargs, nret) {
							continue frame
						}
					case varargs:
						if s.enterVararg(stack, cf, callee, at, nargs, nret) {
							continue frame
						}
					}
					break fast
				}
				ok, end := s.invoke(L, stack, cf, callee, at, nargs, nret)
				if !ok {
					break fast
				}
				if end {
					return
				}
				if attention.Load() != 0 && attend(L, base) == 1 {
					return
				}
				if nret < 0 || unsafe.Pointer(unsafe.SliceData(r.array)) != array || s.currentFrame != cf || cf.Pc != pc {
					continue frame
				}
				r.top = local + int(proto.NumUsedRegisters)
				continue
			case uint32(lua.OP_VARARG):
				n := int(inst&0x1ff) - 1
				if !s.vararg(cf, local+int(a), n) {
					break fast
				}
				stack.high = max(stack.high, r.top)
				continue
			case uint32(lua.OP_TAILCALL):
				callee, ok := (*register(regs, a)).(*lua.LFunction)
				if !ok || !callee.IsG && callee.Proto.IsVarArg != syntax.Native || attention.Load() != 0 || L.Parent != nil {
					break fast
				}
				at := local + int(a)
				nargs := int(inst&0x1ff) - 1
				if nargs < 0 {
					nargs = r.top - at - 1
				}
				cf.Pc = pc
				if callee.IsG {
					if s.uvcache != nil && stack.captured >= local {
						s.detach(stack, local)
					}
					nret := cf.NRet
					if nret > 1 {
						nret = lua.MultRet // this function may not have as many registers
					}
					ok, end := s.invoke(L, stack, cf, callee, at, nargs, nret)
					if !ok {
						break fast
					}
					if end || !s.leave(stack, cf, at, r.top-at, cf == base) {
						return
					}
					continue frame
				}
				if !s.replace(stack, cf, callee, at, nargs) {
					break fast
				}
				continue frame
			case uint32(lua.OP_RETURN):
				if L.Parent != nil {
					break fast
				}
				if s.uvcache != nil && stack.captured >= local {
					s.detach(stack, local)
				}
				from := local + int(a)
				k := int(inst&0x1ff) - 1
				if k < 0 {
					k = r.top - from
				}
				if !s.leave(stack, cf, from, k, cf == base) {
					return
				}
				continue frame
			default:
				break fast
			}
			if a >= slotted {
				put(regs, slots, a, n)
			} else {
				*register(regs, a) = alloc.number(n)
			}
		}
		cf.Pc = pc
		if stack.slots != nil {
			stack.settle(r, cf, inst)
		}
		if jumpTable[inst>>26](L, inst, base) == 1 {
			return
		}
		if s.uvcache == nil {
			stack.captured = -1
		}
	}
}

// runForeign runs code of another compiler, until another function is called or this one ends. It reports whether the loop is to end.
func runForeign(L *lua.LState, base *frame) bool {
	s := stateOf(L)
	cf := s.currentFrame
	for fn := cf.Fn; s.currentFrame == cf && cf.Fn == fn; {
		inst := fn.Proto.Code[cf.Pc]
		cf.Pc++
		if jumpTable[inst>>26](L, inst, base) == 1 {
			return true
		}
	}
	return false
}

// leavesList reports whether an instruction leaves the end of the stack where its last result is.
func leavesList(inst uint32) bool {
	switch opOf(inst) {
	case lua.OP_CALL:
		return cOf(inst) == 0
	case lua.OP_TAILCALL:
		return true
	case lua.OP_VARARG:
		return bOf(inst) == 0
	}
	return false
}
