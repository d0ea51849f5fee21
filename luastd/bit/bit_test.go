package bit_test

import (
	"io"
	"testing"

	"moongate/luastd/bit"
	"moongate/luastd/lualib"
	"moongate/runtime/vm"
	"moongate/runtime/vm/vmtest"
)

// TestScript runs testdata/bit.lua and compares what it prints with what LuaJIT printed (testdata/bit.out).
func TestScript(t *testing.T) {
	vmtest.Scripts(t, func(t *testing.T, src string) string {
		h := vmtest.New(t, nil, func(w *vm.Worker, out io.Writer) {
			lualib.Open(w.L, lualib.Options{Stdout: out})
			bit.Open(w.L)
		})
		if err := h.Main(src, "@case.lua"); err != nil {
			t.Error(err)
		}
		return h.Output()
	})
}
