package syntax

import lua "github.com/yuin/gopher-lua"

// breakName is the label that break jumps to; no name in a source can be equal to it.
const breakName = "break"

// block is a scope of local variables and labels.
type block struct {
	parent *block
	// active and marks are the numbers of local variables and of labels and gotos when the block began.
	active, marks int
	// captured is set if a closure holds one of the block's variables.
	captured bool
	isLoop   bool
}

// mark is a label, or a goto whose label has not been found yet.
type mark struct {
	name    string
	isLabel bool
	// pc is where a label stands; for a goto, the first of the two instructions set aside for it.
	pc, line int
	// active is the number of local variables in scope.
	active int
	// level is the register from which captured variables are to be closed on the way, -1 if none are.
	level int
}

func (f *function) enter(b *block, isLoop bool) {
	b.active, b.marks, b.isLoop = len(f.active), len(f.marks), isLoop
	b.parent = f.block
	f.block = b
}

func (f *function) leave() {
	b := f.block
	f.block = b.parent
	f.endLocals(b.active)
	if b.captured {
		f.emitABC(lua.OP_CLOSE, b.active, 0, 0)
	}
	f.free = len(f.active)
	if b.isLoop {
		// What breaks out of the loop arrives behind the instructions that end it: the caller calls arrive.
		return
	}
	f.settleMarks(b)
}

// arrive marks the place behind a loop, where its breaks lead, and then settles the loop's other gotos.
func (f *function) arrive(b *block) {
	label := mark{name: breakName, isLabel: true, pc: f.here(), active: b.active}
	rest := f.marks[:b.marks]
	for _, m := range f.marks[b.marks:] {
		if !m.isLabel && m.name == breakName {
			if b.captured {
				m.level = b.active
			}
			f.resolve(m, label.pc)
			continue
		}
		rest = append(rest, m)
	}
	f.marks = rest
	f.settleMarks(b)
}

// settleMarks ends the scope of a block's labels and hands its other gotos to the enclosing block.
func (f *function) settleMarks(b *block) {
	marks := f.marks[b.marks:]
	for i := range marks {
		label := &marks[i]
		if !label.isLabel {
			continue
		}
		for j := i + 1; j < len(marks); j++ {
			if g := &marks[j]; !g.isLabel && g.name == label.name {
				if b.captured && g.active > label.active {
					g.level = label.active
				}
				f.resolve(*g, label.pc)
				g.name = ""
			}
		}
		label.name = ""
	}
	rest := f.marks[:b.marks]
	for _, m := range marks {
		if m.name == "" {
			continue
		}
		if b.parent == nil {
			f.p.line = m.line
			if m.name == breakName {
				f.p.fail("", "no loop to break")
			}
			f.p.fail("", "undefined label '%s'", m.name)
		}
		m.active = b.active
		if b.captured {
			m.level = b.active
		}
		rest = append(rest, m)
	}
	f.marks = rest
}

// resolve completes a goto: [close] jump.
func (f *function) resolve(m mark, target int) {
	pc := m.pc
	if m.level >= 0 {
		f.code[pc] = abc(lua.OP_CLOSE, m.level, 0, 0)
		pc++
	}
	f.code[pc] = abx(lua.OP_JMP, 0, maxSBx)
	f.setJump(pc, target)
}

func (f *function) gotoLabel(name string) {
	pc := f.emitABC(lua.OP_NOP, 0, 0, 0)
	line := f.lines[pc]
	f.emitABC(lua.OP_NOP, 0, 0, 0)
	f.marks = append(f.marks, mark{name: name, pc: pc, line: line, active: len(f.active), level: -1})
}

func (f *function) duplicateLabel(name string) bool {
	for _, m := range f.marks[f.block.marks:] {
		if m.isLabel && m.name == name {
			return true
		}
	}
	return false
}

// forwardGotos resolves the gotos of the block that wait for the label just seen.
func (f *function) forwardGotos(label *mark) {
	rest := f.marks[:f.block.marks]
	for _, m := range f.marks[f.block.marks:] {
		if m.isLabel || m.name != label.name {
			rest = append(rest, m)
			continue
		}
		if m.active < label.active {
			f.p.line = m.line
			f.p.fail("", "<goto %s> jumps into the scope of local '%s'", m.name, f.active[m.active].Name)
		}
		f.resolve(m, label.pc)
	}
	f.marks = rest
}

// captured notes that a closure holds the variable in reg.
func (f *function) captured(reg int) {
	b := f.block
	for b != nil && b.active > reg {
		b = b.parent
	}
	if b != nil {
		b.captured = true
	}
}

// declare adds a local variable; it is not visible before activate.
func (f *function) declare(pending *[]*lua.DbgLocalInfo, name string) {
	if len(f.active)+len(*pending) >= maxLocals {
		f.limit(maxLocals, "local variables")
	}
	v := &lua.DbgLocalInfo{Name: name}
	f.locals = append(f.locals, v)
	*pending = append(*pending, v)
}

// activate makes declared variables visible from the next instruction on.
func (f *function) activate(vars []*lua.DbgLocalInfo) {
	for _, v := range vars {
		// The interpreter takes a variable as live while StartPc < pc < EndPc.
		v.StartPc = f.pc() - 1
		f.active = append(f.active, v)
	}
}

func (f *function) endLocals(n int) {
	for _, v := range f.active[n:] {
		v.EndPc = f.pc()
	}
	f.active = f.active[:n]
}
