package shdict

// TTL returns the milliseconds that key has left, 0 where it does not expire and less
// where it has expired and is still there. ok is false where there is no such key
// (ngx.shared.DICT.ttl).
func (z *Zone) TTL(key string) (ttl int64, ok bool) {
	hash := z.hash(key)
	z.lock(0)
	defer z.mu.Unlock()
	r := z.peek(key, hash)
	if r == 0 {
		return 0, false
	}
	if expires := z.node(r).expires; expires != 0 {
		return expires - z.time(), true
	}
	return 0, true
}

// Expire gives key ttl milliseconds from now on, or for good where ttl is not above 0, and
// brings an expired key back. It is false where there is no such key
// (ngx.shared.DICT.expire).
func (z *Zone) Expire(key string, ttl int64) bool {
	hash := z.hash(key)
	z.lock(0)
	defer z.mu.Unlock()
	r := z.peek(key, hash)
	if r == 0 {
		return false
	}
	z.node(r).expires = z.deadline(ttl)
	return true
}

// FlushAll makes all entries expire at once. Their memory is free for new ones, and most
// are still there for GetStale (ngx.shared.DICT.flush_all).
func (z *Zone) FlushAll() {
	z.lock(0)
	defer z.mu.Unlock()
	for r := z.hot; r != 0; {
		n := z.node(r)
		n.expires = 1
		r = n.colder
	}
	z.evict(true)
}

// FlushExpired removes up to limit expired entries, all of them where limit is 0, the
// coldest first, and returns how many there were (ngx.shared.DICT.flush_expired).
func (z *Zone) FlushExpired(limit int) (freed int) {
	now := z.now()
	z.lock(0)
	defer z.mu.Unlock()
	for r := z.cold; r != 0; {
		n := z.node(r)
		hotter := n.hotter
		if n.expires != 0 && n.expires <= now {
			z.remove(r)
			if freed++; freed == limit {
				break
			}
		}
		r = hotter
	}
	return freed
}

// Keys returns up to limit live keys, all of them where limit is 0, the coldest first. It
// holds up every other use of the zone meanwhile (ngx.shared.DICT.get_keys).
func (z *Zone) Keys(limit int) (keys []string) {
	now := z.now()
	z.lock(0)
	defer z.mu.Unlock()
	for r := z.cold; r != 0; {
		n := z.node(r)
		if n.expires == 0 || n.expires > now {
			keys = append(keys, string(z.key(r, n)))
			if len(keys) == limit {
				break
			}
		}
		r = n.hotter
	}
	return keys
}
