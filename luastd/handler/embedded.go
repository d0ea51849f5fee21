package handler

import (
	"sync"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
	"moongate/runtime/syntax"
)

// Embedded makes the loader of a module that is written in Lua and part of the binary. The source is
// compiled when the first worker requires it, and shared by all workers.
func Embedded(name, source string, parts ...func(v *VM) lua.LGFunction) func(v *VM) lua.LGFunction {
	compiled := sync.OnceValues(func() (*lua.FunctionProto, error) { return syntax.Compile(source, "="+name) })
	return func(v *VM) lua.LGFunction {
		return func(L *lua.LState) int {
			proto, err := compiled()
			if err != nil {
				codec.Raise(L, err.Error())
			}
			L.Push(v.W.Function(proto, nil))
			L.Push(lua.LString(name))
			for _, part := range parts {
				L.Push(L.NewFunction(part(v)))
				L.Call(0, 1)
			}
			L.Call(1+len(parts), 1)
			return 1
		}
	}
}
