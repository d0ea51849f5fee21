package re

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// start reads ctx.pos of the argument n: an offset from 0.
func start(L *lua.LState, n int) (ctx *lua.LTable, pos int) {
	ctx, ok := L.Get(n).(*lua.LTable)
	if !ok {
		return nil, 0
	}
	if p, ok := machine.ToNumber(ctx.RawGetString("pos")); ok && p > 0 {
		return ctx, int(p) - 1
	}
	return ctx, 0
}

func fail(L *lua.LState, nils int, err string) int {
	for range nils {
		L.Push(lua.LNil)
	}
	L.Push(lua.LString(err))
	return nils + 1
}

// match is captures, err = ngx.re.match(subject, regex, options?, ctx?, res_table?).
func (l *library) match(L *lua.LState) int {
	s := subject(L)
	c, err := l.compile(L, 2, "match", L.Get(3))
	if err != "" {
		return fail(L, 1, err)
	}
	ctx, pos := start(L, 4)
	caps, ok, err := l.exec(c, s, pos)
	if err != "" {
		return fail(L, 1, err)
	}
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	if ctx != nil {
		ctx.RawSetString("pos", lua.LNumber(caps[1]+1))
	}
	into, _ := L.Get(5).(*lua.LTable)
	L.Push(l.collect(L, c, s, caps, into))
	return 1
}

// find is from, to, err = ngx.re.find(subject, regex, options?, ctx?, nth?).
func (l *library) find(L *lua.LState) int {
	s := subject(L)
	c, err := l.compile(L, 2, "find", L.Get(3))
	if err != "" {
		return fail(L, 2, err)
	}
	ctx, pos := start(L, 4)
	caps, ok, err := l.exec(c, s, pos)
	if err != "" {
		return fail(L, 2, err)
	}
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	if ctx != nil {
		ctx.RawSetString("pos", lua.LNumber(caps[1]+1))
	}
	nth := 0
	if n, ok := machine.ToNumber(L.Get(5)); ok && n > 0 {
		nth = int(n)
	}
	if groups := c.re.NumCaptures(); nth > groups || c.dfa && nth > 0 {
		return fail(L, 2, "nth out of bound")
	}
	if caps[2*nth] < 0 {
		L.Push(lua.LNil)
		L.Push(lua.LNil)
		return 2
	}
	L.Push(lua.LNumber(caps[2*nth] + 1))
	L.Push(lua.LNumber(caps[2*nth+1]))
	return 2
}

// gmatch is iterator, err = ngx.re.gmatch(subject, regex, options?).
func (l *library) gmatch(L *lua.LState) int {
	s := subject(L)
	c, err := l.compile(L, 2, "gmatch", L.Get(3))
	if err != "" {
		return fail(L, 1, err)
	}
	pos := 0
	L.Push(L.NewFunction(func(L *lua.LState) int {
		if pos < 0 {
			L.Push(lua.LNil)
			return 1
		}
		caps, ok, err := l.exec(c, s, pos)
		if err != "" {
			pos = -1
			return fail(L, 1, err)
		}
		if !ok {
			pos = -1
			L.Push(lua.LNil)
			return 1
		}
		pos = caps[1]
		if caps[1] == caps[0] {
			if pos++; pos > len(s) {
				pos = -1
			}
		}
		L.Push(l.collect(L, c, s, caps, nil))
		return 1
	}))
	return 1
}
