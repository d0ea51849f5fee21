package syntax

import lua "github.com/yuin/gopher-lua"

// statement reads one statement and reports whether it must be the last of its block.
func (p *parser) statement() bool {
	line := p.line
	switch p.tok.kind {
	case tkIf:
		p.ifStatement(line)
	case tkWhile:
		p.whileStatement(line)
	case tkDo:
		p.next()
		p.scoped()
		p.closing(tkEnd, tkDo, line)
	case tkFor:
		p.forStatement(line)
	case tkRepeat:
		p.repeatStatement(line)
	case tkFunction:
		p.functionStatement(line)
	case tkLocal:
		p.next()
		if p.accept(tkFunction) {
			p.localFunction()
		} else {
			p.localStatement()
		}
	case tkReturn:
		p.returnStatement()
		return true
	case tkBreak:
		p.next()
		p.f.gotoLabel(breakName)
		return true
	case tkLabel:
		p.label()
	case tkGoto:
		if p.lookahead() == tkName {
			p.next()
			p.f.gotoLabel(p.name())
			break
		}
		p.exprStatement()
	default:
		p.exprStatement()
	}
	return false
}

func (p *parser) condition() int {
	e := p.expression()
	if e.kind == isNil {
		e.kind = isFalse
	}
	p.f.goIfTrue(&e)
	return e.onFalse
}

func (p *parser) ifStatement(line int) {
	f := p.f
	exits := noJump
	for {
		p.next()
		otherwise := p.condition()
		p.require(tkThen)
		p.scoped()
		if p.tok.kind == tkElseif {
			f.joinJumps(&exits, f.jump())
			f.patchHere(otherwise)
			continue
		}
		if p.tok.kind == tkElse {
			f.joinJumps(&exits, f.jump())
			f.patchHere(otherwise)
			p.next()
			p.scoped()
		} else {
			f.joinJumps(&exits, otherwise)
		}
		break
	}
	f.patchHere(exits)
	p.closing(tkEnd, tkIf, line)
}

func (p *parser) whileStatement(line int) {
	f := p.f
	p.next()
	start := f.here()
	exit := p.condition()
	b := &block{}
	f.enter(b, true)
	p.require(tkDo)
	p.scoped()
	f.patchTo(f.jump(), start)
	p.closing(tkEnd, tkWhile, line)
	f.leave()
	f.patchHere(exit)
	f.arrive(b)
}

func (p *parser) repeatStatement(line int) {
	f := p.f
	start := f.here()
	loop, body := &block{}, &block{}
	f.enter(loop, true)
	f.enter(body, false)
	p.next()
	p.chunk()
	p.closing(tkUntil, tkRepeat, line)
	again := p.condition()
	if !body.captured {
		f.leave()
		f.patchTo(again, start)
	} else {
		f.gotoLabel(breakName)
		f.patchHere(again)
		f.leave()
		f.patchTo(f.jump(), start)
	}
	f.leave()
	f.arrive(loop)
}

func (p *parser) forStatement(line int) {
	f := p.f
	loop := &block{}
	f.enter(loop, true)
	p.next()
	name := p.name()
	switch p.tok.kind {
	case '=':
		p.numericFor(name, line)
	case ',', tkIn:
		p.genericFor(name, line)
	default:
		p.failHere("'=' or 'in' expected")
	}
	p.closing(tkEnd, tkFor, line)
	f.leave()
	f.arrive(loop)
}

func (p *parser) numericFor(name string, line int) {
	f := p.f
	base := f.free
	var control, vars []*lua.DbgLocalInfo
	f.declare(&control, "(for index)")
	f.declare(&control, "(for limit)")
	f.declare(&control, "(for step)")
	p.require('=')
	p.toNext()
	p.require(',')
	p.toNext()
	if p.accept(',') {
		p.toNext()
	} else {
		f.emitABx(lua.OP_LOADK, f.free, f.numberConst(1))
		f.reserve(1)
	}
	f.activate(control)
	p.require(tkDo)
	prepare := f.emitABx(lua.OP_FORPREP, base, noJump+maxSBx)
	f.fixLine(line)
	f.enter(&block{}, false)
	f.declare(&vars, name)
	f.activate(vars)
	f.reserve(1)
	p.chunk()
	f.leave()
	f.patchHere(noJump)
	f.setJump(prepare, f.pc())
	loop := f.emitABx(lua.OP_FORLOOP, base, noJump+maxSBx)
	f.fixLine(line)
	f.setJump(loop, prepare+1)
}

func (p *parser) genericFor(name string, line int) {
	f := p.f
	base := f.free
	var control, vars []*lua.DbgLocalInfo
	f.declare(&control, "(for generator)")
	f.declare(&control, "(for state)")
	f.declare(&control, "(for control)")
	names := []string{name}
	for p.accept(',') {
		names = append(names, p.name())
	}
	p.require(tkIn)
	p.adjust(3, p.expressions())
	// The call of the iterator needs three registers above the variables of the loop.
	f.need(3)
	f.activate(control)
	p.require(tkDo)
	prepare := f.jump()
	f.fixLine(line)
	f.enter(&block{}, false)
	for _, n := range names {
		f.declare(&vars, n)
	}
	f.activate(vars)
	f.reserve(len(names))
	p.chunk()
	f.leave()
	f.patchHere(prepare)
	f.emitABC(lua.OP_TFORLOOP, base, 0, len(names))
	f.fixLine(line)
	back := f.jump()
	f.fixLine(line)
	f.patchTo(back, prepare+1)
}

func (p *parser) functionStatement(line int) {
	f := p.f
	p.next()
	target := f.variable(p.name())
	isMethod := false
	for p.tok.kind == '.' || p.tok.kind == ':' {
		isMethod = p.tok.kind == ':'
		p.field(&target)
		if isMethod {
			break
		}
	}
	body := p.body(isMethod, line)
	f.assign(&target, &body)
	f.fixLine(line)
}

func (p *parser) localFunction() {
	f := p.f
	var vars []*lua.DbgLocalInfo
	f.declare(&vars, p.name())
	f.activate(vars)
	f.reserve(1)
	target := newExpr(isLocal, f.free-1)
	body := p.body(false, p.line)
	f.assign(&target, &body)
	vars[0].StartPc = f.pc() - 1
}

func (p *parser) localStatement() {
	f := p.f
	var vars []*lua.DbgLocalInfo
	for {
		f.declare(&vars, p.name())
		if !p.accept(',') {
			break
		}
	}
	if p.accept('=') {
		p.adjust(len(vars), p.expressions())
	} else {
		reg := f.free
		f.reserve(len(vars))
		f.loadNil(reg, len(vars))
	}
	f.activate(vars)
	f.free = len(f.active)
}

// adjust brings a list of expressions, all but the last of which are in registers, to n values.
func (p *parser) adjust(n int, list exprList) {
	f := p.f
	missing := n - list.n
	switch {
	case list.last.isMulti():
		missing = max(missing+1, 0)
		f.setReturns(&list.last, missing)
		if missing > 1 {
			f.reserve(missing - 1)
		}
	default:
		if list.n > 0 {
			f.toNextReg(&list.last)
		}
		if missing > 0 {
			reg := f.free
			f.reserve(missing)
			f.loadNil(reg, missing)
		}
	}
}

func (p *parser) returnStatement() {
	f := p.f
	p.next()
	first, n := 0, 0
	if !p.atBlockEnd() && p.tok.kind != ';' {
		list := p.expressions()
		e := &list.last
		switch {
		case e.isMulti():
			if e.kind == isCall && list.n == 1 {
				call := f.code[e.info]
				f.code[e.info] = abc(lua.OP_TAILCALL, aOf(call), bOf(call), 0)
			} else {
				f.setReturns(e, -1)
			}
			first, n = len(f.active), -1
		case list.n == 1:
			first, n = f.toAnyReg(e), 1
		default:
			f.toNextReg(e)
			first, n = len(f.active), list.n
		}
	}
	f.emitABC(lua.OP_RETURN, first, n+1, 0)
}

func (p *parser) label() {
	f := p.f
	p.next()
	if !p.isName() {
		p.expected(tkName)
	}
	m := mark{name: p.tok.text, isLabel: true, pc: f.here(), active: len(f.active)}
	p.next()
	if f.labelOf(f.block, m.name) != nil {
		p.fail("", "duplicate label '%s'", m.name)
	}
	at := len(f.marks)
	f.addMark(m)
	p.require(tkLabel)
	for p.tok.kind == tkLabel {
		p.enterLevel()
		p.label()
		p.leaveLevel()
	}
	// A label at the end of a block counts as outside of the scope of the block's variables.
	if p.atBlockEnd() && p.tok.kind != tkUntil {
		m.active = f.block.active
		f.marks[at].active = m.active
	}
	f.forwardGotos(&m)
}

// exprStatement reads a call or an assignment.
func (p *parser) exprStatement() {
	f := p.f
	e := p.suffixed()
	if e.kind == isCall {
		setC(&f.code[e.info], 1)
		return
	}
	targets := []expr{e}
	for {
		last := targets[len(targets)-1]
		if last.kind < isLocal || last.kind > isIndexed {
			p.failHere("syntax error")
		}
		if !p.accept(',') {
			break
		}
		next := p.suffixed()
		if next.kind == isLocal {
			p.avoidClash(targets, next.info)
		}
		if targets = append(targets, next); p.level+len(targets) > maxLevels {
			f.limit(maxLevels, "variable names")
		}
	}
	p.require('=')
	list := p.expressions()
	rest := targets
	if list.n == len(targets) {
		f.setOneReturn(&list.last)
		f.assign(&targets[len(targets)-1], &list.last)
		rest = targets[:len(targets)-1]
	} else {
		p.adjust(len(targets), list)
		if list.n > len(targets) {
			f.free -= list.n - len(targets)
		}
	}
	for i := len(rest) - 1; i >= 0; i-- {
		value := newExpr(inRegister, f.free-1)
		f.assign(&rest[i], &value)
	}
}

// avoidClash keeps a local variable that earlier targets use as table or key from being overwritten before they are.
func (p *parser) avoidClash(targets []expr, reg int) {
	f := p.f
	extra := f.free
	clash := false
	for i := range targets {
		t := &targets[i]
		if t.kind != isIndexed {
			continue
		}
		if t.info == reg {
			t.info, clash = extra, true
		}
		if t.aux == reg {
			t.aux, clash = extra, true
		}
	}
	if clash {
		f.emitABC(lua.OP_MOVE, extra, reg, 0)
		f.reserve(1)
	}
}
