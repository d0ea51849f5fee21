package upstream

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"moongate/phases/event"
)

// poolKey tells connections apart that may not stand in for each other.
type poolKey struct {
	addr string
	tls  *TLS
	name string // of the server, for TLS; of the hook's host
	// local is the address that a hook has bound it to.
	local netip.AddrPort
}

// pool holds connections that wait for another request, the latest last. Safe for concurrent use.
type pool struct {
	max    int
	mu     sync.Mutex
	idle   []*conn
	closed bool
	timer  *time.Timer
	armed  bool
}

// sweepEvery is how often connections are looked at that nobody asks for.
const sweepEvery = 5 * time.Second

func newPool(max int) *pool { return &pool{max: max} }

// get takes the connection that came last of those with the key, of those that home watches where there are any: what comes on another one has to
// be passed from loop to loop. Dead ones are dropped on the way. It is now, or was some microseconds ago; told is what the request knows of by now.
func (p *pool) get(key poolKey, now time.Time, home, told event.Poller) *conn {
	if p == nil {
		return nil
	}
	for {
		p.mu.Lock()
		i := p.find(key, home)
		if i < 0 {
			p.mu.Unlock()
			return nil
		}
		c := p.idle[i]
		p.idle = slices.Delete(p.idle, i, i+1)
		p.mu.Unlock()
		if c.event != nil {
			c.event.Doubt(told)
		}
		if (c.expires.IsZero() || now.Before(c.expires)) && c.alive() {
			return c
		}
		c.close()
	}
}

// find is the index of the connection that get takes, -1 where there is none. The lock is held.
func (p *pool) find(key poolKey, home event.Poller) int {
	last := -1
	for i := len(p.idle) - 1; i >= 0; i-- {
		c := p.idle[i]
		if c.key != key {
			continue
		}
		if home == nil || c.event != nil && c.event.WatchedBy(home) {
			return i
		}
		last = max(last, i)
	}
	return last
}

// put keeps c for idle (zero: for ever), and closes the one that waited longest where there are too many.
func (p *pool) put(c *conn, now time.Time, idle time.Duration) {
	c.expires = time.Time{}
	if idle > 0 {
		c.expires = now.Add(idle)
	}
	c.release()
	var out *conn
	p.mu.Lock()
	switch {
	case p.closed || p.max == 0:
		out = c
	default:
		if len(p.idle) >= p.max {
			out = p.idle[0]
			p.idle = slices.Delete(p.idle, 0, 1)
		}
		p.idle = append(p.idle, c)
		if !p.armed {
			p.armed = true
			if p.timer == nil {
				p.timer = time.AfterFunc(sweepEvery, p.sweep)
			} else {
				p.timer.Reset(sweepEvery)
			}
		}
	}
	p.mu.Unlock()
	if out != nil {
		out.close()
	}
}

// sweep closes what waited too long or was closed by the other side.
func (p *pool) sweep() {
	now := time.Now()
	var dead []*conn
	p.mu.Lock()
	p.idle = slices.DeleteFunc(p.idle, func(c *conn) bool {
		if !c.expires.IsZero() && now.After(c.expires) || !c.alive() {
			dead = append(dead, c)
			return true
		}
		return false
	})
	p.armed = len(p.idle) > 0 && !p.closed
	if p.armed {
		p.timer.Reset(sweepEvery)
	}
	p.mu.Unlock()
	for _, c := range dead {
		c.close()
	}
}

// close drops all connections; later ones are not kept.
func (p *pool) close() {
	if p == nil {
		return
	}
	p.mu.Lock()
	all := p.idle
	p.idle, p.closed = nil, true
	if p.timer != nil {
		p.timer.Stop()
	}
	p.mu.Unlock()
	for _, c := range all {
		c.close()
	}
}

// size is the number of connections that wait.
func (p *pool) size() int {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle)
}
