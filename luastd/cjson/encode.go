package cjson

import (
	"math"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
)

// hardMaxDepth bounds the nesting whatever the settings say, as the size of the Lua stack
// does for lua-cjson.
const hardMaxDepth = 32000

// escapeUnicode in an escape table asks for \u00XX; any other byte but 0 follows a
// backslash.
const escapeUnicode = 'u'

var (
	escapePlain     = escapeTable(false)
	escapeWithSlash = escapeTable(true)
)

func escapeTable(slash bool) (t [256]byte) {
	for c := range 0x20 {
		t[c] = escapeUnicode
	}
	t[0x7f] = escapeUnicode
	t['\b'], t['\t'], t['\n'], t['\f'], t['\r'] = 'b', 't', 'n', 'f', 'r'
	t['"'], t['\\'] = '"', '\\'
	if slash {
		t['/'] = '/'
	}
	return t
}

// encoder writes one value to buf. After a failure err is set and buf is worth nothing.
type encoder struct {
	L   *lua.LState
	m   *module
	buf []byte
	err string
}

// outcome is what became of a value.
type outcome uint8

const (
	written outcome = iota
	skipped         // it is of a type that cannot be written, and the settings say to pass over it
	failed
)

func (e *encoder) fail(message string) outcome {
	e.err = message
	return failed
}

func (e *encoder) cannot(v lua.LValue, reason string) outcome {
	return e.fail("Cannot serialise " + machine.TypeName(v) + ": " + reason)
}

// value writes v, which stands depth tables deep.
func (e *encoder) value(v lua.LValue, depth int) outcome {
	switch v := v.(type) {
	case lua.LString:
		e.string(string(v))
		return written
	case lua.LNumber:
		return e.number(v)
	case lua.LBool:
		e.buf = strconv.AppendBool(e.buf, bool(v))
		return written
	case *lua.LTable:
		return e.table(v, depth+1)
	case *lua.LNilType:
		e.buf = append(e.buf, "null"...)
		return written
	}
	switch {
	case v == e.m.null:
		e.buf = append(e.buf, "null"...)
		return written
	case v == lua.LValue(e.m.empty):
		e.buf = append(e.buf, "[]"...)
		return written
	case e.m.skipUnsupported:
		return skipped
	}
	return e.cannot(v, "type not supported")
}

func (e *encoder) string(s string) {
	const hex = "0123456789abcdef"
	escape, buf, from := e.m.escape, append(e.buf, '"'), 0 //nolint:gocritic // it goes back to e.buf below
	for i := range len(s) {
		c := escape[s[i]]
		if c == 0 {
			continue
		}
		buf = append(buf, s[from:i]...)
		if c == escapeUnicode {
			buf = append(buf, '\\', 'u', '0', '0', hex[s[i]>>4], hex[s[i]&15])
		} else {
			buf = append(buf, '\\', c)
		}
		from = i + 1
	}
	e.buf = append(append(buf, s[from:]...), '"')
}

func (e *encoder) number(v lua.LNumber) outcome {
	f := float64(v)
	if !math.IsNaN(f) && !math.IsInf(f, 0) {
		e.buf = codec.AppendNumberPrecision(e.buf, f, e.m.numberPrecision)
		return written
	}
	switch {
	case e.m.encodeInvalidNumbers == refuseInvalid:
		return e.cannot(v, "must not be NaN or Infinity")
	case e.m.encodeInvalidNumbers == nullInvalid:
		e.buf = append(e.buf, "null"...)
	case math.IsNaN(f):
		e.buf = append(e.buf, "NaN"...)
	case f < 0:
		e.buf = append(e.buf, "-Infinity"...)
	default:
		e.buf = append(e.buf, "Infinity"...)
	}
	return written
}

func (e *encoder) table(t *lua.LTable, depth int) outcome {
	if depth > e.m.encodeMaxDepth || depth > hardMaxDepth {
		return e.fail("Cannot serialise, excessive nesting (" + strconv.Itoa(depth) + ")")
	}
	mt, _ := t.Metatable.(*lua.LTable)
	if mt != nil {
		if mt == e.m.array {
			return e.array(t, machine.Len(t), depth, nil)
		}
		if length := mt.RawGetString("__len"); length != lua.LNil {
			n, ok := e.call(length, t)
			if !ok {
				return failed
			}
			return e.array(t, int(lua.LVAsNumber(n)), depth, mt)
		}
	}
	n := e.arrayLength(t)
	switch {
	case e.err != "":
		return failed
	case n > 0 || n == 0 && !e.m.emptyTableAsObject:
		return e.array(t, n, depth, mt)
	case mt != nil && mt == e.m.emptyArray:
		return e.array(t, machine.Len(t), depth, nil)
	}
	return e.object(t, depth)
}

// arrayLength returns the highest index of a table whose keys are all integers above 0,
// and -1 for any other.
func (e *encoder) arrayLength(t *lua.LTable) int {
	if keys := machine.Keys(t); len(keys) > 0 {
		// A look at one key tells objects from sparse arrays, unless elements have gone.
		if _, ok := keys[0].(lua.LString); ok && machine.Hashed(t) == len(keys) {
			return -1
		}
	}
	list := machine.Array(t)
	items, highest := 0, 0.0
	for i, v := range list {
		if v != lua.LNil {
			items, highest = items+1, float64(i+1)
		}
	}
	if machine.Hashed(t) > 0 {
		items, highest = 0, 0
		for key := range machine.Pairs(t) {
			k, ok := key.(lua.LNumber)
			if !ok || k < 1 || math.Floor(float64(k)) != float64(k) {
				return -1
			}
			items, highest = items+1, max(highest, float64(k))
		}
	}
	if highest > math.MaxInt32 {
		return -1
	}
	if e.m.sparseRatio > 0 && highest > float64(e.m.sparseSafe) && highest > float64(items)*float64(e.m.sparseRatio) {
		if !e.m.sparseConvert {
			e.cannot(t, "excessively sparse array")
		}
		return -1
	}
	return int(highest)
}

// array writes the items 1 to n of t, through the metatable where it is given.
func (e *encoder) array(t *lua.LTable, n, depth int, mt *lua.LTable) outcome {
	e.buf = append(e.buf, '[')
	first := true
	for i := 1; i <= n; i++ {
		start := len(e.buf)
		if !first {
			e.buf = append(e.buf, ',')
		}
		e.newline(depth)
		item := machine.GetInt(t, i)
		if mt != nil && item == lua.LNil {
			var ok bool
			if item, ok = e.index(t, mt, i); !ok {
				return failed
			}
		}
		switch e.value(item, depth) {
		case failed:
			return failed
		case skipped:
			e.buf = e.buf[:start]
		case written:
			first = false
		}
	}
	if n > 0 {
		e.newline(depth - 1)
	}
	e.buf = append(e.buf, ']')
	return written
}

func (e *encoder) object(t *lua.LTable, depth int) outcome {
	e.buf = append(e.buf, '{')
	first, any := true, false
	for i := 0; i < len(machine.Array(t)); i++ { //nolint:intrange // a metamethod of an element may make t shorter
		if v := machine.Array(t)[i]; v != lua.LNil {
			any = true
			if e.member(lua.LNumber(i+1), v, depth, &first) == failed {
				return failed
			}
		}
	}
	for at, k := range machine.Keys(t) {
		var v lua.LValue
		if name, ok := k.(lua.LString); ok {
			v = machine.NamedAt(t, at, string(name))
		} else if k != nil {
			v = machine.Get(t, k)
		}
		if v == nil || v == lua.LNil {
			continue
		}
		any = true
		if e.member(k, v, depth, &first) == failed {
			return failed
		}
	}
	if any {
		e.newline(depth - 1)
	}
	e.buf = append(e.buf, '}')
	return written
}

// member writes a member of an object. first tells that none is there yet.
func (e *encoder) member(k, v lua.LValue, depth int, first *bool) outcome {
	start := len(e.buf)
	if !*first {
		e.buf = append(e.buf, ',')
	}
	if e.m.indent != "" {
		e.newline(depth)
	}
	switch k := k.(type) {
	case lua.LString:
		e.string(string(k))
	case lua.LNumber:
		e.buf = append(e.buf, '"')
		if e.number(k) == failed {
			return failed
		}
		e.buf = append(e.buf, '"')
	default:
		return e.cannot(k, "table key must be a number or string")
	}
	e.buf = append(e.buf, ':')
	if e.m.indent != "" {
		e.buf = append(e.buf, ' ')
	}
	result := e.value(v, depth)
	switch result {
	case skipped:
		e.buf = e.buf[:start]
	case written:
		*first = false
	}
	return result
}

// newline begins a line depth levels in, where the settings ask for it.
func (e *encoder) newline(depth int) {
	if e.m.indent == "" {
		return
	}
	e.buf = append(e.buf, '\n')
	for range depth {
		e.buf = append(e.buf, e.m.indent...)
	}
}

// index returns t[i] through the metatable mt; it is false where that failed.
func (e *encoder) index(t, mt *lua.LTable, i int) (lua.LValue, bool) {
	switch index := mt.RawGetString("__index").(type) {
	case *lua.LFunction:
		return e.call(index, t, lua.LNumber(i))
	case *lua.LNilType:
		return lua.LNil, true
	}
	return e.L.GetTable(t, lua.LNumber(i)), true
}

// call calls fn for one result. For cjson.safe an error in it is a failure of encode.
func (e *encoder) call(fn lua.LValue, args ...lua.LValue) (lua.LValue, bool) {
	e.L.Push(fn)
	for _, arg := range args {
		e.L.Push(arg)
	}
	if !e.m.safe {
		e.L.Call(len(args), 1)
	} else if err := e.L.PCall(len(args), 1, nil); err != nil {
		if api, ok := err.(*lua.ApiError); ok && api.Object != nil { //nolint:errorlint // PCall returns it bare
			e.fail(codec.ToString(e.L, api.Object))
		} else {
			e.fail(err.Error())
		}
		return lua.LNil, false
	}
	v := e.L.Get(-1)
	e.L.Pop(1)
	return v, true
}
