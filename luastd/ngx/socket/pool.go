package socket

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/phases/event"
	"moongate/runtime/machine"
)

// pools are a worker's connection pools by their keys. The lock guards the pools themselves too; it is held
// for a few instructions, with or without the baton.
type pools struct {
	v      *handler.VM
	mu     sync.Mutex
	byKey  map[string]*pool
	watch  sync.Once
	closed bool
}

// pool keeps the idle connections of one key, and counts those in use.
type pool struct {
	of      *pools
	key     string
	size    int
	backlog int // connects that may wait; -1: no limit on connections
	conns   int // idle, in use, being made, and waiting to be
	idle    []*idle
	waiting []*waiting
}

// waiting is a connect that waits until there is room.
type waiting struct{ turn chan struct{} }

type turn int

const (
	turnGo turn = iota // make a connection; it is counted
	turnWait
	turnRefused
)

// pointer prints an address as nginx does.
func pointer[T any](p *T) string { return fmt.Sprintf("%016X", uintptr(unsafe.Pointer(p))) }

// nilPointer is how nginx prints a null pointer.
const nilPointer = "0000000000000000"

func (ps *pools) find(key string) *pool {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.byKey[key]
}

func (ps *pools) create(c *handler.Ctx, key string, size, backlog int) *pool {
	debug(c, "lua tcp socket connection pool size: ", strconv.Itoa(size), ", backlog: ", strconv.Itoa(backlog))
	debug(c, "lua tcp socket keepalive create connection pool for key \"", key, "\"")
	p := &pool{of: ps, key: key, size: size, backlog: backlog}
	ps.mu.Lock()
	if ps.byKey == nil {
		ps.byKey = map[string]*pool{}
	}
	ps.byKey[key] = p
	ps.mu.Unlock()
	ps.watch.Do(func() {
		go func() {
			<-ps.v.W.Group.Closed()
			ps.shutdown()
		}()
	})
	return p
}

// shutdown closes what is idle when the worker is gone.
func (ps *pools) shutdown() {
	ps.mu.Lock()
	ps.closed = true
	var all []*idle
	for _, p := range ps.byKey {
		all = append(all, p.idle...)
		p.idle = nil
	}
	for _, it := range all {
		it.taken = true
	}
	ps.mu.Unlock()
	for _, it := range all {
		it.discard()
	}
}

// take hands out the connection that was used last, or says what the caller is to do.
func (p *pool) take(c *handler.Ctx) (*peer, turn) {
	debug(c, "lua tcp socket pool get keepalive peer")
	if peer := p.pop(c); peer != nil {
		return peer, turnGo
	}
	debug(c, "lua tcp socket keepalive: connection pool empty")
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	p.of.byKey[p.key] = p
	p.conns++
	switch {
	case p.backlog < 0 || p.conns <= p.size:
		return nil, turnGo
	case p.conns > p.size+p.backlog:
		p.conns--
		return nil, turnRefused
	}
	return nil, turnWait
}

// pop takes the newest idle connection that still lives.
func (p *pool) pop(c *handler.Ctx) *peer {
	for {
		p.of.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.of.mu.Unlock()
			return nil
		}
		it := p.idle[n-1]
		p.idle[n-1] = nil
		p.idle = p.idle[:n-1]
		it.taken = true
		p.of.mu.Unlock()
		it.wake()
		pr := it.peer
		if pr.look(told(c)) != errAgain { //nolint:errorlint // our own value
			it.discard() // the peer has left it
			p.closed()
			continue
		}
		if debugging(c) {
			debug(c, "lua tcp socket get keepalive peer: using connection ", pointer(pr), ", fd:", strconv.Itoa(pr.fd()))
		}
		return pr
	}
}

// told is the poller whose word c has on everything that came before it runs; nil where there is none.
func told(c *handler.Ctx) event.Poller {
	if c.R == nil {
		return nil
	}
	return c.R.Told()
}

// resume is take for a connect whose turn has come: it is counted already.
func (p *pool) resume(c *handler.Ctx) *peer {
	if peer := p.pop(c); peer != nil {
		p.of.mu.Lock()
		p.conns--
		p.of.mu.Unlock()
		return peer
	}
	return nil
}

func (p *pool) count() int {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	return p.conns
}

func (p *pool) enqueue() *waiting {
	w := &waiting{turn: make(chan struct{})}
	p.of.mu.Lock()
	p.waiting = append(p.waiting, w)
	p.of.mu.Unlock()
	return w
}

// leave takes w out of the queue; false if its turn had come.
func (p *pool) leave(w *waiting) bool {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	i := slices.Index(p.waiting, w)
	if i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
	return i >= 0
}

// abandon uncounts a connect that waited in vain.
func (p *pool) abandon() {
	p.of.mu.Lock()
	p.conns--
	p.of.mu.Unlock()
}

// next gives the first in the queue its turn. The lock is held.
func (p *pool) next() {
	if len(p.waiting) > 0 {
		close(p.waiting[0].turn)
		p.waiting = slices.Delete(p.waiting, 0, 1)
	}
}

// closed uncounts a connection; a pool that counts none is dropped.
func (p *pool) closed() {
	p.of.mu.Lock()
	p.conns--
	free := p.conns <= 0
	if free {
		p.conns = 0
		if p.of.byKey[p.key] == p {
			delete(p.of.byKey, p.key)
		}
	} else {
		p.next()
	}
	p.of.mu.Unlock()
	if free {
		p.of.v.Tree.Log(phases.LogDebug, "lua tcp socket keepalive: free connection pool for \"%s\"", p.key)
	}
}

// put makes pr idle; counted tells that the pool counts it already.
func (p *pool) put(pr *peer, timeout time.Duration, counted bool) {
	it := pr.rest(p)
	pr.pool = p
	var evicted *idle
	p.of.mu.Lock()
	p.of.byKey[p.key] = p
	if len(p.idle) >= p.size {
		evicted = p.idle[0]
		p.idle = slices.Delete(p.idle, 0, 1)
		evicted.taken = true
		if counted {
			p.conns--
		}
	} else if !counted {
		p.conns++
	}
	p.idle = append(p.idle, it)
	it.begin(timeout)
	p.next()
	p.of.mu.Unlock()
	if evicted != nil {
		evicted.discard()
	}
	it.noticed()
}

// setKeepalive is the method setkeepalive.
func (s *state) setKeepalive(L *lua.LState) int {
	n := L.GetTop()
	if n < 1 || n > 3 {
		codec.Raise(L, "expecting 1 to 3 arguments (including the object), but got "+strconv.Itoa(n))
	}
	codec.CheckTable(L, 1, "setkeepalive")
	c := s.current(L)
	conf := settingsOf(c)
	timeout, size := conf.SocketKeepalive, conf.SocketPoolSize
	if n >= 2 && L.Get(2) != lua.LNil {
		timeout = time.Duration(s.integerArg(L, 2, "setkeepalive")) * time.Millisecond
	}
	if n >= 3 && L.Get(3) != lua.LNil {
		size = s.integerArg(L, 3, "setkeepalive")
	}
	u := self(L, "setkeepalive")
	if !u.open() || u.down != nil || u.readClosed || u.writeClosed || u.eof {
		return fail(L, "closed")
	}
	u.own(L, c)
	if b := u.busy(true, true); b != "" {
		return fail(L, b)
	}
	if len(u.unread()) > 0 || u.pattern != nil && u.pattern.state > 0 {
		if u.peer.hungUp() {
			return fail(L, "closed")
		}
		return fail(L, "unread data in buffer")
	}
	pr := u.peer
	if s.v.W.Group.Exiting() {
		debug(c, "lua tcp socket set keepalive while process exiting, closing connection ", pointer(pr))
		u.finalize(c)
		return one(L)
	}
	switch err := pr.look(told(c)); err {
	case errAgain: //nolint:errorlint // both come bare
	case io.EOF:
		u.finalize(c)
		return fail(L, "closed")
	default:
		if pr.hungUp() {
			return fail(L, "closed")
		}
		u.finalize(c)
		return fail(L, "connection in dubious state")
	}
	if debugging(c) {
		debug(c, "lua tcp socket set keepalive: saving connection ", pointer(pr))
	}
	p := s.pools.find(u.key)
	if p == nil {
		if size <= 0 {
			argError(L, n, "setkeepalive", "bad \"pool_size\" option value: "+strconv.Itoa(size))
		}
		p = s.pools.create(c, u.key, size, -1)
	}
	if timeout <= 0 {
		debug(c, "lua tcp socket keepalive timeout: unlimited")
	} else if debugging(c) {
		debug(c, "lua tcp socket keepalive timeout: ", millis(timeout), " ms")
	}
	u.release()
	u.owner.drop(pr)
	p.put(pr, timeout, pr.pool != nil)
	u.finalize(c)
	return one(L)
}

// integerArg is luaL_checkinteger for a method's argument.
func (s *state) integerArg(L *lua.LState, n int, name string) int {
	f, ok := machine.ToNumber(L.Get(n))
	if !ok {
		argError(L, n, name, "number expected, got "+codec.TypeName(L, n))
	}
	return int(f)
}
