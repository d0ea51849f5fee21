package syntax

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// NumberKind tells what a numeral stands for.
type NumberKind uint8

// The kinds of numeral that LuaJIT knows.
const (
	NotNumber NumberKind = iota
	Float                // an ordinary Lua number
	Int64                // 42LL
	Uint64               // 42ULL
	Imaginary            // 4.2i
)

// Number is the value of a numeral.
type Number struct {
	Kind NumberKind
	// F is the value of a Float, and the imaginary part of an Imaginary.
	F float64
	// Bits is the value of an Int64 or Uint64.
	Bits uint64
}

// IsSpace reports whether c is white space in the C locale.
func IsSpace(c byte) bool { return c == ' ' || c-'\t' < 5 }

func isDigit(c byte) bool { return c-'0' < 10 }

func isHex(c byte) bool { return isDigit(c) || (c|0x20)-'a' < 6 }

func isIdent(c byte) bool {
	return isDigit(c) || (c|0x20)-'a' < 26 || c == '_' || c >= 0x80
}

// ParseNumber converts a string as LuaJIT's tonumber does: decimal, hexadecimal (with fraction and binary exponent) and
// binary numerals, inf and nan, with white space around and a sign. The second result is false if s is none of these.
func ParseNumber(s string) (float64, bool) {
	if v, ok := shortInteger(s); ok {
		return v, true
	}
	for s != "" && IsSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && IsSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	neg := false
	if s != "" && (s[0] == '-' || s[0] == '+') {
		neg = s[0] == '-'
		s = s[1:]
	}
	if s == "" {
		return 0, false
	}
	var v float64
	if c := s[0] | 0x20; c == 'i' || c == 'n' {
		switch strings.ToLower(s) {
		case "inf", "infinity":
			v = math.Inf(1)
		case "nan":
			return math.NaN(), true
		default:
			return 0, false
		}
	} else {
		n := scanNumeral(s, false)
		if n.Kind != Float {
			return 0, false
		}
		v = n.F
	}
	if neg {
		v = -v
	}
	return v, true
}

// shortInteger is the common case of a number: up to 15 decimal digits, which a float64 holds exactly, and nothing else.
func shortInteger(s string) (float64, bool) {
	if s == "" || len(s) > 15 {
		return 0, false
	}
	n := int64(0)
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return float64(n), true
}

// scanNumeral converts an unsigned numeral without white space. Suffixes (LL, ULL, i) only count where cdata does.
func scanNumeral(s string, cdata bool) Number {
	if v, ok := shortInteger(s); ok {
		return Number{Kind: Float, F: v}
	}
	kind := Float
	if cdata {
		low := strings.ToLower(s)
		switch {
		case strings.HasSuffix(low, "ull"), strings.HasSuffix(low, "llu"):
			kind, s = Uint64, s[:len(s)-3]
		case strings.HasSuffix(low, "ll"):
			kind, s = Int64, s[:len(s)-2]
		case strings.HasSuffix(low, "i"):
			kind, s = Imaginary, s[:len(s)-1]
		}
	}
	base := 10
	if len(s) > 1 && s[0] == '0' {
		switch s[1] | 0x20 {
		case 'x':
			base = 16
		case 'b':
			base = 2
		}
	}
	digits, fraction, exponent := 0, false, ""
	body := s
	if base != 10 {
		body = s[2:]
	}
	i := 0
	for ; i < len(body); i++ {
		c := body[i]
		if c == '.' && !fraction && base != 2 {
			fraction = true
			continue
		}
		if base == 16 && !isHex(c) || base == 10 && !isDigit(c) || base == 2 && c|1 != '1' {
			break
		}
		digits++
	}
	if digits == 0 {
		return Number{}
	}
	if i < len(body) {
		marker := byte('e')
		if base == 16 {
			marker = 'p'
		}
		if body[i]|0x20 != marker || base == 2 {
			return Number{}
		}
		exponent = body[i+1:]
		if exponent != "" && (exponent[0] == '+' || exponent[0] == '-') {
			exponent = exponent[1:]
		}
		if exponent == "" {
			return Number{}
		}
		for _, c := range []byte(exponent) {
			if !isDigit(c) {
				return Number{}
			}
		}
	}
	if kind == Int64 || kind == Uint64 {
		if fraction || exponent != "" {
			return Number{}
		}
		bits, ok := integerBits(body, base)
		if !ok {
			return Number{}
		}
		return Number{Kind: kind, Bits: bits}
	}
	return Number{Kind: kind, F: floatValue(s, body, base, exponent != "")}
}

// integerBits is the value modulo 2^64 of digits; decimal numerals must fit.
func integerBits(digits string, base int) (uint64, bool) {
	if base == 10 {
		v, err := strconv.ParseUint(digits, 10, 64)
		return v, err == nil
	}
	v := uint64(0)
	for _, c := range []byte(digits) {
		d := c - '0'
		if d > 9 {
			d = (c | 0x20) - 'a' + 10
		}
		v = v*uint64(base) + uint64(d)
	}
	return v, true
}

func floatValue(s, body string, base int, hasExponent bool) float64 {
	switch base {
	case 2:
		v := 0.0
		for _, c := range []byte(body) {
			v = v*2 + float64(c-'0')
		}
		return v
	case 16:
		if !hasExponent {
			s += "p0"
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return math.NaN()
	}
	return v
}
