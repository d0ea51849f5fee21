package syntax

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"
)

// run compiles and runs a chunk and returns what it printed, with gopher-lua's own library underneath.
func run(t *testing.T, src string) string {
	t.Helper()
	proto, err := Compile(src, "@case.lua")
	if err != nil {
		return err.Error()
	}
	L := lua.NewState(lua.Options{CallStackSize: 1000, RegistrySize: 1 << 12, RegistryMaxSize: 1 << 20})
	defer L.Close()
	var out strings.Builder
	L.SetGlobal("print", L.NewFunction(func(L *lua.LState) int {
		for i := 1; i <= L.GetTop(); i++ {
			if i > 1 {
				out.WriteByte(' ')
			}
			out.WriteString(L.ToStringMeta(L.Get(i)).String())
		}
		out.WriteByte('\n')
		return 0
	}))
	L.Push(L.NewFunctionFromProto(proto))
	if err := L.PCall(0, 0, nil); err != nil {
		out.WriteString(strings.SplitN(err.Error(), "\n", 2)[0])
	}
	return out.String()
}

// TestPrograms runs testdata/*.lua: each file ends in a comment that holds what it prints.
func TestPrograms(t *testing.T) {
	files, err := filepath.Glob("testdata/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatalf("no programs: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			src, want, ok := strings.Cut(string(data), "--[[ prints\n")
			if !ok {
				t.Fatal("no expected output")
			}
			want = strings.TrimSuffix(strings.TrimSpace(want), "]]")
			if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(run(t, src))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		name, src, want string
	}{
		{"assignment", "x 1", "c:1: '=' expected near '1'"},
		{"symbol", "x = = 1", "c:1: unexpected symbol near '='"},
		{"no integer division", "return 7//2", "c:1: unexpected symbol near '/'"},
		{"attribute", "local x <const> = 1", "c:1: unexpected symbol near '<'"},
		{"unclosed on the same line", "if x then", "c:1: 'end' expected near '<eof>'"},
		{"unclosed", "if x then\n\n", "c:3: 'end' expected (to close 'if' at line 1) near '<eof>'"},
		{"parenthesis", "f(1,\n2", "c:2: ')' expected (to close '(' at line 1) near '<eof>'"},
		{"string", "x = 'abc", "c:1: unfinished string near '<eof>'"},
		{"string over a line", "x = 'ab\nc'", "c:1: unfinished string near ''ab'"},
		{"long string", "x = [[abc", "c:1: unfinished long string near '<eof>'"},
		{"long comment", "--[==[ abc ]]", "c:1: unfinished long comment near '<eof>'"},
		{"long delimiter", "x = [=a", "c:1: invalid long string delimiter near '[='"},
		{"decimal escape", `x = '\400'`, `c:1: invalid escape sequence near '''`},
		{"hex escape", `x = 'a\xg0'`, `c:1: invalid escape sequence near ''a'`},
		{"surrogate", `x = '\u{D800}'`, `c:1: invalid escape sequence near '''`},
		{"number", "x = 3in", "c:1: malformed number near '3in'"},
		{"hex number", "x = 0xZZ", "c:1: malformed number near '0xZZ'"},
		{"ambiguous call", "f\n(x)", "c:2: ambiguous syntax (function call x new statement) near '('"},
		{"break", "x = 1\nbreak", "c:2: no loop to break"},
		{"undefined label", "do goto a end", "c:1: undefined label 'a'"},
		{"label in an inner block", "goto a do ::a:: end", "c:1: undefined label 'a'"},
		{"duplicate label", "::a:: ::a::", "c:1: duplicate label 'a'"},
		{"duplicate label behind one in an inner block", "::a:: do ::a:: end ::a::", "c:1: duplicate label 'a'"},
		{"label in an inner block and again", "do ::a:: end ::a:: do ::a:: end", ""},
		{"gotos to the second of two labels", "do goto b goto b ::a:: ::b:: end", ""},
		{"the first goto without a label", "goto a\ngoto b", "c:1: undefined label 'a'"},
		{"label of an enclosing function", "::a:: function f() goto a end", "c:1: undefined label 'a'"},
		{"into a scope", "goto a local x ::a:: x = 1", "c:1: <goto a> jumps into the scope of local 'x'"},
		{"vararg", "function f() return ... end", "c:1: cannot use '...' outside a vararg function near '...'"},
		{"parameters", "function f(a, 1) end", "c:1: <name> or '...' expected near '1'"},
		{"for", "for i do end", "c:1: '=' or 'in' expected near 'do'"},
		{"statement after return", "return 1 x = 2", "c:1: '<eof>' expected near 'x'"},
		{"expression as statement", "(f)", "c:1: syntax error near '<eof>'"},
		{"control character", "x = \x01", "c:1: unexpected symbol near 'char(1)'"},
		{"levels", "x = " + strings.Repeat("(", 300), "c:1: chunk has too many syntax levels"},
		{"locals", strings.Repeat("local x ", 201), "c:1: main function has more than 200 local variables"},
		{"goto as a name", "goto = 1 local goto, x = goto.y, goto", ""},
		{"shebang", "#!/usr/bin/lua\nx 1", "c:2: '=' expected near '1'"},
		{"lines are counted by pairs", "\r\n\n\r\n\rx 1", "c:4: '=' expected near '1'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Compile(tt.src, "=c")
			got := ""
			if err != nil {
				var e *Error
				if !errors.As(err, &e) {
					t.Fatalf("error is a %T", err)
				}
				got = e.Msg
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestShortSource(t *testing.T) {
	long := strings.Repeat("x", 70)
	tests := []struct{ name, in, want string }{
		{"file", "@a/b.lua", "a/b.lua"},
		{"long file", "@" + long, "..." + long[:56]},
		{"literal", "=content_by_lua(nginx.conf:12)", "content_by_lua(nginx.conf:12)"},
		{"long literal", "=" + long, long[:59]},
		{"source", "return 1", `[string "return 1"]`},
		{"lines", "return 1\nx", `[string "return 1..."]`},
		{"long source", long, `[string "` + long[:45] + `..."]`},
		{"empty", "", `[string ""]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ShortSource(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestParseNumber(t *testing.T) {
	tests := []struct {
		in   string
		want string
	}{
		{"10", "10"}, {" 10\n", "10"}, {"1e1", "10"}, {"0x10", "16"}, {"-0x10", "-16"}, {"0x1p4", "16"}, {"0x.8", "0.5"},
		{"0b101", "5"}, {"010", "10"}, {"5.", "5"}, {".5", "0.5"}, {"inf", "+Inf"}, {"-inf", "-Inf"}, {"1e999", "+Inf"},
		{"0xffffffffffffffff", "1.8446744073709552e+19"},
		{"", ""}, {"0x", ""}, {"1e", ""}, {"1e+", ""}, {".", ""}, {"1 2", ""}, {"1_000", ""}, {"0x1_0", ""}, {"1LL", ""}, {"1i", ""},
		{"- 1", ""}, {"--1", ""}, {"0b12", ""}, {"infinit", ""},
	}
	for _, tt := range tests {
		v, ok := ParseNumber(tt.in)
		got := ""
		if ok {
			got = formatFloat(v)
		}
		if got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestChunkName(t *testing.T) {
	proto, err := Compile("return function() return 1 end", "@dir/file.lua")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append(proto.FunctionPrototypes, proto) {
		if got := ChunkName(p); got != "@dir/file.lua" || p.SourceName != "dir/file.lua" {
			t.Errorf("chunk name %q, source name %q", got, p.SourceName)
		}
	}
}

// TestManyConstants holds compilation to a time that grows with the size of the chunk, not with its square.
func TestManyConstants(t *testing.T) {
	var b strings.Builder
	b.WriteString("return {")
	for i := range 70000 {
		b.WriteString("'k" + formatFloat(float64(i)) + "',")
	}
	b.WriteString("}")
	proto, err := Compile(b.String(), "=c")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(proto.Constants); n != 70000 {
		t.Errorf("%d constants", n)
	}
}

func FuzzCompile(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.lua")
	for _, file := range files {
		if data, err := os.ReadFile(file); err == nil {
			f.Add(string(data))
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		if _, err := Compile(src, "=fuzz"); err != nil {
			var e *Error
			if !errors.As(err, &e) || strings.Contains(e.Msg, "internal error") {
				t.Fatalf("%T: %v", err, err)
			}
		}
	})
}

func TestDump(t *testing.T) {
	src := "local a = 1.5 return function(x, ...) if x then return {x, a, 7LL, nil, 's', 0xffULL, 2i} end end"
	proto, err := Compile(src, "@f.lua")
	if err != nil {
		t.Fatal(err)
	}
	s := Dump(proto)
	again, err := Undump(s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, Dump(again)); diff != "" {
		t.Error(diff)
	}
	for n := range len(s) {
		if _, err := Undump(s[:n]); err == nil {
			t.Errorf("a dump cut to %d bytes is taken", n)
		}
	}
}

func FuzzUndump(f *testing.F) {
	proto, err := Compile("local t = {1, 'x'} for i = 1, 3 do t[i] = function() return i end end", "=c")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(Dump(proto)[len(dumpHeader):])
	f.Fuzz(func(_ *testing.T, s string) {
		_, _ = Undump(dumpHeader + s)
	})
}

func formatFloat(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func BenchmarkCompile(b *testing.B) {
	src := strings.Repeat("local function f(a, b) if a then return a.x + b[1] .. 'y' end end\n", 150)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(src, "=c"); err != nil {
			b.Fatal(err)
		}
	}
}
