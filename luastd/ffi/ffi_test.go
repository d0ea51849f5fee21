package ffi_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/bit"
	"moongate/luastd/buffer"
	"moongate/luastd/ffi"
	"moongate/luastd/lualib"
	"moongate/runtime/vm"
	"moongate/runtime/vm/vmtest"
)

// run executes a chunk with Lua's library, bit and ffi, and returns what it printed.
func run(tb testing.TB, src string) (string, error) {
	tb.Helper()
	h := vmtest.New(tb, nil, func(w *vm.Worker, out io.Writer) {
		lualib.Open(w.L, lualib.Options{Stdout: out})
		bit.Open(w.L)
		preload, _ := w.L.GetField(w.L.GetGlobal("package"), "preload").(*lua.LTable)
		preload.RawSetString("ffi", w.L.NewFunction(ffi.Loader(lua.LNil)))
		preload.RawSetString("string.buffer", w.L.NewFunction(buffer.Loader(lua.LNil)))
	})
	err := h.Main(src, "@case.lua")
	return h.Output(), err
}

// TestScript runs testdata/*.lua, each behind testdata/prelude (but ffi.lua, which has its own), and compares what it prints with what LuaJIT
// printed (testdata/*.out), but for the lines that testdata/differences lists with what we print.
func TestScript(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	excused := map[string]string{}
	for line := range strings.Lines(read("differences")) {
		line = strings.TrimSuffix(line, "\n")
		if src, _, ok := strings.Cut(line, "  -->  "); ok {
			excused[src] = line
		}
	}
	files, err := filepath.Glob("testdata/*.lua")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".lua")
		t.Run(name, func(t *testing.T) {
			src := read(name + ".lua")
			if name != "ffi" {
				src = read("prelude") + src
			}
			got, err := run(t, src)
			if err != nil {
				t.Error(err)
			}
			want := strings.Split(read(name+".out"), "\n")
			for i, line := range want {
				src, _, _ := strings.Cut(line, "  -->  ")
				if ours, ok := excused[src]; ok {
					want[i], used[src] = ours, true
				}
			}
			if diff := cmp.Diff(want, strings.Split(got, "\n")); diff != "" {
				t.Errorf("output (-LuaJIT +ours):\n%s", diff)
			}
		})
	}
	for src := range excused {
		if !used[src] {
			t.Errorf("testdata/differences: no case %q", src)
		}
	}
}
