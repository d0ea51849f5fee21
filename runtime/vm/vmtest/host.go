// Package vmtest runs Lua programs in a worker of their own, for the tests of Lua's libraries.
package vmtest

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/syntax"
	"moongate/runtime/vm"
)

// Host is one worker. It is not for several goroutines at once.
type Host struct {
	*vm.Worker
	group *vm.Group
	out   bytes.Buffer
}

// New makes a worker that open gives its libraries, which are to write what is printed to out. It lasts as long as the test.
// traceback may be nil.
func New(tb testing.TB, traceback func(L *lua.LState) string, open func(w *vm.Worker, out io.Writer)) *Host {
	tb.Helper()
	h := &Host{}
	var err error
	h.group, err = vm.NewGroup(vm.Options{
		Open: func(w *vm.Worker) error {
			open(w, &h.out)
			return nil
		},
		CompileFunc: syntax.Compile,
		Traceback:   traceback,
	})
	if err != nil {
		tb.Fatal(err)
	}
	h.Worker = h.group.Workers()[0]
	tb.Cleanup(h.group.Drain)
	return h
}

// Load compiles a chunk.
func (h *Host) Load(tb testing.TB, src, chunkname string) *lua.LFunction {
	tb.Helper()
	proto, err := h.group.Compile(src, chunkname)
	if err != nil {
		tb.Fatal(err)
	}
	return h.Function(proto, nil)
}

// Main runs a chunk outside of any thread, as init_by_lua does.
func (h *Host) Main(src, chunkname string) error {
	proto, err := h.group.Compile(src, chunkname)
	if err != nil {
		return err
	}
	return h.Do(func(L *lua.LState) error {
		L.Push(h.Function(proto, nil))
		return vm.PCall(L, 0, 0, nil)
	})
}

// Output is what was printed since the last call.
func (h *Host) Output() string {
	s := h.out.String()
	h.out.Reset()
	return s
}

// Scripts runs testdata/*.lua, each in a subtest of its own, and compares what run says they print with what LuaJIT printed (*.out).
func Scripts(t *testing.T, run func(t *testing.T, src string) string) {
	t.Helper()
	scripts, err := filepath.Glob("testdata/*.lua")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	read := func(t *testing.T, name string) string {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, script := range scripts {
		name := strings.TrimSuffix(script, ".lua")
		t.Run(filepath.Base(name), func(t *testing.T) {
			if diff := cmp.Diff(read(t, name+".out"), run(t, read(t, script))); diff != "" {
				t.Errorf("output (-LuaJIT +ours):\n%s", diff)
			}
		})
	}
}
