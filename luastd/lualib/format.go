package lualib

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/cdata"
	"moongate/runtime/machine"
)

// directive is one conversion of string.format.
type directive struct {
	left, plus, zero, space, alt bool
	width                        int
	// prec is -1 if none was given.
	prec int
	conv byte
}

// parseDirective reads what follows a %. ok is false if it is none that string.format knows; rest then begins behind it.
func parseDirective(f string) (d directive, rest string, ok bool) {
	d.prec = -1
	i := 0
flags:
	for ; i < len(f); i++ {
		switch f[i] {
		case '-':
			d.left = true
		case '+':
			d.plus = true
		case '0':
			d.zero = true
		case ' ':
			d.space = true
		case '#':
			d.alt = true
		default:
			break flags
		}
	}
	d.width, i = twoDigits(f, i)
	if i < len(f) && f[i] == '.' {
		d.prec, i = twoDigits(f, i+1)
	}
	if i < len(f) {
		d.conv = f[i]
	}
	if d.conv == 0 || strings.IndexByte("AacdEeFfGgiopqsuXx", d.conv) < 0 {
		if d.conv >= 32 {
			i++
		}
		return d, f[i:], false
	}
	return d, f[i+1:], true
}

// twoDigits reads up to two digits at f[i] and returns their value and where they end.
func twoDigits(f string, i int) (n, end int) {
	for stop := min(i+2, len(f)); i < stop && f[i] >= '0' && f[i] <= '9'; i++ {
		n = n*10 + int(f[i]-'0')
	}
	return n, i
}

// s = string.format(format, ...)
func stringFormat(L *lua.LState) int {
	var room [128]byte
	L.Push(machine.CopyString(AppendFormat(L, room[:0], 1)))
	return 1
}

// AppendFormat appends to out what string.format makes of the running function's arguments from number arg on, the first of them
// being the format. It raises string.format's errors.
func AppendFormat(L *lua.LState, out []byte, arg int) []byte {
	f := checkString(L, arg)
	top := L.GetTop()
	for {
		i := strings.IndexByte(f, '%')
		if i < 0 {
			return append(out, f...)
		}
		out = append(out, f[:i]...)
		f = f[i:]
		if len(f) > 1 && f[1] == '%' {
			out = append(out, '%')
			f = f[2:]
			continue
		}
		d, rest, ok := directive{prec: -1}, "", false
		if len(f) > 1 && (f[1] == 's' || f[1] == 'd') {
			d.conv, rest, ok = f[1], f[2:], true
		} else {
			d, rest, ok = parseDirective(f[1:])
		}
		if !ok {
			machine.Errorf(L, "invalid option '%s' to 'format'", f[:len(f)-len(rest)])
		}
		f = rest
		if arg++; arg > top {
			machine.ArgError(L, arg, "value expected")
		}
		out = formatArg(L, out, d, arg)
	}
}

func formatArg(L *lua.LState, out []byte, d directive, arg int) []byte {
	switch d.conv {
	case 's':
		return formatString(L, out, d, arg)
	case 'q':
		return appendQuoted(out, formatText(L, arg))
	case 'c':
		return pad(out, d, []byte{byte(checkInt(L, arg))})
	case 'd', 'i':
		return formatInt(L, out, d, arg)
	case 'u', 'o', 'x', 'X':
		bits, ok := boxedBits(L.Get(arg))
		if !ok {
			bits = toUint64(checkNumber(L, arg))
		}
		base := 10
		switch d.conv {
		case 'o':
			base = 8
		case 'x', 'X':
			base = 16
		}
		var room [24]byte
		return integer(out, d, strconv.AppendUint(room[:0], bits, base), "")
	case 'p':
		return pad(out, d, fmt.Appendf(nil, "%s", pointer(L.Get(arg))))
	}
	return formatFloat(out, d, checkNumber(L, arg))
}

func boxedBits(v lua.LValue) (uint64, bool) {
	bits, _, ok := cdata.Boxed(v)
	return bits, ok
}

func toInt64(f float64) int64 {
	if f >= -(1<<63) && f < 1<<63 {
		return int64(f)
	}
	return math.MinInt64
}

func toUint64(f float64) uint64 {
	if f >= 1<<63 {
		return uint64(toInt64(f - (1 << 64)))
	}
	return uint64(toInt64(f))
}

// pointer is the address of what v refers to.
func pointer(v lua.LValue) string {
	switch v := v.(type) {
	case *lua.LNilType, lua.LBool, lua.LNumber:
		return "NULL"
	case lua.LString:
		return fmt.Sprintf("%p", unsafe.StringData(string(v)))
	}
	if _, address, ok := strings.Cut(v.String(), ": "); ok {
		return address
	}
	return "NULL"
}

func formatString(L *lua.LState, out []byte, d directive, arg int) []byte {
	v := L.Get(arg)
	if d.width == 0 && d.prec < 0 {
		switch v := v.(type) {
		case lua.LString:
			return append(out, v...)
		case lua.LNumber:
			return machine.AppendNumber(out, float64(v))
		}
	}
	s := formatText(L, arg)
	if d.prec >= 0 && d.prec < len(s) {
		s = s[:d.prec]
	}
	d.zero = false
	return padString(out, d, s)
}

// formatText is an argument of %s or %q as a string. What __tostring returns is not asked for a __tostring of its own.
func formatText(L *lua.LState, arg int) string {
	v := toStringValue(L, L.Get(arg))
	if s, ok := machine.ToString(v); ok {
		return s
	}
	return plainString(v)
}

func padString(out []byte, d directive, s string) []byte {
	n := d.width - len(s)
	if !d.left {
		out = spaces(out, n)
	}
	out = append(out, s...)
	if d.left {
		out = spaces(out, n)
	}
	return out
}

func pad(out []byte, d directive, b []byte) []byte { return padString(out, d, string(b)) }

func spaces(out []byte, n int) []byte {
	for ; n > 0; n-- {
		out = append(out, ' ')
	}
	return out
}

func formatInt(L *lua.LState, out []byte, d directive, arg int) []byte {
	var v int64
	if bits, ok := boxedBits(L.Get(arg)); ok {
		v = int64(bits)
	} else {
		v = toInt64(checkNumber(L, arg))
	}
	if d == (directive{prec: -1, conv: d.conv}) {
		return strconv.AppendInt(out, v, 10)
	}
	sign := ""
	u := uint64(v)
	switch {
	case v < 0:
		sign = "-"
		u = -u
	case d.plus:
		sign = "+"
	case d.space:
		sign = " "
	}
	var room [24]byte
	return integer(out, d, strconv.AppendUint(room[:0], u, 10), sign)
}

// integer lays out digits with sign, prefix, precision and width.
func integer(out []byte, d directive, digits []byte, sign string) []byte {
	prefix := sign
	if d.alt && len(digits) > 0 && string(digits) != "0" {
		switch d.conv {
		case 'o':
			prefix = "0"
		case 'x':
			prefix = "0x"
		case 'X':
			prefix = "0X"
		}
	}
	if d.conv == 'X' {
		for i, c := range digits {
			if c >= 'a' {
				digits[i] = c - 0x20
			}
		}
	}
	if d.prec == 0 && string(digits) == "0" {
		digits = nil
	}
	zeros := max(d.prec-len(digits), 0)
	if d.zero && !d.left && d.prec < 0 {
		zeros = max(d.width-len(prefix)-len(digits), 0)
	}
	fill := d.width - len(prefix) - zeros - len(digits)
	if !d.left {
		out = spaces(out, fill)
	}
	out = append(out, prefix...)
	for range zeros {
		out = append(out, '0')
	}
	out = append(out, digits...)
	if d.left {
		out = spaces(out, fill)
	}
	return out
}

func formatFloat(out []byte, d directive, v float64) []byte {
	sign := ""
	switch {
	case math.IsNaN(v):
		if d.space {
			sign = " "
		}
	case math.Signbit(v):
		sign = "-"
		v = -v
	case d.plus:
		sign = "+"
	case d.space:
		sign = " "
	}
	var room [64]byte
	var digits []byte
	conv := d.conv | 0x20
	switch {
	case math.IsNaN(v):
		digits, d.zero = append(room[:0], "nan"...), false
	case math.IsInf(v, 0):
		digits, d.zero = append(room[:0], "inf"...), false
	case conv == 'a':
		digits = hexFloat(room[:0], v, d)
		sign += "0x"
	default:
		prec := d.prec
		if prec < 0 {
			prec = 6
		}
		if conv == 'g' {
			prec = max(prec, 1)
		}
		digits = machine.AppendFloat(room[:0], v, conv, prec)
		if d.alt {
			digits = alternate(digits, conv, prec)
		}
	}
	if d.conv < 'a' {
		sign = strings.ToUpper(sign)
		for i, c := range digits {
			if c >= 'a' && c <= 'z' {
				digits[i] = c - 0x20
			}
		}
	}
	fill := d.width - len(sign) - len(digits)
	if !d.left && !d.zero {
		out = spaces(out, fill)
	}
	out = append(out, sign...)
	if d.zero && !d.left {
		for ; fill > 0; fill-- {
			out = append(out, '0')
		}
	}
	out = append(out, digits...)
	if d.left {
		out = spaces(out, fill)
	}
	return out
}

// alternate is the # flag: there is always a point, and %g keeps its zeros.
func alternate(digits []byte, conv byte, prec int) []byte {
	s := string(digits)
	mantissa, exponent := s, ""
	if i := strings.IndexByte(s, 'e'); i >= 0 {
		mantissa, exponent = s[:i], s[i:]
	}
	if !strings.Contains(mantissa, ".") {
		mantissa += "."
	}
	if conv == 'g' {
		n := len(mantissa) - 1
		if strings.HasPrefix(mantissa, "0.") && strings.Trim(mantissa, "0.") != "" {
			n = len(strings.TrimLeft(mantissa[2:], "0"))
		}
		if n < prec {
			mantissa += strings.Repeat("0", prec-n)
		}
	}
	return append(digits[:0], mantissa+exponent...)
}

// hexFloat is %a without sign and prefix, as C prints it: no leading zeros in the exponent.
func hexFloat(room []byte, v float64, d directive) []byte {
	b := strconv.AppendFloat(room, v, 'x', d.prec, 64)[2:]
	if d.prec >= 0 && b[0] == '1' && v < math.MaxFloat64/2 {
		// C rounds the digits behind the point up into the one before it.
		if whole := strconv.AppendFloat(nil, v, 'x', -1, 64)[2:]; rounded(whole, b) {
			b[0] = '2'
			b = append(b[:bytes.IndexByte(b, 'p')], whole[bytes.IndexByte(whole, 'p'):]...)
		}
	}
	if d.alt && bytes.IndexByte(b, '.') < 0 {
		b = slices.Insert(b, 1, '.')
	}
	p := strings.IndexByte(string(b), 'p')
	exp := b[p+2:]
	if len(exp) == 2 && exp[0] == '0' {
		b = append(b[:p+2], exp[1])
	}
	return b
}

// rounded reports whether b has another exponent than a.
func rounded(a, b []byte) bool {
	return !bytes.Equal(a[bytes.IndexByte(a, 'p'):], b[bytes.IndexByte(b, 'p'):])
}

// appendQuoted writes a string so that Lua reads it back.
func appendQuoted(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '"' || c == '\\' || c == '\n':
			out = append(out, '\\', c)
		case c < ' ' || c == 127:
			out = append(out, '\\')
			if i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9' {
				out = append(out, c/100+'0', c/10%10+'0', c%10+'0')
			} else {
				out = strconv.AppendUint(out, uint64(c), 10)
			}
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
