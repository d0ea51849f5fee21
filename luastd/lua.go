package luastd

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/runtime/vm"
)

func openLua(v *handler.VM) { v.W.L.OpenLibs() }

func traceback(L *lua.LState) string {
	var b strings.Builder
	for i := 1; ; i++ {
		d, ok := L.GetStack(i)
		if !ok {
			break
		}
		L.GetInfo("Sl", d, lua.LNil) //nolint:errcheck // the frame exists
		fmt.Fprintf(&b, "\t%s:%d: in function\n", d.Source, d.CurrentLine)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func threadEnded(*vm.Thread) {}

func watchAbort(*handler.Ctx, *locConf) func() { return func() {} }
