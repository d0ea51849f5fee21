package machine

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// Call is a call in progress. It is valid until the function it describes goes on.
type Call struct {
	L *lua.LState
	f *frame
	// child is the call that f is in the middle of, nil for the running function.
	child *frame
}

// CallAt is the call at a level of L's stack, level 0 being the running function. Lua functions that have made a tail call are
// gone, as in LuaJIT.
func CallAt(L *lua.LState, level int) (Call, bool) {
	c := Call{L: L, f: stateOf(L).currentFrame}
	for ; level > 0 && c.f != nil; level-- {
		c = c.caller()
	}
	return c, c.f != nil
}

// caller goes one level up.
func (c Call) caller() Call {
	p := c.f.Parent
	if c.f.Fn.IsG && p != nil && inTailCall(p) {
		// The interpreter keeps the frame of a function that tail calls a Go function; nobody else is to see it.
		return Call{L: c.L, f: p.Parent, child: p}
	}
	return Call{L: c.L, f: p, child: c.f}
}

// Caller is the call that made c; the second result is false at the bottom of the stack.
func (c Call) Caller() (Call, bool) {
	c = c.caller()
	return c, c.f != nil
}

// failedTailCall marks a frame whose tail call found nothing to call: it is still there.
const failedTailCall = -1

func inTailCall(f *frame) bool {
	if f.Fn.IsG || f.TailCall == failedTailCall || f.Pc < 1 || f.Pc > len(f.Fn.Proto.Code) {
		return false
	}
	return opOf(f.Fn.Proto.Code[f.Pc-1]) == lua.OP_TAILCALL
}

// Function is the function that was called.
func (c Call) Function() *lua.LFunction { return c.f.Fn }

// Line is the current line, -1 for a Go function.
func (c Call) Line() int {
	if c.f == nil || c.f.Fn.IsG {
		return -1
	}
	lines := c.f.Fn.Proto.DbgSourcePositions
	pc := max(c.f.Pc-1, 0)
	if pc >= len(lines) {
		return -1
	}
	return lines[pc]
}

// position is "chunk:line: ", or empty.
func (c Call) position() string {
	line := c.Line()
	if line < 0 {
		return ""
	}
	return c.f.Fn.Proto.SourceName + ":" + strconv.Itoa(line) + ": "
}

// Name tells what the function was called by: "global", "local", "method", "field" or "upvalue", and the name; or "metamethod".
// Both are empty if it has none.
func (c Call) Name() (kind, name string) {
	up := c.caller().f
	if up == nil || up.Fn.IsG || up.Pc < 1 || up.Pc > len(up.Fn.Proto.Code) {
		return "", ""
	}
	pc := up.Pc - 1
	i := up.Fn.Proto.Code[pc]
	switch op := opOf(i); op {
	case lua.OP_CALL, lua.OP_TAILCALL:
		return slotName(up.Fn.Proto, pc, aOf(i))
	case lua.OP_TFORLOOP:
		return slotName(up.Fn.Proto, pc, aOf(i))
	default:
		if event := metamethods[op]; event != "" {
			return "metamethod", event
		}
	}
	return "", ""
}

var metamethods = map[int]string{
	lua.OP_GETGLOBAL: "__index", lua.OP_GETTABLE: "__index", lua.OP_GETTABLEKS: "__index", lua.OP_SELF: "__index",
	lua.OP_SETGLOBAL: "__newindex", lua.OP_SETTABLE: "__newindex", lua.OP_SETTABLEKS: "__newindex",
	lua.OP_ADD: "__add", lua.OP_SUB: "__sub", lua.OP_MUL: "__mul", lua.OP_DIV: "__div", lua.OP_MOD: "__mod", lua.OP_POW: "__pow",
	lua.OP_UNM: "__unm", lua.OP_LEN: "__len", lua.OP_CONCAT: "__concat", lua.OP_EQ: "__eq", lua.OP_LT: "__lt", lua.OP_LE: "__le",
}

// Returns reports whether the instruction at pc of a Lua function is a return.
func Returns(fn *lua.LFunction, pc int) bool { return opOf(fn.Proto.Code[pc]) == lua.OP_RETURN }

// Builtin is the number that LuaJIT's tostring shows in place of an address for a function of its own library, 0 for all other
// functions.
func Builtin(fn *lua.LFunction) int {
	if fn.IsG && fn.Proto != nil {
		return fn.Proto.LineDefined
	}
	return 0
}

// SetBuiltin sets what Builtin gives for a Go function; an id of 0 leaves it as it is.
func SetBuiltin(fn *lua.LFunction, id int) {
	if id != 0 {
		p := builtin(id)
		if quickOf(fn) != nil {
			p.LastLineDefined = quickMark
		}
		fn.Proto = p
	}
}

// builtin keeps the number in the prototype, for which a Go function has no use.
func builtin(id int) *lua.FunctionProto { return &lua.FunctionProto{LineDefined: id} }

// IsMain reports whether the function is the main chunk of a file or string.
func (c Call) IsMain() bool { return !c.f.Fn.IsG && c.f.Fn.Proto.LineDefined == 0 }

// Local is the n-th active local variable, counted from 1, or a temporary value; n below 0 counts the extra arguments of a vararg
// function. The name is empty if there is none.
func (c Call) Local(n int) (string, lua.LValue) {
	settleState(c.L)
	name, slot := c.localSlot(n)
	if name == "" {
		return "", lua.LNil
	}
	v := stateOf(c.L).reg.array[slot]
	if v == nil {
		v = lua.LNil
	}
	return name, v
}

// SetLocal sets what Local gets and returns its name.
func (c Call) SetLocal(n int, v lua.LValue) string {
	settleState(c.L)
	name, slot := c.localSlot(n)
	if name != "" {
		stateOf(c.L).reg.array[slot] = v
	}
	return name
}

func (c Call) localSlot(n int) (string, int) {
	f := c.f
	if n < 0 {
		if f.Fn.IsG || f.Fn.Proto.IsVarArg&lua.VarArgIsVarArg == 0 {
			return "", 0
		}
		if params := int(f.Fn.Proto.NumParameters); -n <= f.NArgs-params {
			return "(*vararg)", f.Base + params - n
		}
		return "", 0
	}
	if n == 0 {
		return "", 0
	}
	slot := f.LocalBase + n - 1
	if !f.Fn.IsG {
		if name := localName(f.Fn.Proto, n-1, f.Pc-1); name != "" {
			return name, slot
		}
	}
	top := stateOf(c.L).reg.top
	if c.child != nil {
		top = c.child.Base
	}
	if slot < top {
		return "(*temporary)", slot
	}
	return "", 0
}

// ParameterName is the name of a parameter of a function that need not run, counted from 1.
func ParameterName(fn *lua.LFunction, n int) string {
	if fn.IsG || n < 1 || n > int(fn.Proto.NumParameters) {
		return ""
	}
	return fn.Proto.DbgLocals[n-1].Name
}

// CallHandler calls an error handler with the failed function, not the Go function that runs now, as its caller, and returns its
// result. It is for the handler of a protected call, which runs on top of the failed function.
func CallHandler(L *lua.LState, handler, v lua.LValue) lua.LValue {
	s := stateOf(L)
	running := s.currentFrame
	L.Push(handler)
	L.Push(v)
	if running != nil && running.Parent != nil {
		s.currentFrame = running.Parent
	}
	L.Call(1, 1)
	s.currentFrame = running
	return s.pop()
}
