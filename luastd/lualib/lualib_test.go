package lualib

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/bit"
	"moongate/runtime/vm"
	"moongate/runtime/vm/vmtest"
)

func newHost(tb testing.TB) *vmtest.Host {
	tb.Helper()
	return vmtest.New(tb, Traceback, func(w *vm.Worker, out io.Writer) {
		Open(w.L, Options{Stdout: out, Stdin: strings.NewReader("")})
		w.OpenCoroutine(w.L)
		bit.Open(w.L)
		w.L.SetGlobal("arg", w.L.NewTable())
	})
}

// run runs a program and returns the error that it ended in, or "".
func run(h *vmtest.Host, src string) string {
	if err := h.Main(src, "@case.lua"); err != nil {
		return plainString(errorObject(err))
	}
	return ""
}

// testCase is a program with what LuaJIT prints for it, one character a byte, and the first line of the error it ends in.
type testCase struct {
	ID      int    `json:"id"`
	Code    string `json:"code"`
	Program string `json:"program"`
	Stdout  string `json:"stdout"`
	Error   string `json:"error"`
}

// elsewhere lists cases that need a library of another package; luastd's TestLibraries has that of string.buffer.
var elsewhere = map[int]string{
	14: "ffi", 23: "string.buffer",
}

func latin1(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}

func TestCases(t *testing.T) {
	f, err := os.Open("testdata/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	t.Setenv("TZ", "UTC")
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var c testCase
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		t.Run(c.Code, func(t *testing.T) {
			if lib := elsewhere[c.ID]; lib != "" {
				t.Skipf("needs %s, which is another package", lib)
			}
			h := newHost(t)
			problem := run(h, c.Program)
			if diff := cmp.Diff(latin1(c.Stdout), h.Output()); diff != "" {
				t.Errorf("output (-LuaJIT +ours):\n%s", diff)
			}
			if problem, _, _ = strings.Cut(problem, "\n"); problem != c.Error {
				t.Errorf("error %q, want %q", problem, c.Error)
			}
		})
	}
}

// TestScripts runs testdata/*.lua and compares what they print with what LuaJIT printed for them (testdata/*.out).
func TestScripts(t *testing.T) {
	t.Setenv("TZ", "UTC")
	vmtest.Scripts(t, func(t *testing.T, src string) string {
		h := newHost(t)
		if problem := run(h, src); problem != "" {
			t.Error(problem)
		}
		return h.Output()
	})
}

// stop is a control value, such as ngx.exit raises.
type stop struct{}

func (stop) LuaControl() {}

// TestControl checks that a control value passes through pcall, xpcall, sort and gsub.
func TestControl(t *testing.T) {
	h := newHost(t)
	main := h.Load(t, `
		pcall(function()
			xpcall(function()
				table.sort({1, 2, 3}, function() ("x"):gsub(".", stop) end)
			end, function(e) print("handler", e) end)
			print("not reached")
		end)
		print("nor here")`, "=control")
	h.L.SetGlobal("stop", h.L.NewFunction(func(L *lua.LState) int {
		vm.Raise(L, stop{})
		return 0
	}))
	_, err := h.Run(nil, main, 0)
	if _, ok := vm.ControlOf(err).(stop); !ok {
		t.Errorf("error is %v", err)
	}
	if out := h.Output(); out != "" {
		t.Errorf("printed %q", out)
	}
}

func TestRequire(t *testing.T) {
	dir := t.TempDir()
	write := func(name, src string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("good.lua", "local name = ... return {name = name}")
	write("bad.lua", "x = = 1")
	write("fails.lua", "error('no')")
	write("quiet.lua", "")
	h := newHost(t)
	src := "package.path = '" + dir + `/?.lua' package.cpath = ''
		print(require("good").name, require("good") == require("good"), require("quiet"))
		print(pcall(require, "bad")) print(pcall(require, "fails")) print(pcall(require, "fails")) print(pcall(require, "a.b"))`
	if problem := run(h, src); problem != "" {
		t.Fatal(problem)
	}
	want := "good\ttrue\ttrue\n" +
		"false\terror loading module 'bad' from file 'DIR/bad.lua':\n\tDIR/bad.lua:1: unexpected symbol near '='\n" +
		"false\tDIR/fails.lua:1: no\n" +
		"false\tloop or previous error loading module 'fails'\n" +
		"false\tmodule 'a.b' not found:\n\tno field package.preload['a.b']\n\tno file 'DIR/a/b.lua'\n"
	got := strings.ReplaceAll(h.Output(), dir, "DIR")
	// Long file names are cut in positions.
	got = regexp.MustCompile(`\.\.\.\S*/(bad|fails)\.lua`).ReplaceAllString(got, "DIR/$1.lua")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkLibrary(b *testing.B) {
	for _, bench := range []struct{ name, body string }{
		{"find plain", `local x = s:find("fox", 1, true)`},
		{"find", `local x = s:find("f%a+")`},
		{"match", `local x, y = ("key=value; a=b"):match("(%w+)=(%w+)")`},
		{"gsub", `local x = s:gsub("o", "0")`},
		{"format", `local x = string.format("%s=%d; %s", "key", i, "value")`},
		{"concat", `local x = table.concat({"a", "b", "c", i, "d"}, ",")`},
		{"tostring", `local x = tostring(i + 0.5)`},
		{"pcall", `pcall(tostring, i)`},
		{"pcall error", `pcall(error, "x")`},
		{"pairs", `for k, v in pairs(t) do end`},
		{"ipairs", `for k, v in ipairs(t) do end`},
		{"insert remove", `table.insert(t, i) table.remove(t)`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			h := newHost(b)
			res, err := h.Run(nil, h.Load(b, `local s = "the quick brown fox jumps over the lazy dog"
				local t = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
				return function(n) for i = 1, n do `+bench.body+` end end`, "=bench"), 1)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.ResetTimer()
			if _, err := h.Run(nil, res[0].(*lua.LFunction), 0, lua.LNumber(b.N)); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkPrograms runs testdata/bench/*.lua, which docs/performance.md compares with other interpreters.
func BenchmarkPrograms(b *testing.B) {
	programs, err := filepath.Glob("testdata/bench/*.lua")
	if err != nil {
		b.Fatal(err)
	}
	for _, program := range programs {
		name := strings.TrimSuffix(filepath.Base(program), ".lua")
		if name == "run" || name == "library" || name == "json" {
			continue
		}
		b.Run(name, func(b *testing.B) {
			src, err := os.ReadFile(program)
			if err != nil {
				b.Fatal(err)
			}
			h := newHost(b)
			res, err := h.Run(nil, h.Load(b, string(src), "@"+name+".lua"), 1)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Run(nil, res[0].(*lua.LFunction), 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
