package ffi_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/bit"
	"moongate/luastd/ffi"
	"moongate/luastd/lualib"
	"moongate/runtime/syntax"
	"moongate/runtime/vm"
)

// run executes a chunk with Lua's library, bit and ffi, and returns what it printed.
func run(tb testing.TB, src string) (string, error) {
	tb.Helper()
	var out bytes.Buffer
	g, err := vm.NewGroup(vm.Options{Open: func(w *vm.Worker) error {
		lualib.Open(w.L, lualib.Options{Stdout: &out})
		bit.Open(w.L)
		preload, _ := w.L.GetField(w.L.GetGlobal("package"), "preload").(*lua.LTable)
		preload.RawSetString("ffi", w.L.NewFunction(ffi.Loader(lua.LNil)))
		return nil
	}})
	if err != nil {
		tb.Fatal(err)
	}
	defer g.Drain()
	proto, err := syntax.Compile(src, "@case.lua")
	if err != nil {
		tb.Fatal(err)
	}
	w := g.Workers()[0]
	err = w.Do(func(L *lua.LState) error {
		L.Push(w.Function(proto, nil))
		return vm.PCall(L, 0, 0, nil)
	})
	return out.String(), err
}

// TestScript runs testdata/ffi.lua and compares what it prints with what LuaJIT printed (testdata/ffi.out), but for the lines
// that testdata/differences lists with what we print.
func TestScript(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	got, err := run(t, read("testdata/ffi.lua"))
	if err != nil {
		t.Error(err)
	}
	want := read("testdata/ffi.out")
	for line := range strings.Lines(read("testdata/differences")) {
		src, _, ok := strings.Cut(line, "  -->  ")
		if !ok {
			continue
		}
		before, rest, ok := strings.Cut("\n"+want, "\n"+src+"  -->  ")
		if !ok {
			t.Errorf("no case %q", src)
			continue
		}
		_, after, _ := strings.Cut(rest, "\n")
		want = strings.TrimPrefix(before+"\n"+line+after, "\n")
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("output (-LuaJIT +ours):\n%s", diff)
	}
}
