// Package cdata holds LuaJIT's boxed numbers: the 64-bit integers that 42LL and 42ULL make, and the complex numbers of
// 42i. They are userdata to gopher-lua and "cdata" to scripts.
//
// The values are immutable and so is their metatable, which all states share: constants of a compiled chunk may be used
// by any number of workers at once.
package cdata

import (
	"math"
	"strconv"

	lua "github.com/yuin/gopher-lua"
)

// Int64 is the value of an int64_t box.
type Int64 int64

// Uint64 is the value of a uint64_t box.
type Uint64 uint64

// Complex is the value of a complex box.
type Complex complex128

// Complex64 is the value of a box of a complex float.
type Complex64 complex64

// LuaType is what type() answers for a box.
func (Int64) LuaType() string { return "cdata" }

// LuaType is what type() answers for a box.
func (Uint64) LuaType() string { return "cdata" }

// LuaType is what type() answers for a box.
func (Complex) LuaType() string { return "cdata" }

// LuaType is what type() answers for a box.
func (Complex64) LuaType() string { return "cdata" }

// String is the number with its suffix: 42LL.
func (v Int64) String() string { return strconv.FormatInt(int64(v), 10) + "LL" }

// String is the number with its suffix: 42ULL.
func (v Uint64) String() string { return strconv.FormatUint(uint64(v), 10) + "ULL" }

// String is both parts of the number: 1+2i.
func (v Complex) String() string {
	im := formatPart(imag(v))
	if im[0] != '-' {
		im = "+" + im
	}
	unit := "i"
	if last := im[len(im)-1]; last == 'f' || last == 'n' {
		unit = "I"
	}
	return formatPart(real(v)) + im + unit
}

// String is both parts of the number: 1+2i.
func (v Complex64) String() string { return Complex(complex128(v)).String() }

// formatPart is a number with 14 significant digits, as %.14g gives it.
func formatPart(v float64) string {
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	}
	s := strconv.FormatFloat(v, 'e', 13, 64)
	exp, _ := strconv.Atoi(s[len(s)-3:])
	if exp < -4 || exp >= 14 {
		v, _ = strconv.ParseFloat(s, 64)
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	v, _ = strconv.ParseFloat(s, 64)
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// NewInt64 boxes a signed integer.
func NewInt64(v int64) *lua.LUserData { return box(Int64(v)) }

// NewUint64 boxes an unsigned integer.
func NewUint64(v uint64) *lua.LUserData { return box(Uint64(v)) }

// NewComplex boxes a complex number.
func NewComplex(v complex128) *lua.LUserData { return box(Complex(v)) }

// NewComplex64 boxes a complex float.
func NewComplex64(v complex64) *lua.LUserData { return box(Complex64(v)) }

func box(v any) *lua.LUserData {
	return &lua.LUserData{Value: v, Metatable: metatable}
}

// Metatable is what the boxes share. It must not be changed.
func Metatable() *lua.LTable { return metatable }

// Integral is what values of userdata implement that count as integers although they are no boxes: module ffi's ints, enums and bools.
// unsigned is for integers of 64 bits only.
type Integral interface {
	CInteger() (bits uint64, unsigned, ok bool)
}

// Integer is the value of a 64-bit box or of an Integral. unsigned tells how to read the bits; ok is false for anything else.
func Integer(v lua.LValue) (bits uint64, unsigned, ok bool) {
	if ud, isUserdata := v.(*lua.LUserData); isUserdata {
		switch n := ud.Value.(type) {
		case Int64:
			return uint64(n), false, true
		case Uint64:
			return uint64(n), true, true
		case Integral:
			return n.CInteger()
		}
	}
	return 0, false, false
}

// FromFloat converts a number to 64 bits as LuaJIT does: values from 2^63 on wrap as unsigned.
func FromFloat(f float64) uint64 {
	if f >= 1<<63 {
		return Truncate(f - 1<<64)
	}
	return Truncate(f)
}

// Truncate converts a number to a signed integer of 64 bits as x64 does: what does not fit is the lowest one.
func Truncate(f float64) uint64 {
	if f >= -(1<<63) && f < 1<<63 {
		return uint64(int64(f))
	}
	return 1 << 63
}

// fromNumber is a Lua number as an operand beside an integer.
func fromNumber(v lua.LValue, unsigned bool) (uint64, bool) {
	n, ok := v.(lua.LNumber)
	if !ok {
		return 0, false
	}
	if unsigned {
		return FromFloat(float64(n)), true
	}
	return Truncate(float64(n)), true
}
