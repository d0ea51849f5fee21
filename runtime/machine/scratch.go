package machine

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// A number behind an interface needs memory of its own, and a loop that computes makes a new one at each step. So each register has a
// slot beside it (Stack.slots), and the loop of run writes the results of arithmetic there: the register then refers to its own slot, and
// the next result overwrites it.
//
// Such a number must not leave its register as it is, because whoever has it would see it change. These are the rules that keep it there:
//
//   - Only run puts a register on its slot, and run copies the number, not the reference, when it moves a value or returns one.
//   - What run leaves to others (an instruction of the table, a Go function, a metamethod, a caller that is no Lua function) finds the
//     registers concerned settled: with a number of their own.
//   - A register that a closure has captured is never on its slot, since upvalues are read and closed in many places; captured is the
//     highest one.
//   - When the registers move to a larger array, the slots do too, and the old slots are left as they are for the registers that refer to them.

// noSlots stands for the slots of a state that has none. Nothing refers to it.
var noSlots [256]float64

// makeSlots gives L's registers their slots.
func (s *Stack) makeSlots(r *Registry) { s.slots = make([]float64, len(r.array)) }

// onSlot reports whether register i is on its slot.
func (s *Stack) onSlot(r *Registry, i int) bool {
	return (*iface)(unsafe.Pointer(&r.array[i])).data == unsafe.Pointer(&s.slots[i])
}

// settleAll settles the registers from i to before end.
func (s *Stack) settleAll(r *Registry, i, end int) {
	for end = min(end, len(s.slots)); i < end; i++ {
		if s.onSlot(r, i) {
			r.array[i] = r.alloc.number(s.slots[i])
		}
	}
}

// settle settles the registers that an instruction reads which is about to be run by the table.
func (s *Stack) settle(r *Registry, cf *frame, inst uint32) {
	local := cf.LocalBase
	a, b, c := local+aOf(inst), bOf(inst), cOf(inst)
	switch opOf(inst) {
	case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
		s.settleAll(r, a, a+1)
		fallthrough
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS, lua.OP_SELF, lua.OP_ADD, lua.OP_SUB, lua.OP_MUL, lua.OP_DIV, lua.OP_MOD, lua.OP_POW,
		lua.OP_EQ, lua.OP_LT, lua.OP_LE:
		if c&constBit == 0 {
			s.settleAll(r, local+c, local+c+1)
		}
		fallthrough
	case lua.OP_UNM, lua.OP_LEN, lua.OP_NOT, lua.OP_MOVE, lua.OP_TESTSET:
		if b&constBit == 0 {
			s.settleAll(r, local+b, local+b+1)
		}
	case lua.OP_SETGLOBAL, lua.OP_SETUPVAL:
		s.settleAll(r, a, a+1)
	case lua.OP_CONCAT:
		s.settleAll(r, local+b, local+c+1)
	case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_SETLIST:
		end := a + b
		if opOf(inst) == lua.OP_SETLIST {
			end++
		}
		if b == 0 {
			end = r.top
		}
		s.settleAll(r, a, end)
	case lua.OP_RETURN:
		end := a + b - 1
		if b == 0 {
			end = r.top
		}
		s.settleAll(r, a, end)
	case lua.OP_TFORLOOP, lua.OP_FORLOOP, lua.OP_FORPREP:
		s.settleAll(r, a, a+4)
	}
}

// settleState gives all the numbers in L's registers memory of their own, for whoever looks at the registers of running functions.
func settleState(L *lua.LState) {
	if s := StackOf(L); s != nil && s.slots != nil {
		r := stateOf(L).reg
		s.settleAll(r, 0, r.top)
	}
}

// register is a register or constant by the address of the first one.
func register(first unsafe.Pointer, i uint32) *lua.LValue {
	return (*lua.LValue)(unsafe.Add(first, uintptr(i)*unsafe.Sizeof(iface{})))
}

// rk is the value of a register or constant.
func rk(regs, consts unsafe.Pointer, i uint32) lua.LValue {
	if i&constBit != 0 {
		return *register(consts, i&^constBit)
	}
	return *register(regs, i)
}

// keep is the value of a register or constant, to be stored elsewhere.
func (a *allocator) keep(regs, consts, slots unsafe.Pointer, i uint32) lua.LValue {
	if i&constBit != 0 {
		return *register(consts, i&^constBit)
	}
	p := register(regs, i)
	if q := unsafe.Add(slots, uintptr(i)*8); (*iface)(unsafe.Pointer(p)).data == q {
		return a.number(*(*float64)(q))
	}
	return *p
}

// put stores a number into a register through its slot.
func put(regs, slots unsafe.Pointer, i uint32, v float64) {
	p := (*iface)(unsafe.Pointer(register(regs, i)))
	q := unsafe.Add(slots, uintptr(i)*8)
	*(*float64)(q) = v
	if p.data != q {
		p.tab, p.data = numberTab, q
	}
}
