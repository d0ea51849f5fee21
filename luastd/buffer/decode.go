package buffer

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strings"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
	"moongate/runtime/machine"
)

const (
	// maxArray and maxHash are the sizes of a table that LuaJIT does not refuse.
	maxArray = 1<<27 + 1
	maxHash  = 1 << 26
)

// light is the value of a light userdata that was decoded: an address that means nothing here, but can be encoded again.
//
// Deviation: two of the same address are equal, but not the same key of a table.
type light uint64

// String is the address as LuaJIT prints it: at least 8 digits, and whole bytes.
func (v light) String() string {
	digits := 8
	if high := uint32(v >> 32); high != 0 {
		digits += 2 + 2*((bits.Len32(high)-1)>>3)
	}
	return fmt.Sprintf("userdata: 0x%0*x", digits, uint64(v))
}

func newCodec(L *lua.LState, null lua.LValue) codec {
	lights := func(L *lua.LState) (a, b light) {
		of := func(v lua.LValue) light {
			ud, _ := v.(*lua.LUserData)
			if ud == nil {
				return 0
			}
			l, _ := ud.Value.(light)
			return l
		}
		return of(L.Get(1)), of(L.Get(2))
	}
	return codec{null: null, lightMT: fill(L, map[string]lua.LGFunction{
		"__tostring": func(L *lua.LState) int {
			v, _ := lights(L)
			L.Push(lua.LString(v.String()))
			return 1
		},
		"__eq": func(L *lua.LState) int {
			a, b := lights(L)
			L.Push(lua.LBool(a == b))
			return 1
		},
	})}
}

// obj = buffer.decode(str)
func (m *module) decode(L *lua.LState) int {
	d := decoder{L: L, codec: &m.codec, in: checkString(L, 1)}
	v := d.value(maxDepth)
	if d.at != len(d.in) {
		machine.Errorf(L, "left-over data in buffer")
	}
	L.Push(v)
	return 1
}

// obj = buf:decode()
func (m *module) decodeMethod(L *lua.LState) int {
	b := self(L)
	d := decoder{L: L, codec: &m.codec, in: b.view(), passing: !b.borrowed, dict: b.dict}
	v := d.value(maxDepth)
	b.r += d.at
	L.Push(v)
	return 1
}

// decoder reads values from in. It raises what is wrong with it.
type decoder struct {
	L *lua.LState
	*codec
	dict *dictionary
	in   string
	at   int
	// passing tells that in is a buffer's memory, so that strings must be copied.
	passing bool
}

// next is the following n bytes.
func (d *decoder) next(n uint32) string {
	if uint64(n) > uint64(len(d.in)-d.at) {
		machine.Errorf(d.L, "unexpected end of buffer")
	}
	s := d.in[d.at : d.at+int(n)]
	d.at += int(n)
	return s
}

func (d *decoder) uint32() uint32 { return binary.LittleEndian.Uint32(bytesOf(d.next(4))) }
func (d *decoder) uint64() uint64 { return binary.LittleEndian.Uint64(bytesOf(d.next(8))) }

// bytesOf is s as bytes that must only be read.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

func (d *decoder) length() uint32 {
	n := uint32(d.next(1)[0])
	switch {
	case n < 0xe0:
		return n
	case n != 0xff:
		return (n&0x1f)<<8 + uint32(d.next(1)[0]) + 0xe0
	}
	return d.uint32()
}

func (d *decoder) value(depth int) lua.LValue {
	tag := d.length()
	switch {
	case tag >= tagString:
		s := d.next(tag - tagString)
		if d.passing {
			s = strings.Clone(s)
		}
		return lua.LString(s)
	case tag >= tagTable && tag <= tagMetatable:
		if depth == 0 {
			machine.Errorf(d.L, "too deep to serialize")
		}
		return d.table(tag, depth-1)
	}
	switch tag {
	case tagNil:
		return lua.LNil
	case tagFalse:
		return lua.LFalse
	case tagTrue:
		return lua.LTrue
	case tagNull:
		return d.null
	case tagLight32:
		return d.pointer(uint64(d.uint32()))
	case tagLight64:
		return d.pointer(d.uint64())
	case tagInt:
		return machine.Number(d.L, float64(int32(d.uint32())))
	case tagNumber:
		return machine.Number(d.L, math.Float64frombits(d.uint64()))
	case tagDictString:
		var list []lua.LValue
		if d.dict != nil {
			list = d.dict.strings
		}
		return d.entry(list, lua.LTString)
	case tagInt64:
		return cdata.NewInt64(int64(d.uint64()))
	case tagUint64:
		return cdata.NewUint64(d.uint64())
	case tagComplex:
		re := math.Float64frombits(d.uint64())
		return cdata.NewComplex(complex(re, math.Float64frombits(d.uint64())))
	}
	d.bad(tag)
	return nil
}

func (d *decoder) bad(tag uint32) { machine.Errorf(d.L, "cannot deserialize tag 0x%02x", tag) }

func (d *decoder) pointer(address uint64) lua.LValue {
	if address == 0 {
		return d.null
	}
	ud := d.L.NewUserData()
	ud.Value, ud.Metatable = light(address), d.lightMT
	return ud
}

// entry reads an index into a dictionary.
func (d *decoder) entry(list []lua.LValue, want lua.LValueType) lua.LValue {
	i := d.length()
	if uint64(i) >= uint64(len(list)) || list[i].Type() != want {
		machine.Errorf(d.L, "cannot deserialize dictionary index %d", int32(i+1))
	}
	return list[i]
}

func (d *decoder) table(tag uint32, depth int) lua.LValue {
	var mt lua.LValue
	if tag == tagMetatable {
		var list []lua.LValue
		if d.dict != nil {
			list = d.dict.tables
		}
		mt = d.entry(list, lua.LTTable)
		if tag = d.length(); tag < tagTable || tag >= tagMetatable {
			d.bad(tag)
		}
	}
	var slots, hashed uint32
	if tag >= tagTable+hasArray {
		slots = d.length()
	}
	if tag&hasHash != 0 {
		hashed = d.length()
	}
	if slots > maxArray || hashed > maxHash {
		machine.Throw(d.L, lua.LString("table overflow"))
	}
	// Nothing is smaller than a byte, so a length that lies cannot take more memory than the data has.
	left := len(d.in) - d.at
	t := d.L.CreateTable(min(int(slots), left), min(int(hashed), left/2))
	if mt != nil {
		t.Metatable = mt
	}
	first := 0
	if tag >= tagTable+fromOne {
		first = 1
	}
	for i := first; i < int(slots); i++ {
		machine.SetInt(t, i, d.value(depth))
	}
	for range hashed {
		k := d.value(depth)
		if machine.Get(t, k) != lua.LNil {
			machine.Errorf(d.L, "duplicate table key")
		}
		if problem := machine.Set(t, k, d.value(depth)); problem != "" {
			machine.Throw(d.L, lua.LString(problem))
		}
	}
	return t
}
