// Package lrucache is resty.lrucache: a cache of Lua values in one worker, bounded in their number. The
// interface is lua-resty-lrucache's; resty.lrucache.pureffi is the same here.
package lrucache

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
)

// entry is a member of the ring, the most recently used first.
type entry struct {
	key, value lua.LValue
	expires    time.Time // zero: never
	flags      lua.LNumber
	prev, next *entry
}

// cache is guarded by its worker's baton. Entries that a removal frees are used again.
type cache struct {
	limit int
	byKey map[lua.LValue]*entry
	ring  entry // its next is the entry used last
	free  []*entry
}

func newCache(limit int) *cache {
	c := &cache{limit: limit}
	c.clear()
	return c
}

func (c *cache) clear() {
	c.byKey = map[lua.LValue]*entry{}
	c.ring.prev, c.ring.next = &c.ring, &c.ring
	c.free = nil
}

func (e *entry) unlink() { e.prev.next, e.next.prev = e.next, e.prev }

func (c *cache) front(e *entry) {
	e.prev, e.next = &c.ring, c.ring.next
	e.next.prev, e.prev.next = e, e
}

func (c *cache) get(key lua.LValue) *entry {
	e := c.byKey[key]
	if e != nil {
		e.unlink()
		c.front(e)
	}
	return e
}

func (c *cache) set(key, value lua.LValue, expires time.Time, flags lua.LNumber) {
	e := c.get(key)
	if e == nil {
		switch n := len(c.free); {
		case len(c.byKey) >= c.limit:
			e = c.ring.prev
			e.unlink()
			delete(c.byKey, e.key)
		case n > 0:
			e = c.free[n-1]
			c.free = c.free[:n-1]
		default:
			e = &entry{}
		}
		e.key = key
		c.byKey[key] = e
		c.front(e)
	}
	e.value, e.expires, e.flags = value, expires, flags
}

func (c *cache) remove(key lua.LValue) {
	e := c.byKey[key]
	if e == nil {
		return
	}
	e.unlink()
	delete(c.byKey, key)
	*e = entry{}
	c.free = append(c.free, e)
}

// state is the field of a cache object that holds the cache.
const state = "cache"

func check(L *lua.LState) *cache {
	if t, ok := L.Get(1).(*lua.LTable); ok {
		if u, ok := t.RawGetString(state).(*lua.LUserData); ok {
			if c, ok := u.Value.(*cache); ok {
				return c
			}
		}
	}
	codec.Raise(L, "bad argument #1: a cache expected")
	return nil
}

// keyOf is the key argument; nil, NaN and a number as a string are what they are in a Lua table.
func keyOf(L *lua.LState) lua.LValue { return L.Get(2) }

// Loader makes the module resty.lrucache.
func Loader(*handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		mod := L.NewTable()
		mt := L.NewTable()
		mt.RawSetString("__index", mod)
		mod.RawSetString("_VERSION", lua.LString("0.15"))
		for name, f := range map[string]lua.LGFunction{
			"new":       func(L *lua.LState) int { return create(L, mt) },
			"get":       get,
			"set":       set,
			"delete":    remove,
			"count":     func(L *lua.LState) int { L.Push(lua.LNumber(len(check(L).byKey))); return 1 },
			"capacity":  func(L *lua.LState) int { L.Push(lua.LNumber(check(L).limit)); return 1 },
			"get_keys":  keys,
			"flush_all": func(L *lua.LState) int { check(L).clear(); return 0 },
		} {
			mod.RawSetString(name, L.NewFunction(f))
		}
		L.Push(mod)
		return 1
	}
}

// create is cache, err = lrucache.new(max_items, load_factor?).
func create(L *lua.LState, mt *lua.LTable) int {
	size := codec.CheckNumber(L, 1, "new")
	if size < 1 {
		L.Push(lua.LNil)
		L.Push(lua.LString("size too small"))
		return 2
	}
	u := L.NewUserData()
	u.Value = newCache(int(size))
	obj := L.NewTable()
	obj.RawSetString(state, u)
	obj.Metatable = mt
	L.Push(obj)
	return 1
}

// get is data, stale_data, flags = cache:get(key).
func get(L *lua.LState) int {
	e := check(L).get(keyOf(L))
	if e == nil {
		L.Push(lua.LNil)
		return 1
	}
	if !e.expires.IsZero() && !time.Now().Before(e.expires) {
		L.Push(lua.LNil)
		L.Push(e.value)
	} else {
		L.Push(e.value)
		L.Push(lua.LNil)
	}
	L.Push(e.flags)
	return 3
}

// set is cache:set(key, value, ttl?, flags?), the ttl in seconds.
func set(L *lua.LState) int {
	c, key := check(L), keyOf(L)
	if n, isNumber := key.(lua.LNumber); key == lua.LNil || isNumber && n != n {
		codec.Raise(L, "a cache key must not be nil or NaN")
	}
	var expires time.Time
	if ttl := L.Get(4); lua.LVAsBool(ttl) {
		expires = time.Now().Add(time.Duration(codec.CheckNumber(L, 4, "set") * float64(time.Second)))
	}
	flags, _ := L.Get(5).(lua.LNumber)
	c.set(key, L.Get(3), expires, max(flags, 0))
	return 0
}

// remove is cache:delete(key).
func remove(L *lua.LState) int {
	check(L).remove(keyOf(L))
	return 0
}

// keys is keys = cache:get_keys(max_count?, res?), the most recently used first.
func keys(L *lua.LState) int {
	c := check(L)
	limit := len(c.byKey)
	if n, ok := L.Get(2).(lua.LNumber); ok && n > 0 && int(n) < limit {
		limit = int(n)
	}
	res, ok := L.Get(3).(*lua.LTable)
	if !ok {
		res = L.CreateTable(limit, 0)
	}
	e := c.ring.next
	for i := 1; i <= limit; i, e = i+1, e.next {
		res.RawSetInt(i, e.key)
	}
	if ok {
		res.RawSetInt(limit+1, lua.LNil)
	}
	L.Push(res)
	return 1
}
