package upstream

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
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

// pool holds connections that wait for another request: those that one loop watches together, so that loops do not get in each other's way.
// Safe for concurrent use.
type pool struct {
	max, each int // connections, in all and of one loop

	mu      sync.Mutex // held to add a shelf
	closed  bool
	shelves atomic.Pointer[[]*shelf]
}

// shelf holds the connections that a loop watches, or those that none does, the latest last.
type shelf struct {
	home event.Poller
	max  int

	mu     sync.Mutex
	idle   []*conn
	closed bool
	timer  *time.Timer
	armed  bool
	_      [64]byte // of the cache line that another core writes to
}

// sweepEvery is how often connections are looked at that nobody asks for.
const sweepEvery = 5 * time.Second

// newPool makes a pool for so many connections, of so many loops.
func newPool(max, loops int) *pool {
	p := &pool{max: max, each: (max + loops - 1) / loops}
	p.shelves.Store(&[]*shelf{})
	return p
}

// get takes the connection that came last of those with the key, of those that home watches where there are any: what comes on another one has to
// be passed from loop to loop. Dead ones are dropped on the way. It is now, or was some microseconds ago; told is what the request knows of by now.
func (p *pool) get(key poolKey, now time.Time, home, told event.Poller) *conn {
	if p == nil {
		return nil
	}
	all := *p.shelves.Load()
	own := shelfOf(all, home)
	if own != nil {
		if c := own.get(key, now, told); c != nil {
			return c
		}
	}
	for _, s := range all {
		if s == own {
			continue
		}
		if c := s.get(key, now, told); c != nil {
			return c
		}
	}
	return nil
}

// put keeps c for idle (zero: for ever), and closes the one that waited longest where there are too many.
func (p *pool) put(c *conn, now time.Time, idle time.Duration) {
	c.expires = time.Time{}
	if idle > 0 {
		c.expires = now.Add(idle)
	}
	c.release()
	var home event.Poller
	if c.event != nil {
		home = c.event.Poller()
	}
	s := shelfOf(*p.shelves.Load(), home)
	if s == nil {
		s = p.add(home)
	}
	if out := s.put(c); out != nil {
		out.close()
	}
}

func shelfOf(all []*shelf, home event.Poller) *shelf {
	for _, s := range all {
		if s.home == home {
			return s
		}
	}
	return nil
}

func (p *pool) add(home event.Poller) *shelf {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := *p.shelves.Load()
	if s := shelfOf(all, home); s != nil {
		return s
	}
	s := &shelf{home: home, max: p.each, closed: p.closed}
	if home == nil {
		s.max = p.max
	}
	all = append(slices.Clone(all), s)
	p.shelves.Store(&all)
	return s
}

// get takes the latest connection with the key; nil where there is none.
func (s *shelf) get(key poolKey, now time.Time, told event.Poller) *conn {
	for {
		s.mu.Lock()
		i := len(s.idle) - 1
		for i >= 0 && s.idle[i].key != key {
			i--
		}
		if i < 0 {
			s.mu.Unlock()
			return nil
		}
		c := s.idle[i]
		s.idle = slices.Delete(s.idle, i, i+1)
		s.mu.Unlock()
		if c.event != nil {
			c.event.Doubt(told)
		}
		if (c.expires.IsZero() || now.Before(c.expires)) && c.alive() {
			return c
		}
		c.close()
	}
}

// put keeps c and gives what has to be closed in return, if anything has.
func (s *shelf) put(c *conn) (out *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.max == 0 {
		return c
	}
	if len(s.idle) >= s.max {
		out = s.idle[0]
		s.idle = slices.Delete(s.idle, 0, 1)
	}
	s.idle = append(s.idle, c)
	if !s.armed {
		s.armed = true
		if s.timer == nil {
			s.timer = time.AfterFunc(sweepEvery, s.sweep)
		} else {
			s.timer.Reset(sweepEvery)
		}
	}
	return out
}

// sweep closes what waited too long or was closed by the other side.
func (s *shelf) sweep() {
	now := time.Now()
	var dead []*conn
	s.mu.Lock()
	s.idle = slices.DeleteFunc(s.idle, func(c *conn) bool {
		if !c.expires.IsZero() && now.After(c.expires) || !c.alive() {
			dead = append(dead, c)
			return true
		}
		return false
	})
	s.armed = len(s.idle) > 0 && !s.closed
	if s.armed {
		s.timer.Reset(sweepEvery)
	}
	s.mu.Unlock()
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
	p.closed = true
	p.mu.Unlock()
	for _, s := range *p.shelves.Load() {
		s.close()
	}
}

func (s *shelf) close() {
	s.mu.Lock()
	all := s.idle
	s.idle, s.closed = nil, true
	if s.timer != nil {
		s.timer.Stop()
	}
	s.mu.Unlock()
	for _, c := range all {
		c.close()
	}
}

// size is the number of connections that wait.
func (p *pool) size() (n int) {
	if p == nil {
		return 0
	}
	for _, s := range *p.shelves.Load() {
		s.mu.Lock()
		n += len(s.idle)
		s.mu.Unlock()
	}
	return n
}
