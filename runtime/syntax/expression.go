package syntax

import lua "github.com/yuin/gopher-lua"

// operator is a binary operator with how strongly it binds its left and right operands.
type operator struct {
	left, right int
	op          int
	cond        int
}

const unaryPriority = 8

var operators = map[tokenKind]operator{
	'+': {left: 6, right: 6, op: lua.OP_ADD}, '-': {left: 6, right: 6, op: lua.OP_SUB},
	'*': {left: 7, right: 7, op: lua.OP_MUL}, '/': {left: 7, right: 7, op: lua.OP_DIV},
	'%': {left: 7, right: 7, op: lua.OP_MOD}, '^': {left: 10, right: 9, op: lua.OP_POW},
	tkConcat: {left: 5, right: 4, op: lua.OP_CONCAT},
	tkEq:     {left: 3, right: 3, op: lua.OP_EQ, cond: 1}, tkNe: {left: 3, right: 3, op: lua.OP_EQ},
	'<': {left: 3, right: 3, op: lua.OP_LT, cond: 1}, '>': {left: 3, right: 3, op: lua.OP_LT},
	tkLe: {left: 3, right: 3, op: lua.OP_LE, cond: 1}, tkGe: {left: 3, right: 3, op: lua.OP_LE},
	tkAnd: {left: 2, right: 2, op: opAnd}, tkOr: {left: 1, right: 1, op: opOr},
}

// These are no instructions but jumps.
const (
	opAnd = -1
	opOr  = -2
)

// exprList is a list of n expressions of which all but the last have been put into consecutive registers.
type exprList struct {
	n    int
	last expr
}

func (p *parser) expressions() exprList {
	list := exprList{n: 1, last: p.expression()}
	for p.accept(',') {
		p.f.toNextReg(&list.last)
		list.last = p.expression()
		list.n++
	}
	return list
}

func (p *parser) expression() expr { return p.binary(0) }

// toNext reads an expression into the next register.
func (p *parser) toNext() {
	e := p.expression()
	p.f.toNextReg(&e)
}

// binary reads an expression of operators that bind more strongly than limit.
func (p *parser) binary(limit int) expr {
	p.enterLevel()
	f := p.f
	e := p.unary()
	for {
		op, ok := operators[p.tok.kind]
		if !ok || op.left <= limit {
			break
		}
		p.next()
		p.leftOperand(op, &e)
		right := p.binary(op.right)
		switch op.op {
		case opAnd:
			f.discharge(&right)
			f.joinJumps(&right.onFalse, e.onFalse)
			e = right
		case opOr:
			f.discharge(&right)
			f.joinJumps(&right.onTrue, e.onTrue)
			e = right
		case lua.OP_CONCAT:
			f.concat(&e, &right)
		case lua.OP_EQ, lua.OP_LT, lua.OP_LE:
			f.compare(op.op, op.cond, &e, &right)
		default:
			f.arith(op.op, &e, &right)
		}
	}
	p.leaveLevel()
	return e
}

// leftOperand evaluates what must be evaluated before the right operand is.
func (p *parser) leftOperand(op operator, e *expr) {
	f := p.f
	switch op.op {
	case opAnd:
		f.goIfTrue(e)
	case opOr:
		f.goIfFalse(e)
	case lua.OP_CONCAT:
		f.toNextReg(e)
	case lua.OP_EQ, lua.OP_LT, lua.OP_LE:
		f.toOperand(e)
	default:
		if !e.isNumeral() {
			f.toOperand(e)
		}
	}
}

// concat joins two operands; a chain becomes a single instruction over consecutive registers.
func (f *function) concat(a, b *expr) {
	f.toValue(b)
	if b.kind == relocatable && opOf(f.code[b.info]) == lua.OP_CONCAT {
		f.releaseExpr(a)
		setB(&f.code[b.info], a.info)
		a.kind, a.info = relocatable, b.info
		return
	}
	f.toNextReg(b)
	f.releaseTwo(a.info, b.info)
	a.info = f.emitABC(lua.OP_CONCAT, 0, a.info, b.info)
	a.kind = relocatable
}

func (p *parser) unary() expr {
	op := p.tok.kind
	switch op {
	case tkNot, '-', '#':
	default:
		return p.simple()
	}
	p.next()
	e := p.binary(unaryPriority)
	switch op {
	case tkNot:
		p.f.not(&e)
	case '-':
		p.f.negate(&e)
	case '#':
		p.f.unary(lua.OP_LEN, &e)
	}
	return e
}

func (p *parser) simple() expr {
	f := p.f
	var e expr
	switch p.tok.kind {
	case tkNumber:
		e = f.numeral(p.tok.num)
	case tkString:
		e = newExpr(isConst, f.stringConst(p.tok.text))
	case tkNil:
		e = newExpr(isNil, 0)
	case tkTrue:
		e = newExpr(isTrue, 0)
	case tkFalse:
		e = newExpr(isFalse, 0)
	case tkDots:
		if !f.vararg {
			p.failHere("cannot use '...' outside a vararg function")
		}
		e = newExpr(isVararg, f.emitABC(lua.OP_VARARG, 0, 1, 0))
	case '{':
		return p.table()
	case tkFunction:
		line := p.line
		p.next()
		return p.body(false, line)
	default:
		return p.suffixed()
	}
	p.next()
	return e
}

// field reads ".name" or ":name" after a table.
func (p *parser) field(t *expr) string {
	p.f.toAnyReg(t)
	p.next()
	name := p.name()
	key := newExpr(isConst, p.f.stringConst(name))
	p.f.index(t, &key, true)
	return name
}

// bracketed reads "[key]". The second result tells whether the key is a string constant.
func (p *parser) bracketed() (expr, bool) {
	p.next()
	key := p.expression()
	isString := p.f.isString(&key)
	p.f.toValue(&key)
	p.require(']')
	return key, isString
}

func (f *function) isString(e *expr) bool {
	if e.kind != isConst || e.hasJumps() {
		return false
	}
	_, ok := f.constants[e.info].(lua.LString)
	return ok
}

// suffixed reads a variable or parenthesis with what is called, indexed or selected from it.
func (p *parser) suffixed() expr {
	f := p.f
	var e expr
	called := "?"
	switch {
	case p.tok.kind == '(':
		line := p.line
		p.next()
		e = p.expression()
		p.closing(')', '(', line)
		p.f.discharge(&e)
	case p.isName():
		called = p.tok.text
		e = f.variable(p.name())
	default:
		p.failHere("unexpected symbol")
	}
	for {
		switch p.tok.kind {
		case '.':
			called = p.field(&e)
		case '[':
			f.toAnyReg(&e)
			key, isString := p.bracketed()
			f.index(&e, &key, isString)
			called = "?"
		case ':':
			p.next()
			called = p.name()
			key := newExpr(isConst, f.stringConst(called))
			f.method(&e, &key)
			p.arguments(&e, called)
		case '(', tkString, '{':
			f.toNextReg(&e)
			p.arguments(&e, called)
		default:
			return e
		}
	}
}

// arguments reads the arguments of a call of the function in the register of e, which is the last one in use but for
// the object of a method call.
func (p *parser) arguments(e *expr, called string) {
	f := p.f
	line := p.line
	base := e.info
	open := false
	switch p.tok.kind {
	case '(':
		if line != p.lastLine {
			p.failHere("ambiguous syntax (function call x new statement)")
		}
		p.next()
		if p.tok.kind != ')' {
			list := p.expressions()
			if open = list.last.isMulti(); open {
				f.setReturns(&list.last, -1)
			} else {
				f.toNextReg(&list.last)
			}
		}
		p.closing(')', '(', line)
	case '{':
		t := p.table()
		f.toNextReg(&t)
	case tkString:
		s := newExpr(isConst, f.stringConst(p.tok.text))
		p.next()
		f.toNextReg(&s)
	default:
		p.failHere("function arguments expected")
	}
	n := 0
	if !open {
		n = f.free - base
	}
	e.set(isCall, f.emitABC(lua.OP_CALL, base, n, 2))
	f.fixLine(line)
	f.calls = append(f.calls, lua.DbgCall{Pc: e.info, Name: called})
	f.free = base + 1
}

// body reads the parameters and the block of a function.
func (p *parser) body(isMethod bool, line int) expr {
	child := newFunction(p, p.f, line)
	p.f = child
	child.enter(&block{}, false)
	p.require('(')
	var params []*lua.DbgLocalInfo
	if isMethod {
		child.declare(&params, "self")
	}
	if p.tok.kind != ')' {
		for {
			switch {
			case p.isName():
				child.declare(&params, p.name())
			case p.tok.kind == tkDots:
				p.next()
				child.vararg = true
			default:
				p.failHere("<name> or '...' expected")
			}
			if child.vararg || !p.accept(',') {
				break
			}
		}
	}
	child.params = len(params)
	child.activate(params)
	child.reserve(len(params))
	p.require(')')
	p.chunk()
	if p.tok.kind != tkEnd {
		p.closing(tkEnd, tkFunction, line)
	}
	proto := p.endFunction()
	p.closing(tkEnd, tkFunction, line)
	return p.f.closure(child, proto)
}
