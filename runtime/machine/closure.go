package machine

import (
	_ "unsafe" // for go:linkname

	lua "github.com/yuin/gopher-lua"
)

// closure makes a function. The instructions behind it tell where the captured variables are.
func closure(L *lua.LState, inst uint32, _ *frame) int {
	s := stateOf(L)
	cf := s.currentFrame
	proto := cf.Fn.Proto.FunctionPrototypes[bxOf(inst)]
	fn := newClosure(int(proto.NumUpvalues))
	fn.Env, fn.Proto = cf.Fn.Env, proto
	s.set(cf.LocalBase+aOf(inst), fn)
	if len(fn.Upvalues) == 0 {
		return 0
	}
	stack := StackOf(L)
	for i := range fn.Upvalues {
		from := cf.Fn.Proto.Code[cf.Pc]
		cf.Pc++
		b := bOf(from)
		if opOf(from) != lua.OP_MOVE {
			fn.Upvalues[i] = cf.Fn.Upvalues[b]
			continue
		}
		b += cf.LocalBase
		if stack != nil {
			stack.settleAll(s.reg, b, b+1)
			stack.captured = max(stack.captured, b)
		}
		fn.Upvalues[i] = findUpvalue(L, b)
	}
	return 0
}

// newClosure makes a function with room for n upvalues, in one piece if there are few.
func newClosure(n int) *lua.LFunction {
	switch n {
	case 0:
		return &lua.LFunction{}
	case 1:
		f := &struct {
			lua.LFunction
			upvalues [1]*lua.Upvalue
		}{}
		f.Upvalues = f.upvalues[:]
		return &f.LFunction
	case 2:
		f := &struct {
			lua.LFunction
			upvalues [2]*lua.Upvalue
		}{}
		f.Upvalues = f.upvalues[:]
		return &f.LFunction
	}
	return &lua.LFunction{Upvalues: make([]*lua.Upvalue, n)}
}

//go:linkname findUpvalue github.com/yuin/gopher-lua.(*LState).findUpvalue
func findUpvalue(L *lua.LState, index int) *lua.Upvalue
