package machine

import (
	"context"
	"fmt"
	"reflect"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// The types of this file have the layout of gopher-lua's; check compares them at start.

// Frame is a call in progress.
type Frame struct {
	Idx        int
	Fn         *lua.LFunction
	Parent     *frame
	Pc         int
	Base       int
	LocalBase  int
	ReturnBase int
	NArgs      int
	NRet       int
	TailCall   int
}

type frame = Frame

// allocator hands out room for numbers, a block at a time.
type allocator struct {
	size    int
	fptrs   []float64
	fheader unsafe.Pointer

	scratchValue  lua.LValue
	scratchValueP unsafe.Pointer
}

// Registry is the file of all registers of a thread.
type Registry struct {
	array   []lua.LValue
	top     int
	growBy  int
	maxSize int
	alloc   *allocator
	handler iface
}

// state is a Lua thread.
type state struct {
	G       *lua.Global
	Parent  *lua.LState
	Env     *lua.LTable
	Panic   func(*lua.LState)
	Dead    bool
	Options lua.Options

	stop         int32
	reg          *Registry
	stack        iface
	alloc        *allocator
	currentFrame *frame
	wrapped      bool
	uvcache      *lua.Upvalue
	hasErrorFunc bool
	mainLoop     func(*lua.LState, *frame)
	ctx          context.Context
	ctxCancelFn  context.CancelFunc
}

// table is a Lua table.
type table struct {
	Metatable lua.LValue

	array   []lua.LValue
	dict    map[lua.LValue]lua.LValue
	strdict map[string]lua.LValue
	keys    []lua.LValue
	k2i     map[lua.LValue]int
}

// upvalue is a captured variable.
type upvalue struct {
	next   *lua.Upvalue
	reg    *Registry
	index  int
	value  lua.LValue
	closed bool
}

// global is what all threads of a VM share.
type global struct {
	MainThread    *lua.LState
	CurrentThread *lua.LState
	Registry      *lua.LTable
	Global        *lua.LTable

	builtinMts map[int]lua.LValue
}

// prototype is a compiled function.
type prototype struct {
	SourceName         string
	LineDefined        int
	LastLineDefined    int
	NumUpvalues        uint8
	NumParameters      uint8
	IsVarArg           uint8
	NumUsedRegisters   uint8
	Code               []uint32
	Constants          []lua.LValue
	FunctionPrototypes []*lua.FunctionProto

	DbgSourcePositions []int
	DbgLocals          []*lua.DbgLocalInfo
	DbgCalls           []lua.DbgCall
	DbgUpvalues        []string

	stringConstants []string
}

func stateOf(L *lua.LState) *state            { return (*state)(unsafe.Pointer(L)) }
func tableOf(t *lua.LTable) *table            { return (*table)(unsafe.Pointer(t)) }
func protoOf(p *lua.FunctionProto) *prototype { return (*prototype)(unsafe.Pointer(p)) }
func upvalueOf(u *lua.Upvalue) *upvalue       { return (*upvalue)(unsafe.Pointer(u)) }
func globalOf(g *lua.Global) *global          { return (*global)(unsafe.Pointer(g)) }

// instruction runs one instruction. A result of 1 leaves the interpreter's loop.
type instruction func(L *lua.LState, inst uint32, base *frame) int

//go:linkname jumpTable github.com/yuin/gopher-lua.jumpTable
var jumpTable [lua.OP_NOP + 1]instruction

// stock keeps gopher-lua's own instructions, to which ours leave the cases that they do not change.
var stock [lua.OP_NOP + 1]instruction

var _ = install()

func install() bool {
	if err := check(); err != nil {
		panic(err)
	}
	if err := makeStackTab(); err != nil {
		panic(err)
	}
	stock = jumpTable
	for op, fn := range map[int]instruction{
		lua.OP_ADD: add, lua.OP_SUB: sub, lua.OP_MUL: mul, lua.OP_DIV: div, lua.OP_MOD: mod, lua.OP_POW: pow, lua.OP_UNM: unm,
		lua.OP_LEN: length, lua.OP_CLOSURE: closure, lua.OP_CONCAT: concat, lua.OP_SETLIST: setList,
		lua.OP_EQ: equal, lua.OP_LT: less, lua.OP_LE: lessOrEqual,
		lua.OP_GETGLOBAL: getGlobal, lua.OP_SETGLOBAL: setGlobal, lua.OP_GETTABLE: getTable, lua.OP_GETTABLEKS: getField,
		lua.OP_SETTABLE: setTable, lua.OP_SETTABLEKS: setField, lua.OP_SELF: self,
		lua.OP_FORPREP: forPrepare, lua.OP_FORLOOP: forLoop, lua.OP_TFORLOOP: iterate, lua.OP_CALL: call, lua.OP_TAILCALL: tailCall, lua.OP_JMP: jump,
	} {
		jumpTable[op] = fn
	}
	return true
}

// check reports whether gopher-lua's types are laid out as those above.
func check() error {
	L := reflect.TypeFor[lua.LState]()
	reg, _ := L.FieldByName("reg")
	alloc, _ := L.FieldByName("alloc")
	cf, _ := L.FieldByName("currentFrame")
	for _, t := range []struct{ theirs, ours reflect.Type }{
		{L, reflect.TypeFor[state]()},
		{reg.Type, reflect.TypeFor[*Registry]()},
		{alloc.Type, reflect.TypeFor[*allocator]()},
		{cf.Type, reflect.TypeFor[*frame]()},
		{reflect.TypeFor[lua.LTable](), reflect.TypeFor[table]()},
		{reflect.TypeFor[lua.FunctionProto](), reflect.TypeFor[prototype]()},
		{reflect.TypeFor[lua.Upvalue](), reflect.TypeFor[upvalue]()},
		{reflect.TypeFor[lua.Global](), reflect.TypeFor[global]()},
	} {
		if err := same(t.theirs, t.ours); err != nil {
			return fmt.Errorf("this version of gopher-lua is not supported: %w", err)
		}
	}
	if jumpTable[lua.OP_NOP] == nil {
		return fmt.Errorf("this version of gopher-lua is not supported: its instructions are elsewhere")
	}
	return nil
}

func same(theirs, ours reflect.Type) error {
	if theirs != nil && theirs.Kind() == reflect.Pointer {
		theirs, ours = theirs.Elem(), ours.Elem()
	}
	if theirs == nil || theirs.Kind() != reflect.Struct {
		return fmt.Errorf("no struct in place of %v", ours)
	}
	for i := range ours.NumField() {
		f := ours.Field(i)
		g, ok := theirs.FieldByName(f.Name)
		if !ok || g.Offset != f.Offset || g.Type.Kind() != f.Type.Kind() && g.Type.Size() != f.Type.Size() {
			return fmt.Errorf("%v has no field %s at offset %d", theirs, f.Name, f.Offset)
		}
	}
	return nil
}

// The fields of an instruction.
func aOf(i uint32) int   { return int(i>>18) & 0xff }
func bOf(i uint32) int   { return int(i & 0x1ff) }
func cOf(i uint32) int   { return int(i>>9) & 0x1ff }
func bxOf(i uint32) int  { return int(i & 0x3ffff) }
func sbxOf(i uint32) int { return int(i&0x3ffff) - 0x1ffff }
func opOf(i uint32) int  { return int(i >> 26) }

// constBit marks an operand as a constant.
const constBit = 1 << 8

// operand is the value of a register or constant.
func (s *state) operand(cf *frame, i int) lua.LValue {
	if i&constBit != 0 {
		return cf.Fn.Proto.Constants[i&^constBit]
	}
	return s.reg.array[cf.LocalBase+i]
}

// name is an operand that the compiler knows to be a string.
func (s *state) name(cf *frame, i int) string {
	if i&constBit != 0 {
		return protoOf(cf.Fn.Proto).stringConstants[i&^constBit]
	}
	return string(s.reg.array[cf.LocalBase+i].(lua.LString))
}

// set stores into a register of the running function, which is known to exist.
func (s *state) set(i int, v lua.LValue) {
	r := s.reg
	r.array[i] = v
	if i >= r.top {
		r.top = i + 1
	}
}

// Reserve makes room for n more values on L's stack, for a Go function that is about to push many: the stack itself grows by small
// steps, each of which copies it. It raises "stack overflow" where there cannot be so many.
func Reserve(L *lua.LState, n int) {
	r := stateOf(L).reg
	need := r.top + n
	if need <= len(r.array) {
		return
	}
	if need > r.maxSize {
		fail(L, "stack overflow")
	}
	array := make([]lua.LValue, min(max(need, 2*len(r.array)), r.maxSize))
	copy(array, r.array[:r.top])
	r.array = array
}

// ClearDead drops what L's stack still refers to above its top.
func ClearDead(L *lua.LState) {
	r := stateOf(L).reg
	end := len(r.array)
	if s := StackOf(L); s != nil {
		end = min(end, s.high)
		s.high = r.top
	}
	if r.top < end {
		clear(r.array[r.top:end])
	}
}

// pop takes the topmost value.
func (s *state) pop() lua.LValue {
	r := s.reg
	r.top--
	v := r.array[r.top]
	r.array[r.top] = lua.LNil
	return v
}

type iface struct{ tab, data unsafe.Pointer }

// onSlot makes a value of the number at p, which stays where it is.
func onSlot(p *float64) (v lua.LValue) {
	i := (*iface)(unsafe.Pointer(&v))
	i.tab, i.data = numberTab, unsafe.Pointer(p)
	return v
}

// smallNumbers need no room of their own.
const smallNumbers = 1024

var (
	small     [smallNumbers]lua.LValue
	numberTab = makeSmall()
)

func makeSmall() unsafe.Pointer {
	for i := range small {
		small[i] = lua.LNumber(i)
	}
	return (*iface)(unsafe.Pointer(&small[1])).tab
}

// number makes a Lua value of v without a heap allocation of its own.
func (a *allocator) number(v float64) (lv lua.LValue) {
	if v >= 0 && v < smallNumbers {
		// 1/v tells 0 from -0.
		if i := int(v); float64(i) == v && (i != 0 || 1/v > 0) {
			return small[i]
		}
	}
	n := len(a.fptrs)
	if n == cap(a.fptrs) {
		a.fptrs = make([]float64, 0, a.size)
		n = 0
	}
	a.fptrs = a.fptrs[:n+1]
	p := &a.fptrs[n]
	*p = v
	i := (*iface)(unsafe.Pointer(&lv))
	i.tab, i.data = numberTab, unsafe.Pointer(p)
	return lv
}

// Number makes a Lua value of v; it is cheaper than lua.LNumber(v) as an interface. Call it with the baton of L's VM held.
func Number(L *lua.LState, v float64) lua.LValue { return stateOf(L).alloc.number(v) }
