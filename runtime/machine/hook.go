package machine

import (
	"sync"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"
)

// attention is not 0 while calls, loops and jumps back have to look around: it counts the VMs that have a hook or whose running thread
// is beyond its time, and one more if memory has run out.
var attention atomic.Int32

// Alert adds to the number of reasons to look around; n is negative for one that has passed.
func Alert(n int32) { attention.Add(n) }

var limits sync.Map // *lua.Global to func(L *lua.LState)

// SetLimit has running code of L's VM call check whenever it looks around; check may raise an error. nil takes it away.
func SetLimit(L *lua.LState, check func(L *lua.LState)) {
	if check == nil {
		limits.Delete(L.G)
		return
	}
	limits.Store(L.G, check)
}

func checkLimit(L *lua.LState) {
	if f, ok := limits.Load(L.G); ok {
		f.(func(*lua.LState))(L)
	}
}

// Hook is what debug.sethook has set for a VM. As in LuaJIT, all its coroutines share it.
type Hook struct {
	// Function is called with "call", "return", "line" or "count", and for a line with its number.
	Function *lua.LFunction
	// Mask has "c" for calls, "r" for returns, "l" for lines.
	Mask string
	// Count is after how many instructions "count" comes; 0 for never.
	Count int

	call, ret, line bool
	left            int
	inside          bool
	// loops is, for each state, the bottom frame of the innermost loop that serves the hook.
	loops map[*lua.LState]*frame
}

var hooks sync.Map // *lua.Global to *Hook

// SetHook sets the hook of L's VM, or takes it away if h is nil. Call it with the baton held.
func SetHook(L *lua.LState, h *Hook) {
	if old := HookOf(L); old != nil && old.active() {
		attention.Add(-1)
	}
	if h == nil {
		hooks.Delete(L.G)
		return
	}
	for _, c := range h.Mask {
		switch c {
		case 'c':
			h.call = true
		case 'r':
			h.ret = true
		case 'l':
			h.line = true
		}
	}
	h.left = h.Count
	h.loops = make(map[*lua.LState]*frame)
	if h.active() {
		attention.Add(1)
	}
	hooks.Store(L.G, h)
}

// HookOf is the hook of L's VM, nil if it has none.
func HookOf(L *lua.LState) *Hook {
	if h, ok := hooks.Load(L.G); ok {
		return h.(*Hook)
	}
	return nil
}

func (h *Hook) active() bool { return h.call || h.ret || h.line || h.Count > 0 }

// attend does what attention asks for, at the end of an instruction of the loop above base. Its result is that of the instruction.
func attend(L *lua.LState, base *frame) int {
	if memory.over.Load() {
		relieve()
	}
	checkLimit(L)
	h := HookOf(L)
	if h == nil || !h.active() || h.inside || h.loops[L] == base {
		return 0
	}
	return h.serve(L, base)
}

// serve is the interpreter's loop with the hook's events, until the hook is gone or the loop ends.
//
// Deviation: Go functions make no events of their own.
func (h *Hook) serve(L *lua.LState, base *frame) int {
	s := stateOf(L)
	settleState(L)
	outer := h.loops[L]
	h.loops[L] = base
	defer func() {
		if outer == nil {
			delete(h.loops, L)
		} else {
			h.loops[L] = outer
		}
	}()
	var last *frame
	lastPc, lastLine := 0, -1
	if cf := s.currentFrame; cf != nil && !cf.Fn.IsG && cf.Pc > 0 {
		last, lastPc, lastLine = cf, cf.Pc-1, cf.Fn.Proto.DbgSourcePositions[cf.Pc-1]
	}
	for {
		if HookOf(L) != h {
			return 0
		}
		checkLimit(L)
		cf := s.currentFrame
		proto := cf.Fn.Proto
		pc := cf.Pc
		inst := proto.Code[pc]
		cf.Pc++
		if h.call && pc == 0 && cf != last {
			h.fire(L, "call", -1)
		}
		if h.Count > 0 {
			if h.left--; h.left <= 0 {
				h.left = h.Count
				h.fire(L, "count", -1)
			}
		}
		if h.line && pc < len(proto.DbgSourcePositions) {
			line := proto.DbgSourcePositions[pc]
			if line != lastLine || cf != last || pc <= lastPc {
				h.fire(L, "line", line)
			}
			last, lastPc, lastLine = cf, pc, line
		}
		op := opOf(inst)
		if h.ret && (op == lua.OP_RETURN || op == lua.OP_TAILCALL) {
			h.fire(L, "return", -1)
		}
		if !h.line {
			last = cf
		}
		if jumpTable[op](L, inst, base) == 1 {
			return 1
		}
	}
}

func (h *Hook) fire(L *lua.LState, event string, line int) {
	h.inside = true
	defer func() { h.inside = false }()
	L.Push(h.Function)
	L.Push(lua.LString(event))
	if line < 0 {
		L.Push(lua.LNil)
	} else {
		L.Push(lua.LNumber(line))
	}
	L.Call(2, 0)
}

// jump goes to another instruction. A jump back is a place to look around, as every loop has one.
func jump(L *lua.LState, inst uint32, base *frame) int {
	n := sbxOf(inst)
	stateOf(L).currentFrame.Pc += n
	if n < 0 && attention.Load() != 0 {
		return attend(L, base)
	}
	return 0
}
