package exdata

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/lualib"
	"moongate/runtime/syntax"
	"moongate/runtime/vm"
)

// TestExdata runs two threads, one after the other, on the same worker: the second must not see the first's value.
func TestExdata(t *testing.T) {
	var got []string
	g, err := vm.NewGroup(vm.Options{
		Open: func(w *vm.Worker) error {
			lualib.Open(w.L, lualib.Options{})
			w.OpenCoroutine(w.L)
			preload := w.L.GetField(w.L.GetGlobal("package"), "preload").(*lua.LTable)
			preload.RawSetString("thread.exdata2", w.L.NewFunction(Loader(w)))
			w.L.SetGlobal("note", w.L.NewFunction(func(L *lua.LState) int {
				got = append(got, L.ToStringMeta(L.Get(1)).String())
				return 0
			}))
			w.L.SetGlobal("spawn", w.L.NewFunction(func(L *lua.LState) int {
				w.Current().Spawn(L.CheckFunction(1))
				return 0
			}))
			return nil
		},
		CompileFunc: syntax.Compile,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Drain()
	proto, err := g.Compile(`local exdata = require "thread.exdata2"
		note(exdata()) exdata(7LL) note(exdata())
		coroutine.wrap(function() note(exdata()) end)()
		spawn(function() note(exdata()) exdata(8LL) note(exdata()) end)
		note(exdata())
		note(select(2, pcall(exdata, 1)))`, "=case")
	if err != nil {
		t.Fatal(err)
	}
	w := g.Workers()[0]
	for range 2 {
		got = nil
		if _, err := w.Run(nil, w.Function(proto, nil), 0); err != nil {
			t.Fatal(err)
		}
		want := []string{"nil", "7LL", "7LL", "7LL", "8LL", "7LL", "bad argument #1 to '?' (cdata expected, got number)"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}
