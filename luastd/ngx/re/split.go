package re

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
)

// Loader is the module ngx.re: split and opt.
func Loader(v *handler.VM) lua.LGFunction {
	l := &library{v: v, options: map[string]options{"": {}}, cache: map[key]*compiled{}, max: v.RegexCache}
	return func(L *lua.LState) int {
		t := L.NewTable()
		t.RawSetString("split", L.NewFunction(l.split))
		t.RawSetString("opt", L.NewFunction(l.opt))
		t.RawSetString("version", lua.LString(codec.CoreVersion))
		L.Push(t)
		return 1
	}
}

// opt is ngx.re.opt(option, value). There is no JIT whose stack could be sized: a plausible size is
// accepted, so that scripts made for OpenResty go on.
func (l *library) opt(L *lua.LState) int {
	if L.Get(1) != lua.LString("jit_stack_size") {
		codec.Raise(L, "unrecognized option name")
	}
	if len(l.cache) > 0 {
		codec.Raise(L, "changing jit stack size is not allowed when some regexs have already been compiled and cached")
	}
	return 0
}

// split is res, err = ngx.re.split(subject, regex, options?, ctx?, max?, res?).
func (l *library) split(L *lua.LState) int {
	s := subject(L)
	ctx, _ := L.Get(4).(*lua.LTable)
	from := 1
	if ctx != nil {
		if p, ok := machine.ToNumber(ctx.RawGetString("pos")); ok {
			from = int(p)
		}
	}
	limit := 0
	if n, ok := machine.ToNumber(L.Get(5)); ok {
		limit = int(n)
	}
	res, isTable := L.Get(6).(*lua.LTable)
	if !isTable {
		if L.Get(6) != lua.LNil {
			codec.Raise(L, "res is not a table")
		}
		res = L.CreateTable(4, 0)
	}
	if from > len(s) {
		res.RawSetInt(1, lua.LNil)
		L.Push(res)
		return 1
	}
	c, err := l.compile(L, 2, "split", L.Get(3))
	if err != "" {
		return fail(L, 1, err)
	}
	pieces, end, err := l.pieces(c, s, max(from-1, 0), limit)
	if err != "" {
		return fail(L, 1, err)
	}
	if ctx != nil {
		ctx.RawSetString("pos", lua.LNumber(end))
	}
	for i, p := range pieces {
		res.RawSetInt(i+1, lua.LString(p))
	}
	res.RawSetInt(len(pieces)+1, lua.LNil)
	L.Push(res)
	return 1
}

// pieces cuts s from an offset on; at most limit pieces, all if it is not above 0. end is the position,
// from 1, that a later call goes on from.
func (l *library) pieces(c *compiled, s string, pos, limit int) (out []string, end int, err string) {
	sub := pos // where the present piece begins
	afterEmpty := -1
	for count := 1; limit <= 0 || count < limit; {
		caps, ok, err := l.exec(c, s, max(pos, 0))
		if err != "" {
			return nil, 0, err
		}
		if !ok || caps[0] < 0 {
			break
		}
		from, to := caps[0], caps[1]
		pos = to
		if from == to {
			pos++
		}
		if afterEmpty >= 0 {
			sub = afterEmpty
		}
		if from == to {
			afterEmpty = from
		}
		if from > sub || afterEmpty < 0 {
			count++
			out = append(out, s[sub:from])
			if len(caps) > 2 && caps[2] >= 0 {
				out = append(out, s[caps[2]:caps[3]])
			}
			if sub = to; sub >= len(s) {
				break
			}
		}
	}
	if limit <= 0 && sub >= len(s) {
		for len(out) > 0 && out[len(out)-1] == "" {
			out = out[:len(out)-1]
		}
	} else {
		out = append(out, s[min(sub, len(s)):])
	}
	return out, pos, ""
}
