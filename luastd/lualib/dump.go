package lualib

import (
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
	"moongate/runtime/syntax"
)

func isDumped(src string) bool { return strings.HasPrefix(src, "\x1b") }

// undump reads a precompiled chunk.
func undump(src, chunkname string) (*lua.FunctionProto, error) {
	proto, err := syntax.Undump(src)
	if err != nil {
		name := strings.TrimLeft(chunkname[:min(len(chunkname), 1)], "@=") + chunkname[min(len(chunkname), 1):]
		if isDumped(chunkname) {
			name = "(binary)"
		}
		return nil, errors.New(name + ": " + err.Error())
	}
	return proto, nil
}

// s = string.dump(f [, strip])
//
// Deviation: the result is not LuaJIT's bytecode, and load refuses what LuaJIT has dumped.
func stringDump(L *lua.LState) int {
	fn := checkFunction(L, 1)
	if fn.IsG {
		machine.Errorf(L, "unable to dump given function")
	}
	return pushString(L, syntax.Dump(fn.Proto))
}
