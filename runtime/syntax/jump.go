package syntax

import lua "github.com/yuin/gopher-lua"

// Jumps whose target is not known yet form lists: each holds the distance to the next one in the list.

func (f *function) jump() int {
	pending := f.pending
	f.pending = noJump
	j := f.emitABx(lua.OP_JMP, 0, noJump+maxSBx)
	f.joinJumps(&j, pending)
	return j
}

func (f *function) condJump(op, a, b, c int) int {
	f.emitABC(op, a, b, c)
	return f.jump()
}

// here marks the next instruction as the target of some jump.
func (f *function) here() int {
	f.lastTarget = f.pc()
	return f.pc()
}

func (f *function) setJump(pc, dest int) {
	offset := dest - (pc + 1)
	if offset > maxSBx || offset < -maxSBx {
		f.p.failHere("control structure too long")
	}
	f.code[pc] = f.code[pc]&^maxBx | uint32(offset+maxSBx)
}

func (f *function) nextJump(pc int) int {
	offset := sbxOf(f.code[pc])
	if offset == noJump {
		return noJump
	}
	return pc + 1 + offset
}

// control is the instruction that decides whether the jump at pc is taken.
func (f *function) control(pc int) *uint32 {
	if pc >= 1 {
		switch opOf(f.code[pc-1]) {
		case lua.OP_EQ, lua.OP_LT, lua.OP_LE, lua.OP_TEST, lua.OP_TESTSET:
			return &f.code[pc-1]
		}
	}
	return &f.code[pc]
}

// needsValue reports whether some jump of the list carries no value of its own.
func (f *function) needsValue(list int) bool {
	for ; list != noJump; list = f.nextJump(list) {
		if opOf(*f.control(list)) != lua.OP_TESTSET {
			return true
		}
	}
	return false
}

// patchTest makes a TESTSET store into reg, or a plain TEST if there is no need to.
func (f *function) patchTest(pc, reg int) bool {
	i := f.control(pc)
	if opOf(*i) != lua.OP_TESTSET {
		return false
	}
	if reg != noReg && reg != bOf(*i) {
		setA(i, reg)
	} else {
		*i = abc(lua.OP_TEST, bOf(*i), 0, cOf(*i))
	}
	return true
}

func (f *function) dropValues(list int) {
	for ; list != noJump; list = f.nextJump(list) {
		f.patchTest(list, noReg)
	}
}

func (f *function) patchList(list, withValue, reg, without int) {
	for list != noJump {
		next := f.nextJump(list)
		if f.patchTest(list, reg) {
			f.setJump(list, withValue)
		} else {
			f.setJump(list, without)
		}
		list = next
	}
}

func (f *function) settleJumps() {
	f.patchList(f.pending, f.pc(), noReg, f.pc())
	f.pending = noJump
}

func (f *function) patchTo(list, target int) {
	if target == f.pc() {
		f.patchHere(list)
		return
	}
	f.patchList(list, target, noReg, target)
}

func (f *function) patchHere(list int) {
	f.here()
	f.joinJumps(&f.pending, list)
}

// joinJumps adds list b to list a. The longer one is not walked to its end, so that a chain of many conditions takes linear time.
func (f *function) joinJumps(a *int, b int) {
	if b == noJump {
		return
	}
	if *a == noJump {
		*a = b
		return
	}
	lastA, lastB := *a, b
	for {
		next := f.nextJump(lastA)
		if next == noJump {
			f.setJump(lastA, b)
			return
		}
		lastA = next
		if next = f.nextJump(lastB); next == noJump {
			f.setJump(lastB, *a)
			*a = b
			return
		}
		lastB = next
	}
}
