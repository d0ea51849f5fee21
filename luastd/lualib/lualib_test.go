package lualib

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/syntax"
	"moongate/runtime/vm"
)

// runtime is a worker whose script writes into out.
type host struct {
	group *vm.Group
	out   bytes.Buffer
}

func newHost(t testing.TB) *host {
	h := &host{}
	g, err := vm.NewGroup(vm.Options{
		Open: func(w *vm.Worker) error {
			Open(w.L, Options{Stdout: &h.out, Stdin: strings.NewReader("")})
			w.OpenCoroutine(w.L)
			w.L.SetGlobal("arg", w.L.NewTable())
			return nil
		},
		CompileFunc: syntax.Compile,
		Traceback:   Traceback,
	})
	if err != nil {
		t.Fatal(err)
	}
	h.group = g
	t.Cleanup(g.Drain)
	return h
}

// run runs a chunk and returns the error it ended in, or "".
func (h *host) run(src, chunkname string) string {
	proto, err := h.group.Compile(src, chunkname)
	if err != nil {
		return err.Error()
	}
	w := h.group.Workers()[0]
	err = w.Do(func(L *lua.LState) error {
		L.Push(w.Function(proto, nil))
		if err := vm.PCall(L, 0, 0, nil); err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return plainString(errorObject(err))
	}
	return ""
}

func (h *host) output() string {
	s := h.out.String()
	h.out.Reset()
	return s
}

// testCase is a program with what LuaJIT prints for it, one character a byte, and the first line of the error it ends in.
type testCase struct {
	ID      int    `json:"id"`
	Code    string `json:"code"`
	Program string `json:"program"`
	Stdout  string `json:"stdout"`
	Error   string `json:"error"`
}

// elsewhere lists cases that need a library of another package.
var elsewhere = map[int]string{
	12: "bit", 13: "bit", 251: "bit", 14: "ffi", 23: "string.buffer",
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
			problem := h.run(c.Program, "@case.lua")
			if diff := cmp.Diff(latin1(c.Stdout), h.output()); diff != "" {
				t.Errorf("output (-LuaJIT +ours):\n%s", diff)
			}
			if problem, _, _ = strings.Cut(problem, "\n"); problem != c.Error {
				t.Errorf("error %q, want %q", problem, c.Error)
			}
		})
	}
}

