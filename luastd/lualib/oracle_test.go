package lualib_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/bit"
	"moongate/luastd/buffer"
	"moongate/luastd/cjson"
	"moongate/luastd/ffi"
	"moongate/luastd/lualib"
	"moongate/runtime/syntax"
	"moongate/runtime/vm"
)

// TestOracle runs the programs of testdata/oracle/*.txt, a line each, and compares their results with LuaJIT's, which stand below
// them. What lua-cjson gives is that of OpenResty's version, where it differs from the distributions'.
func TestOracle(t *testing.T) {
	t.Setenv("TZ", "UTC")
	files, err := filepath.Glob("testdata/oracle/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no programs: %v", err)
	}
	check, err := os.ReadFile("testdata/oracle/check.lua")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			dir := t.TempDir()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			run := checker(t, string(check))
			code := ""
			for line := range strings.Lines(string(text)) {
				line = strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "DIR", dir)
				want, ok := strings.CutPrefix(line, "--> ")
				if !ok {
					code = line
					continue
				}
				if got := run(code); got != want {
					t.Errorf("%s\n  gives %s\nLuaJIT: %s", code, got, want)
				}
			}
		})
	}
}

// checker opens a worker with the libraries and gives its function check.
func checker(t *testing.T, src string) func(code string) string {
	t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0) // a file, since commands share it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { null.Close() })
	g, err := vm.NewGroup(vm.Options{
		Open: func(w *vm.Worker) error {
			L := w.L
			lualib.Open(L, lualib.Options{Stdout: null, Stderr: null, Stdin: null})
			w.OpenCoroutine(L)
			bit.Open(L)
			pointer := L.NewUserData()
			pointer.Metatable = L.NewTable()
			pointer.Metatable.(*lua.LTable).RawSetString("__tostring", L.NewFunction(func(L *lua.LState) int {
				L.Push(lua.LString("userdata: NULL"))
				return 1
			}))
			preload := L.GetField(L.GetGlobal("package"), "preload").(*lua.LTable)
			for name, fn := range map[string]lua.LGFunction{
				"string.buffer": buffer.Loader(pointer), "ffi": ffi.Loader(pointer), "cjson": cjson.Loader(pointer), "cjson.safe": cjson.SafeLoader(pointer),
			} {
				preload.RawSetString(name, L.NewFunction(fn))
			}
			return nil
		},
		CompileFunc: syntax.Compile,
		Traceback:   lualib.Traceback,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Drain)
	w := g.Workers()[0]
	load := func(src, name string) *lua.LFunction {
		proto, err := g.Compile(src, name)
		if err != nil {
			t.Fatal(err)
		}
		return w.Function(proto, nil)
	}
	if _, err := w.Run(nil, load(src, "@check.lua"), 0); err != nil {
		t.Fatal(err)
	}
	call := load("return check(...)", "=call")
	return func(code string) string {
		res, err := w.Run(nil, call, 1, lua.LString(code))
		if err != nil {
			return err.Error()
		}
		return res[0].String()
	}
}

// TestSearch checks that a search for a pattern finds what trying it at each position does.
func TestSearch(t *testing.T) {
	src, err := os.ReadFile("testdata/oracle/check.lua")
	if err != nil {
		t.Fatal(err)
	}
	got := checker(t, string(src))(`math.randomseed(7)
local items = {"a", "b", "%a", "%d", "%A", "[ab]", "[^ab]", "[%d%s]", ".", "()", "(a", "(%a", "[a-c]", "%f[%a]", "%bab", "%1", "$", "[]a]", "]"}
local marks = {"", "", "", "*", "+", "-", "?"}
local subjects = {"", "a", "xxaab 12", "12 ab]c", "bbbb", "caab$a", "\0a\200b"}
local bad = {}
for i = 1, 4000 do
  local pat, open = "", 0
  for k = 1, math.random(1, 4) do
    local it = items[math.random(#items)]
    if it:sub(1, 1) == "(" and it ~= "()" then open = open + 1 end
    pat = pat .. it .. (it:sub(1, 1) == "(" and "" or marks[math.random(#marks)])
  end
  pat = pat .. (")"):rep(open)
  for _, s in ipairs(subjects) do
    local ok, from, to, c1 = pcall(string.find, s, pat)
    local want, wantTo, wantC
    for at = 1, #s + 1 do
      local okAt
      okAt, want, wantTo, wantC = pcall(string.find, s, "^" .. pat, at)
      if not okAt or want then break end
    end
    if ok and (from ~= want or to ~= wantTo or c1 ~= wantC) then bad[#bad + 1] = s .. " / " .. pat end
  end
end
return table.concat(bad, "\n", 1, math.min(#bad, 5))`)
	if got != `""` {
		t.Error(got)
	}
}
