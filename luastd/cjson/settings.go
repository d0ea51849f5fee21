package cjson

import (
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
)

// settings are what the functions of a module change; their names are those of the
// functions.
type settings struct {
	encodeMaxDepth, decodeMaxDepth int
	// An array whose highest index is above sparseSafe and more than sparseRatio times the
	// number of its items is excessively sparse: an error, or an object with sparseConvert.
	// A sparseRatio of 0 allows all.
	sparseConvert           bool
	sparseRatio, sparseSafe int

	numberPrecision      int
	encodeInvalidNumbers invalidNumbers
	decodeInvalidNumbers bool
	emptyTableAsObject   bool
	skipUnsupported      bool
	arrayWithArrayMT     bool
	allowComment         bool
	keepBuffer           bool
	indent               string
	escape               *[256]byte
}

// invalidNumbers says what becomes of NaN and the infinities.
type invalidNumbers int

const (
	refuseInvalid invalidNumbers = iota
	writeInvalid
	nullInvalid
)

var invalidNames = []string{"off", "on", "null"}

func defaultSettings() settings {
	return settings{
		encodeMaxDepth:       1000,
		decodeMaxDepth:       1000,
		sparseRatio:          2,
		sparseSafe:           10,
		numberPrecision:      14,
		decodeInvalidNumbers: true,
		emptyTableAsObject:   true,
		keepBuffer:           true,
		escape:               &escapeWithSlash,
	}
}

// settingFuncs returns the Lua functions for the settings, by name. Each sets what it is
// given arguments for and returns the values in force.
func (m *module) settingFuncs() map[string]lua.LGFunction {
	s := &m.settings
	return map[string]lua.LGFunction{
		"encode_max_depth":                    intSetting("encode_max_depth", &s.encodeMaxDepth, 1, math.MaxInt32),
		"decode_max_depth":                    intSetting("decode_max_depth", &s.decodeMaxDepth, 1, math.MaxInt32),
		"encode_number_precision":             intSetting("encode_number_precision", &s.numberPrecision, 1, 16),
		"encode_empty_table_as_object":        boolSetting("encode_empty_table_as_object", &s.emptyTableAsObject),
		"encode_keep_buffer":                  boolSetting("encode_keep_buffer", &s.keepBuffer),
		"encode_skip_unsupported_value_types": boolSetting("encode_skip_unsupported_value_types", &s.skipUnsupported),
		"decode_invalid_numbers":              boolSetting("decode_invalid_numbers", &s.decodeInvalidNumbers),
		"decode_array_with_array_mt":          boolSetting("decode_array_with_array_mt", &s.arrayWithArrayMT),
		"decode_allow_comment":                boolSetting("decode_allow_comment", &s.allowComment),
		"encode_sparse_array":                 s.sparseArray,
		"encode_invalid_numbers":              s.invalidNumbers,
		"encode_escape_forward_slash":         s.forwardSlash,
		"encode_indent":                       s.setIndent,
	}
}

// checkArgs refuses more than most arguments and adds nil for those that are missing, so
// that results can be pushed behind them.
func checkArgs(L *lua.LState, name string, most int) {
	if L.GetTop() > most {
		codec.ArgError(L, most+1, name, "found too many arguments")
	}
	L.SetTop(most)
}

func intSetting(name string, setting *int, low, high int) lua.LGFunction {
	return func(L *lua.LState) int {
		checkArgs(L, name, 1)
		intOption(L, name, 1, setting, low, high)
		return 1
	}
}

// intOption sets an integer from argument n, unless that is nil, and pushes the setting.
func intOption(L *lua.LState, name string, n int, setting *int, low, high int) {
	if L.Get(n) != lua.LNil {
		v := int(codec.CheckNumber(L, n, name))
		if v < low || v > high {
			codec.ArgError(L, 1, name, fmt.Sprintf("expected integer between %d and %d", low, high))
		}
		*setting = v
	}
	L.Push(lua.LNumber(*setting))
}

func boolSetting(name string, setting *bool) lua.LGFunction {
	return func(L *lua.LState) int {
		checkArgs(L, name, 1)
		boolOption(L, name, 1, setting)
		return 1
	}
}

func boolOption(L *lua.LState, name string, n int, setting *bool) {
	*setting = option(L, name, n, boolAsInt(*setting), invalidNames[:2]) != 0
	L.Push(lua.LBool(*setting))
}

func boolAsInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// option returns what argument n, a boolean or the name of an option, stands for, and
// current where it is nil.
func option(L *lua.LState, name string, n, current int, names []string) int {
	switch v := L.Get(n).(type) {
	case *lua.LNilType:
		return current
	case lua.LBool:
		return boolAsInt(bool(v))
	}
	text := codec.CheckString(L, n, name)
	for i, known := range names {
		if text == known {
			return i
		}
	}
	codec.ArgError(L, n, name, "invalid option '"+text+"'")
	return current
}

// sparseArray is convert, ratio, safe = cjson.encode_sparse_array(convert?, ratio?, safe?).
func (s *settings) sparseArray(L *lua.LState) int {
	const name = "encode_sparse_array"
	checkArgs(L, name, 3)
	boolOption(L, name, 1, &s.sparseConvert)
	intOption(L, name, 2, &s.sparseRatio, 0, math.MaxInt32)
	intOption(L, name, 3, &s.sparseSafe, 0, math.MaxInt32)
	return 3
}

// invalidNumbers is setting = cjson.encode_invalid_numbers(setting?), a boolean or "null".
func (s *settings) invalidNumbers(L *lua.LState) int {
	const name = "encode_invalid_numbers"
	checkArgs(L, name, 1)
	s.encodeInvalidNumbers = invalidNumbers(option(L, name, 1, int(s.encodeInvalidNumbers), invalidNames))
	if s.encodeInvalidNumbers == nullInvalid {
		L.Push(lua.LString(invalidNames[nullInvalid]))
	} else {
		L.Push(lua.LBool(s.encodeInvalidNumbers == writeInvalid))
	}
	return 1
}

// forwardSlash is setting = cjson.encode_escape_forward_slash(setting?).
func (s *settings) forwardSlash(L *lua.LState) int {
	const name = "encode_escape_forward_slash"
	checkArgs(L, name, 1)
	on := s.escape == &escapeWithSlash
	boolOption(L, name, 1, &on)
	if s.escape = &escapePlain; on {
		s.escape = &escapeWithSlash
	}
	return 1
}

// setIndent is indent = cjson.encode_indent(indent?); an empty string turns it off.
func (s *settings) setIndent(L *lua.LState) int {
	const name = "encode_indent"
	checkArgs(L, name, 1)
	if L.Get(1) != lua.LNil {
		s.indent = codec.CheckString(L, 1, name)
	}
	L.Push(lua.LString(s.indent))
	return 1
}
