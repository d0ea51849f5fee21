package re

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/machine"
)

// sub is newstr, n, err = ngx.re.sub(subject, regex, replace, options?), and gsub.
func (l *library) sub(L *lua.LState, name string, global bool) int {
	s := subject(L)
	c, err := l.compile(L, 2, name, L.Get(4))
	if err != "" {
		return fail(L, 2, err)
	}
	fn, isFunc := L.Get(3).(*lua.LFunction)
	var t *template
	if !isFunc {
		if t = l.templateOf(codec.ToString(L, L.Get(3))); t.err != "" {
			if ctx := l.v.Current(); ctx != nil {
				ctx.Log(phases.LogErr, t.err)
			}
			return fail(L, 2, "failed to compile the replacement template")
		}
	}
	var out []byte
	count, pos, copied := 0, 0, 0
	for pos <= len(s) {
		caps, ok, err := l.exec(c, s, pos)
		if err != "" {
			return fail(L, 2, err)
		}
		if !ok {
			break
		}
		from, to := caps[0], caps[1]
		if count++; count == 1 {
			out = make([]byte, 0, len(s)+len(s)/8+32)
		}
		// \K inside a lookahead may put the start behind the end
		if from > copied {
			out = append(out, s[copied:from]...)
		}
		if isFunc {
			L.Push(fn)
			L.Push(l.collect(L, c, s, caps, nil))
			machine.Invoke(L, 1, 1) // may run other matches: caps is not valid behind it
			out = append(out, codec.ToString(L, L.Get(-1))...)
			L.Pop(1)
		} else {
			out = t.append(out, s, caps)
		}
		copied, pos = to, to
		if from == to {
			pos++
		}
		if !global {
			break
		}
	}
	if count == 0 {
		L.Push(lua.LString(s))
		L.Push(lua.LNumber(0))
		return 2
	}
	if copied < len(s) {
		out = append(out, s[copied:]...)
	}
	if cap(out) > 2*len(out)+64 {
		L.Push(lua.LString(out)) // the room would stay with the string
	} else {
		L.Push(lua.LString(unsafe.String(unsafe.SliceData(out), len(out)))) // nobody else has out
	}
	L.Push(machine.Number(L, float64(count)))
	return 2
}
