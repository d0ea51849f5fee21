package codec_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
)

// newState returns a Lua state whose ngx table has this package's functions, whose
// tostring is codec.ToString, and whose package.preload knows ngx.base64.
func newState(t testing.TB) *lua.LState {
	t.Helper()
	L := lua.NewState()
	t.Cleanup(L.Close)
	ngx := L.NewTable()
	codec.Register(L, ngx, codec.Clock{Now: time.Now, Update: func() {}})
	L.SetGlobal("ngx", ngx)
	L.SetGlobal("tostring", L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString(codec.ToString(L, L.Get(1))))
		return 1
	}))
	L.PreloadModule("ngx.base64", codec.Base64Loader)
	return L
}

// results runs code, which returns values, and gives them as text.
func results(t testing.TB, L *lua.LState, code string) string {
	t.Helper()
	fn, err := L.Load(strings.NewReader(code), "chunk")
	if err != nil {
		t.Fatal(err)
	}
	top := L.GetTop()
	L.Push(fn)
	if err := L.PCall(0, lua.MultRet, nil); err != nil {
		return err.(*lua.ApiError).Object.String()
	}
	var out []string
	for i := top + 1; i <= L.GetTop(); i++ {
		out = append(out, codec.ToString(L, L.Get(i)))
	}
	L.SetTop(top)
	return strings.Join(out, "|")
}

func TestLuaFunctions(t *testing.T) {
	tests := []struct{ name, code, want string }{
		{"escape nil", `return ngx.escape_uri(nil), ngx.escape_uri(false), ngx.escape_uri(true)`, "||true"},
		{"escape number", `return ngx.escape_uri(1e20)`, "1e%2B20"},
		{"escape with __tostring", `return ngx.escape_uri(setmetatable({}, {__tostring = function() return "a b" end}))`, "a%20b"},
		{"escape component", `return ngx.escape_uri("a/b ~-_.!*'()é")`, "a%2Fb%20~-_.!*'()%C3%A9"},
		{"escape type below range", `return pcall(ngx.escape_uri, "x", -1)`, `false|chunk:1: "type" -1 out of range`},
		{"escape type above range", `return pcall(ngx.escape_uri, "x", 10)`, `false|chunk:1: "type" 10 out of range`},
		{"escape type of wrong type", `ngx.escape_uri("x", "2")`, `"type" is not a number`},
		{"unescape", `return ngx.unescape_uri("%41+%7e%zz%4"), ngx.unescape_uri(nil)`, "A ~%zz%4|"},

		{"encode_args values", `return ngx.encode_args({a = {1, true, false, "x y"}})`, "a=1&a&a=x%20y"},
		{"encode_args false alone", `return ngx.encode_args({a = false})`, ""},
		{"encode_args escapes keys and numbers", `return ngx.encode_args({["a b"] = 1e20})`, "a%20b=1e%2B20"},
		{"encode_args list key", `ngx.encode_args({1})`, `chunk:1: attempt to use a non-string key in the "args" option table`},
		{"encode_args bad value", `ngx.encode_args({a = print})`, "chunk:1: attempt to use function as query arg value"},
		{"encode_args bad item", `ngx.encode_args({a = {{}}})`, "chunk:1: attempt to use table as query arg value"},
		{"encode_args bad argument", `ngx.encode_args("x")`, "chunk:1: bad argument #1 to 'encode_args' (table expected, got string)"},
		{"encode_args none", `ngx.encode_args()`, "chunk:1: expecting 1 argument but seen 0"},

		{"decode_args", `local t = ngx.decode_args("a=1&b&c=&a=2&=x&d%20e=f+g") return t.a[1], t.a[2], t.b, t.c, t["d e"], t[""]`, "1|2|true||f g|nil"},
		{"decode_args truncated", `local t, err = ngx.decode_args("a=1&b=2&c=3", 2) return t.a, t.b, t.c, err`, "1|2|nil|truncated"},
		{"decode_args number", `return ngx.decode_args(12)["12"]`, "true"},
		{"decode_args bad argument", `ngx.decode_args(nil)`, "chunk:1: bad argument #1 to 'decode_args' (string expected, got nil)"},
		{"decode_args through pcall", `return pcall(ngx.decode_args, {})`, "false|bad argument #1 to '?' (string expected, got table)"},
		{"decode_args count", `ngx.decode_args()`, "chunk:1: expecting 1 or 2 arguments but seen 0"},

		{"encode_base64", `return ngx.encode_base64("ab"), ngx.encode_base64("ab", true), ngx.encode_base64(nil), ngx.encode_base64(12)`, "YWI=|YWI||MTI="},
		{"encode_base64 bad padding", `ngx.encode_base64("a", 1)`, "chunk:1: bad no_padding: boolean expected, got number"},
		{"decode_base64", `return ngx.decode_base64("YWI="), ngx.decode_base64("YWI"), ngx.decode_base64("YQ==YQ"), ngx.decode_base64("Y Q"), ngx.decode_base64("Y")`, "ab|ab|a|nil|nil"},
		{"decode_base64 bad argument", `ngx.decode_base64(1)`, "chunk:1: string argument only"},
		{"decode_base64mime", `return ngx.decode_base64mime("Y\r\nW-I="), ngx.decode_base64mime("Y")`, "ab|nil"},
		{"base64url", `local b = require "ngx.base64" return b.encode_base64url("\255\254a"), b.decode_base64url("__5h") == "\255\254a"`, "__5h|true"},
		{"base64url errors", `local b = require "ngx.base64" local _, e = b.encode_base64url(1) local _, f = b.decode_base64url("+") return e, f`, "must provide a string|invalid input"},

		{"crc32", `return ngx.crc32_short("hello"), ngx.crc32_long("hello"), ngx.crc32_long(nil)`, "907060870|907060870|0"},
		{"md5", `return ngx.md5("hello"), ngx.md5(nil), #ngx.md5_bin("hello")`, "5d41402abc4b2a76b9719d911017c592|d41d8cd98f00b204e9800998ecf8427e|16"},
		{"sha1", `return ngx.encode_base64(ngx.sha1_bin("hello"))`, "qvTGHdzF6KLavt4PO0gs2a6pQ00="},
		{"hmac_sha1", `return ngx.encode_base64(ngx.hmac_sha1("thisisverysecretstuff", "some string we want to sign"))`, "R/pvxzHC4NLtj7S+kXFg/NePTmk="},
		{"hmac_sha1 count", `ngx.hmac_sha1("k")`, "chunk:1: expecting 2 arguments, but got 1"},
		{"quote_sql_str", `return ngx.quote_sql_str("a'\0\b\n\r\t\26\\\"é"), ngx.quote_sql_str("")`, `'a\'\0\b\n\r\t\Z\\\"é'|''`},
		{"quote_sql_str count", `ngx.quote_sql_str()`, "chunk:1: expecting one argument"},

		{"http_time", `return ngx.http_time(1290079655), ngx.http_time(-1), ngx.http_time(1e15)`, "Thu, 18 Nov 2010 11:27:35 GMT|Thu, 01 Jan 1970 00:00:00 GMT|Fri, 31 Dec 9999 23:59:59 GMT"},
		{"cookie_time", `return ngx.cookie_time(1290079655), ngx.cookie_time(2145916800)`, "Thu, 18-Nov-10 11:27:35 GMT|Fri, 01-Jan-2038 00:00:00 GMT"},
		{"http_time bad argument", `ngx.http_time("1")`, "chunk:1: number argument only"},
		{"parse_http_time", `return ngx.parse_http_time("Thu, 18 Nov 2010 11:27:35 GMT"), ngx.parse_http_time("bad")`, "1290079655|nil"},
		{"clock shapes", `return #ngx.today(), #ngx.localtime(), #ngx.utctime(), type(ngx.now()), ngx.time() % 1, ngx.update_time()`, "10|19|19|number|0"},
		{"now agrees with time", `local d = ngx.now() - ngx.time() return d > -1 and d < 2`, "true"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, results(t, newState(t), tt.code)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFormatNumber(t *testing.T) {
	tests := []struct {
		in   float64
		want string
	}{
		{0, "0"}, {1, "1"}, {-17, "-17"}, {0.1, "0.1"}, {1.0 / 3, "0.33333333333333"},
		{99999999999999, "99999999999999"}, {1e14, "1e+14"}, {1e100, "1e+100"}, {1e-5, "1e-05"}, {1e-4, "0.0001"},
		{123456789012345, "1.2345678901235e+14"}, {1234567890123.25, "1234567890123.3"}, {-1234567890123.25, "-1234567890123.3"},
		{9007199254740992, "9.007199254741e+15"}, {5e-324, "4.9406564584125e-324"},
	}
	for _, tt := range tests {
		if got := codec.FormatNumber(tt.in); got != tt.want {
			t.Errorf("FormatNumber(%v) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestParseHTTPTime(t *testing.T) {
	tests := []struct {
		in   string
		want int64
		ok   bool
	}{
		{"Thu, 18 Nov 2010 11:27:35 GMT", 1290079655, true},
		{"Thursday, 18-Nov-10 11:27:35 GMT", 1290079655, true},
		{"Thu Nov 18 11:27:35 2010", 1290079655, true},
		{"Thu Nov  8 11:27:35 2010", 1289215655, true},
		{"Thu, 18 Nov 2010 11:27:35", 1290079655, true},
		{"Tue, 29 Feb 2000 00:00:00 GMT", 951782400, true},
		{"Thu, 29 Feb 1900 11:27:35 GMT", 0, false},
		{"Thu, 18 Nov 2010 24:27:35 GMT", 0, false},
		{"Thu, 18 Xov 2010 11:27:35 GMT", 0, false},
		{"Thu, 18 Nov 2010 11:27:3", 0, false},
		{"", 0, false},
		{",", 0, false},
	}
	for _, tt := range tests {
		got, ok := codec.ParseHTTPTime(tt.in)
		if got != tt.want && ok || ok != tt.ok {
			t.Errorf("ParseHTTPTime(%q) = %d, %v, want %d, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func TestURIArgsLimit(t *testing.T) {
	tests := []struct {
		name, query string
		max         int
		want        string
		truncated   bool
	}{
		{"no limit", "a&b&c", 0, "a b c", false},
		{"exact", "a&b", 2, "a b", false},
		{"over", "a&b&c", 2, "a b", true},
		{"empty keys do not use it up", "&&a&b", 3, "a b", true},
		{"default limit", strings.Repeat("k&", 120), -1, strings.TrimSpace(strings.Repeat("k ", 100)), true},
		{"empty", "", 1, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var keys []string
			truncated := codec.ParseURIArgs(tt.query, tt.max, func(key, _ string, _ bool) { keys = append(keys, key) })
			if got := strings.Join(keys, " "); got != tt.want || truncated != tt.truncated {
				t.Errorf("got %q, %v, want %q, %v", got, truncated, tt.want, tt.truncated)
			}
		})
	}
}

func FuzzEscape(f *testing.F) {
	f.Add("a b/%é+", 2)
	f.Fuzz(func(t *testing.T, s string, kind int) {
		kind &= 7
		escaped := codec.Escape(s, codec.EscapeType(kind))
		if len(escaped) != len(s)+2*codec.EscapeCount(s, codec.EscapeType(kind)) {
			t.Errorf("%q: wrong count", s)
		}
		if kind == int(codec.EscapeURIComponent) && codec.Unescape(escaped) != s {
			t.Errorf("%q comes back as %q", s, codec.Unescape(escaped))
		}
		codec.Unescape(s)
		codec.ParseHTTPTime(s)
		codec.DecodeBase64MIME(s)
		if plain, ok := codec.DecodeBase64(codec.EncodeBase64(s, kind&1 == 0)); !ok || plain != s {
			t.Errorf("%q comes back from base64 as %q", s, plain)
		}
	})
}

func FuzzParseArgs(f *testing.F) {
	f.Add("a=1&b&c=&a=2", 3)
	f.Fuzz(func(t *testing.T, query string, max int) {
		n := 0
		check := func(key, _ string, _ bool) {
			n++
			_ = key
		}
		truncated := codec.ParseArgs(query, max, check)
		if max > 0 && n > max {
			t.Errorf("%d arguments for a limit of %d", n, max)
		}
		if truncated && max <= 0 {
			t.Error("truncated without a limit")
		}
		n = 0
		codec.ParseURIArgs(query, max, check)
		if max > 0 && n > max {
			t.Errorf("%d URI arguments for a limit of %d", n, max)
		}
	})
}

func BenchmarkArgsToTable(b *testing.B) {
	L := newState(b)
	var shapes codec.Shapes
	b.ReportAllocs()
	for b.Loop() {
		codec.URIArgsToTable(L, "user=alice&page=12&sort=name&q=hello+world", 100, nil, &shapes)
	}
}

// TestShortDecimals holds the short way of writing a number against strconv's.
func TestShortDecimals(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200000 {
		f := float64(r.IntN(1e9)) / []float64{1, 10, 100, 1000, 1e4, 1e6}[r.IntN(6)]
		switch r.IntN(4) {
		case 0:
			f = -f
		case 1:
			f = math.Nextafter(f, 1e9)
		case 2:
			f = r.NormFloat64()
		}
		for precision := 9; precision <= 16; precision++ {
			want := strconv.FormatFloat(f, 'g', precision, 64)
			if got := string(codec.AppendNumberPrecision(nil, f, precision)); got != want && !strings.Contains(want, "e") {
				t.Fatalf("%v with %d digits: %s, want %s", f, precision, got, want)
			}
		}
	}
}
