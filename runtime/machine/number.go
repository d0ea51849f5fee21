package machine

import (
	"math"
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
	return strconv.AppendFloat(b, v, 'g', 14, 64)
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
