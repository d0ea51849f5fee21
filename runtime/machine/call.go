package machine

import (
	_ "unsafe" // for go:linkname

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/syntax"
)

//go:linkname callGoFunction github.com/yuin/gopher-lua.callGFunction
func callGoFunction(L *lua.LState, tailcall bool) bool

//go:linkname switchToParentThread github.com/yuin/gopher-lua.switchToParentThread
func switchToParentThread(L *lua.LState, nargs int, haserror, kill bool)

// begin puts a frame for a call of the function in register at on the stack, and makes it the running one. It gives nil where there is no room.
func (s *state) begin(stack *Stack, cf *frame, fn *lua.LFunction, at, nargs, nret int) *frame {
	if stack.base+stack.n >= stack.limit {
		return nil
	}
	if stack.n == len(stack.chunk) {
		stack.grow()
	}
	f := &stack.chunk[stack.n]
	f.Idx = stack.base + stack.n
	stack.n++
	f.Fn, f.Parent, f.Pc = fn, cf, 0
	f.Base, f.LocalBase, f.ReturnBase = at, at+1, at
	f.NArgs, f.NRet, f.TailCall = nargs, nret, 0
	s.currentFrame = f
	return f
}

// enter begins a call of a Lua function without extra arguments. It does nothing and reports false where there is no room.
//
// Registers that are no parameters keep what was in them: the compiler reads none before it writes it.
func (s *state) enter(stack *Stack, cf *frame, fn *lua.LFunction, at, nargs, nret int) bool {
	r := s.reg
	local := at + 1
	used, params := int(fn.Proto.NumUsedRegisters), int(fn.Proto.NumParameters)
	if local+max(nargs, used) > len(r.array) || s.begin(stack, cf, fn, at, nargs, nret) == nil {
		return false
	}
	for i := nargs; i < params; i++ {
		r.array[local+i] = lua.LNil
	}
	r.top = local + used
	return true
}

// varargs is the mark of functions with extra arguments; gopher-lua moves their parameters behind these.
const varargs = syntax.Native | lua.VarArgIsVarArg | lua.VarArgHasArg

// enterVararg is enter for a function with extra arguments.
func (s *state) enterVararg(stack *Stack, cf *frame, fn *lua.LFunction, at, nargs, nret int) bool {
	r := s.reg
	used, params := int(fn.Proto.NumUsedRegisters), int(fn.Proto.NumParameters)
	local := at + 1 + max(nargs, params)
	if local+max(used, params) > len(r.array) {
		return false
	}
	f := s.begin(stack, cf, fn, at, nargs, nret)
	if f == nil {
		return false
	}
	stack.settleAll(r, at+1, at+1+nargs)
	for i := range params {
		r.array[local+i] = lua.LNil
		if i < nargs {
			r.array[local+i] = r.array[at+1+i]
		}
		r.array[at+1+i] = lua.LNil
	}
	f.LocalBase = local
	r.top = local + used
	return true
}

// vararg copies n of cf's extra arguments, or all if n is negative, to the registers from to on. It does nothing and reports false where there
// is no room.
func (s *state) vararg(cf *frame, to, n int) bool {
	r := s.reg
	from := cf.Base + 1 + int(cf.Fn.Proto.NumParameters)
	there := max(cf.Base+1+cf.NArgs-from, 0)
	want := n
	if n < 0 {
		want = there
	}
	if to+want > len(r.array) {
		return false
	}
	k := copy(r.array[to:to+want], r.array[from:from+there])
	for i := k; i < want; i++ {
		r.array[to+i] = lua.LNil
	}
	if n < 0 {
		r.top = to + want
	}
	return true
}

// Invoke is L.Call, without its detours for functions that the loop can enter by itself.
func Invoke(L *lua.LState, nargs, nret int) {
	s := stateOf(L)
	stack := StackOf(L)
	if stack == nil || s.ctx != nil || s.G.MainThread == nil || stack.nesting == maxNesting {
		L.Call(nargs, nret)
		return
	}
	r := s.reg
	at := r.top - nargs - 1
	fn, ok := r.array[at].(*lua.LFunction)
	switch {
	case !ok || at+nret > len(r.array):
	case fn.IsG:
		stack.nesting++
		if ok, _ = s.invoke(L, stack, s.currentFrame, fn, at, nargs, nret); ok {
			stack.nesting--
			return
		}
		stack.nesting--
	case fn.Proto.IsVarArg == syntax.Native && s.enter(stack, s.currentFrame, fn, at, nargs, nret),
		fn.Proto.IsVarArg == varargs && s.enterVararg(stack, s.currentFrame, fn, at, nargs, nret):
		stack.nesting++
		loop(L, s.currentFrame, stack)
		stack.nesting--
		return
	}
	L.Call(nargs, nret)
}

// replace makes a tail call of a Lua function without extra arguments in the frame of the running one. It does nothing and reports false where
// more is to be done.
func (s *state) replace(stack *Stack, cf *frame, fn *lua.LFunction, at, nargs int) bool {
	r := s.reg
	local := cf.LocalBase
	used, params := int(fn.Proto.NumUsedRegisters), int(fn.Proto.NumParameters)
	if local != cf.Base+1 || local+max(nargs, used) > len(r.array) || s.uvcache != nil && stack.captured >= local {
		return false
	}
	r.array[cf.Base] = fn
	for i := range min(nargs, params) {
		stack.copy(r, local+i, at+1+i)
	}
	for i := nargs; i < params; i++ {
		r.array[local+i] = lua.LNil
	}
	cf.Fn, cf.Pc, cf.NArgs = fn, 0, nargs
	cf.TailCall++
	r.top = local + used
	return true
}

// copy copies a register of a Lua function to one of a Lua function.
func (s *Stack) copy(r *Registry, to, from int) {
	if from < len(s.slots) && s.onSlot(r, from) {
		v := s.slots[from]
		if to > s.captured {
			s.slots[to] = v
			if !s.onSlot(r, to) {
				r.array[to] = onSlot(&s.slots[to])
			}
			return
		}
		r.array[to] = r.alloc.number(v)
		return
	}
	r.array[to] = r.array[from]
}

// leave ends the call in cf, whose n results begin at register from. It reports false if the loop is to end as well, as it is if last.
func (s *state) leave(stack *Stack, cf *frame, from, n int, last bool) bool {
	r := s.reg
	to := cf.ReturnBase
	want := cf.NRet
	if want < 0 {
		want = n
	}
	for i := range want {
		if i < n {
			stack.copy(r, to+i, from+i)
		} else {
			r.array[to+i] = lua.LNil
		}
	}
	r.top = to + want
	stack.pop()
	up := stack.last()
	s.currentFrame = up
	goesOn := !last && up != nil && !up.Fn.IsG
	if !goesOn || up.Fn.Proto.IsVarArg&syntax.Native == 0 {
		stack.settleAll(r, to, to+want)
	}
	return goesOn
}

// invoke calls a Go function whose arguments are in place. It reports false if there is no room, and that the loop is to end if the function yields or
// puts the script aside.
func (s *state) invoke(L *lua.LState, stack *Stack, cf *frame, fn *lua.LFunction, at, nargs, nret int) (ok, end bool) {
	r := s.reg
	if f := quickOf(fn); f != nil && uint(nret) <= f.most && f.answer(L, r.array, at, nargs, nret) {
		r.top = at + nret
		return true, false
	}
	if pauserOf(fn) != nil && s.pause(L, stack, cf, fn, at, nargs, nret) {
		return true, true
	}
	if stack.slots != nil {
		stack.settleAll(r, at+1, at+1+nargs)
	}
	if s.begin(stack, cf, fn, at, nargs, nret) == nil {
		return false, false
	}
	r.top = at + 1 + nargs
	n := fn.GFunction(L)
	stack.high = max(stack.high, r.top)
	if n < 0 {
		switchToParentThread(L, L.GetTop(), false, false)
		return true, true
	}
	if nret < 0 {
		nret = n
	}
	from := r.top - n
	if nret == 1 && n >= 1 {
		r.array[at] = r.array[from]
	} else {
		for i := range nret {
			if i < n {
				r.array[at+i] = r.array[from+i]
			} else {
				r.array[at+i] = lua.LNil
			}
		}
	}
	r.top = at + nret
	stack.pop()
	s.currentFrame = cf
	return true, false
}

// detach closes the upvalues of the registers from local on.
func (s *state) detach(stack *Stack, local int) {
	if stack == nil {
		stack = new(Stack)
	}
	stack.captured = -1
	var last *upvalue
	for u := s.uvcache; u != nil; {
		uv := upvalueOf(u)
		if uv.index < local {
			last, stack.captured = uv, uv.index
			u = uv.next
			continue
		}
		if last == nil {
			s.uvcache = nil
		} else {
			last.next = nil
			last = nil
		}
		for u != nil {
			uv = upvalueOf(u)
			next := uv.next
			uv.value, uv.closed, uv.next = uv.reg.array[uv.index], true, nil
			u = next
		}
		return
	}
}
