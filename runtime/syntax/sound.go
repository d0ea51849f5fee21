package syntax

import lua "github.com/yuin/gopher-lua"

// sound reports whether a prototype that was read from a dump keeps to its registers, constants and code, none of which the interpreter checks:
// it ends in a return, jumps to where there is code, and refers to registers, constants and functions that exist.
func sound(p *lua.FunctionProto) bool {
	n := len(p.Code)
	if n == 0 || opOf(p.Code[n-1]) != lua.OP_RETURN || int(p.NumUsedRegisters) < int(p.NumParameters) {
		return false
	}
	for pc := 0; pc < n; pc++ {
		if !soundAt(p, pc) {
			return false
		}
		switch i := p.Code[pc]; opOf(i) {
		case lua.OP_CLOSURE:
			pc += int(p.FunctionPrototypes[i&maxBx].NumUpvalues)
		case lua.OP_SETLIST:
			if cOf(i) == 0 {
				pc++
			}
		}
	}
	return true
}

// soundAt checks the instruction at pc.
func soundAt(p *lua.FunctionProto, pc int) bool {
	used, n := int(p.NumUsedRegisters), len(p.Code)
	i := p.Code[pc]
	a, b, c, bx := aOf(i), bOf(i), cOf(i), int(i&maxBx)
	reg := func(r int) bool { return r < used }
	rk := func(r int) bool {
		if r&constBit != 0 {
			return r&maxConst < len(p.Constants)
		}
		return r < used
	}
	skips := pc+2 < n
	switch opOf(i) {
	case lua.OP_MOVEN:
		for at := pc + 1; at <= pc+c; at++ {
			if at >= n || opOf(p.Code[at]) != lua.OP_MOVE {
				return false
			}
		}
		return reg(a) && reg(b)
	case lua.OP_MOVE, lua.OP_NOT:
		return reg(a) && reg(b)
	case lua.OP_TESTSET:
		return reg(a) && reg(b) && skips
	case lua.OP_LOADK, lua.OP_GETGLOBAL, lua.OP_SETGLOBAL:
		return reg(a) && bx < len(p.Constants)
	case lua.OP_LOADBOOL, lua.OP_TEST:
		return reg(a) && skips
	case lua.OP_LOADNIL:
		return reg(a) && reg(b)
	case lua.OP_GETUPVAL, lua.OP_SETUPVAL, lua.OP_NEWTABLE, lua.OP_CLOSE:
		return reg(a)
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
		return reg(a) && reg(b) && rk(c)
	case lua.OP_SELF:
		return reg(a+1) && reg(b) && rk(c)
	case lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_ADD, lua.OP_SUB, lua.OP_MUL, lua.OP_DIV, lua.OP_MOD, lua.OP_POW:
		return reg(a) && rk(b) && rk(c)
	case lua.OP_UNM, lua.OP_LEN:
		return reg(a) && rk(b)
	case lua.OP_CONCAT:
		return reg(a) && b <= c && reg(c)
	case lua.OP_EQ, lua.OP_LT, lua.OP_LE:
		return rk(b) && rk(c) && skips
	case lua.OP_CALL, lua.OP_TAILCALL:
		return reg(a) && reg(a+b-1) && reg(a+c-2)
	case lua.OP_RETURN:
		return (b == 1 || reg(a)) && reg(a+b-2)
	case lua.OP_VARARG:
		return reg(a) && reg(a+b-2)
	case lua.OP_FORLOOP, lua.OP_FORPREP, lua.OP_JMP:
		to := pc + 1 + sbxOf(i)
		return (opOf(i) == lua.OP_JMP || reg(a+3)) && to >= 0 && to < n
	case lua.OP_TFORLOOP:
		return reg(a+max(2+c, 3)) && skips && opOf(p.Code[pc+1]) == lua.OP_JMP
	case lua.OP_SETLIST:
		return reg(a+b) && (c != 0 || skips)
	case lua.OP_CLOSURE:
		if !reg(a) || bx >= len(p.FunctionPrototypes) {
			return false
		}
		upvalues := int(p.FunctionPrototypes[bx].NumUpvalues)
		if pc+1+upvalues >= n {
			return false
		}
		for _, from := range p.Code[pc+1 : pc+1+upvalues] {
			if opOf(from) == lua.OP_MOVE && !reg(bOf(from)) || opOf(from) != lua.OP_MOVE && bOf(from) >= int(p.NumUpvalues) {
				return false
			}
		}
	case lua.OP_NOP:
	default:
		return false
	}
	return true
}
