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

// mark is a label, or a goto; one whose label has been found has no name any more.
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
	target := f.here()
	for i := b.marks; i < len(f.marks); i++ {
		m := &f.marks[i]
		if m.isLabel || m.name != breakName {
			continue
		}
		if b.captured {
			m.level = b.active
		}
		f.resolve(m, target)
	}
	f.settleMarks(b)
}

// settleMarks ends the scope of a block's labels and hands its other gotos to the enclosing block.
func (f *function) settleMarks(b *block) {
	marks := f.marks[b.marks:]
	if len(marks) == 0 {
		return
	}
	for i := range marks {
		g := &marks[i]
		if g.isLabel || g.name == "" {
			continue
		}
		f.named.remove(g, b.marks)
		// A label behind the goto would have resolved it when it was seen.
		label := f.labelOf(b, g.name)
		if label == nil {
			continue
		}
		if b.captured && g.active > label.active {
			g.level = label.active
		}
		f.resolve(g, label.pc)
	}
	for i := range marks {
		if marks[i].isLabel {
			f.named.remove(&marks[i], b.marks)
		}
	}
	f.marks = f.marks[:b.marks]
	for _, m := range marks {
		if m.isLabel || m.name == "" {
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
		f.addMark(m)
	}
}

// resolve completes a goto, [close] jump, and takes its name away: what is left is dropped when the block ends.
func (f *function) resolve(m *mark, target int) {
	pc := m.pc
	if m.level >= 0 {
		f.code[pc] = abc(lua.OP_CLOSE, m.level, 0, 0)
		pc++
	}
	f.code[pc] = abx(lua.OP_JMP, 0, maxSBx)
	f.setJump(pc, target)
	m.name = ""
}

func (f *function) gotoLabel(name string) {
	pc := f.emitABC(lua.OP_NOP, 0, 0, 0)
	line := f.lines[pc]
	f.emitABC(lua.OP_NOP, 0, 0, 0)
	f.addMark(mark{name: name, pc: pc, line: line, active: len(f.active), level: -1})
}

func (f *function) addMark(m mark) {
	f.named.add(&m, len(f.marks))
	f.marks = append(f.marks, m)
}

// labelOf is the block's label of that name, nil if there is none. Valid until the next mark is added.
func (f *function) labelOf(b *block, name string) *mark {
	places := f.named.labels[name]
	if n := len(places); n > 0 && places[n-1] >= b.marks {
		return &f.marks[places[n-1]]
	}
	return nil
}

// forwardGotos resolves the gotos of the block that wait for the label just seen.
func (f *function) forwardGotos(label *mark) {
	for _, i := range f.named.takeGotos(label.name, f.block.marks) {
		m := &f.marks[i]
		if m.active < label.active {
			f.p.line = m.line
			f.p.fail("", "<goto %s> jumps into the scope of local '%s'", m.name, f.active[m.active].Name)
		}
		f.resolve(m, label.pc)
	}
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
