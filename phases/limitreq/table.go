package limitreq

import (
	"container/list"
	"sync"
	"time"

	"moongate/phases"
)

// table is a zone's memory: a bucket per key, the least recently used last. Safe for concurrent use.
type table struct {
	size int64 // bytes that the buckets may take

	mu      sync.Mutex
	used    int64
	buckets map[string]*list.Element
	recent  *list.List // of *bucket
}

// bucket is the state of one key.
type bucket struct {
	key    string
	excess int // thousandths of a request above the rate
	last   time.Time
	pinned int // requests that looked it up and have not accounted yet
}

func newTable(size int64) *table {
	return &table{size: size, buckets: map[string]*list.Element{}, recent: list.New()}
}

// nodeHead is what a bucket takes in nginx beside its key, in bytes.
const nodeHead = 68

func (b *bucket) cost() int64 { return phases.NodeSize(nodeHead + len(b.key)) }

// excessAt is the bucket's excess once one more request comes at now.
func (b *bucket) excessAt(now time.Time, rate int) (excess int, elapsed bool) {
	ms := int(now.Sub(b.last).Milliseconds())
	if ms < -60000 {
		ms = 1
	} else if ms < 0 {
		ms = 0
	}
	return max(b.excess-rate*ms/1000+1000, 0), ms > 0
}

type verdict uint8

const (
	passed verdict = iota
	busy
	noMemory
)

// look finds the key's bucket and judges a request by it. The last limit's look accounts for the request at
// once; the others pin the bucket until account.
func (t *table) look(key string, x *limit, now time.Time, last bool) (b *bucket, excess int, v verdict) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.buckets[key]; e != nil {
		t.recent.MoveToFront(e)
		b = e.Value.(*bucket)
		excess, elapsed := b.excessAt(now, x.zone.Rate)
		if excess > x.burst {
			return b, excess, busy
		}
		if !last {
			b.pinned++
			return b, excess, passed
		}
		b.excess = excess
		if elapsed {
			b.last = now
		}
		return b, excess, passed
	}
	b = &bucket{key: key}
	if last {
		b.last = now
	} else {
		b.pinned = 1
	}
	t.expire(now, x.zone.Rate, false)
	if t.used+b.cost() > t.size {
		t.expire(now, x.zone.Rate, true)
		if t.used+b.cost() > t.size {
			return nil, 0, noMemory
		}
	}
	t.used += b.cost()
	t.buckets[key] = t.recent.PushFront(b)
	return b, 0, passed
}

// expire drops up to two buckets that have been empty for a minute; by force it drops the oldest first.
func (t *table) expire(now time.Time, rate int, force bool) {
	for range 2 {
		e := t.recent.Back()
		if e == nil {
			return
		}
		b := e.Value.(*bucket)
		if b.pinned > 0 {
			return
		}
		if !force {
			age := now.Sub(b.last).Abs()
			if age < time.Minute || b.excess-rate*int(age.Milliseconds())/1000 > 0 {
				return
			}
		}
		force = false
		t.recent.Remove(e)
		delete(t.buckets, b.key)
		t.used -= b.cost()
	}
}

// account books the request on a pinned bucket.
func (t *table) account(b *bucket, rate int, now time.Time) (excess int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	excess, elapsed := b.excessAt(now, rate)
	if elapsed {
		b.last = now
	}
	b.excess = excess
	b.pinned--
	return excess
}

func (t *table) unpin(b *bucket) {
	t.mu.Lock()
	b.pinned--
	t.mu.Unlock()
}
