package socket

import (
	"runtime"
	"sync"
	"sync/atomic"

	"moongate/luastd/handler"
)

// owner is the request or timer that cosockets belong to. Its lock may be taken with or without a baton.
type owner struct {
	mu    sync.Mutex
	peers *peer
	freed int // connections that are gone: their records serve the next ones
}

type ownerKey struct{}

// ownerOf is the owner that c stands for.
func ownerOf(c *handler.Ctx) *owner {
	if o, ok := c.Value(ownerKey{}).(*owner); ok {
		return o
	}
	o := &owner{}
	c.SetValue(ownerKey{}, o)
	if c.R != nil && c.R.IsSub() {
		// as in OpenResty, a subrequest's sockets last as long as its client's request
		c.R.Main.OnEnd(o.end)
	} else {
		c.OnEnd(o.end)
	}
	return o
}

// end closes what the owner left open.
func (o *owner) end() {
	for {
		o.mu.Lock()
		p := o.peers
		o.mu.Unlock()
		if p == nil {
			return
		}
		p.close()
	}
}

// add puts p on the list; c is for the log.
func (o *owner) add(c *handler.Ctx, p *peer) {
	o.mu.Lock()
	if o.freed > 0 {
		o.freed--
		if debugging(c) {
			defer debug(c, "lua http cleanup reuse: ", pointer(p))
		}
	}
	p.owner.Store(o)
	p.prev, p.next = nil, o.peers
	if p.next != nil {
		p.next.prev = p
	}
	o.peers = p
	o.mu.Unlock()
}

// drop takes p off the list and reports whether it was on it.
func (o *owner) drop(p *peer) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p.owner.Load() != o {
		return false
	}
	if p.prev != nil {
		p.prev.next = p.next
	} else {
		o.peers = p.next
	}
	if p.next != nil {
		p.next.prev = p.prev
	}
	p.owner.Store(nil)
	p.prev, p.next = nil, nil
	o.freed++
	return true
}

// peer is a connection that a cosocket has made. It outlives the cosocket in its pool.
type peer struct {
	link
	host   string // as the script named it
	addr   string // without port
	port   int
	reused int
	pool   *pool // that counts it; nil for none
	of     *state
	idle   *idle // of a connection that a loop watches, once it has been idle
	// session is that of the TLS over it.
	session *session
	// nodelay: the first send was logged to set TCP_NODELAY; chosen: the script has set it, one way or the other.
	nodelay, chosen bool

	owner      atomic.Pointer[owner] // changes under the owner's lock
	prev, next *peer
}

// close closes the connection, once, and tells its pool.
func (p *peer) close() {
	if o := p.owner.Load(); o == nil || !o.drop(p) {
		return
	}
	if p.idle != nil {
		p.idle.discard()
	} else {
		p.raw.Close() //nolint:errcheck // nobody wants it any more
	}
	if p.pool != nil {
		p.pool.closed()
	}
}

// forget has p closed when the cosocket that holds it becomes unreachable. A request's connections end
// with it; a timer may run for as long as its worker.
func (u *tcp) forget(p *peer) {
	u.lost = runtime.AddCleanup(u, func(p *peer) { p.close() }, p)
}

// release parts u from its connection, which lives on in a pool or is being closed.
func (u *tcp) release() *peer {
	p := u.peer
	u.peer = nil
	u.lost.Stop()
	runtime.KeepAlive(u) // until here the connection is u's own
	return p
}
