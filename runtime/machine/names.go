package machine

import lua "github.com/yuin/gopher-lua"

// localName is the name of the local variable in reg when the instruction at pc runs.
func localName(p *lua.FunctionProto, reg, pc int) string {
	for _, v := range p.DbgLocals {
		if v.StartPc >= pc {
			break
		}
		if pc < v.EndPc {
			if reg == 0 {
				return v.Name
			}
			reg--
		}
	}
	return ""
}

// slotName finds out what the value in reg is called in the source when the instruction at pc runs: a local variable, or
// what the last instruction that wrote the register fetched. kind is empty if it has no name.
func slotName(p *lua.FunctionProto, pc, reg int) (kind, name string) {
	for {
		if name := localName(p, reg, pc); name != "" {
			return "local", name
		}
		at := writer(p, pc, reg)
		if at < 0 {
			return "", ""
		}
		i := p.Code[at]
		switch opOf(i) {
		case lua.OP_MOVE, lua.OP_MOVEN:
			if bOf(i) == reg {
				return "", ""
			}
			pc, reg = at, bOf(i)
			continue
		case lua.OP_GETGLOBAL:
			return "global", constantName(p, bxOf(i))
		case lua.OP_GETUPVAL:
			if b := bOf(i); b < int(p.NumUpvalues) && b < len(p.DbgUpvalues) {
				return "upvalue", p.DbgUpvalues[b]
			}
		case lua.OP_GETTABLEKS:
			if c := cOf(i); c&constBit != 0 {
				return "field", constantName(p, c&^constBit)
			}
		case lua.OP_SELF:
			if c := cOf(i); c&constBit != 0 && aOf(i) == reg {
				return "method", constantName(p, c&^constBit)
			}
		}
		return "", ""
	}
}

func constantName(p *lua.FunctionProto, k int) string {
	if s, ok := p.Constants[k].(lua.LString); ok {
		return string(s)
	}
	return "?"
}

// writer is the last instruction before pc that writes reg, -1 if there is none or it cannot be told.
func writer(p *lua.FunctionProto, pc, reg int) int {
	last := -1
	for at := 0; at < pc && at < len(p.Code); at++ {
		i := p.Code[at]
		a := aOf(i)
		switch opOf(i) {
		case lua.OP_MOVE, lua.OP_MOVEN, lua.OP_LOADK, lua.OP_LOADBOOL, lua.OP_GETUPVAL, lua.OP_GETGLOBAL, lua.OP_GETTABLE,
			lua.OP_GETTABLEKS, lua.OP_NEWTABLE, lua.OP_ADD, lua.OP_SUB, lua.OP_MUL, lua.OP_DIV, lua.OP_MOD, lua.OP_POW, lua.OP_UNM,
			lua.OP_NOT, lua.OP_LEN, lua.OP_CONCAT, lua.OP_TESTSET:
			if a == reg {
				last = at
			}
		case lua.OP_LOADNIL:
			if a <= reg && reg <= bOf(i) {
				last = at
			}
		case lua.OP_SELF:
			if a == reg || a+1 == reg {
				last = at
			}
		case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_VARARG, lua.OP_TFORLOOP, lua.OP_FORLOOP, lua.OP_FORPREP:
			if a <= reg {
				last = at
			}
		case lua.OP_CLOSURE:
			if a == reg {
				last = at
			}
			// What follows tells where the captured variables are.
			at += int(p.FunctionPrototypes[bxOf(i)].NumUpvalues)
		case lua.OP_SETLIST:
			if cOf(i) == 0 {
				at++
			}
		}
	}
	return last
}
