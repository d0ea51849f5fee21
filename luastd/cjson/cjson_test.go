package cjson_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/cjson"
	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
)

func newState(t testing.TB) *lua.LState {
	t.Helper()
	L := lua.NewState(lua.Options{CallStackSize: 1 << 12, RegistrySize: 1 << 16})
	t.Cleanup(L.Close)
	null := L.NewUserData()
	mt := L.NewTable()
	mt.RawSetString("__tostring", L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString("userdata: NULL"))
		return 1
	}))
	null.Metatable = mt
	L.PreloadModule("cjson", cjson.Loader(null))
	L.PreloadModule("cjson.safe", cjson.SafeLoader(null))
	L.SetGlobal("null", null)
	// gopher-lua's own does not end for tables that package machine makes.
	L.SetGlobal("next", machine.NextFunction)
	if err := L.DoString(`function pairs(t) return next, t end cjson, safe = require "cjson", require "cjson.safe"`); err != nil {
		t.Fatal(err)
	}
	return L
}

// results runs code, which returns values, and gives them as text.
func results(t testing.TB, code string) string {
	t.Helper()
	L := newState(t)
	fn, err := L.Load(strings.NewReader(code), "chunk")
	if err != nil {
		t.Fatal(err)
	}
	L.Push(fn)
	if err := L.PCall(0, lua.MultRet, nil); err != nil {
		return err.(*lua.ApiError).Object.String()
	}
	var out []string
	for i := 1; i <= L.GetTop(); i++ {
		out = append(out, codec.ToString(L, L.Get(i)))
	}
	return strings.Join(out, "|")
}

func TestEncode(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{"empty table", `return cjson.encode({})`, `{}`},
		{"array", `return cjson.encode({1, "a", true, null, {}})`, `[1,"a",true,null,{}]`},
		{"object in order", `return cjson.encode({a = 1, b = {c = 2}})`, `{"a":1,"b":{"c":2}}`},
		{"mixed keys", `return cjson.encode({1, a = 2})`, `{"1":1,"a":2}`},
		{"number keys", `return cjson.encode({[1.5] = 1}), cjson.encode({[0] = 1}), cjson.encode({[-1] = 1})`, `{"1.5":1}|{"0":1}|{"-1":1}`},
		{"bad key", `cjson.encode({[true] = 1})`, "chunk:1: Cannot serialise boolean: table key must be a number or string"},
		{"nil", `return cjson.encode(nil)`, "null"},
		{"an index far outside", `return pcall(cjson.encode, {[100] = 1})`, "false|Cannot serialise table: excessively sparse array"},
		{"indexes far outside as an object", `cjson.encode_sparse_array(true) return cjson.encode({[1000] = 1})`, `{"1000":1}`},
		{"indexes far outside beside an array", `return pcall(cjson.encode, {1, 2, [1e5] = 1})`, "false|Cannot serialise table: excessively sparse array"},
		{"an index that is no C int", `return cjson.encode({[1e10] = 1})`, `{"10000000000":1}`},
		{"escapes", `return cjson.encode("a/b\"\\\1\127\b\t\n\f\ré")`, `"a\/b\"\\\u0001\u007f\b\t\n\f\ré"`},
		{"numbers", `return cjson.encode({1e14, 1e15, 0.1, 1/3, 100, 2^53, -5})`, `[1e+14,1e+15,0.1,0.33333333333333,100,9.007199254741e+15,-5]`},
		{"precision", `cjson.encode_number_precision(16) return cjson.encode(2^53)`, "9007199254740992"},
		{"function", `cjson.encode(print)`, "chunk:1: Cannot serialise function: type not supported"},
		{"function through pcall", `return pcall(cjson.encode, {print})`, "false|Cannot serialise function: type not supported"},
		{"safe", `return safe.encode(print)`, "nil|Cannot serialise function: type not supported"},
		{"no argument", `cjson.encode()`, "chunk:1: bad argument #1 to 'encode' (expected 1 argument)"},

		{"holes", `return cjson.encode({[3] = 1})`, `[null,null,1]`},
		{"sparse but short", `return cjson.encode({[10] = 1})`, `[null,null,null,null,null,null,null,null,null,1]`},
		{"sparse", `cjson.encode({[11] = 1})`, "chunk:1: Cannot serialise table: excessively sparse array"},
		{"very sparse", `cjson.encode({[1e9] = 1})`, "chunk:1: Cannot serialise table: excessively sparse array"},
		{"sparse converted", `cjson.encode_sparse_array(true) return cjson.encode({[1e9] = 1, [11] = 2})`, `{"11":2,"1000000000":1}`},
		{"sparse allowed", `return cjson.encode_sparse_array(false, 0), #cjson.encode({[1000] = 1})`, "false|4998"},
		{"depth", `local t = {} t.t = t cjson.encode(t)`, "chunk:1: Cannot serialise, excessive nesting (1001)"},
		{"depth set", `cjson.encode_max_depth(2) return cjson.encode({{}}), pcall(cjson.encode, {{{}}})`, "[{}]|false|Cannot serialise, excessive nesting (3)"},
		{"depth without bound", `cjson.encode_max_depth(2^31 - 1) local t = {} t.t = t return select(2, pcall(cjson.encode, t))`, "Cannot serialise, excessive nesting (32001)"},
		{"nan", `cjson.encode(0/0)`, "chunk:1: Cannot serialise number: must not be NaN or Infinity"},
		{"nan written", `cjson.encode_invalid_numbers(true) return cjson.encode({0/0, 1/0, -1/0})`, "[NaN,Infinity,-Infinity]"},
		{"nan as null", `cjson.encode_invalid_numbers("null") return cjson.encode({0/0}), cjson.encode_invalid_numbers()`, "[null]|null"},

		{"empty as array", `cjson.encode_empty_table_as_object(false) return cjson.encode({a = {}})`, `{"a":[]}`},
		{"empty_array", `return cjson.encode({cjson.empty_array})`, "[[]]"},
		{"array_mt", `return cjson.encode(setmetatable({a = 1, "x"}, cjson.array_mt)), cjson.encode(setmetatable({}, cjson.array_mt))`, `["x"]|[]`},
		{"empty_array_mt", `return cjson.encode(setmetatable({}, cjson.empty_array_mt)), cjson.encode(setmetatable({1}, cjson.empty_array_mt))`, `[]|[1]`},
		{"marks are shared", `return cjson.array_mt == safe.array_mt, cjson.empty_array == cjson.new().empty_array, cjson.null == null`, "true|true|true"},
		{"proxy", `return cjson.encode(setmetatable({}, {__len = function() return 2 end, __index = function(_, i) return i * 10 end}))`, "[10,20]"},
		{"proxy with table", `return cjson.encode(setmetatable({}, {__len = function() return 1 end, __index = {"x"}}))`, `["x"]`},
		{"proxy encodes too", `return cjson.encode({"before", setmetatable({}, {__len = function() cjson.encode("during") return 0 end})})`, `["before",[]]`},
		{"proxy fails", `return safe.encode(setmetatable({}, {__len = function() error("oops", 0) end}))`, "nil|oops"},
		{"other metatable", `return cjson.encode(setmetatable({1, 2}, {}))`, "[1,2]"},
		{"skip unsupported", `cjson.encode_skip_unsupported_value_types(true) return cjson.encode({print, "a", print, "b", print}), cjson.encode({a = print}), cjson.encode(print)`, `["a","b"]|{}|`},
		{"forward slash", `cjson.encode_escape_forward_slash(false) return cjson.encode("/"), cjson.new().encode("/")`, `"/"|"\/"`},
		{"indent", `cjson.encode_indent("  ") return cjson.encode({a = {1, 2}, b = {}})`, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}"},
		{"indent setting", `return cjson.encode_indent(), cjson.encode_indent("\t"), cjson.encode_indent("")`, "|\t|"},

		{"settings", `return cjson.encode_sparse_array(true, 5, 6)`, "true|5|6"},
		{"bad integer", `cjson.encode_number_precision(17)`, "chunk:1: bad argument #1 to 'encode_number_precision' (expected integer between 1 and 16)"},
		{"bad option", `cjson.encode_keep_buffer("x")`, "chunk:1: bad argument #1 to 'encode_keep_buffer' (invalid option 'x')"},
		{"too many", `cjson.decode_max_depth(1, 2)`, "chunk:1: bad argument #2 to 'decode_max_depth' (found too many arguments)"},
		{"names", `return cjson._NAME, cjson._VERSION`, "cjson|" + cjson.Version},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, results(t, tt.code)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecode(t *testing.T) {
	// show writes a value with the type of each scalar to be seen.
	const show = `local function show(v)
	if type(v) ~= "table" then return type(v) == "string" and '"' .. v .. '"' or tostring(v) end
	local out = {}
	for k, e in pairs(v) do out[#out + 1] = tostring(k) .. "=" .. show(e) end
	return "{" .. table.concat(out, ",") .. "}"
	end `
	tests := []struct{ json, want string }{
		{`{"a":[1,2.5,-3],"b":{"c":null},"d":true,"e":"x"}`, `{a={1=1,2=2.5,3=-3},b={c=userdata: NULL},d=true,e="x"}`},
		{` [ ] `, "{}"},
		{`{"a":1,"a":2}`, "{a=2}"},
		{`"\u00e9\u20ac\ud83d\ude00\n\/\""`, "\"é€😀\n/\"\""},
		{"\"a\nb\"", "\"a\nb\""},
		{"-0", "0"}, {"007", "7"}, {"+5", "5"}, {"1.", "1"}, {"-.5", "-0.5"}, {"0x1F", "31"}, {"0x.8p3", "4"}, {"1e400", "+Inf"}, {"-inf", "-Inf"}, {"NaN", "NaN"},
		{"99999999999999999999", "1e+20"}, {"9007199254740993", "9007199254740992"},
		{"{}\x00ignored", "{}"},
		{"", "Expected value but found T_END at character 1"},
		{"x", "Expected value but found invalid token at character 1"},
		{"[1,]", "Expected value but found T_ARR_END at character 4"},
		{`{"a":1,}`, "Expected object key string but found T_OBJ_END at character 8"},
		{`{1:2}`, "Expected object key string but found T_INTEGER at character 2"},
		{`{1.5:2}`, "Expected object key string but found T_NUMBER at character 2"},
		{`{"a" 1}`, "Expected colon but found T_INTEGER at character 6"},
		{`{"a":1 "b"`, "Expected comma or object end but found T_STRING at character 8"},
		{`[1 2]`, "Expected comma or array end but found T_INTEGER at character 4"},
		{`1 {`, "Expected the end but found T_OBJ_BEGIN at character 3"},
		{`"abc`, "Expected value but found unexpected end of string at character 5"},
		{`["\x"]`, "Expected value but found invalid escape code at character 3"},
		{`"\u12g4"`, "Expected value but found invalid unicode escape code at character 2"},
		{`"\ud83d"`, "Expected value but found invalid unicode escape code at character 2"},
		{"-", "Expected value but found invalid number at character 1"},
		{"/**/1", "Expected value but found invalid token at character 1"},
		{"a\x00", "JSON parser does not support UTF-16 or UTF-32"},
		{strings.Repeat("[", 1001), "Found too many nested data structures (1001) at character 1001"},
	}
	for _, tt := range tests {
		t.Run(tt.json[:min(20, len(tt.json))], func(t *testing.T) {
			code := show + `local v, err = safe.decode(` + luaString(tt.json) + `) return err or show(v)`
			if diff := cmp.Diff(tt.want, results(t, code)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// luaString writes s as a Lua string of decimal escapes.
func luaString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		fmt.Fprintf(&b, `\%03d`, s[i])
	}
	return b.String() + `"`
}

func TestDecodeSettings(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{"error position", `cjson.decode("x")`, "chunk:1: Expected value but found invalid token at character 1"},
		{"bad argument", `cjson.decode({})`, "chunk:1: bad argument #1 to 'decode' (string expected, got table)"},
		{"safe bad argument", `return safe.decode(nil)`, "nil|bad argument #1 to '?' (string expected, got nil)"},
		{"number", `return cjson.decode(12)`, "12"},
		{"strict numbers", `safe.decode_invalid_numbers(false) return select(2, safe.decode("nan")), select(2, safe.decode("0x10")), select(2, safe.decode("-01"))`,
			"Expected value but found invalid token at character 1|Expected value but found invalid number at character 1|Expected value but found invalid number at character 1"},
		{"depth", `safe.decode_max_depth(2) return #safe.decode("[[1]]"), select(2, safe.decode("[[[1]]]"))`, "1|Found too many nested data structures (3) at character 3"},
		{"comments", `cjson.decode_allow_comment(true) return cjson.decode("/* a */ [1, // b\n 2 /**/] // c")[2], select(2, pcall(cjson.decode, "[1 /* 2]"))`,
			"2|Expected comma or array end but found unclosed multi-line comment at character 9"},
		{"array_mt", `cjson.decode_array_with_array_mt(true) return cjson.encode(cjson.decode("[[],{}]")), cjson.encode(safe.decode("[[]]"))`, `[[],{}]|[{}]`},
		{"null", `return cjson.decode("null") == cjson.null, tostring(cjson.null)`, "true|userdata: NULL"},
		{"usable after an error", `pcall(cjson.decode, '{"a":[1,{"b":x') return cjson.encode(cjson.decode('{"a":[1,{"b":2}]}'))`, `{"a":[1,{"b":2}]}`},
		{"strings outlive the text", `local t = {} for i = 1, 300 do t[i] = cjson.decode('["s' .. i .. '\\n"]')[1] end return t[1] .. t[150] .. t[300]`, "s1\ns150\ns300\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, results(t, tt.code)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzDecode holds decode against encoding/json: what that accepts must be accepted, and
// must still mean the same after a round through a table.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00"],"b":{"c":null,"d":[true,false,[]]}}`, `"\\\"\/\b"`, `[0x1p3,nan,"`, `[[[{}]]]`} {
		f.Add(seed)
	}
	L := newState(f)
	if err := L.DoString(`safe.encode_number_precision(16) safe.decode_array_with_array_mt(true) safe.encode_sparse_array(true, 0)
		function again(s) local v, err = safe.decode(s) if v == nil then return nil, err end return safe.encode(v) end`); err != nil {
		f.Fatal(err)
	}
	again := L.GetGlobal("again")
	f.Fuzz(func(t *testing.T, text string) {
		if err := L.CallByParam(lua.P{Fn: again, NRet: 2, Protect: true}, lua.LString(text)); err != nil {
			t.Fatal(err)
		}
		got, message := L.Get(-2), L.Get(-1)
		L.Pop(2)
		var want any
		if json.Unmarshal([]byte(text), &want) != nil {
			return
		}
		// Too deep, out of range and lone surrogates, where encoding/json is laxer.
		for _, known := range []string{"nest", "NaN or Infinity", "unicode escape"} {
			if strings.Contains(message.String(), known) {
				return
			}
		}
		if got == lua.LNil {
			t.Fatalf("%q: %s", text, message)
		}
		var back any
		if err := json.Unmarshal([]byte(got.String()), &back); err != nil {
			t.Fatalf("%q: encoded as %q: %v", text, got, err)
		}
		near := cmp.Comparer(func(a, b float64) bool {
			return a == b || fmt.Sprintf("%.13g", a) == fmt.Sprintf("%.13g", b)
		})
		if diff := cmp.Diff(want, back, near); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	})
}

// document returns JSON of about size bytes, of the sort that web services exchange.
func document(size int) string {
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for i := 0; b.Len() < size-120; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"name":"item number %d","price":%d.25,"tags":["red","large","sale"],"active":true,"note":"a \"quoted\" word"}`, i*1000, i, i)
	}
	b.WriteString(`],"total":17,"next":null}`)
	return b.String()
}

func BenchmarkDecode(b *testing.B) {
	for _, size := range []int{2 << 10, 64 << 10} {
		text := document(size)
		b.Run(fmt.Sprint("cjson/", size), func(b *testing.B) {
			L := newState(b)
			fn := L.GetField(L.GetGlobal("cjson"), "decode")
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				L.Push(fn)
				L.Push(lua.LString(text))
				L.Call(1, 1)
				L.Pop(1)
			}
		})
		b.Run(fmt.Sprint("encoding-json/", size), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				var v any
				if err := json.Unmarshal([]byte(text), &v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	for _, size := range []int{2 << 10, 64 << 10} {
		text := document(size)
		b.Run(fmt.Sprint("cjson/", size), func(b *testing.B) {
			L := newState(b)
			L.Push(L.GetField(L.GetGlobal("cjson"), "decode"))
			L.Push(lua.LString(text))
			L.Call(1, 1)
			v, fn := L.Get(-1), L.GetField(L.GetGlobal("cjson"), "encode")
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				L.Push(fn)
				L.Push(v)
				L.Call(1, 1)
				L.Pop(1)
			}
		})
		b.Run(fmt.Sprint("encoding-json/", size), func(b *testing.B) {
			var v any
			if err := json.Unmarshal([]byte(text), &v); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := json.Marshal(v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
