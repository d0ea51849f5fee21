package ssl

import (
	"container/list"
	"sync"
	"time"
)

// sessionStore is an ssl_session_cache: sessions by id, the oldest of which make room for new ones. Safe for
// concurrent use.
type sessionStore struct {
	maxBytes, maxCount int // 0: no bound

	mu    sync.Mutex
	byKey map[string]*list.Element
	ages  *list.List // of *storedSession, the oldest first
	bytes int
}

type storedSession struct {
	key     string
	data    []byte
	expires time.Time
}

// sessionOverhead is about what a session takes beside its own bytes.
const sessionOverhead = 200

func (s *storedSession) size() int { return len(s.key) + len(s.data) + sessionOverhead }

func newSessionStore(maxBytes, maxCount int) *sessionStore {
	return &sessionStore{maxBytes: maxBytes, maxCount: maxCount, byKey: map[string]*list.Element{}, ages: list.New()}
}

func (z *sessionStore) put(key string, data []byte, expires time.Time) {
	x := &storedSession{key, data, expires}
	z.mu.Lock()
	defer z.mu.Unlock()
	if e := z.byKey[key]; e != nil {
		z.remove(e)
	}
	z.bytes += x.size()
	z.byKey[key] = z.ages.PushBack(x)
	for z.maxBytes > 0 && z.bytes > z.maxBytes || z.maxCount > 0 && z.ages.Len() > z.maxCount {
		z.remove(z.ages.Front())
	}
	now := time.Now()
	for range 2 { // a little tidying each time
		if e := z.ages.Front(); e != nil && now.After(e.Value.(*storedSession).expires) {
			z.remove(e)
		}
	}
}

func (z *sessionStore) get(key string) []byte {
	z.mu.Lock()
	defer z.mu.Unlock()
	e := z.byKey[key]
	if e == nil {
		return nil
	}
	x := e.Value.(*storedSession)
	if time.Now().After(x.expires) {
		z.remove(e)
		return nil
	}
	return x.data
}

func (z *sessionStore) remove(e *list.Element) {
	x := z.ages.Remove(e).(*storedSession)
	delete(z.byKey, x.key)
	z.bytes -= x.size()
}
