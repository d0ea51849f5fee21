package socket

import (
	"bytes"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
)

// pattern is what one call of receiveuntil looks for. Between two reads, state bytes of it have been seen at
// the end of the input and are held back.
type pattern struct {
	text      string
	fallback  []int // the longest proper border of each prefix: Knuth, Morris and Pratt's table
	inclusive bool
	state     int
	found     bool // by an iterator with sizes, which says so once
}

func newPattern(text string, inclusive bool) *pattern {
	p := &pattern{text: text, inclusive: inclusive, fallback: make([]int, len(text)+1)}
	k := 0
	for i := 1; i < len(text); i++ {
		for k > 0 && text[i] != text[k] {
			k = p.fallback[k]
		}
		if text[i] == text[k] {
			k++
		}
		p.fallback[i+1] = k
	}
	return p
}

// use makes p the reader of what comes; what another pattern holds back is to be read again.
func (u *tcp) use(p *pattern) {
	if old := u.pattern; old != nil && old != p && old.state > 0 {
		held := old.text[:old.state]
		old.state = 0
		u.putBack(held)
	}
	u.pattern = p
}

// scan looks for the pattern in b. out is dst with what surely stands before it; used is how much of b is done
// with. With a limit above 0, scan stops once that many bytes or more have come out.
func (p *pattern) scan(dst, b []byte, limit int) (out []byte, used int, found bool) {
	text := p.text
	for i := 0; i < len(b); {
		if p.state == 0 && limit == 0 {
			j := bytes.IndexByte(b[i:], text[0])
			if j < 0 {
				return append(dst, b[i:]...), len(b), false
			}
			dst = append(dst, b[i:i+j]...)
			i += j
		}
		ch := b[i]
		if ch == text[p.state] {
			i++
			p.state++
			if p.state == len(text) {
				p.state = 0
				return dst, i, true
			}
			continue
		}
		if p.state == 0 {
			dst = append(dst, ch)
			i++
		} else {
			next := p.fallback[p.state]
			dst = append(dst, text[:p.state-next]...)
			p.state = next
		}
		if limit > 0 && len(dst) >= limit {
			return dst, i, false
		}
	}
	return dst, len(b), false
}

func (s *state) receiveUntil(L *lua.LState) int {
	n := L.GetTop()
	if n != 2 && n != 3 {
		codec.Raise(L, "expecting 2 or 3 arguments (including the object), but got "+strconv.Itoa(n))
	}
	inclusive := false
	if n == 3 {
		o, ok := L.Get(3).(*lua.LTable)
		if !ok {
			argError(L, 3, "receiveuntil", "table expected, got "+codec.TypeName(L, 3))
		}
		switch v := L.GetField(o, "inclusive").(type) {
		case *lua.LNilType:
		case lua.LBool:
			inclusive = bool(v)
		default:
			codec.Raise(L, "bad \"inclusive\" option value type: "+v.Type().String())
		}
	}
	c := s.current(L)
	debug(c, "lua tcp socket calling receiveuntil() method")
	t := codec.CheckTable(L, 1, "receiveuntil")
	text := stringArg(L, 2, "receiveuntil")
	if text == "" {
		return fail(L, "pattern is empty")
	}
	p := newPattern(text, inclusive)
	L.Push(L.NewFunction(func(L *lua.LState) int { return s.until(L, t, p) }))
	return 1
}

// stringArg is luaL_checklstring for a method's argument.
func stringArg(L *lua.LState, n int, name string) string {
	switch v := L.Get(n).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return codec.FormatNumber(float64(v))
	}
	argError(L, n, name, "string expected, got "+codec.TypeName(L, n))
	return ""
}

// until is receiveuntil's iterator.
func (s *state) until(L *lua.LState, t *lua.LTable, p *pattern) int {
	n := L.GetTop()
	if n > 1 {
		codec.Raise(L, "expecting 0 or 1 argument, but seen "+strconv.Itoa(n))
	}
	limit := 0
	if n == 1 {
		limit = max(int(codec.CheckNumber(L, 1, "?")), 0)
	}
	var u *tcp
	if ud, ok := t.RawGetInt(slot).(*lua.LUserData); ok {
		if u, _ = ud.Value.(*tcp); u != nil {
			u.settle(s.v.W.Current())
		}
	}
	if !u.open() || u.readClosed {
		return fail(L, "closed")
	}
	c := s.current(L)
	if n := u.readable(L, c); n != 0 {
		return n
	}
	debug(c, "lua tcp socket receiveuntil iterator")
	u.noteReadTimeout(c)
	if p.found {
		p.found = false
		L.Push(lua.LNil)
		L.Push(lua.LNil)
		L.Push(lua.LNil)
		return 3
	}
	u.use(p)
	return u.readUntil(L, c, p, limit)
}

func (u *tcp) readUntil(L *lua.LState, c *handler.Ctx, p *pattern, limit int) int {
	var acc []byte
	for {
		if u.r == u.w {
			if err := u.fill(c); err != nil {
				return u.received(L, acc, err)
			}
		}
		debug(c, "lua tcp socket read until")
		out, used, found := p.scan(acc, u.unread(), limit)
		acc = out
		u.r += used
		if found {
			p.found = limit > 0
			if p.inclusive {
				acc = append(acc, p.text...)
			}
			return u.received(L, acc, nil)
		}
		if limit > 0 && len(acc) >= limit {
			return u.received(L, acc, nil)
		}
	}
}
