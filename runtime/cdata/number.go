package cdata

import (
	"math"

	lua "github.com/yuin/gopher-lua"
)

// Real is what values of userdata implement that are floating-point numbers: module ffi's floats and doubles. They count as Integral too,
// as arithmetic on them is done in 64-bit integers.
type Real interface {
	CFloat() (f float64, ok bool)
}

// Boxed is the value of a 64-bit box, which alone string.format and its like take for a number.
func Boxed(v lua.LValue) (bits uint64, unsigned, ok bool) {
	if ud, isUserdata := v.(*lua.LUserData); isUserdata {
		switch n := ud.Value.(type) {
		case Int64:
			return uint64(n), false, true
		case Uint64:
			return uint64(n), true, true
		}
	}
	return 0, false, false
}

// Float is what tonumber makes of C data: of a complex number the real part.
func Float(v lua.LValue) (float64, bool) {
	ud, isUserdata := v.(*lua.LUserData)
	if !isUserdata {
		return math.NaN(), false
	}
	switch n := ud.Value.(type) {
	case Complex:
		return real(n), true
	case Complex64:
		return float64(real(n)), true
	case Real:
		if f, ok := n.CFloat(); ok {
			return f, true
		}
	}
	bits, unsigned, ok := Integer(v)
	switch {
	case !ok:
		return math.NaN(), false
	case unsigned:
		return float64(bits), true
	}
	return float64(int64(bits)), true
}

// ComplexOf is v as a complex number; ok is false if it is none.
func ComplexOf(v lua.LValue) (c complex128, ok bool) {
	if ud, isUserdata := v.(*lua.LUserData); isUserdata {
		switch c := ud.Value.(type) {
		case Complex:
			return complex128(c), true
		case Complex64:
			return complex128(c), true
		}
	}
	return 0, false
}
