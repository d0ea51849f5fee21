package syntax

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
)

// exprKind says where the value of an expression is, or how to get it.
type exprKind uint8

const (
	noValue exprKind = iota
	isNil
	isTrue
	isFalse
	isConst     // info: index of the constant
	isNumber    // num
	isLocal     // info: register
	isUpvalue   // info: index
	isGlobal    // info: constant with the name
	isIndexed   // info: register of the table, aux: register or constant of the key
	isJump      // info: the jump that is taken when true
	relocatable // info: instruction that may put it into any register
	inRegister  // info: register
	isCall      // info: instruction
	isVararg    // info: instruction
)

// expr describes an expression that may not have been evaluated yet.
type expr struct {
	kind      exprKind
	stringKey bool
	info, aux int
	num       float64
	// onTrue and onFalse are the jumps that leave the expression with that outcome.
	onTrue, onFalse int
}

func newExpr(kind exprKind, info int) expr {
	return expr{kind: kind, info: info, onTrue: noJump, onFalse: noJump}
}

func (e *expr) set(kind exprKind, info int) { *e = newExpr(kind, info) }

func (e *expr) hasJumps() bool { return e.onTrue != e.onFalse }

func (e *expr) isNumeral() bool { return e.kind == isNumber && !e.hasJumps() }

func (e *expr) isMulti() bool { return e.kind == isCall || e.kind == isVararg }

// setReturns makes a call or ... deliver n values, or all of them where n is negative.
func (f *function) setReturns(e *expr, n int) {
	switch e.kind {
	case isCall:
		setC(&f.code[e.info], n+1)
	case isVararg:
		setB(&f.code[e.info], n+1)
		setA(&f.code[e.info], f.free)
		f.reserve(1)
	}
}

func (f *function) setOneReturn(e *expr) {
	switch e.kind {
	case isCall:
		e.kind = inRegister
		e.info = aOf(f.code[e.info])
	case isVararg:
		// The interpreter cuts the register file above what VARARG writes, so its target must be the highest one.
		setB(&f.code[e.info], 2)
		setA(&f.code[e.info], f.free)
		e.kind = inRegister
		e.info = f.free
		f.reserve(1)
	}
}

// discharge turns a variable into a value.
func (f *function) discharge(e *expr) {
	switch e.kind {
	case isLocal:
		e.kind = inRegister
	case isUpvalue:
		e.info = f.emitABC(lua.OP_GETUPVAL, 0, e.info, 0)
		e.kind = relocatable
	case isGlobal:
		e.info = f.emitABx(lua.OP_GETGLOBAL, 0, e.info)
		e.kind = relocatable
	case isIndexed:
		op := lua.OP_GETTABLE
		if e.stringKey {
			op = lua.OP_GETTABLEKS
		}
		f.release(e.aux)
		f.release(e.info)
		e.info = f.emitABC(op, 0, e.info, e.aux)
		e.kind = relocatable
	case isCall, isVararg:
		f.setOneReturn(e)
	}
}

// load puts the value into reg, jumps aside.
func (f *function) load(e *expr, reg int) {
	f.discharge(e)
	switch e.kind {
	case isNil:
		f.loadNil(reg, 1)
	case isTrue:
		f.emitABC(lua.OP_LOADBOOL, reg, 1, 0)
	case isFalse:
		f.emitABC(lua.OP_LOADBOOL, reg, 0, 0)
	case isConst:
		f.emitABx(lua.OP_LOADK, reg, e.info)
	case isNumber:
		f.emitABx(lua.OP_LOADK, reg, f.numberConst(e.num))
	case relocatable:
		setA(&f.code[e.info], reg)
	case inRegister:
		if reg != e.info {
			f.emitABC(lua.OP_MOVE, reg, e.info, 0)
		}
	default:
		return
	}
	e.kind, e.info = inRegister, reg
}

func (f *function) loadAny(e *expr) {
	if e.kind != inRegister {
		f.reserve(1)
		f.load(e, f.free-1)
	}
}

// store brings the value into reg, whatever way the expression is left.
func (f *function) store(e *expr, reg int) {
	f.load(e, reg)
	if e.kind == isJump {
		f.joinJumps(&e.onTrue, e.info)
	}
	if e.hasJumps() {
		loadFalse, loadTrue := noJump, noJump
		if f.needsValue(e.onTrue) || f.needsValue(e.onFalse) {
			skip := noJump
			if e.kind != isJump {
				skip = f.jump()
			}
			f.here()
			loadFalse = f.emitABC(lua.OP_LOADBOOL, reg, 0, 1)
			f.here()
			loadTrue = f.emitABC(lua.OP_LOADBOOL, reg, 1, 0)
			f.patchHere(skip)
		}
		end := f.here()
		f.patchList(e.onFalse, end, reg, loadFalse)
		f.patchList(e.onTrue, end, reg, loadTrue)
	}
	e.set(inRegister, reg)
}

func (f *function) toNextReg(e *expr) {
	f.discharge(e)
	f.releaseExpr(e)
	f.reserve(1)
	f.store(e, f.free-1)
}

func (f *function) toAnyReg(e *expr) int {
	f.discharge(e)
	if e.kind == inRegister {
		if !e.hasJumps() {
			return e.info
		}
		if e.info >= len(f.active) {
			f.store(e, e.info)
			return e.info
		}
	}
	f.toNextReg(e)
	return e.info
}

func (f *function) toValue(e *expr) {
	if e.hasJumps() {
		f.toAnyReg(e)
	} else {
		f.discharge(e)
	}
}

// toOperand gives a register, or a constant if an instruction can hold it.
func (f *function) toOperand(e *expr) int {
	f.toValue(e)
	k := maxConst + 1
	switch e.kind {
	case isNumber:
		k = f.numberConst(e.num)
	case isConst:
		k = e.info
	case isNil:
		k = f.constant(lua.LNil)
	case isTrue:
		k = f.constant(lua.LTrue)
	case isFalse:
		k = f.constant(lua.LFalse)
	}
	if k > maxConst {
		return f.toAnyReg(e)
	}
	e.kind, e.info = isConst, k
	return k | constBit
}

// assign emits the store of e into the variable.
func (f *function) assign(variable, e *expr) {
	switch variable.kind {
	case isLocal:
		f.releaseExpr(e)
		f.store(e, variable.info)
		return
	case isUpvalue:
		f.emitABC(lua.OP_SETUPVAL, f.toAnyReg(e), variable.info, 0)
	case isGlobal:
		f.emitABx(lua.OP_SETGLOBAL, f.toAnyReg(e), variable.info)
	case isIndexed:
		op := lua.OP_SETTABLE
		if variable.stringKey {
			op = lua.OP_SETTABLEKS
		}
		value := f.toOperand(e)
		f.emitABC(op, variable.info, variable.aux, value)
	}
	f.releaseExpr(e)
}

// method evaluates obj:name into two registers, the function and the object.
func (f *function) method(e, key *expr) {
	f.toAnyReg(e)
	f.releaseExpr(e)
	base := f.free
	f.reserve(2)
	f.emitABC(lua.OP_SELF, base, e.info, f.toOperand(key))
	f.releaseExpr(key)
	e.set(inRegister, base)
}

// index turns t into t[key].
func (f *function) index(t, key *expr, stringKey bool) {
	t.aux = f.toOperand(key)
	t.stringKey = stringKey
	t.kind = isIndexed
}

func (f *function) invert(e *expr) {
	i := f.control(e.info)
	setA(i, aOf(*i)^1)
}

func (f *function) jumpOn(e *expr, cond int) int {
	if e.kind == relocatable {
		if i := f.code[e.info]; opOf(i) == lua.OP_NOT {
			// "not x" needs no value here: test x the other way round.
			f.dropLast()
			return f.condJump(lua.OP_TEST, bOf(i), 0, cond^1)
		}
	}
	f.loadAny(e)
	f.releaseExpr(e)
	return f.condJump(lua.OP_TESTSET, noReg, e.info, cond)
}

func (f *function) dropLast() {
	f.code = f.code[:len(f.code)-1]
	f.lines = f.lines[:len(f.lines)-1]
}

// goIfTrue goes on when e is true and collects the jumps taken otherwise.
func (f *function) goIfTrue(e *expr) {
	f.discharge(e)
	var out int
	switch e.kind {
	case isConst, isNumber, isTrue:
		out = noJump
	case isJump:
		f.invert(e)
		out = e.info
	case isFalse:
		out = f.jump()
	default:
		out = f.jumpOn(e, 0)
	}
	f.joinJumps(&e.onFalse, out)
	f.patchHere(e.onTrue)
	e.onTrue = noJump
}

func (f *function) goIfFalse(e *expr) {
	f.discharge(e)
	var out int
	switch e.kind {
	case isNil, isFalse:
		out = noJump
	case isJump:
		out = e.info
	case isTrue:
		out = f.jump()
	default:
		out = f.jumpOn(e, 1)
	}
	f.joinJumps(&e.onTrue, out)
	f.patchHere(e.onFalse)
	e.onFalse = noJump
}

func (f *function) not(e *expr) {
	f.discharge(e)
	switch e.kind {
	case isNil, isFalse:
		e.kind = isTrue
	case isConst, isNumber, isTrue:
		e.kind = isFalse
	case isJump:
		f.invert(e)
	case relocatable, inRegister:
		f.loadAny(e)
		f.releaseExpr(e)
		e.info = f.emitABC(lua.OP_NOT, 0, e.info, 0)
		e.kind = relocatable
	}
	e.onTrue, e.onFalse = e.onFalse, e.onTrue
	f.dropValues(e.onFalse)
	f.dropValues(e.onTrue)
}

func (f *function) negate(e *expr) {
	// -0 is left to run time: as a constant it could not be told from 0.
	if e.isNumeral() && e.num != 0 {
		e.num = -e.num
		return
	}
	if e.kind == isConst && !e.hasJumps() {
		if c, ok := cdata.ComplexOf(f.constants[e.info]); ok {
			e.info = f.addConstant(cdata.NewComplex(complex(real(c), -imag(c))))
			return
		}
	}
	f.unary(lua.OP_UNM, e)
}

func (f *function) unary(op int, e *expr) {
	f.toAnyReg(e)
	f.releaseExpr(e)
	e.info = f.emitABC(op, 0, e.info, 0)
	e.kind = relocatable
}

// fold computes an operation on two numerals. NaN and -0 are left to run time, as LuaJIT does.
func fold(op int, a, b *expr) bool {
	if !a.isNumeral() || !b.isNumeral() {
		return false
	}
	x, y := a.num, b.num
	var r float64
	switch op {
	case lua.OP_ADD:
		r = x + y
	case lua.OP_SUB:
		r = x - y
	case lua.OP_MUL:
		r = x * y
	case lua.OP_DIV:
		r = x / y
	case lua.OP_MOD:
		r = x - math.Floor(x/y)*y
	case lua.OP_POW:
		r = math.Pow(x, y)
	}
	if math.IsNaN(r) || r == 0 && math.Signbit(r) {
		return false
	}
	a.num = r
	return true
}

func (f *function) arith(op int, a, b *expr) {
	if fold(op, a, b) {
		return
	}
	rb := f.toOperand(b)
	ra := f.toOperand(a)
	f.releaseTwo(ra, rb)
	a.info = f.emitABC(op, 0, ra, rb)
	a.kind = relocatable
}

func (f *function) compare(op, cond int, a, b *expr) {
	ra := f.toOperand(a)
	rb := f.toOperand(b)
	f.releaseTwo(ra, rb)
	if cond == 0 && op != lua.OP_EQ {
		// a > b is b < a
		ra, rb = rb, ra
		cond = 1
	}
	a.info = f.condJump(op, cond, ra, rb)
	a.kind = isJump
}
