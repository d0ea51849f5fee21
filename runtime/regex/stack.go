package regex

import "sync"

// frame is an entry of the backtracking stack. With pc >= 0 it is a choice: go on at pc, at pos, aux being pc's own. Otherwise it
// is an old value: slot ^pc was aux.
type frame struct{ pc, pos, aux int32 }

// call is a recursion in progress, or one that may be backtracked into.
type call struct {
	ret, group, pos int32
	parent          int32
	mark            int32 // the height of the stack at the call
	saved           int32 // where in the save area the caller's slots begin
}

var (
	stackPool = sync.Pool{New: func() any { s := make([]frame, 1024); return &s }}
	slotPool  = sync.Pool{New: func() any { s := make([]int32, 256); return &s }}
)

// pools is what one call has borrowed.
type pools struct {
	stack *[]frame
	slots *[]int32
}

// grow returns a larger stack with the contents of stk.
func (b *pools) grow(stk []frame) []frame {
	if b.stack == nil {
		b.stack = stackPool.Get().(*[]frame)
		copy(*b.stack, stk)
		return *b.stack
	}
	big := make([]frame, 4*len(stk))
	copy(big, stk)
	*b.stack = big
	return big
}

// release gives back what was borrowed.
func (b *pools) release() {
	if b.stack != nil && len(*b.stack) <= keepStack {
		stackPool.Put(b.stack)
	}
	if b.slots != nil {
		slotPool.Put(b.slots)
	}
}

// unwind restores the slots to what they were when the stack was to high.
func unwind(stk []frame, slots []int32, from, to int) {
	for i := from - 1; i >= to; i-- {
		if f := &stk[i]; f.pc < 0 {
			slots[^f.pc] = f.aux
		}
	}
}

// cut drops the choices above mark but keeps the old values, and returns the new height.
func cut(stk []frame, mark, sp int) int {
	for i := mark; i < sp; i++ {
		if stk[i].pc < 0 {
			stk[mark] = stk[i]
			mark++
		}
	}
	return mark
}

// fpSlot returns a slot that can be read even where there are no calls.
func (p *program) fpSlot() int { return max(p.fp, 0) }

// doReturn ends a call: the slots are as before it, and the way back into it stays open.
func (p *program) doReturn(borrowed *pools, stk []frame, sp int, slots []int32, c *call, saved []int32) ([]frame, int, int) {
	for len(stk) < sp+len(slots) {
		stk = borrowed.grow(stk)
	}
	for i, old := range saved[c.saved : int(c.saved)+len(slots)] {
		if slots[i] != old {
			stk[sp] = frame{^int32(i), 0, slots[i]}
			sp++
			slots[i] = old
		}
	}
	return stk, sp, int(c.ret)
}

// verbBorder returns the innermost frame of an assertion or an unfinished call, to which a verb's effect is confined, or -1.
func (p *program) verbBorder(stk []frame, slots []int32, calls []call) int {
	for i := len(stk) - 1; i >= 0; i-- {
		f := &stk[i]
		if f.pc < 0 || !p.insts[f.pc].marker {
			continue
		}
		if p.insts[f.pc].op != opCallUndo {
			return i
		}
		for fp := slots[p.fp]; fp >= f.aux; fp = calls[fp].parent {
			if fp == f.aux {
				return i
			}
		}
	}
	return -1
}

// findMark returns where the last (*MARK) of a name was passed, or -1.
func (p *program) findMark(stk []frame, name string) int {
	for i := len(stk) - 1; i >= 0; i-- {
		if pc := stk[i].pc; pc >= 0 {
			if in := &p.insts[pc]; in.op == opVerbFail && in.verb == verbMark && in.str == name {
				return int(stk[i].pos)
			}
		}
	}
	return -1
}
