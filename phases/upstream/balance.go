package upstream

import (
	"errors"
	"time"

	"moongate/phases"
)

// What choosing a peer may say instead of naming one.
var (
	// ErrBusy: no peer can be tried ("no live upstreams").
	ErrBusy = errors.New("no live upstreams")
	// ErrDeclined: this attempt failed, the next may succeed.
	ErrDeclined = errors.New("declined")
)

// StatusError ends the request with a status instead of an attempt.
type StatusError phases.Status

func (StatusError) Error() string { return "the balancer ended the request" }

// Balance is one request's way through a group: which peers were tried, how many attempts are left. A Hook
// steers it. It belongs to the request's goroutine.
type Balance struct {
	x     *Exchange
	u     *Upstream
	list  *peers
	left  int // attempts (nginx's peer.tries)
	total int // attempts made
	tried uint64
	more  map[int]bool // tried, from the 65th peer on
	peer  *Peer        // the present one; nil where a hook set an address
	addr  Addr

	hash   uint32
	rehash int
	misses int
	key    string
	keyed  bool

	set       bool // the hook named an address
	host      string
	moreTries int
	keepFor   time.Duration
	keepMax   int
	keepSet   bool
	last      Failure
}

// begin starts the choice in u.
func (b *Balance) begin(x *Exchange, u *Upstream) {
	*b = Balance{x: x, u: u, list: u.primary, left: u.tries()}
	if n := x.Conf.NextTries; n > 0 && b.left > n {
		b.left = n
	}
}

func (b *Balance) wasTried(i int) bool {
	if i < 64 {
		return b.tried&(1<<uint(i)) != 0
	}
	return b.more[i]
}

func (b *Balance) markTried(i int) {
	if i < 64 {
		b.tried |= 1 << uint(i)
		return
	}
	if b.more == nil {
		b.more = map[int]bool{}
	}
	b.more[i] = true
}

// pick chooses the address of the next attempt: b.addr.
func (b *Balance) pick() error {
	b.total++
	if b.u.hook != nil {
		if err := b.runHook(); err != nil {
			return err
		}
		if b.set {
			b.peer = nil
			return nil
		}
	}
	if l := b.list; l.single && (b.u.method == roundRobin || b.u.method == leastConn) {
		if p := l.list[0]; p.MaxConns == 0 && !p.down.Load() { // nothing to choose
			b.markTried(0)
			p.conns.Add(1)
			b.peer, b.addr = p, p.Addr
			return nil
		}
	}
	now := b.x.attempt
	b.u.mu.Lock()
	defer b.u.mu.Unlock()
	switch b.u.method {
	case leastConn:
		return b.pickLeast(now)
	case ipHash:
		return b.pickIP(now)
	case hashKey:
		return b.pickHash(now)
	case consistentHash:
		return b.pickConsistent(now)
	case random:
		return b.pickRandom(now)
	case randomTwo:
		return b.pickTwo(now)
	}
	return b.pickRound(now)
}

// use takes the i-th peer of the list; the lock is held.
func (b *Balance) use(i int, now time.Time) error {
	p := b.list.list[i]
	b.markTried(i)
	p.take(now)
	b.peer, b.addr = p, p.Addr
	return nil
}

// useBackup goes on with the backups where the primary peers are used up; the lock is held.
func (b *Balance) useBackup(now time.Time) error {
	if b.list == b.u.primary && b.u.backup != nil {
		b.list = b.u.backup
		b.tried, b.more = 0, nil
		return b.pickRound(now)
	}
	b.peer = nil
	return ErrBusy
}

// pickRound is the smooth weighted round robin: each peer gains its weight, the richest one is taken and
// pays the sum of all.
func (b *Balance) pickRound(now time.Time) error {
	l := b.list
	if l.single {
		p := l.list[0]
		if p.down.Load() || p.MaxConns > 0 && p.conns.Load() >= int64(p.MaxConns) {
			return b.useBackup(now)
		}
		return b.use(0, now)
	}
	best, total := -1, 0
	for i, p := range l.list {
		if b.wasTried(i) || !p.able(now) {
			continue
		}
		total += p.gain()
		if best < 0 || p.current > l.list[best].current {
			best = i
		}
	}
	if best < 0 {
		return b.useBackup(now)
	}
	l.list[best].current -= total
	return b.use(best, now)
}

// gain adds a peer's weight to what it has, and lets a weight that failures lowered recover.
func (p *Peer) gain() int {
	n := p.effective
	p.current += n
	if p.effective < p.Weight {
		p.effective++
	}
	return n
}

// pickLeast takes the peer with the fewest connections for its weight; among equals, round robin.
func (b *Balance) pickLeast(now time.Time) error {
	l := b.list
	if l.single {
		return b.pickRound(now)
	}
	best, many := -1, false
	for i, p := range l.list {
		if b.wasTried(i) || !p.able(now) {
			continue
		}
		if best < 0 {
			best = i
			continue
		}
		q := l.list[best]
		switch x, y := p.load(q), q.load(p); {
		case x < y:
			best, many = i, false
		case x == y:
			many = true
		}
	}
	if best < 0 {
		if b.list == b.u.primary && b.u.backup != nil {
			b.list, b.tried, b.more = b.u.backup, 0, nil
			return b.pickLeast(now)
		}
		return ErrBusy
	}
	if !many {
		return b.use(best, now)
	}
	total, first := 0, l.list[best]
	for i, p := range l.list {
		if b.wasTried(i) || !p.able(now) || p.load(first) != first.load(p) {
			continue
		}
		total += p.gain()
		if p.current > l.list[best].current {
			best = i
		}
	}
	l.list[best].current -= total
	return b.use(best, now)
}

// peerState says how an attempt ended.
type peerState uint8

const (
	peerOK     peerState = iota
	peerNext             // it answered with a status that makes another one be tried
	peerFailed           // it failed
)

// free ends the use of the present peer.
func (b *Balance) free(state peerState) {
	b.last = Failure(state)
	p := b.peer
	if p == nil {
		if b.left > 0 {
			b.left--
		}
		return
	}
	b.peer = nil
	if b.settle(p, state) {
		b.x.R.Log(phases.LogWarn, "upstream server temporarily disabled"+b.x.doing())
	}
}

// settle notes the end of an attempt with p, and reports whether p is out of use from now on.
func (b *Balance) settle(p *Peer, state peerState) (disabled bool) {
	u := b.u
	p.conns.Add(-1)
	if b.list.single && u.backup == nil {
		b.left = 0 // failures are not counted
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if b.left > 0 {
		b.left--
	}
	if state != peerFailed {
		if p.accessed.Before(p.checked) {
			p.fails = 0 // it was given a chance and took it
		}
		return false
	}
	now := time.Now()
	p.fails++
	p.accessed, p.checked = now, now
	if p.MaxFails == 0 {
		return false
	}
	p.effective = max(p.effective-p.Weight/p.MaxFails, 0)
	return p.fails >= p.MaxFails
}
