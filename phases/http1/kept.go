package http1

import (
	"sync"

	"moongate/phases"
)

// kept is what a loop's leader keeps from one request for the next, so that it need not ask the pools. The
// methods take a nil one, which keeps nothing.
type kept struct {
	first   *[firstSize]byte
	out     *[]byte
	request *phases.Request
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
	if k != nil && k.first != nil {
		b := k.first
		k.first = nil
		return b
	}
	return firsts.Get().(*[firstSize]byte)
}

func (k *kept) giveFirst(b *[firstSize]byte) {
	if k != nil && k.first == nil {
		k.first = b
		return
	}
	firsts.Put(b)
}

// takeOut gives a buffer to gather an answer in.
func (k *kept) takeOut() *[]byte {
	if k != nil && k.out != nil {
		b := k.out
		k.out = nil
		return b
	}
	return outs.Get().(*[]byte)
}

func (k *kept) giveOut(b *[]byte) {
	if k != nil && k.out == nil {
		k.out = b
		return
	}
	outs.Put(b)
}

func (k *kept) takeRequest() *phases.Request {
	if k != nil && k.request != nil {
		r := k.request
		k.request = nil
		return r
	}
	return phases.NewRequest()
}

// giveRequest takes a request that is over.
func (k *kept) giveRequest(r *phases.Request) {
	if k != nil && k.request == nil {
		r.Clear()
		k.request = r
		return
	}
	r.Recycle()
}

// release gives everything to the pools.
func (k *kept) release() {
	if k.first != nil {
		firsts.Put(k.first)
	}
	if k.out != nil {
		outs.Put(k.out)
	}
	if k.request != nil {
		k.request.Recycle()
	}
	*k = kept{}
}
