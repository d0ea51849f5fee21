package syntax

import (
	"math"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
)

// LuaJIT's limits, so that what it refuses is refused here as well.
const (
	maxRegisters = 250
	maxLocals    = 200
	maxUpvalues  = 120
	maxLevels    = 200
)

// function is a function whose body is being read.
type function struct {
	p           *parser
	parent      *function
	lineDefined int
	params      int
	vararg      bool

	code  []uint32
	lines []int
	// pending lists the jumps to the next instruction to be emitted.
	pending    int
	lastTarget int
	free       int
	maxStack   int

	constants []lua.LValue
	strings   map[string]int
	numbers   map[uint64]int
	others    map[lua.LValue]int
	protos    []*lua.FunctionProto
	calls     []lua.DbgCall

	// active holds the visible local variables, each in the register of the same number.
	active   []*lua.DbgLocalInfo
	locals   []*lua.DbgLocalInfo
	upvalues []upvalue
	block    *block
	marks    []mark
	named    markIndex
}

// upvalue says where a new closure finds a captured variable: in a register of the enclosing function, or among that
// function's own upvalues.
type upvalue struct {
	name    string
	isLocal bool
	index   int
}

func newFunction(p *parser, parent *function, line int) *function {
	return &function{
		p: p, parent: parent, lineDefined: line, pending: noJump, lastTarget: -1, maxStack: 2,
		strings: map[string]int{},
	}
}

func (f *function) limit(n int, what string) {
	if f.lineDefined == 0 {
		f.p.fail("", "main function has more than %d %s", n, what)
	}
	f.p.fail("", "function at line %d has more than %d %s", f.lineDefined, n, what)
}

func (f *function) addConstant(v lua.LValue) int {
	if len(f.constants) > maxBx {
		f.limit(maxBx+1, "constants")
	}
	f.constants = append(f.constants, v)
	return len(f.constants) - 1
}

func (f *function) stringConst(s string) int {
	if k, ok := f.strings[s]; ok {
		return k
	}
	k := f.addConstant(lua.LString(s))
	f.strings[s] = k
	return k
}

func (f *function) numberConst(v float64) int {
	bits := math.Float64bits(v)
	if k, ok := f.numbers[bits]; ok {
		return k
	}
	if f.numbers == nil {
		f.numbers = map[uint64]int{}
	}
	k := f.addConstant(lua.LNumber(v))
	f.numbers[bits] = k
	return k
}

func (f *function) constant(v lua.LValue) int {
	if k, ok := f.others[v]; ok {
		return k
	}
	if f.others == nil {
		f.others = map[lua.LValue]int{}
	}
	k := f.addConstant(v)
	f.others[v] = k
	return k
}

// numeral is the expression for a number token.
func (f *function) numeral(n Number) expr {
	switch n.Kind {
	case Int64:
		return newExpr(isConst, f.addConstant(cdata.NewInt64(int64(n.Bits))))
	case Uint64:
		return newExpr(isConst, f.addConstant(cdata.NewUint64(n.Bits)))
	case Imaginary:
		return newExpr(isConst, f.addConstant(cdata.NewComplex(complex(0, n.F))))
	}
	e := newExpr(isNumber, 0)
	e.num = n.F
	return e
}

func (f *function) findLocal(name string) int {
	for i := len(f.active) - 1; i >= 0; i-- {
		if f.active[i].Name == name {
			return i
		}
	}
	return -1
}

// findUpvalue captures a variable of an enclosing function; -1 means that the name is global.
func (f *function) findUpvalue(name string) int {
	for i := range f.upvalues {
		if f.upvalues[i].name == name {
			return i
		}
	}
	if f.parent == nil {
		return -1
	}
	u := upvalue{name: name}
	if reg := f.parent.findLocal(name); reg >= 0 {
		f.parent.captured(reg)
		u.isLocal, u.index = true, reg
	} else if u.index = f.parent.findUpvalue(name); u.index < 0 {
		return -1
	}
	if len(f.upvalues) >= maxUpvalues {
		f.limit(maxUpvalues, "upvalues")
	}
	f.upvalues = append(f.upvalues, u)
	return len(f.upvalues) - 1
}

// variable is the expression for a name.
func (f *function) variable(name string) expr {
	if reg := f.findLocal(name); reg >= 0 {
		return newExpr(isLocal, reg)
	}
	if i := f.findUpvalue(name); i >= 0 {
		return newExpr(isUpvalue, i)
	}
	return newExpr(isGlobal, f.stringConst(name))
}

// closure emits the creation of a function that has been read.
func (f *function) closure(child *function, proto *lua.FunctionProto) expr {
	f.protos = append(f.protos, proto)
	e := newExpr(relocatable, f.emitABx(lua.OP_CLOSURE, 0, len(f.protos)-1))
	for _, u := range child.upvalues {
		if u.isLocal {
			f.emitABC(lua.OP_MOVE, 0, u.index, 0)
		} else {
			f.emitABC(lua.OP_GETUPVAL, 0, u.index, 0)
		}
	}
	if len(f.protos) > maxBx {
		f.limit(maxBx, "functions")
	}
	return e
}

// Native marks, in a prototype's IsVarArg, code that this package has made. Unlike gopher-lua's own compiler's, it reads no register before it has
// written it, and announces all that it uses; and behind the code, in the slice's capacity, there is as much room again for the interpreter's hints.
const Native = 1 << 7

// finish turns the function into what the interpreter runs.
func (f *function) finish(lastLine int) *lua.FunctionProto {
	f.emitABC(lua.OP_RETURN, 0, 1, 0)
	f.endLocals(0)
	f.settleJumps()
	proto := &lua.FunctionProto{
		SourceName:         f.p.source,
		LineDefined:        f.lineDefined,
		LastLineDefined:    lastLine,
		NumUpvalues:        uint8(len(f.upvalues)),
		NumParameters:      uint8(f.params),
		NumUsedRegisters:   uint8(f.maxStack + 1),
		Code:               withHints(f.code),
		Constants:          f.constants,
		FunctionPrototypes: f.protos,
		DbgSourcePositions: append([]int(nil), f.lines...),
		DbgLocals:          f.locals,
		DbgCalls:           f.calls,
		IsVarArg:           Native,
	}
	if f.vararg {
		proto.IsVarArg |= lua.VarArgIsVarArg | lua.VarArgHasArg
	}
	for _, u := range f.upvalues {
		proto.DbgUpvalues = append(proto.DbgUpvalues, u.name)
	}
	proto.DbgUpvalues = append(proto.DbgUpvalues, f.p.chunkname)
	polish(proto)
	return proto
}

// withHints copies code to where there is room for as many hints.
func withHints(code []uint32) []uint32 { return append(make([]uint32, 0, 2*len(code)), code...) }

// Copy is code that does the same as proto and the functions inside it, with hints of its own: what the interpreter finds in one VM's tables lies
// elsewhere in another's. Everything else is shared. proto is Compile's.
func Copy(proto *lua.FunctionProto) *lua.FunctionProto {
	own := *proto
	own.Code = withHints(proto.Code)
	own.FunctionPrototypes = make([]*lua.FunctionProto, len(proto.FunctionPrototypes))
	for i, inner := range proto.FunctionPrototypes {
		own.FunctionPrototypes[i] = Copy(inner)
	}
	return &own
}

// ChunkName is the name under which a compiled chunk was loaded, in full ("@file", "=name" or source text), as
// debug.getinfo reports it in "source".
func ChunkName(proto *lua.FunctionProto) string {
	// It is kept behind the names of the upvalues: the interpreter has no room for it elsewhere, and looks names up by
	// index below NumUpvalues only.
	if n := int(proto.NumUpvalues); n < len(proto.DbgUpvalues) {
		return proto.DbgUpvalues[n]
	}
	return "=" + proto.SourceName
}

func (p *parser) intern(s string) string {
	if v, ok := p.words[s]; ok {
		return v
	}
	s = strings.Clone(s)
	p.words[s] = s
	return s
}
