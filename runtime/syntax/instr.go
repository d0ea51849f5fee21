package syntax

import lua "github.com/yuin/gopher-lua"

// The layout of gopher-lua's instructions: 6 bits of opcode, 8 of A, then either 9 of C and 9 of B, or 18 of Bx, which
// is biased where it is signed. The top bit of B or C marks a constant.
const (
	maxA     = 1<<8 - 1
	maxBx    = 1<<18 - 1
	maxSBx   = maxBx >> 1
	constBit = 1 << 8
	maxConst = constBit - 1
	noReg    = maxA
	noJump   = -1
)

func abc(op, a, b, c int) uint32 {
	return uint32(op)<<26 | uint32(a)<<18 | uint32(c)<<9 | uint32(b)
}

func abx(op, a, bx int) uint32 { return uint32(op)<<26 | uint32(a)<<18 | uint32(bx) }

func opOf(i uint32) int { return int(i >> 26) }
func aOf(i uint32) int  { return int(i>>18) & 0xff }
func bOf(i uint32) int  { return int(i & 0x1ff) }
func cOf(i uint32) int  { return int(i>>9) & 0x1ff }
func sbxOf(i uint32) int {
	return int(i&maxBx) - maxSBx
}

func setA(i *uint32, a int) { *i = *i&^(0xff<<18) | uint32(a)<<18 }
func setB(i *uint32, b int) { *i = *i&^0x1ff | uint32(b) }
func setC(i *uint32, c int) { *i = *i&^(0x1ff<<9) | uint32(c)<<9 }

func (f *function) pc() int { return len(f.code) }

// emit appends an instruction, which belongs to the line of the token consumed last.
func (f *function) emit(i uint32) int {
	f.settleJumps()
	f.code = append(f.code, i)
	f.lines = append(f.lines, f.p.lastLine)
	return len(f.code) - 1
}

func (f *function) emitABC(op, a, b, c int) int { return f.emit(abc(op, a, b, c)) }

func (f *function) emitABx(op, a, bx int) int { return f.emit(abx(op, a, bx)) }

// fixLine moves the instruction emitted last to another line.
func (f *function) fixLine(line int) { f.lines[len(f.lines)-1] = line }

func (f *function) loadNil(from, n int) {
	if last := f.pc() - 1; last >= f.lastTarget && last >= 0 {
		// Two runs of registers that touch become one instruction, unless a jump lands between them.
		if prev := &f.code[last]; opOf(*prev) == lua.OP_LOADNIL && bOf(*prev)+1 == from && f.pending == noJump {
			setB(prev, from+n-1)
			return
		}
	}
	f.emitABC(lua.OP_LOADNIL, from, from+n-1, 0)
}

func (f *function) reserve(n int) {
	f.need(n)
	f.free += n
}

// need makes sure that n registers above the free mark exist.
func (f *function) need(n int) {
	if top := f.free + n; top > f.maxStack {
		if top > maxRegisters {
			f.p.failHere("function or expression too complex")
		}
		f.maxStack = top
	}
}

func (f *function) release(reg int) {
	if reg < constBit && reg >= len(f.active) {
		f.free--
	}
}

func (f *function) releaseExpr(e *expr) {
	if e.kind == inRegister {
		f.release(e.info)
	}
}

// releaseTwo frees the registers of two operands, the higher one first.
func (f *function) releaseTwo(a, b int) {
	if a < constBit && b < constBit && a < b {
		a, b = b, a
	} else if a >= constBit {
		a, b = b, a
	}
	f.release(a)
	f.release(b)
}
