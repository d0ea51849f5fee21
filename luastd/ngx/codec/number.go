package codec

import (
	"math"
	"strconv"
)

// numberPrecision is the number of significant digits that Lua prints (LUAI_NUMFFORMAT,
// "%.14g").
const numberPrecision = 14

// AppendNumber appends f as LuaJIT's tostring prints it, that is by "%.14g": 1e14 and
// larger integers get an exponent, NaN is "nan", infinities are "inf" and "-inf". Where f
// lies just between two texts of 14 digits LuaJIT rounds away from zero, unlike C.
func AppendNumber(dst []byte, f float64) []byte {
	if i := int64(f); float64(i) == f && i > -1e14 && i < 1e14 && i != 0 {
		return strconv.AppendInt(dst, i, 10)
	}
	if dst, ok := appendThousandths(dst, f); ok {
		return dst
	}
	if isTie(f) {
		f = math.Nextafter(f, math.Copysign(math.Inf(1), f))
	}
	return AppendNumberPrecision(dst, f, numberPrecision)
}

// isTie reports whether f is exactly a decimal of 15 digits that ends in 5.
func isTie(f float64) bool {
	var buf [64]byte
	shortest := strconv.AppendFloat(buf[:0], math.Abs(f), 'e', -1, 64)
	const last = numberPrecision + 1 // the dot counts
	if len(shortest) <= last+1 || shortest[last] != '5' || shortest[last+1] != 'e' {
		return false
	}
	long := strconv.AppendFloat(buf[:0], math.Abs(f), 'e', 40, 64)
	for _, c := range long[last+1:] {
		if c == 'e' {
			return true
		}
		if c != '0' {
			return false
		}
	}
	return false
}

// AppendNumberPrecision appends f as C's "%.<precision>g" does, ties to even. The precision
// must be at least 1.
func AppendNumberPrecision(dst []byte, f float64, precision int) []byte {
	if i := int64(f); float64(i) == f && i > -1e9 && i < 1e9 && precision >= 9 {
		if i == 0 && math.Signbit(f) {
			return append(dst, '-', '0')
		}
		return strconv.AppendInt(dst, i, 10)
	}
	if precision >= 13 && precision <= 15 {
		if dst, ok := appendThousandths(dst, f); ok {
			return dst
		}
	}
	switch {
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, f, 'g', precision, 64)
}

// appendThousandths appends f if it is the nearest number to a decimal with at most three digits behind the point and nine before
// it. Those are most of the numbers that are not whole, and strconv takes several times as long.
func appendThousandths(dst []byte, f float64) ([]byte, bool) {
	abs := math.Abs(f)
	if !(abs < 1e9) || abs < 1e-3 {
		return dst, false
	}
	n := uint64(abs*1000 + 0.5)
	if float64(n)/1000 != abs {
		return dst, false
	}
	if f < 0 {
		dst = append(dst, '-')
	}
	dst = strconv.AppendUint(dst, n/1000, 10)
	switch r := n % 1000; {
	case r == 0:
	case r%100 == 0:
		dst = append(dst, '.', '0'+byte(r/100))
	case r%10 == 0:
		dst = append(dst, '.', '0'+byte(r/100), '0'+byte(r/10%10))
	default:
		dst = append(dst, '.', '0'+byte(r/100), '0'+byte(r/10%10), '0'+byte(r%10))
	}
	return dst, true
}

// FormatNumber returns f as AppendNumber writes it.
func FormatNumber(f float64) string {
	var buf [32]byte
	return string(AppendNumber(buf[:0], f))
}
