package shdict

// LPush puts v, a string or a number, before the items of the list under key, which it
// makes where there is none, and returns the length. It fails with ErrNotAList and, since
// it evicts nothing, with ErrNoMemory (ngx.shared.DICT.lpush).
func (z *Zone) LPush(key string, v Value) (int, error) { return z.push(key, v, true) }

// RPush is LPush at the other end (ngx.shared.DICT.rpush).
func (z *Zone) RPush(key string, v Value) (int, error) { return z.push(key, v, false) }

// LPop removes and returns the first item of the list under key, of Kind Nil where there
// is none. It fails with ErrNotAList (ngx.shared.DICT.lpop).
func (z *Zone) LPop(key string) (Value, error) { return z.pop(key, true) }

// RPop is LPop at the other end (ngx.shared.DICT.rpop).
func (z *Zone) RPop(key string) (Value, error) { return z.pop(key, false) }

// LLen returns the number of items under key, 0 where there is no such key. It fails with
// ErrNotAList (ngx.shared.DICT.llen).
func (z *Zone) LLen(key string) (int, error) {
	hash := z.hash(key)
	z.lock(0)
	defer z.mu.Unlock()
	z.evict(false)
	r, found := z.lookup(key, hash)
	if found != live {
		return 0, nil
	}
	n := z.node(r)
	if n.kind != kindList {
		return 0, ErrNotAList
	}
	return int(n.valueLen), nil
}

func (z *Zone) push(key string, v Value, left bool) (int, error) {
	if len(key) > MaxKeyLen {
		return 0, ErrKeyLong
	}
	hash := z.hash(key)
	z.lock(0)
	defer z.mu.Unlock()
	z.evict(false)
	r, found := z.lookup(key, hash)
	if found == live && z.node(r).kind != kindList {
		return 0, ErrNotAList
	}
	if found == expired {
		if n := z.node(r); n.kind == kindList {
			z.freeItems(r, n)
			n.expires = 0
			z.touch(r)
		} else {
			z.remove(r)
			found = absent
		}
	}
	if found == absent {
		var err error
		// The head of the items stands behind the key, aligned.
		padding := -(nodeHeader + len(key)) & 7
		if r, _, err = z.insert(key, hash, padding+listHead, false); err != nil {
			return 0, errNoList
		}
		n := z.node(r)
		n.kind = kindList
		*z.items(r, n) = list{}
	}

	n := z.node(r)
	offset, ok := z.slab.alloc(itemHeader + v.size())
	if !ok {
		if n.valueLen == 0 {
			z.remove(r)
		}
		return 0, ErrNoMemory
	}
	at := ref(offset >> refShift)
	it, items := z.item(at), z.items(r, n)
	*it = item{valueLen: uint32(v.size()), kind: v.Kind}
	v.store(z.itemValue(at, it))
	switch {
	case items.first == 0:
		items.first, items.last = at, at
	case left:
		it.next = items.first
		z.item(items.first).prev = at
		items.first = at
	default:
		it.prev = items.last
		z.item(items.last).next = at
		items.last = at
	}
	n.valueLen++
	return int(n.valueLen), nil
}

func (z *Zone) pop(key string, left bool) (Value, error) {
	hash := z.hash(key)
	z.lock(0)
	defer z.mu.Unlock()
	z.evict(false)
	r, found := z.lookup(key, hash)
	if found != live {
		return Value{}, nil
	}
	n := z.node(r)
	if n.kind != kindList {
		return Value{}, ErrNotAList
	}
	items := z.items(r, n)
	at := items.last
	if left {
		at = items.first
	}
	it := z.item(at)
	v := load(it.kind, z.itemValue(at, it))
	if it.prev != 0 {
		z.item(it.prev).next = it.next
	} else {
		items.first = it.next
	}
	if it.next != 0 {
		z.item(it.next).prev = it.prev
	} else {
		items.last = it.prev
	}
	z.slab.free(int(at) << refShift)
	if n.valueLen--; n.valueLen == 0 {
		z.remove(r)
	}
	return v, nil
}

// freeItems empties the list at r.
func (z *Zone) freeItems(r ref, n *node) {
	items := z.items(r, n)
	for at := items.first; at != 0; {
		next := z.item(at).next
		z.slab.free(int(at) << refShift)
		at = next
	}
	*items = list{}
	n.valueLen = 0
}
