package machine

import (
	"math/rand/v2"
	"testing"
)

// Random pushes and pops agree with a plain slice.
func TestFrameStack(t *testing.T) {
	s := &Stack{limit: 1 << 30}
	s.chunk = s.first[:]
	var want []int
	rnd := rand.New(rand.NewPCG(1, 2))
	check := func() {
		t.Helper()
		if s.Sp() != len(want) || (s.n == 0) != (len(want) == 0) {
			t.Fatalf("sp %d, want %d", s.Sp(), len(want))
		}
		if len(want) == 0 {
			if s.last() != nil {
				t.Fatal("last of an empty stack")
			}
			return
		}
		i := rnd.IntN(len(want))
		if f := s.at(i); f.Pc != want[i] || f.Idx != i {
			t.Fatalf("at %d: %d %d, want %d", i, f.Idx, f.Pc, want[i])
		}
		if f := s.last(); f.Pc != want[len(want)-1] {
			t.Fatalf("last: %d, want %d", f.Pc, want[len(want)-1])
		}
	}
	for range 200_000 {
		switch n := rnd.IntN(100); {
		case n < 52:
			v := rnd.Int()
			s.push(&frame{Pc: v})
			want = append(want, v)
		case n < 99 && len(want) > 0:
			if f := s.pop(); f.Pc != want[len(want)-1] {
				t.Fatal("pop")
			}
			want = want[:len(want)-1]
		case n == 99 && rnd.IntN(20) == 0:
			sp := rnd.IntN(len(want) + 1)
			s.SetSp(sp)
			want = want[:sp]
		}
		check()
	}
}
