package http1

import (
	"sync"

	"moongate/phases"
)

// spareRoom is how much of a kind is kept: about as many requests as come together.
const spareRoom = 16

// kept is what a loop's leader keeps from its requests for the next ones, so that it need not ask the pools. The
// methods take a nil one, which keeps nothing.
type kept struct {
	firsts   spare[[firstSize]byte]
	outs     spare[[]byte]
	requests spare[phases.Request]
}

// spare is a stack: what was used last is in the processor's caches.
type spare[T any] struct {
	items [spareRoom]*T
	n     int
}

// take gives nil where there is none.
func (s *spare[T]) take() *T {
	if s.n == 0 {
		return nil
	}
	s.n--
	x := s.items[s.n]
	s.items[s.n] = nil
	return x
}

// give reports false where there is no room.
func (s *spare[T]) give(x *T) bool {
	if s.n == spareRoom {
		return false
	}
	s.items[s.n] = x
	s.n++
	return true
}

var (
	firsts = sync.Pool{New: func() any { return new([firstSize]byte) }}
	outs   = sync.Pool{New: func() any {
		b := make([]byte, 0, 2048)
		return &b
	}}
)

// takeFirst gives a buffer for a request's first read.
func (k *kept) takeFirst() *[firstSize]byte {
	if k != nil {
		if b := k.firsts.take(); b != nil {
			return b
		}
	}
	return firsts.Get().(*[firstSize]byte)
}

func (k *kept) giveFirst(b *[firstSize]byte) {
	if k == nil || !k.firsts.give(b) {
		firsts.Put(b)
	}
}

// takeOut gives a buffer to gather an answer in.
func (k *kept) takeOut() *[]byte {
	if k != nil {
		if b := k.outs.take(); b != nil {
			return b
		}
	}
	return outs.Get().(*[]byte)
}

func (k *kept) giveOut(b *[]byte) {
	if k == nil || !k.outs.give(b) {
		outs.Put(b)
	}
}

func (k *kept) takeRequest() *phases.Request {
	if k != nil {
		if r := k.requests.take(); r != nil {
			return r
		}
	}
	return phases.NewRequest()
}

// giveRequest takes a request that is over.
func (k *kept) giveRequest(r *phases.Request) {
	r.Clear()
	if k == nil || !k.requests.give(r) {
		r.Recycle()
	}
}

// release gives everything to the pools.
func (k *kept) release() {
	for b := k.firsts.take(); b != nil; b = k.firsts.take() {
		firsts.Put(b)
	}
	for b := k.outs.take(); b != nil; b = k.outs.take() {
		outs.Put(b)
	}
	for r := k.requests.take(); r != nil; r = k.requests.take() {
		r.Recycle()
	}
}
