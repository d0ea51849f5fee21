package lualib

import (
	"bufio"
	"fmt"
	"strings"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
	"moongate/runtime/syntax"
	"moongate/runtime/vm"
)

func (l *library) openDebug(L *lua.LState) {
	l.provide("debug", fill(L, L.CreateTable(0, 16), map[string]lua.LGFunction{
		"traceback": debugTraceback, "getinfo": debugGetInfo, "getlocal": debugGetLocal, "setlocal": debugSetLocal,
		"getupvalue": debugGetUpvalue, "setupvalue": debugSetUpvalue, "upvalueid": debugUpvalueID,
		"upvaluejoin": debugUpvalueJoin, "getmetatable": debugGetMetatable, "setmetatable": debugSetMetatable,
		"getregistry": debugGetRegistry, "gethook": debugGetHook, "sethook": debugSetHook, "getfenv": debugGetFenv,
		"setfenv": debugSetFenv, "debug": l.debugDebug,
	}))
}

// thread takes the optional thread in front of the arguments: the state that it runs on (nil if it has none), and how many arguments
// to skip.
func thread(L *lua.LState) (*lua.LState, int) {
	switch v := L.Get(1).(type) {
	case *vm.Coroutine:
		return v.State(), 1
	case *lua.LState:
		return v, 1
	}
	return L, 0
}

// s = debug.traceback([thread,] [message [, level]])
func debugTraceback(L *lua.LState) int {
	of, skip := thread(L)
	msg := L.Get(skip + 1)
	text, isText := machine.ToString(msg)
	if !isText && L.GetTop() > skip {
		L.Push(msg)
		return 1
	}
	level := 1
	if skip > 0 {
		level = 0
	}
	level = optInt(L, skip+2, level)
	var b strings.Builder
	if isText {
		b.WriteString(text)
		b.WriteByte('\n')
	}
	b.WriteString("stack traceback:")
	switch co, dead := L.Get(1).(*vm.Coroutine); {
	case of != nil:
		writeFrames(&b, of, level, "\n\t")
	case dead && level >= 0:
		trace := co.Trace()
		for range level {
			_, trace, _ = strings.Cut(trace, "\n")
		}
		if trace != "" {
			b.WriteString("\n" + trace)
		}
	}
	return pushString(L, b.String())
}

// Traceback lists the calls in progress on L from the caller of the running function on, one a line, as LuaJIT does, each line
// beginning with a tab: the part of debug.traceback below its headline.
func Traceback(L *lua.LState) string {
	var b strings.Builder
	writeFrames(&b, L, 1, "\n\t")
	return strings.TrimPrefix(b.String(), "\n")
}

// A traceback shows the calls at the levels below topLevels, and then, if there are many more, this many at the bottom of the stack.
const (
	topLevels    = 12
	bottomLevels = 10
)

func writeFrames(b *strings.Builder, L *lua.LState, level int, lead string) {
	level = max(level, 0)
	var calls []machine.Call
	c, ok := machine.CallAt(L, level)
	for ; ok; c, ok = c.Caller() {
		calls = append(calls, c)
	}
	cut := max(topLevels-level, 0)
	for i := 0; i < len(calls); i++ {
		if i == cut && len(calls)-i > bottomLevels+1 {
			b.WriteString(lead + "...")
			i = len(calls) - bottomLevels
		}
		b.WriteString(lead)
		writeFrame(b, calls[i])
	}
}

func writeFrame(b *strings.Builder, c machine.Call) {
	fn := c.Function()
	kind, name := c.Name()
	switch id := machine.Builtin(fn); {
	case id != 0 && kind == "":
		fmt.Fprintf(b, "[builtin#%d]:", id)
	case fn.IsG:
		b.WriteString("[C]:")
	default:
		b.WriteString(fn.Proto.SourceName + ":")
	}
	if line := c.Line(); line > 0 {
		fmt.Fprintf(b, "%d:", line)
	}
	switch {
	case kind != "":
		fmt.Fprintf(b, " in function '%s'", name)
	case c.IsMain():
		b.WriteString(" in main chunk")
	case fn.IsG:
		fmt.Fprintf(b, " at %p", fn)
	default:
		fmt.Fprintf(b, " in function <%s:%d>", fn.Proto.SourceName, fn.Proto.LineDefined)
	}
}

// info = debug.getinfo([thread,] f [, what])
func debugGetInfo(L *lua.LState) int {
	of, skip := thread(L)
	what := optString(L, skip+2, "flnSu")
	var c machine.Call
	running := false
	fn, ok := L.Get(skip + 1).(*lua.LFunction)
	if !ok {
		level, isNumber := machine.ToNumber(L.Get(skip + 1))
		if !isNumber {
			machine.ArgError(L, skip+1, "function or level expected")
		}
		if of == nil || level < 0 {
			L.Push(lua.LNil)
			return 1
		}
		if c, running = machine.CallAt(of, toInt32(level)); !running {
			L.Push(lua.LNil)
			return 1
		}
		fn = c.Function()
	}
	t := L.CreateTable(0, 14)
	set := func(name string, v lua.LValue) { machine.Set(t, lua.LString(name), v) }
	for _, option := range []byte(what) {
		switch option {
		case 'S':
			infoSource(fn, set)
		case 'l':
			line := -1
			if running {
				line = c.Line()
			}
			set("currentline", lua.LNumber(line))
		case 'u':
			set("nups", lua.LNumber(len(fn.Upvalues)))
			params, vararg := 0, true
			if !fn.IsG {
				params, vararg = int(fn.Proto.NumParameters), fn.Proto.IsVarArg&lua.VarArgIsVarArg != 0
			}
			set("nparams", lua.LNumber(params))
			set("isvararg", lua.LBool(vararg))
		case 'n':
			kind, name := "", ""
			if running {
				kind, name = c.Name()
			}
			set("namewhat", lua.LString(kind))
			if kind != "" {
				set("name", lua.LString(name))
			}
		case 'f':
			set("func", fn)
		case 'L':
			infoLines(L, fn, set)
		default:
			machine.ArgError(L, skip+2, "invalid option")
		}
	}
	L.Push(t)
	return 1
}

func infoSource(fn *lua.LFunction, set func(string, lua.LValue)) {
	source, short, what, first, last := "=[C]", "[C]", "C", -1, -1
	if !fn.IsG {
		p := fn.Proto
		source, short, what = syntax.ChunkName(p), p.SourceName, "Lua"
		first, last = p.LineDefined, p.LastLineDefined
		if first == 0 {
			what = "main"
		}
	}
	set("source", lua.LString(source))
	set("short_src", lua.LString(short))
	set("what", lua.LString(what))
	set("linedefined", lua.LNumber(first))
	set("lastlinedefined", lua.LNumber(last))
}

func infoLines(L *lua.LState, fn *lua.LFunction, set func(string, lua.LValue)) {
	if fn.IsG {
		return
	}
	t := L.NewTable()
	lines := fn.Proto.DbgSourcePositions
	// The return that ends every function is not the source's where that has one of its own.
	if n := len(lines); n > 1 && machine.Returns(fn, n-2) {
		lines = lines[:n-1]
	}
	for _, line := range lines {
		machine.SetInt(t, line, lua.LTrue)
	}
	set("activelines", t)
}

// callOf is the call at the level in argument skip+1.
func callOf(L, of *lua.LState, skip int) machine.Call {
	if of != nil {
		if c, ok := machine.CallAt(of, checkInt(L, skip+1)); ok {
			return c
		}
	}
	machine.ArgError(L, skip+1, "level out of range")
	return machine.Call{}
}

// name, value = debug.getlocal([thread,] f, n)
func debugGetLocal(L *lua.LState) int {
	of, skip := thread(L)
	n := checkInt(L, skip+2)
	if fn, ok := L.Get(skip + 1).(*lua.LFunction); ok {
		if name := machine.ParameterName(fn, n); name != "" {
			return pushString(L, name)
		}
		L.Push(lua.LNil)
		return 1
	}
	name, v := callOf(L, of, skip).Local(n)
	if name == "" {
		L.Push(lua.LNil)
		return 1
	}
	pushString(L, name)
	L.Push(v)
	return 2
}

// name = debug.setlocal([thread,] level, n, value)
func debugSetLocal(L *lua.LState) int {
	of, skip := thread(L)
	n := checkInt(L, skip+2)
	c := callOf(L, of, skip)
	if name := c.SetLocal(n, checkAny(L, skip+3)); name != "" {
		return pushString(L, name)
	}
	L.Push(lua.LNil)
	return 1
}

// upvalueAt is the captured variable n of the Lua function in argument 1, nil if there is none.
func upvalueAt(L *lua.LState, arg, n int) (*lua.LFunction, *lua.Upvalue) {
	fn := checkFunction(L, arg)
	if fn.IsG || n < 1 || n > len(fn.Upvalues) {
		return fn, nil
	}
	return fn, fn.Upvalues[n-1]
}

// name, value = debug.getupvalue(f, n)
func debugGetUpvalue(L *lua.LState) int {
	n := checkInt(L, 2)
	fn, uv := upvalueAt(L, 1, n)
	if uv == nil {
		return 0
	}
	pushString(L, fn.Proto.DbgUpvalues[n-1])
	L.Push(uv.Value())
	return 2
}

// name = debug.setupvalue(f, n, value)
func debugSetUpvalue(L *lua.LState) int {
	n := checkInt(L, 2)
	v := checkAny(L, 3)
	fn, uv := upvalueAt(L, 1, n)
	if uv == nil {
		return 0
	}
	uv.SetValue(v)
	return pushString(L, fn.Proto.DbgUpvalues[n-1])
}

// identity is a light userdata: a value that is equal to others of the same address.
type identity struct{ p unsafe.Pointer }

func (i identity) String() string     { return fmt.Sprintf("userdata: %p", i.p) }
func (identity) Type() lua.LValueType { return lua.LTUserData }

// id = debug.upvalueid(f, n)
func debugUpvalueID(L *lua.LState) int {
	checkFunction(L, 1)
	_, uv := upvalueAt(L, 1, checkInt(L, 2))
	if uv == nil {
		machine.ArgError(L, 2, "invalid upvalue index")
	}
	L.Push(identity{unsafe.Pointer(uv)})
	return 1
}

// debug.upvaluejoin(f1, n1, f2, n2)
func debugUpvalueJoin(L *lua.LState) int {
	n1, n2 := checkInt(L, 2), checkInt(L, 4)
	f1, uv1 := upvalueAt(L, 1, n1)
	_, uv2 := upvalueAt(L, 3, n2)
	switch {
	case uv1 == nil:
		machine.ArgError(L, 2, "invalid upvalue index")
	case uv2 == nil:
		machine.ArgError(L, 4, "invalid upvalue index")
	}
	f1.Upvalues[n1-1] = uv2
	return 0
}

// mt = debug.getmetatable(v)
func debugGetMetatable(L *lua.LState) int {
	L.Push(rawMetatable(L, checkAny(L, 1)))
	return 1
}

// v = debug.setmetatable(v, mt)
func debugSetMetatable(L *lua.LState) int {
	mt := L.Get(2)
	if _, ok := mt.(*lua.LTable); !ok && (mt != lua.LNil || L.GetTop() < 2) {
		machine.ArgError(L, 2, "nil or table expected")
	}
	switch v := checkAny(L, 1).(type) {
	case *lua.LTable:
		v.Metatable = mt
	case *lua.LUserData:
		if _, boxed := v.Value.(interface{ LuaType() string }); !boxed {
			v.Metatable = mt
		}
	default:
		machine.SetTypeMetatable(L, v.Type(), mt)
	}
	L.SetTop(1)
	return 1
}

// t = debug.getregistry()
func debugGetRegistry(L *lua.LState) int {
	L.Push(L.G.Registry)
	return 1
}

// hook, mask, count = debug.gethook([thread])
func debugGetHook(L *lua.LState) int {
	h := machine.HookOf(L)
	if h == nil {
		L.Push(lua.LNil)
		pushString(L, "")
		return 2 + pushNumber(L, 0)
	}
	L.Push(h.Function)
	pushString(L, h.Mask)
	return 2 + pushNumber(L, float64(h.Count))
}

// debug.sethook([thread,] hook, mask [, count])
//
// Deviation: only functions written in Lua make events of calls and returns.
func debugSetHook(L *lua.LState) int {
	_, skip := thread(L)
	if L.Get(skip+1) == lua.LNil {
		machine.SetHook(L, nil)
		return 0
	}
	mask := checkString(L, skip+2)
	h := &machine.Hook{Function: checkFunction(L, skip+1), Count: optInt(L, skip+3, 0)}
	for _, c := range "crl" {
		if strings.ContainsRune(mask, c) {
			h.Mask += string(c)
		}
	}
	machine.SetHook(L, h)
	return 0
}

// env = debug.getfenv(v)
func debugGetFenv(L *lua.LState) int {
	env := lua.LValue(lua.LNil)
	switch v := checkAny(L, 1).(type) {
	case *lua.LFunction:
		env = L.G.Global
		if !v.IsG && v.Env != nil {
			env = v.Env
		}
	case *lua.LUserData:
		if v.Env != nil {
			env = v.Env
		}
	case *vm.Coroutine, *lua.LState:
		env = L.Env
	}
	L.Push(env)
	return 1
}

// v = debug.setfenv(v, env)
func debugSetFenv(L *lua.LState) int {
	env := checkTable(L, 2)
	switch v := L.Get(1).(type) {
	case *lua.LFunction:
		// The environment of a Go function has no meaning, and some such functions are shared between VMs.
		if !v.IsG {
			v.Env = env
		}
	case *lua.LUserData:
		v.Env = env
	case *lua.LState:
		v.Env = env
	default:
		machine.Errorf(L, "'setfenv' cannot change environment of given object")
	}
	L.SetTop(1)
	return 1
}

// debug.debug()
func (l *library) debugDebug(L *lua.LState) int {
	in := bufio.NewScanner(l.Stdin)
	for {
		fmt.Fprint(l.Stderr, "lua_debug> ")
		if !in.Scan() || in.Text() == "cont" {
			return 0
		}
		proto, err := l.Compile(in.Text(), "=(debug command)")
		if err != nil {
			fmt.Fprintln(l.Stderr, messageOf(err))
			continue
		}
		L.Push(L.NewFunctionFromProto(proto))
		if err := vm.PCall(L, 0, 0, nil); err != nil {
			fmt.Fprintln(l.Stderr, plainString(errorObject(err)))
		}
	}
}
