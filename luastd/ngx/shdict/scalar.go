package shdict

// Get returns the value of key, of Kind Nil where there is none or it has expired, and
// ErrIsList for a list (ngx.shared.DICT.get).
func (z *Zone) Get(key string) (Value, error) {
	var room [256]byte
	v, text, err := z.appendGet(key, room[:0], 0)
	v.Text = string(text)
	return v, err
}

// appendGet is Get at a time that appends a string to room instead of returning it as Text.
func (z *Zone) appendGet(key string, room []byte, at int64) (Value, []byte, error) {
	hash := z.hash(key)
	z.lock(at)
	z.evict(false)
	r, found := z.lookup(key, hash)
	if found != live {
		z.mu.Unlock()
		return Value{}, room, nil
	}
	n := z.node(r)
	v, err := Value{Kind: n.kind, Flags: n.flags}, error(nil)
	switch n.kind {
	case kindList:
		v, err = Value{}, ErrIsList
	case String:
		room = append(room, z.value(r, n)...)
	default:
		v.Num = load(n.kind, z.value(r, n)).Num
	}
	z.mu.Unlock()
	return v, room, err
}

// GetStale is Get which also returns a value that has expired and is still there, and says
// so (ngx.shared.DICT.get_stale).
func (z *Zone) GetStale(key string) (v Value, stale bool, err error) {
	hash := z.hash(key)
	z.lock(0)
	defer z.mu.Unlock()
	r, found := z.lookup(key, hash)
	if found == absent {
		return Value{}, false, nil
	}
	v, err = z.read(r)
	return v, found == expired, err
}

func (z *Zone) read(r ref) (Value, error) {
	n := z.node(r)
	if n.kind == kindList {
		return Value{}, ErrIsList
	}
	v := load(n.kind, z.value(r, n))
	v.Flags = n.flags
	return v, nil
}

// Set stores v under key for ttl milliseconds, or for good where ttl is not above 0. Where
// there is no room it evicts the entries used longest ago and reports forcible. It fails
// with ErrNoMemory where even that does not help. A v of Kind Nil deletes the key
// (ngx.shared.DICT.set).
func (z *Zone) Set(key string, v Value, ttl int64) (forcible bool, err error) {
	return z.store(key, v, ttl, 0, 0)
}

// SafeSet is Set which evicts no live entry (ngx.shared.DICT.safe_set).
func (z *Zone) SafeSet(key string, v Value, ttl int64) error {
	_, err := z.store(key, v, ttl, opSafe, 0)
	return err
}

// Add is Set which fails with ErrExists where the key has a live value
// (ngx.shared.DICT.add).
func (z *Zone) Add(key string, v Value, ttl int64) (forcible bool, err error) {
	return z.store(key, v, ttl, opAdd, 0)
}

// SafeAdd is Add which evicts no live entry (ngx.shared.DICT.safe_add).
func (z *Zone) SafeAdd(key string, v Value, ttl int64) error {
	_, err := z.store(key, v, ttl, opAdd|opSafe, 0)
	return err
}

// Replace is Set which fails with ErrNotFound where the key has no live value
// (ngx.shared.DICT.replace).
func (z *Zone) Replace(key string, v Value, ttl int64) (forcible bool, err error) {
	return z.store(key, v, ttl, opReplace, 0)
}

// Delete removes key, a list too (ngx.shared.DICT.delete).
func (z *Zone) Delete(key string) {
	_, _ = z.store(key, Value{}, 0, 0, 0)
}

type storeOp uint8

const (
	opAdd storeOp = 1 << iota
	opReplace
	opSafe
)

// store is what Set and its kin do, at a time as of lock.
func (z *Zone) store(key string, v Value, ttl int64, op storeOp, at int64) (forcible bool, err error) {
	if len(key) > MaxKeyLen {
		return false, ErrKeyLong
	}
	if v.Kind == Nil && op&(opAdd|opReplace) != 0 {
		return false, ErrNil
	}
	hash := z.hash(key)
	z.lock(at)
	defer z.mu.Unlock()
	z.evict(false)
	r, found := z.lookup(key, hash)
	switch {
	case op&opReplace != 0 && found != live:
		return false, ErrNotFound
	case op&opAdd != 0 && found == live:
		return false, ErrExists
	}
	if found != absent {
		n := z.node(r)
		if v.Kind != Nil && n.kind != kindList && int(n.valueLen) == v.size() {
			z.touch(r)
			z.write(r, n, v, ttl)
			return false, nil
		}
		z.remove(r)
	}
	if v.Kind == Nil {
		return false, nil
	}
	r, forcible, err = z.insert(key, hash, v.size(), op&opSafe == 0)
	if err != nil {
		return forcible, err
	}
	z.write(r, z.node(r), v, ttl)
	return forcible, nil
}

func (z *Zone) write(r ref, n *node, v Value, ttl int64) {
	n.kind, n.flags, n.expires, n.valueLen = v.Kind, v.Flags, z.deadline(ttl), uint32(v.size())
	v.store(z.value(r, n))
}

// Incr adds delta to the number under key and returns the sum. It fails with ErrNotFound
// and ErrNotANum (ngx.shared.DICT.incr).
func (z *Zone) Incr(key string, delta float64) (float64, error) {
	sum, _, err := z.incr(key, delta, nil, 0, 0)
	return sum, err
}

// IncrInit is Incr which, where key has no live value, makes one of init + delta that lives
// for ttl milliseconds, or for good where ttl is not above 0. It evicts as Set does.
func (z *Zone) IncrInit(key string, delta, init float64, ttl int64) (sum float64, forcible bool, err error) {
	return z.incr(key, delta, &init, ttl, 0)
}

func (z *Zone) incr(key string, delta float64, init *float64, ttl, at int64) (sum float64, forcible bool, err error) {
	if len(key) > MaxKeyLen {
		return 0, false, ErrKeyLong
	}
	hash := z.hash(key)
	z.lock(at)
	defer z.mu.Unlock()
	z.evict(false)
	r, found := z.lookup(key, hash)
	if found == live {
		n := z.node(r)
		if n.kind != Number {
			return 0, false, ErrNotANum
		}
		v := load(Number, z.value(r, n))
		v.Num += delta
		v.store(z.value(r, n))
		return v.Num, false, nil
	}
	if init == nil {
		return 0, false, ErrNotFound
	}
	v := NumberValue(*init + delta)
	if found == expired {
		if n := z.node(r); n.kind != kindList && int(n.valueLen) == v.size() {
			z.touch(r)
			z.write(r, n, v, ttl)
			return v.Num, false, nil
		}
		z.remove(r)
	}
	r, forcible, err = z.insert(key, hash, v.size(), true)
	if err != nil {
		return 0, forcible, err
	}
	z.write(r, z.node(r), v, ttl)
	return v.Num, forcible, nil
}
