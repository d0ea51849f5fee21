package phases

// Pauser is a Waiter that can put requests aside: their handlers may wait without a goroutine.
type Pauser interface {
	Waiter
	// CanPause reports whether it can do so for the present request.
	CanPause() bool
	// Wake has Engine.Continue called for the request that Engine.Serve or Engine.Continue has not ended, or will not have when it returns.
	// It is safe for concurrent use, and must not block.
	Wake()
	// Defer promises a Wake for when the requests that came along with the present one are served. It reports false where none did. Only
	// for the request's goroutine.
	Defer() bool
}

// CanPause reports whether a handler that is called now may answer Again. It may not in a subrequest, nor after an internal redirect: a handler
// further up waits for their end.
func (r *Request) CanPause() bool { return r.pausable }

// Pause is the answer of a handler that goes on later, with then in place of the handler. Only where CanPause says so.
// Once Wake is called, then follows: soon, but not before the handler has returned, and maybe on another goroutine.
func (r *Request) Pause(then Handler) Status {
	r.then = then
	return Again
}

// Wake ends the pause of a handler: once for each Pause. Any goroutine may call it, even before Pause.
func (r *Request) Wake() { r.Waiter.(Pauser).Wake() }

// Defer reports whether a handler had better pause before it sends something to others: then it must, and will be woken once the requests that came
// along with this one are served. What is sent together costs less: the processor's caches hold either the kernel's way through the network
// or the handlers.
func (r *Request) Defer() bool { return r.pausable && r.Waiter.(Pauser).Defer() }

// serve runs a client's request from its first phase. It reports false where a handler goes on later.
func (r *Request) serve() bool {
	if p, ok := r.Waiter.(Pauser); ok {
		r.pausable = p.CanPause()
	}
	return r.ended(r.phasesFrom(PhasePostRead))
}

// goOn is serve for a request that was put aside.
func (r *Request) goOn() bool {
	then := r.then
	r.then = nil
	rc := then(r)
	if rc != Again {
		rc = r.phasesAfter(rc)
	}
	return r.ended(rc)
}

// ended finalizes the request with the answer of its phases.
func (r *Request) ended(rc Status) bool {
	if rc == Again && r.then != nil {
		return false
	}
	r.pausable = false
	r.Finalize(rc)
	r.finish()
	return true
}
