package bit_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/bit"
	"moongate/luastd/lualib"
	"moongate/runtime/syntax"
	"moongate/runtime/vm"
)

// TestScript runs testdata/bit.lua and compares what it prints with what LuaJIT printed (testdata/bit.out).
func TestScript(t *testing.T) {
	var out bytes.Buffer
	g, err := vm.NewGroup(vm.Options{Open: func(w *vm.Worker) error {
		lualib.Open(w.L, lualib.Options{Stdout: &out})
		bit.Open(w.L)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Drain()
	src, err := os.ReadFile("testdata/bit.lua")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/bit.out")
	if err != nil {
		t.Fatal(err)
	}
	proto, err := syntax.Compile(string(src), "@case.lua")
	if err != nil {
		t.Fatal(err)
	}
	w := g.Workers()[0]
	err = w.Do(func(L *lua.LState) error {
		L.Push(w.Function(proto, nil))
		return vm.PCall(L, 0, 0, nil)
	})
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(string(want), out.String()); diff != "" {
		t.Errorf("output (-LuaJIT +ours):\n%s", diff)
	}
}
