package machine

import (
	"fmt"
	"math/bits"
	"reflect"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

const firstChunk = 8 // frames; a power of two

// Stack is a call stack that starts with 8 frames and doubles by chunks, because neither stock stack
// serves thousands of threads: the fixed one takes 80 bytes for each possible frame, the growing one a byte for each,
// never reports that it is full, and goes through a sync.Pool at every eighth frame. Frames do not move, since the VM
// keeps pointers to them.
type Stack struct {
	chunk  []frame // the chunk in use
	n      int     // frames used of it; 0 only when the whole stack is empty
	base   int     // frames in the chunks before it
	k      int     // its index
	limit  int     // frames at most
	chunks [][]frame
	reg    *Registry // the value stack that goes with it

	slots    []float64 // of numbers, one for each register, or nil: see scratch.go
	captured int       // no register above this one is an upvalue
	nesting  int       // of loops: calls of Lua by Go
	paused   pausedCall
	high     int // no register from this one on has held a value since the last ClearDead

	first [firstChunk]frame
}

// maxNesting is how deep Go functions, metamethods and Lua may call each other on one stack. Each level takes a few
// thousand bytes of Go's stack, which ends the process where it is full; LuaJIT has room for about 10,000.
const maxNesting = 20_000

// Nesting is how many calls of Lua by Go are in progress; SetNesting takes back what a caught error has left.
func (s *Stack) Nesting() int { return s.nesting }

// SetNesting sets what Nesting tells.
func (s *Stack) SetNesting(n int) { s.nesting = n }

func (s *Stack) push(v *frame) {
	if s.n == len(s.chunk) {
		s.grow()
	}
	p := &s.chunk[s.n]
	*p = *v
	p.Idx = s.base + s.n
	s.n++
}

func (s *Stack) grow() {
	if s.chunks == nil {
		s.chunks = append(make([][]frame, 0, 8), s.chunk)
	}
	s.base += len(s.chunk)
	s.k++
	if s.k == len(s.chunks) {
		s.chunks = append(s.chunks, make([]frame, firstChunk<<s.k))
		// The value stack grows by a fixed step. Deep recursion would copy it every few frames, were the step not to grow along.
		if s.reg != nil {
			s.reg.growBy = max(s.reg.growBy, 4*(s.base+firstChunk<<s.k), len(s.reg.array))
		}
	}
	s.chunk = s.chunks[s.k]
	s.n = 0
}

func (s *Stack) shrink() {
	s.k--
	s.chunk = s.chunks[s.k]
	s.base -= len(s.chunk)
	s.n = len(s.chunk)
}

func (s *Stack) pop() *frame {
	s.n--
	p := &s.chunk[s.n]
	if s.n == 0 && s.k > 0 {
		s.shrink()
	}
	return p
}

func (s *Stack) last() *frame {
	if s.n == 0 {
		return nil
	}
	return &s.chunk[s.n-1]
}

func (s *Stack) at(i int) *frame {
	if i >= s.base {
		return &s.chunk[i-s.base]
	}
	k := bits.Len(uint(i/firstChunk+1)) - 1
	return &s.chunks[k][i-firstChunk*(1<<k-1)]
}

// Sp is the number of frames.
func (s *Stack) Sp() int { return s.base + s.n }

// SetSp drops all frames but the first sp.
func (s *Stack) SetSp(sp int) {
	for sp <= s.base && s.k > 0 {
		s.shrink()
	}
	s.n = sp - s.base
}

// Extend lets the stack have n frames more, or fewer again if n is negative.
func (s *Stack) Extend(n int) { s.limit += n }

// reset empties the stack, drops what it grew and lets go of the functions that the first frames held.
func (s *Stack) reset() {
	s.chunk, s.n, s.base, s.k, s.chunks = s.first[:], 0, 0, 0, nil
	s.nesting = 0
	s.first = [firstChunk]frame{}
}

// Clean empties the stack for its next user, who gets at most keep of the chunks it grew and no function of this one's.
func (s *Stack) Clean(keep int) {
	if len(s.chunks) > keep {
		s.reset()
		return
	}
	s.SetSp(0)
	s.nesting = 0
	for i := range s.first { // those in use were the foremost
		f := &s.first[i]
		if f.Fn == nil {
			break
		}
		f.Fn, f.Parent = nil, nil
	}
	for k := 1; k < len(s.chunks); k++ {
		for i := range s.chunks[k] {
			f := &s.chunks[k][i]
			if f.Fn == nil {
				break
			}
			f.Fn, f.Parent = nil, nil
		}
	}
}

// stackOf gives a Stack the methods of gopher-lua's unexported callFrameStack interface. Only F, its unexported
// frame type, stands between another package and that interface, and inference supplies F (see newStackOf).
type stackOf[F any] struct{ Stack }

func (s *stackOf[F]) Push(v F)      { s.push((*frame)(unsafe.Pointer(&v))) }
func (s *stackOf[F]) Pop() *F       { return (*F)(unsafe.Pointer(s.pop())) }
func (s *stackOf[F]) Last() *F      { return (*F)(unsafe.Pointer(s.last())) }
func (s *stackOf[F]) At(i int) *F   { return (*F)(unsafe.Pointer(s.at(i))) }
func (s *stackOf[F]) IsFull() bool  { return s.base+s.n >= s.limit }
func (s *stackOf[F]) IsEmpty() bool { return s.n == 0 }
func (s *stackOf[F]) FreeAll()      { s.reset() }
func (s *stackOf[F]) Clear()        { s.reset() }

// newStackOf infers F from a method of LState that returns *F.
func newStackOf[F any](_ func() *F) any { return &stackOf[F]{} }

var stackTab unsafe.Pointer

// makeStackTab finds the method table of the interface that a state's call stack is kept in. The interface is not exported, so a
// stack of ours gets in by reflection, once.
func makeStackTab() error {
	var L lua.LState
	ours := newStackOf(L.RemoveCallerFrame)
	field, ok := reflect.TypeFor[lua.LState]().FieldByName("stack")
	if !ok || field.Type.Kind() != reflect.Interface || !reflect.TypeOf(ours).Implements(field.Type) {
		return fmt.Errorf("this version of gopher-lua is not supported: its call stack has other methods")
	}
	at := reflect.NewAt(field.Type, unsafe.Pointer(&stateOf(&L).stack)).Elem()
	at.Set(reflect.ValueOf(ours))
	stackTab = stateOf(&L).stack.tab
	return nil
}

// StackOf is L's call stack, nil if L is not one that InitState has made.
func StackOf(L *lua.LState) *Stack {
	i := stateOf(L).stack
	if i.tab != stackTab {
		return nil
	}
	return (*Stack)(i.data)
}

// InitState makes L a state of from's VM, with from's options and context, on a stack, registers and slots that are all zero.
func InitState(L, from *lua.LState, stack *Stack, reg *Registry, slots []lua.LValue, maxFrames int) {
	*L = *from
	*stack = Stack{limit: maxFrames, reg: reg, captured: -1}
	stack.chunk = stack.first[:]
	theirs := stateOf(from).reg
	*reg = Registry{
		array:   slots,
		growBy:  len(slots),
		maxSize: theirs.maxSize,
		alloc:   theirs.alloc, // the states of a VM never run at once
		handler: iface{theirs.handler.tab, unsafe.Pointer(L)},
	}
	s := stateOf(L)
	s.stack = iface{stackTab, unsafe.Pointer(stack)}
	s.reg = reg
	s.uvcache = nil
	s.currentFrame = nil
	s.hasErrorFunc = true
	if s.ctx == nil {
		s.mainLoop = run
	}
}

// CurrentFrame is the frame of the function that L runs, nil if none does.
func CurrentFrame(L *lua.LState) *Frame { return stateOf(L).currentFrame }

// SetCurrentFrame sets what CurrentFrame gives.
func SetCurrentFrame(L *lua.LState, f *Frame) { stateOf(L).currentFrame = f }

// KeepUpvalues makes errors leave the upvalues of functions that go on running alone.
func KeepUpvalues(L *lua.LState) { stateOf(L).hasErrorFunc = true }

// CloseUpvalues detaches the closures that captured L's registers from idx on.
func CloseUpvalues(L *lua.LState, idx int) {
	if s := stateOf(L); s.uvcache != nil {
		s.detach(StackOf(L), idx)
	}
}

// RegistryOf is the file of L's registers.
func RegistryOf(L *lua.LState) *Registry { return stateOf(L).reg }

// Extend lets r grow to n registers more, or fewer again if n is negative.
func (r *Registry) Extend(n int) { r.maxSize += n }

// Len is the number of registers that there is room for now.
func (r *Registry) Len() int { return len(r.array) }

// At is register i, nil if there is none or it is unused.
func (r *Registry) At(i int) lua.LValue {
	if i < 0 || i >= len(r.array) {
		return nil
	}
	return r.array[i]
}
