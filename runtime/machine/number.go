package machine

import (
	"bytes"
	"math"
	"math/big"
	mathbits "math/bits"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/syntax"
)

// AppendNumber appends v as tostring shows it: "%.14g" in C.
func AppendNumber(b []byte, v float64) []byte {
	if i := int64(v); float64(i) == v && i < 1e14 && i > -1e14 && (i != 0 || !math.Signbit(v)) {
		return strconv.AppendInt(b, i, 10)
	}
	switch {
	case math.IsNaN(v):
		return append(b, "nan"...)
	case math.IsInf(v, 1):
		return append(b, "inf"...)
	case math.IsInf(v, -1):
		return append(b, "-inf"...)
	}
	return AppendFloat(b, v, 'g', 14)
}

// AppendFloat appends a finite v as strconv.AppendFloat does for 'e', 'f' and 'g' with a precision, but rounds a value that lies just
// between two results away from zero, as LuaJIT does, not to the even one.
func AppendFloat(b []byte, v float64, conv byte, prec int) []byte {
	digits := prec
	if conv == 'e' {
		digits++
	}
	if !tied(v, digits, conv != 'f') {
		return strconv.AppendFloat(b, v, conv, prec, 64)
	}
	// A value larger by next to nothing is no longer in the middle.
	x := new(big.Float).SetPrec(1200).SetFloat64(v)
	x.Add(x, new(big.Float).SetMantExp(x, -1100))
	return x.Append(b, conv, prec)
}

// tied reports whether v lies just between two numbers of n digits after the point, or of n significant digits.
func tied(v float64, n int, significant bool) bool {
	bits := math.Float64bits(v)
	exp := int(bits>>52)&0x7ff - 1023
	if exp == -1023 {
		return false
	}
	// fraction is the number of binary, and so of decimal, digits after the point.
	fraction := 52 - exp - mathbits.TrailingZeros64(bits|1<<52)
	last := n + 1
	if significant {
		last = n - exp*30103/100000
		if exp < 0 {
			last++
		}
		// The estimate of the decimal exponent is right or one too low.
		if fraction > 0 && fraction != last && fraction != last-1 || fraction <= 0 && exp < 3*n {
			return false
		}
		last = n - decimalExponent(v)
	}
	return fraction > 0 && fraction == last || fraction <= 0 && last <= 0 && endsInFive(v, -last)
}

func decimalExponent(v float64) int {
	var b [32]byte
	s := strconv.AppendFloat(b[:0], v, 'e', 17, 64)
	i := bytes.LastIndexByte(s, 'e')
	exp, _ := strconv.Atoi(string(s[i+1:]))
	return exp
}

// endsInFive reports whether the last digit of v that is not zero is a five, with n zeros behind it.
func endsInFive(v float64, n int) bool {
	if n > 21 {
		return false
	}
	return math.Mod(math.Abs(v), math.Pow10(n+1)) == 5*math.Pow10(n)
}

// FormatNumber is v as tostring shows it.
func FormatNumber(v float64) string {
	var b [32]byte
	return string(AppendNumber(b[:0], v))
}

// ToNumber converts a number, or a string that holds one.
func ToNumber(v lua.LValue) (float64, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v), true
	case lua.LString:
		return syntax.ParseNumber(string(v))
	}
	return 0, false
}

// ToString converts a string or a number, the latter with 14 significant digits.
func ToString(v lua.LValue) (string, bool) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return FormatNumber(float64(v)), true
	}
	return "", false
}

// TypeName is what type() answers for v. Userdata may say so itself by a method LuaType: boxed integers are "cdata".
func TypeName(v lua.LValue) string {
	if ud, ok := v.(*lua.LUserData); ok {
		if t, ok := ud.Value.(interface{ LuaType() string }); ok {
			return t.LuaType()
		}
	}
	return v.Type().String()
}
