package vm

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

type frame = machine.Frame

// body is a Lua state with all that it needs at first: what a thread or coroutine runs on. It is one allocation of 3.5 KB.
type body struct {
	L     lua.LState
	stack machine.Stack
	reg   machine.Registry
	slots [registrySlots]lua.LValue
}

// init makes b a state of from's VM, with from's options and context.
func (b *body) init(from *lua.LState, maxFrames int) {
	machine.InitState(&b.L, from, &b.stack, &b.reg, b.slots[:], maxFrames)
	b.L.Panic = raise
}
