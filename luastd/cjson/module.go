package cjson

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
)

// Version is the _VERSION of the fork of lua-cjson that this package follows.
const Version = "2.1.0.11"

// Loader returns the loader of the module cjson, for package.preload. null is the Lua
// value that stands for JSON's null, which must be the same as ngx.null.
func Loader(null lua.LValue) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(newModule(L, null, false))
		return 1
	}
}

// SafeLoader is Loader for the module cjson.safe, whose encode and decode return nil and a
// message where those of cjson raise an error.
func SafeLoader(null lua.LValue) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(newModule(L, null, true))
		return 1
	}
}

// marks are the Lua values that tell arrays from objects; all modules of a Lua state share
// them.
type marks struct {
	array, emptyArray *lua.LTable // metatables
	empty             *lua.LUserData
}

const marksKey = "moongate.cjson.marks"

func marksOf(L *lua.LState) *marks {
	if ud, ok := L.G.Registry.RawGetString(marksKey).(*lua.LUserData); ok {
		return ud.Value.(*marks)
	}
	ud := L.NewUserData()
	m := &marks{array: L.NewTable(), emptyArray: L.NewTable(), empty: L.NewUserData()}
	ud.Value = m
	L.G.Registry.RawSetString(marksKey, ud)
	return m
}

// module is one instance of cjson: its settings and the buffers that it reuses.
type module struct {
	settings
	*marks
	null lua.LValue
	safe bool

	encoded []byte // the encode buffer between two calls; nil during one
	parser  parser
}

func newModule(L *lua.LState, null lua.LValue, safe bool) *lua.LTable {
	m := &module{settings: defaultSettings(), marks: marksOf(L), null: null, safe: safe}
	tab := L.CreateTable(0, 24)
	for name, fn := range m.settingFuncs() {
		tab.RawSetString(name, L.NewFunction(fn))
	}
	tab.RawSetString("encode", L.NewFunction(m.encode))
	tab.RawSetString("decode", L.NewFunction(m.decode))
	tab.RawSetString("new", L.NewFunction(func(L *lua.LState) int {
		L.Push(newModule(L, null, safe))
		return 1
	}))
	tab.RawSetString("null", null)
	tab.RawSetString("array_mt", m.array)
	tab.RawSetString("empty_array_mt", m.emptyArray)
	tab.RawSetString("empty_array", m.empty)
	tab.RawSetString("_NAME", lua.LString("cjson"))
	tab.RawSetString("_VERSION", lua.LString(Version))
	return tab
}

// maxKeptBuffer is the largest encode buffer that a module keeps for the next call.
const maxKeptBuffer = 1 << 20

// encode is json = cjson.encode(value), and json, err = cjson.safe.encode(value).
func (m *module) encode(L *lua.LState) int {
	if L.GetTop() != 1 {
		codec.ArgError(L, 1, "encode", "expected 1 argument")
	}
	// A __len or __index metamethod may call encode again.
	e := encoder{L: L, m: m, buf: m.encoded[:0]}
	m.encoded = nil
	e.value(L.Get(1), 0)
	if m.keepBuffer && cap(e.buf) <= maxKeptBuffer {
		m.encoded = e.buf
	}
	if e.err != "" {
		return m.fail(L, e.err)
	}
	L.Push(lua.LString(e.buf))
	return 1
}

// decode is value = cjson.decode(json), and value, err = cjson.safe.decode(json).
func (m *module) decode(L *lua.LState) int {
	if L.GetTop() != 1 {
		codec.ArgError(L, 1, "decode", "expected 1 argument")
	}
	var text string
	switch v := L.Get(1).(type) {
	case lua.LString:
		text = string(v)
	case lua.LNumber:
		text = codec.FormatNumber(float64(v))
	default:
		message := "string expected, got " + v.Type().String()
		if m.safe {
			return m.fail(L, "bad argument #1 to '?' ("+message+")")
		}
		codec.ArgError(L, 1, "decode", message)
	}
	v, err := m.parser.parse(L, m, text)
	if err != "" {
		return m.fail(L, err)
	}
	L.Push(v)
	return 1
}

func (m *module) fail(L *lua.LState, message string) int {
	if !m.safe {
		codec.Raise(L, message)
	}
	L.Push(lua.LNil)
	L.Push(lua.LString(message))
	return 2
}
