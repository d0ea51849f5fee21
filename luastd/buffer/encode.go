package buffer

import (
	"encoding/binary"
	"math"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
	"moongate/runtime/machine"
)

// Tags begin a value; those from tagString on are strings, whose length is the difference. A table's tag is tagTable plus bits.
const (
	tagNil = iota
	tagFalse
	tagTrue
	tagNull
	tagLight32
	tagLight64
	tagInt
	tagNumber
	tagTable
	tagMetatable  = 0x0e
	tagDictString = 0x0f
	tagInt64      = 0x10
	tagUint64     = 0x11
	tagComplex    = 0x12
	tagString     = 0x20
)

// The bits of a table's tag: it has a hash part; an array part from index 0; one from index 1.
const (
	hasHash  = 1
	hasArray = 2
	fromOne  = 4
)

// maxDepth is how many tables may stand in each other.
const maxDepth = 100

// nanBits is the number that x86 makes of 0/0.
const nanBits = 0xfff8000000000000

// codec is what a VM's serialiser must know.
type codec struct {
	null    lua.LValue
	lightMT *lua.LTable
	// out is the room for a value that is being encoded.
	out []byte
}

// maxKept is the largest room that is kept for the next value.
const maxKept = 1 << 20

// encodeValue encodes v, for the caller to copy before it encodes again.
func (c *codec) encodeValue(L *lua.LState, v lua.LValue, d *dictionary) []byte {
	e := encoder{L: L, codec: c, dict: d, out: c.out[:0]}
	e.value(v, maxDepth)
	if cap(e.out) <= maxKept {
		c.out = e.out
	}
	return e.out
}

// str = buffer.encode(obj)
func (m *module) encode(L *lua.LState) int {
	if L.GetTop() < 1 {
		machine.ArgError(L, 1, "value expected")
	}
	L.Push(lua.LString(m.encodeValue(L, L.Get(1), nil)))
	return 1
}

// buf = buf:encode(obj)
func (m *module) encodeMethod(L *lua.LState) int {
	b := self(L)
	if L.GetTop() < 2 {
		machine.ArgError(L, 2, "value expected")
	}
	b.write(L, m.encodeValue(L, L.Get(2), b.dict))
	return chain(L)
}

type encoder struct {
	L *lua.LState
	*codec
	dict *dictionary
	out  []byte
}

// appendLength is the manual's ".U": one, two or five bytes.
func appendLength(out []byte, n uint32) []byte {
	switch {
	case n < 0xe0:
		return append(out, byte(n))
	case n < 0x1fe0:
		n -= 0xe0
		return append(out, 0xe0|byte(n>>8), byte(n))
	}
	return binary.LittleEndian.AppendUint32(append(out, 0xff), n)
}

func (e *encoder) string(s string) {
	e.out = append(appendLength(e.out, uint32(tagString+len(s))), s...)
}

func (e *encoder) bits64(tag byte, bits uint64) {
	e.out = binary.LittleEndian.AppendUint64(append(e.out, tag), bits)
}

// value writes v; depth is how many more tables may be entered. Numbers are never written as integers: LuaJIT
// on x86 has none.
func (e *encoder) value(v lua.LValue, depth int) {
	switch v := v.(type) {
	case lua.LString:
		e.string(string(v))
	case lua.LNumber:
		bits := math.Float64bits(float64(v))
		if v != v {
			bits = nanBits
		}
		e.bits64(tagNumber, bits)
	case *lua.LTable:
		if depth == 0 {
			machine.Errorf(e.L, "too deep to serialize")
		}
		e.table(v, depth-1)
	case lua.LBool:
		if v {
			e.out = append(e.out, tagTrue)
		} else {
			e.out = append(e.out, tagFalse)
		}
	case *lua.LNilType:
		e.out = append(e.out, tagNil)
	case *lua.LUserData:
		e.userdata(v)
	default:
		e.refuse(v)
	}
}

func (e *encoder) refuse(v lua.LValue) {
	machine.Errorf(e.L, "cannot serialize '%s'", machine.TypeName(v))
}

func (e *encoder) userdata(ud *lua.LUserData) {
	if lua.LValue(ud) == e.null {
		e.out = append(e.out, tagNull)
		return
	}
	switch v := ud.Value.(type) {
	case cdata.Int64:
		e.bits64(tagInt64, uint64(v))
	case cdata.Uint64:
		e.bits64(tagUint64, uint64(v))
	case cdata.Complex:
		e.bits64(tagComplex, math.Float64bits(real(v)))
		e.out = binary.LittleEndian.AppendUint64(e.out, math.Float64bits(imag(v)))
	case light:
		if v <= math.MaxUint32 {
			e.out = binary.LittleEndian.AppendUint32(append(e.out, tagLight32), uint32(v))
		} else {
			e.bits64(tagLight64, uint64(v))
		}
	default:
		e.refuse(ud)
	}
}

func (e *encoder) table(t *lua.LTable, depth int) {
	if e.dict != nil {
		if mt, ok := t.Metatable.(*lua.LTable); ok {
			if i, known := e.dict.tableIndex[mt]; known {
				e.out = appendLength(append(e.out, tagMetatable), i)
			}
		}
	}
	array := machine.Array(t)
	last := lua.LValue(lua.LNil)
	if n := len(array); n > 0 {
		last = lua.LNumber(n)
	}
	for n := len(array); n > 0 && (array[n-1] == nil || array[n-1] == lua.LNil); n-- {
		array = array[:n-1]
	}
	hashed := machine.Hashed(t)
	zero := machine.GetInt(t, 0)
	tag := byte(tagTable)
	slots := 0
	switch {
	case zero != lua.LNil:
		tag += hasArray
		slots = len(array) + 1
		hashed--
	case len(array) > 0:
		tag += fromOne
		slots = len(array) + 1
	}
	if hashed > 0 {
		tag += hasHash
	}
	e.out = append(e.out, tag)
	if slots > 0 {
		e.out = appendLength(e.out, uint32(slots))
	}
	if hashed > 0 {
		e.out = appendLength(e.out, uint32(hashed))
	}
	if zero != lua.LNil {
		e.value(zero, depth)
	}
	for _, v := range array {
		if v == nil {
			v = lua.LNil
		}
		e.value(v, depth)
	}
	for k := last; hashed > 0; hashed-- {
		var v lua.LValue
		k, v, _ = machine.Next(t, k)
		if k == lua.LValue(lua.LNumber(0)) {
			k, v, _ = machine.Next(t, k)
		}
		e.key(k, depth)
		e.value(v, depth)
	}
}

func (e *encoder) key(k lua.LValue, depth int) {
	if s, ok := k.(lua.LString); ok && e.dict != nil {
		if i, known := e.dict.stringIndex[string(s)]; known {
			e.out = appendLength(append(e.out, tagDictString), i)
			return
		}
	}
	e.value(k, depth)
}
