package buffer

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
	"moongate/runtime/machine"
)

// module is string.buffer of one VM.
type module struct {
	mt *lua.LTable
	codec
}

// Loader returns the loader of the module string.buffer, for package.preload. null is the Lua value that stands for a NULL
// pointer, ngx.null.
func Loader(null lua.LValue) lua.LGFunction {
	return func(L *lua.LState) int {
		m := &module{codec: newCodec(L, null)}
		m.mt = fill(L, map[string]lua.LGFunction{
			"free": free, "reset": reset, "skip": skip, "get": get, "commit": commit, "ref": m.ref, "reserve": m.reserve,
			"set": m.set, "put": put, "putf": putf, "putcdata": m.putcdata,
			"encode": m.encodeMethod, "decode": m.decodeMethod,
			"__len": length, "__concat": concat,
		})
		tostring := L.NewFunction(toString)
		m.mt.RawSetString("tostring", tostring)
		m.mt.RawSetString("__tostring", tostring)
		m.mt.RawSetString("__index", m.mt)
		m.mt.RawSetString("__metatable", lua.LString("buffer"))
		L.Push(fill(L, map[string]lua.LGFunction{"new": m.create, "encode": m.encode, "decode": m.decode}))
		return 1
	}
}

func fill(L *lua.LState, fns map[string]lua.LGFunction) *lua.LTable {
	t := L.CreateTable(0, len(fns))
	for name, fn := range fns {
		t.RawSetString(name, L.NewFunction(fn))
	}
	return t
}

// Of is the buffer that v is, nil if it is none.
func Of(v lua.LValue) *Buffer {
	if ud, ok := v.(*lua.LUserData); ok {
		if b, ok := ud.Value.(*Buffer); ok {
			return b
		}
	}
	return nil
}

func self(L *lua.LState) *Buffer {
	b := Of(L.Get(1))
	if b == nil {
		machine.TypeError(L, 1, "buffer")
	}
	return b
}

// chain makes a method return its buffer.
func chain(L *lua.LState) int {
	L.SetTop(1)
	return 1
}

func checkString(L *lua.LState, n int) string {
	s, ok := L.Get(n).(lua.LString)
	if !ok {
		machine.TypeError(L, n, "string")
	}
	return string(s)
}

// checkSize is argument n as a number of bytes. Strings do not pass for numbers.
func checkSize(L *lua.LState, n int) int {
	v := L.Get(n)
	size := -1.0
	if f, ok := v.(lua.LNumber); ok {
		size = math.Trunc(float64(f))
	} else if bits, unsigned, ok := cdata.Integer(v); ok {
		if size = float64(bits); !unsigned {
			size = float64(int64(bits))
		}
	} else {
		machine.TypeError(L, n, "number")
	}
	if !(size >= 0 && size <= maxSize) {
		machine.ArgError(L, n, "number out of range")
	}
	return int(size)
}

// buf = buffer.new([size [, options]]), buffer.new([options])
func (m *module) create(L *lua.LState) int {
	b := &Buffer{}
	options := 1
	if v := L.Get(1); L.GetTop() >= 1 && v.Type() != lua.LTTable {
		options = 2
		if v != lua.LNil {
			if size := checkSize(L, 1); size > 0 {
				b.grow(min(size, maxInitial))
			}
		}
	}
	if L.GetTop() >= options {
		t, ok := L.Get(options).(*lua.LTable)
		if !ok {
			machine.TypeError(L, options, "table")
		}
		b.dict = newDictionary(L, t)
	}
	ud := L.NewUserData()
	ud.Value, ud.Metatable = b, m.mt
	L.Push(ud)
	return 1
}

// dictionary is the options dict and metatable of new: values that are written as their index.
type dictionary struct {
	strings, tables []lua.LValue
	stringIndex     map[string]uint32
	tableIndex      map[*lua.LTable]uint32
}

// newDictionary reads the options. LuaJIT keeps the index in the tables themselves; here they are left as they are.
func newDictionary(L *lua.LState, options *lua.LTable) *dictionary {
	d := &dictionary{}
	if t, ok := options.RawGetString("dict").(*lua.LTable); ok {
		d.stringIndex = make(map[string]uint32)
		d.strings = entries(L, t, func(v lua.LValue, i uint32) bool {
			s, ok := v.(lua.LString)
			if ok {
				if _, known := d.stringIndex[string(s)]; !known {
					d.stringIndex[string(s)] = i
				}
			}
			return ok
		})
	}
	if t, ok := options.RawGetString("metatable").(*lua.LTable); ok {
		d.tableIndex = make(map[*lua.LTable]uint32)
		d.tables = entries(L, t, func(v lua.LValue, i uint32) bool {
			mt, ok := v.(*lua.LTable)
			if ok {
				if _, known := d.tableIndex[mt]; !known {
					d.tableIndex[mt] = i
				}
			}
			return ok
		})
	}
	return d
}

// entries is the array t, of which add takes each element but false.
func entries(L *lua.LState, t *lua.LTable, add func(v lua.LValue, i uint32) bool) []lua.LValue {
	list := make([]lua.LValue, t.Len())
	for i := range list {
		v := machine.GetInt(t, i+1)
		if !add(v, uint32(i)) && v != lua.LFalse {
			machine.Errorf(L, "bad options table")
		}
		list[i] = v
	}
	return list
}
