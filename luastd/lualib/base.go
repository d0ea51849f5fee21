package lualib

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
	"moongate/runtime/machine"
	"moongate/runtime/vm"
)

func (l *library) openBase(L *lua.LState) {
	g := l.G
	g.RawSetString("_G", g)
	g.RawSetString("_VERSION", lua.LString("Lua 5.1"))
	l.loaded.RawSetString("_G", g)
	fill(L, g, map[string]lua.LGFunction{
		"assert": baseAssert, "error": baseError, "type": baseType, "tonumber": baseToNumber, "select": baseSelect,
		"unpack": baseUnpack, "rawequal": baseRawEqual, "rawget": baseRawGet, "rawset": baseRawSet,
		"getmetatable": baseGetMetatable, "setmetatable": l.baseSetMetatable, "getfenv": baseGetFenv, "setfenv": baseSetFenv,
		"pcall": basePCall, "xpcall": baseXPCall, "print": l.basePrint, "collectgarbage": l.baseCollectGarbage,
		"newproxy": l.baseNewProxy, "load": l.baseLoad, "loadstring": l.baseLoad, "gcinfo": baseGCInfo, "loadfile": l.baseLoadFile,
		"dofile": l.baseDoFile,
	})
	hasten(L, g, map[string]machine.Quick{
		"type": quickType, "tonumber": quickToNumber, "select": quickSelect, "setmetatable": quickSetMetatable, "rawget": quickRawGet,
	})
	l.tostring = machine.NewQuick(L, baseToString, quickToString)
	g.RawSetString("tostring", l.tostring)
	g.RawSetString("next", machine.NextFunction)
	fill(L, g, map[string]lua.LGFunction{"pairs": basePairs, "ipairs": baseIPairs})
	hastenSeveral(L, g, map[string]machine.Several{"pairs": quickPairs, "ipairs": quickIPairs, "assert": quickAssert})
	number("", g)
}

// next, t, nil = pairs(t)
func basePairs(L *lua.LState) int {
	if n := iterateC(L, "__pairs"); n > 0 {
		return n
	}
	checkIterable(L)
	t := L.Get(1)
	L.Push(machine.NextFunction)
	L.Push(t)
	L.Push(lua.LNil)
	return 3
}

// step, t, 0 = ipairs(t)
func baseIPairs(L *lua.LState) int {
	if n := iterateC(L, "__ipairs"); n > 0 {
		return n
	}
	checkIterable(L)
	t := L.Get(1)
	L.Push(machine.StepFunction)
	L.Push(t)
	L.Push(lua.LNumber(0))
	return 3
}

// iterateC asks C data, which alone may have a metamethod for it, for an iterator. It returns the number of results, 0 for other values.
func iterateC(L *lua.LState, event string) int {
	ud, ok := L.Get(1).(*lua.LUserData)
	if !ok || machine.TypeName(ud) != "cdata" {
		return 0
	}
	fn, ok := machine.Metamethod(L, ud, event).(*lua.LFunction)
	if !ok || !fn.IsG {
		return 0
	}
	// Called as it is, it complains with the position of the caller.
	return fn.GFunction(L)
}

func checkIterable(L *lua.LState) {
	if _, ok := checkAny(L, 1).(*lua.LTable); !ok {
		machine.TypeError(L, 1, "table")
	}
}

// v, ... = assert(v [, message, ...])
func baseAssert(L *lua.LState) int {
	if lua.LVAsBool(checkAny(L, 1)) {
		return L.GetTop()
	}
	if L.GetTop() < 2 {
		machine.Errorf(L, "assertion failed!")
	}
	if s, ok := machine.ToString(L.Get(2)); ok {
		machine.Errorf(L, "%s", s)
	}
	// What is raised is the last argument, whatever the documentation says.
	machine.Throw(L, L.Get(L.GetTop()))
	return 0
}

// error(value [, level])
func baseError(L *lua.LState) int {
	v := L.Get(1)
	level := optInt(L, 2, 1)
	if s, ok := machine.ToString(v); ok && level > 0 {
		v = lua.LString(machine.Where(L, level) + s)
	}
	machine.Throw(L, v)
	return 0
}

// name = type(v)
func baseType(L *lua.LState) int {
	return pushString(L, machine.TypeName(checkAny(L, 1)))
}

// s = tostring(v)
func baseToString(L *lua.LState) int {
	checkAny(L, 1)
	L.Push(toStringValue(L, L.Get(1)))
	return 1
}

// toStringValue is tostring(v): what __tostring returns may be of any type.
func toStringValue(L *lua.LState, v lua.LValue) lua.LValue {
	switch v := v.(type) {
	case lua.LString:
		return v
	case lua.LNumber:
		return lua.LString(machine.FormatNumber(float64(v)))
	}
	if fn := machine.Metamethod(L, v, "__tostring"); fn != lua.LNil {
		if !machine.Callable(L, fn) {
			machine.Errorf(L, "attempt to call a %s value", machine.TypeName(fn))
		}
		L.Push(fn)
		L.Push(v)
		machine.Invoke(L, 1, 1)
		r := L.Get(-1)
		L.Pop(1)
		return r
	}
	return lua.LString(plainString(v))
}

// plainString is tostring(v) without metamethods.
func plainString(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return machine.FormatNumber(float64(v))
	case *lua.LNilType, lua.LBool:
		return v.String()
	}
	if fn, ok := v.(*lua.LFunction); ok {
		if id := machine.Builtin(fn); id != 0 {
			return "function: builtin#" + strconv.Itoa(id)
		}
	}
	if name := machine.TypeName(v); name != v.Type().String() {
		_, address, _ := strings.Cut(v.String(), ": ")
		return name + ": " + address
	}
	return v.String()
}

// toString is tostring(v) where a string is needed. ok is false if __tostring gave something else.
func toString(L *lua.LState, v lua.LValue) (s string, ok bool) {
	return machine.ToString(toStringValue(L, v))
}

// n = tonumber(v [, base])
func baseToNumber(L *lua.LState) int {
	base := optInt(L, 2, 10)
	v := checkAny(L, 1)
	if base == 10 {
		if _, ok := v.(lua.LNumber); ok {
			L.Push(v)
			return 1
		}
		if ud, ok := v.(*lua.LUserData); ok {
			if f, ok := boxedToFloat(ud); ok {
				return pushNumber(L, f)
			}
		}
		if f, ok := machine.ToNumber(v); ok {
			return pushNumber(L, f)
		}
		L.Push(lua.LNil)
		return 1
	}
	if base < 2 || base > 36 {
		machine.ArgError(L, 2, "base out of range")
	}
	if f, ok := parseBase(checkString(L, 1), base); ok {
		return pushNumber(L, f)
	}
	L.Push(lua.LNil)
	return 1
}

// parseBase reads an integer in a base of 2 to 36.
func parseBase(s string, base int) (float64, bool) {
	// C's strtoul reads the digits.
	s, _, _ = strings.Cut(s, "\x00")
	s = strings.Trim(s, " \t\n\v\f\r")
	neg := strings.HasPrefix(s, "-")
	if neg || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if base == 16 && len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		s = s[2:]
	}
	if s == "" {
		return 0, false
	}
	v := uint64(0)
	for i := range len(s) {
		d := int(s[i]) - '0'
		if c := s[i] | 0x20; c >= 'a' && c <= 'z' {
			d = int(c-'a') + 10
		}
		if d < 0 || d >= base || s[i] > 'z' {
			return 0, false
		}
		if hi, lo := bits.Mul64(v, uint64(base)); hi != 0 || lo+uint64(d) < lo {
			v = math.MaxUint64
		} else {
			v = lo + uint64(d)
		}
	}
	if neg {
		return -float64(v), true
	}
	return float64(v), true
}

// ... = select(n, ...)
func baseSelect(L *lua.LState) int {
	top := L.GetTop()
	if s, ok := L.Get(1).(lua.LString); ok && strings.HasPrefix(string(s), "#") {
		return pushNumber(L, float64(top-1))
	}
	n := checkInt(L, 1)
	switch {
	case n < 0:
		n += top
	case n > top:
		n = top
	}
	if n < 1 {
		machine.ArgError(L, 1, "index out of range")
	}
	return top - n
}

// ... = unpack(t [, i [, j]])
func baseUnpack(L *lua.LState) int {
	t := checkTable(L, 1)
	i := optInt(L, 2, 1)
	j := 0
	if L.Get(3) == lua.LNil {
		j = t.Len()
	} else {
		j = checkInt(L, 3)
	}
	if i > j {
		return 0
	}
	n := j - i + 1
	if n < 0 || n+L.GetTop() > maxUnpack {
		machine.Errorf(L, "too many results to unpack")
	}
	machine.Reserve(L, n)
	for ; i <= j; i++ {
		L.Push(machine.GetInt(t, i))
	}
	return n
}

// maxUnpack is how many values LuaJIT lets a C function have on its stack.
const maxUnpack = 8000

// same = rawequal(a, b)
func baseRawEqual(L *lua.LState) int {
	checkAny(L, 1)
	checkAny(L, 2)
	return pushBool(L, L.Get(1) == L.Get(2))
}

// v = rawget(t, k)
func baseRawGet(L *lua.LState) int {
	t := checkTable(L, 1)
	L.Push(machine.Get(t, checkAny(L, 2)))
	return 1
}

// t = rawset(t, k, v)
func baseRawSet(L *lua.LState) int {
	t := checkTable(L, 1)
	checkAny(L, 2)
	checkAny(L, 3)
	if problem := machine.Set(t, L.Get(2), L.Get(3)); problem != "" {
		machine.Throw(L, lua.LString(problem))
	}
	L.SetTop(1)
	return 1
}

// mt = getmetatable(v)
func baseGetMetatable(L *lua.LState) int {
	v := checkAny(L, 1)
	if mt := machine.Metamethod(L, v, "__metatable"); mt != lua.LNil {
		L.Push(mt)
		return 1
	}
	L.Push(rawMetatable(L, v))
	return 1
}

func rawMetatable(L *lua.LState, v lua.LValue) lua.LValue {
	switch v := v.(type) {
	case *lua.LTable:
		return v.Metatable
	case *lua.LUserData:
		return v.Metatable
	}
	return machine.TypeMetatable(L, v.Type())
}

// t = setmetatable(t, mt)
func (l *library) baseSetMetatable(L *lua.LState) int {
	t := checkTable(L, 1)
	mt := L.Get(2)
	if _, ok := mt.(*lua.LTable); !ok && (mt != lua.LNil || L.GetTop() < 2) {
		machine.ArgError(L, 2, "nil or table expected")
	}
	if machine.Metamethod(L, t, "__metatable") != lua.LNil {
		machine.Errorf(L, "cannot change a protected metatable")
	}
	t.Metatable = mt
	if mt, ok := mt.(*lua.LTable); ok && mt.RawGetString("__mode") != lua.LNil {
		l.gc.weak.note(t)
	}
	L.SetTop(1)
	return 1
}

// fenvTarget finds the function that getfenv and setfenv are about: argument 1, or the one at that level of the stack.
func fenvTarget(L *lua.LState, optional bool) (fn *lua.LFunction, level int) {
	if fn, ok := L.Get(1).(*lua.LFunction); ok {
		return fn, -1
	}
	if optional {
		level = optInt(L, 1, 1)
	} else {
		level = checkInt(L, 1)
	}
	if level < 0 {
		machine.ArgError(L, 1, "invalid level")
	}
	if level == 0 {
		return nil, 0
	}
	c, ok := machine.CallAt(L, level)
	if !ok {
		machine.ArgError(L, 1, "invalid level")
	}
	return c.Function(), level
}

// env = getfenv([f])
func baseGetFenv(L *lua.LState) int {
	fn, _ := fenvTarget(L, true)
	switch {
	case fn == nil:
		L.Push(L.Env)
	case fn.IsG || fn.Env == nil:
		L.Push(L.G.Global)
	default:
		L.Push(fn.Env)
	}
	return 1
}

// f = setfenv(f, env)
func baseSetFenv(L *lua.LState) int {
	env := checkTable(L, 2)
	fn, level := fenvTarget(L, false)
	if level == 0 {
		L.Env = env
		return 0
	}
	if fn.IsG {
		machine.Errorf(L, "'setfenv' cannot change environment of given object")
	}
	fn.Env = env
	L.Push(fn)
	return 1
}

// ok, ... = pcall(f, ...)
func basePCall(L *lua.LState) int {
	f := checkAny(L, 1)
	if !machine.Callable(L, f) {
		L.Push(lua.LFalse)
		return 1 + pushString(L, fmt.Sprintf("attempt to call a %s value", machine.TypeName(f)))
	}
	n := L.GetTop()
	if err := vm.PCall(L, n-1, lua.MultRet, nil); err != nil {
		L.Push(lua.LFalse)
		L.Push(errorObject(err))
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// errorObject is the Lua value that a caught error carries.
func errorObject(err error) lua.LValue {
	e, ok := err.(*lua.ApiError) //nolint:errorlint // PCall returns nothing else
	if !ok {
		return lua.LString(err.Error())
	}
	if s, ok := e.Object.(lua.LString); ok {
		msg, _ := machine.StackOverflow(string(s))
		return lua.LString(msg)
	}
	if e.Object == nil {
		return lua.LNil
	}
	return e.Object
}

// ok, ... = xpcall(f, handler, ...)
func baseXPCall(L *lua.LState) int {
	checkAny(L, 1)
	handler := checkFunction(L, 2)
	onError := func(L *lua.LState, e *lua.ApiError) {
		e.Object = machine.CallHandler(L, handler, errorObject(e))
	}
	f := L.Get(1)
	if !machine.Callable(L, f) {
		L.Push(lua.LFalse)
		L.Push(handler)
		L.Push(lua.LString(fmt.Sprintf("attempt to call a %s value", machine.TypeName(f))))
		machine.Invoke(L, 1, 1)
		return 2
	}
	// f takes the place of the handler, below its arguments.
	L.Replace(2, f)
	n := L.GetTop()
	if err := vm.PCall(L, n-2, lua.MultRet, onError); err != nil {
		L.Push(lua.LFalse)
		L.Push(errorObject(err))
		return 2
	}
	L.Replace(1, lua.LTrue)
	return L.GetTop()
}

// print(...)
func (l *library) basePrint(L *lua.LState) int {
	n := L.GetTop()
	convert := l.G.RawGetString("tostring")
	var line []byte
	for i := 1; i <= n; i++ {
		if i > 1 {
			line = append(line, '\t')
		}
		v := L.Get(i)
		switch v := v.(type) {
		case lua.LString:
			line = append(line, v...)
			continue
		case lua.LNumber:
			line = machine.AppendNumber(line, float64(v))
			continue
		}
		var s string
		ok := false
		if convert == l.tostring {
			s, ok = toString(L, v)
		} else {
			L.Push(convert)
			L.Push(v)
			machine.Invoke(L, 1, 1)
			s, ok = machine.ToString(L.Get(-1))
			L.Pop(1)
		}
		if !ok {
			machine.Errorf(L, "'tostring' must return a string to 'print'")
		}
		line = append(line, s...)
	}
	_, _ = l.Stdout.Write(append(line, '\n'))
	return 0
}

// boxedToFloat is tonumber of a boxed integer.
func boxedToFloat(ud *lua.LUserData) (float64, bool) {
	return cdata.Float(ud)
}
