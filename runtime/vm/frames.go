package vm

import (
	"math/bits"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// frame has the layout of gopher-lua's unexported callFrame; checkLayout compares the two field by field.
type frame struct {
	Idx        int
	Fn         *lua.LFunction
	Parent     *frame
	Pc         int
	Base       int
	LocalBase  int
	ReturnBase int
	NArgs      int
	NRet       int
	TailCall   int
}

const firstChunk = 8 // frames; a power of two

// frameStack is a call stack that starts with 8 frames and doubles by chunks, because neither stock stack
// serves thousands of threads: the fixed one takes 80 bytes for each possible frame, the growing one a byte for each,
// never reports that it is full, and goes through a sync.Pool at every eighth frame. Frames do not move, since the VM
// keeps pointers to them.
type frameStack struct {
	chunk  []frame // the chunk in use
	n      int     // frames used of it; 0 only when the whole stack is empty
	base   int     // frames in the chunks before it
	k      int     // its index
	limit  int     // frames at most
	chunks [][]frame
	reg    *registry // the value stack that goes with it
	first  [firstChunk]frame
}

func (s *frameStack) push(v *frame) {
	if s.n == len(s.chunk) {
		s.grow()
	}
	p := &s.chunk[s.n]
	*p = *v
	p.Idx = s.base + s.n
	s.n++
}

func (s *frameStack) grow() {
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

func (s *frameStack) shrink() {
	s.k--
	s.chunk = s.chunks[s.k]
	s.base -= len(s.chunk)
	s.n = len(s.chunk)
}

func (s *frameStack) pop() *frame {
	s.n--
	p := &s.chunk[s.n]
	if s.n == 0 && s.k > 0 {
		s.shrink()
	}
	return p
}

func (s *frameStack) last() *frame {
	if s.n == 0 {
		return nil
	}
	return &s.chunk[s.n-1]
}

func (s *frameStack) at(i int) *frame {
	if i >= s.base {
		return &s.chunk[i-s.base]
	}
	k := bits.Len(uint(i/firstChunk+1)) - 1
	return &s.chunks[k][i-firstChunk*(1<<k-1)]
}

func (s *frameStack) sp() int { return s.base + s.n }

func (s *frameStack) setSp(sp int) {
	for sp <= s.base && s.k > 0 {
		s.shrink()
	}
	s.n = sp - s.base
}

// reset empties the stack, drops what it grew and lets go of the functions that the first frames held.
func (s *frameStack) reset() {
	s.chunk, s.n, s.base, s.k, s.chunks = s.first[:], 0, 0, 0, nil
	s.first = [firstChunk]frame{}
}

// clean empties the stack for its next user, who gets at most keep of the chunks it grew and no function of this one's.
func (s *frameStack) clean(keep int) {
	if len(s.chunks) > keep {
		s.reset()
		return
	}
	s.setSp(0)
	clear(s.first[:])
	for k := 1; k < len(s.chunks); k++ {
		clear(s.chunks[k])
	}
}

// stackOf gives a frameStack the methods of gopher-lua's unexported callFrameStack interface. Only F, its unexported
// frame type, stands between another package and that interface, and inference supplies F (see newStackOf).
type stackOf[F any] struct{ frameStack }

func (s *stackOf[F]) Push(v F)      { s.push((*frame)(unsafe.Pointer(&v))) }
func (s *stackOf[F]) Pop() *F       { return (*F)(unsafe.Pointer(s.pop())) }
func (s *stackOf[F]) Last() *F      { return (*F)(unsafe.Pointer(s.last())) }
func (s *stackOf[F]) At(i int) *F   { return (*F)(unsafe.Pointer(s.at(i))) }
func (s *stackOf[F]) SetSp(sp int)  { s.setSp(sp) }
func (s *stackOf[F]) Sp() int       { return s.sp() }
func (s *stackOf[F]) IsFull() bool  { return s.base+s.n >= s.limit }
func (s *stackOf[F]) IsEmpty() bool { return s.n == 0 }
func (s *stackOf[F]) FreeAll()      { s.reset() }
func (s *stackOf[F]) Clear()        { s.reset() }

// newStackOf infers F from a method of LState that returns *F.
func newStackOf[F any](_ func() *F) any { return &stackOf[F]{} }
