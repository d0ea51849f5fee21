package output

import (
	"strconv"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
)

// openArg makes ngx.arg: the arguments of set_by_lua, and the chunk and its last-flag in a body filter.
func (l *library) openArg(L *lua.LState) {
	mt := L.CreateTable(0, 2)
	mt.RawSetString("__index", machine.Getter(L, l.argIndex, l.argQuickly))
	mt.RawSetString("__newindex", L.NewFunction(l.argNewIndex))
	t := L.CreateTable(0, 0)
	t.Metatable = mt
	l.v.Ngx.RawSetString("arg", t)
}

func (l *library) argIndex(L *lua.LState) int {
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	n, _ := L.Get(2).(lua.LNumber)
	value := lua.LValue(lua.LNil)
	switch i := int(n); {
	case c.Phase == handler.Set:
		if i >= 1 && i <= len(c.Args) && c.Args[i-1] != "" {
			value = lua.LString(c.Args[i-1])
		}
	case c.Phase == handler.BodyFilter && c.Filter != nil:
		value = filterArg(c.Filter, n)
	default:
		codec.Raise(L, "API disabled in the current context")
	}
	L.Push(value)
	return 1
}

// argQuickly is argIndex in a body filter, without a call.
func (l *library) argQuickly(key lua.LValue) (lua.LValue, bool) {
	n, ok := key.(lua.LNumber)
	c := l.v.Current()
	if !ok || c == nil || c.Phase != handler.BodyFilter || c.Filter == nil {
		return nil, false
	}
	return filterArg(c.Filter, n), true
}

var empty lua.LValue = lua.LString("")

func filterArg(f *handler.BodyArg, n lua.LNumber) lua.LValue {
	switch {
	case n == 2:
		return lua.LBool(f.Last)
	case n != 1:
		return lua.LNil
	case len(f.Data) == 0:
		return empty
	case f.Fresh:
		return lua.LString(unsafe.String(unsafe.SliceData(f.Data), len(f.Data)))
	}
	return lua.LString(f.Data)
}

func (l *library) argNewIndex(L *lua.LState) int {
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		return 0
	}
	if c.Phase != handler.BodyFilter || c.Filter == nil {
		codec.Raise(L, "API disabled in the context of "+c.Phase.ContextName())
	}
	i, f := int(codec.CheckNumber(L, 2, "?")), c.Filter
	switch i {
	case 1:
		f.Data, f.Changed, f.Fresh = l.chunk(L), true, true
	case 2:
		f.Last, f.Changed = !lua.LVIsFalse(L.Get(3)), true
	default:
		codec.Raise(L, "bad index: "+strconv.Itoa(i))
	}
	return 0
}

// chunk is the value that ngx.arg[1] is set to, as bytes that nobody changes.
func (l *library) chunk(L *lua.LState) []byte {
	switch v := L.Get(3).(type) {
	case lua.LString:
		return unsafe.Slice(unsafe.StringData(string(v)), len(v))
	case lua.LNumber:
		return codec.AppendNumber(nil, float64(v))
	case *lua.LNilType:
		return nil
	case *lua.LTable:
		return appendArray(L, l.v, nil, v, 3, "?", true)
	}
	codec.Raise(L, "bad chunk data type: "+L.Get(3).Type().String())
	return nil
}
