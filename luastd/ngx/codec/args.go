package codec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/runtime/machine"
)

// DefaultMaxArgs is how many arguments are parsed where the script gives no limit
// (NGX_HTTP_LUA_MAX_ARGS).
const DefaultMaxArgs = 100

// ParseArgs splits a query string into its arguments, unescapes them and yields them in
// order. hasVal is false for an argument without "="; an argument with an empty key is
// passed over. It stops after max pieces, empty ones counted, where max is above zero, and
// then reports the rest as truncated. This is how ngx.decode_args and
// ngx.req.get_post_args count: a piece counts once its "&" has been seen.
func ParseArgs(query string, max int, yield func(key, val string, hasVal bool)) (truncated bool) {
	for n := 1; ; n++ {
		end := strings.IndexByte(query, '&')
		if end < 0 {
			yieldArg(query, yield)
			return false
		}
		yieldArg(query[:end], yield)
		if n == max {
			return true
		}
		query = query[end+1:]
	}
}

// ParseURIArgs is ParseArgs as ngx.req.get_uri_args counts: a negative max stands for
// DefaultMaxArgs, arguments with an empty key do not use up the limit, and the result is
// truncated where the query has more pieces than max.
func ParseURIArgs(query string, max int, yield func(key, val string, hasVal bool)) (truncated bool) {
	if query == "" {
		return false
	}
	if max < 0 {
		max = DefaultMaxArgs
	}
	limit := strings.Count(query, "&") + 1
	if max > 0 && limit > max {
		limit, truncated = max, true
	}
	for n := 0; n < limit; {
		end := strings.IndexByte(query, '&')
		if end < 0 {
			yieldArg(query, yield)
			break
		}
		if yieldArg(query[:end], yield) {
			n++
		}
		query = query[end+1:]
	}
	return truncated
}

func yieldArg(piece string, yield func(key, val string, hasVal bool)) bool {
	key, val, hasVal := strings.Cut(piece, "=")
	if key == "" {
		return false
	}
	yield(Unescape(key), Unescape(val), hasVal)
	return true
}

// ArgsToTable parses query with ParseArgs into tab, which is created where it is nil: an
// argument without "=" becomes true, a repeated one a list of its values.
func ArgsToTable(L *lua.LState, query string, max int, tab *lua.LTable) (_ *lua.LTable, truncated bool) {
	return argsTable(L, query, max, tab, ParseArgs)
}

// URIArgsToTable is ArgsToTable with the counting of ParseURIArgs. It remembers the names in shapes.
func URIArgsToTable(L *lua.LState, query string, max int, tab *lua.LTable, shapes *Shapes) (_ *lua.LTable, truncated bool) {
	if tab == nil && (max <= 0 || max > fewArgs) {
		if t := shapes.args(query); t != nil {
			return t, false
		}
	}
	return argsTable(L, query, max, tab, ParseURIArgs)
}

// fewArgs is how many arguments are taken apart without a list of them on the heap.
const fewArgs = 8

// args is the table for a query of few arguments, none of which comes again; nil for others.
func (s *Shapes) args(query string) *lua.LTable {
	var names, texts [fewArgs]string
	var bare [fewArgs]bool // without a value
	n, pieces := 0, 0
	for from := 0; from < len(query); {
		if pieces++; pieces > fewArgs {
			return nil
		}
		i, eq, coded := from, -1, false
		for ; i < len(query) && query[i] != '&'; i++ {
			switch query[i] {
			case '=':
				if eq < 0 {
					eq = i
				}
			case '%', '+':
				coded = true
			}
		}
		name, text := query[from:i], ""
		if eq >= 0 {
			name, text = query[from:eq], query[eq+1:i]
		}
		from = i + 1
		if name == "" {
			continue
		}
		if coded {
			name, text = Unescape(name), Unescape(text)
		}
		names[n], texts[n], bare[n] = name, text, eq < 0
		n++
	}
	if n == 0 {
		return machine.NewRecord(nil, nil)
	}
	shape := s.Of(names[:n], false)
	if shape == nil {
		return nil
	}
	t := shape.Strings(texts[:n])
	for i, name := range shape.Names() {
		if bare[i] {
			machine.Set(t, name, lua.LTrue)
		}
	}
	return t
}

func argsTable(L *lua.LState, query string, max int, tab *lua.LTable,
	parse func(string, int, func(key, val string, hasVal bool)) bool,
) (_ *lua.LTable, truncated bool) {
	if tab == nil {
		return newArgs(L, query, max, parse)
	}
	truncated = parse(query, max, func(key, val string, hasVal bool) {
		if hasVal {
			AddValue(L, tab, key, lua.LString(val))
		} else {
			AddValue(L, tab, key, lua.LTrue)
		}
	})
	return tab, truncated
}

// newArgs is argsTable for a table of its own. All strings are in one piece of memory.
func newArgs(L *lua.LState, query string, max int,
	parse func(string, int, func(key, val string, hasVal bool)) bool,
) (_ *lua.LTable, truncated bool) {
	if query == "" {
		return machine.NewRecord(nil, nil), parse(query, max, func(string, string, bool) {})
	}
	n := min(1+strings.Count(query, "&"), manyArgs)
	texts := make([]lua.LString, 0, 2*n)
	var room [8]lua.LValue
	names, values := make([]lua.LValue, 0, n), room[:0]
	box := func(s string) lua.LValue {
		if len(texts) == cap(texts) {
			return lua.LString(s)
		}
		texts = append(texts, lua.LString(s))
		return machine.String(&texts[len(texts)-1])
	}
	truncated = parse(query, max, func(key, val string, hasVal bool) {
		names = append(names, box(key))
		if hasVal {
			values = append(values, box(val))
		} else {
			values = append(values, lua.LTrue)
		}
	})
	return Fields(L, names, values), truncated
}

// manyArgs is how many arguments room is made for at once: a script may allow fewer than the client sends.
const manyArgs = 100

// Fields makes a table of values by name; names are of type lua.LString. A name that comes again has a list of its values, which is how
// OpenResty shows repeated arguments and headers. The slices are equally long; the table keeps that of names, which must not change any more.
func Fields(L *lua.LState, names, values []lua.LValue) *lua.LTable {
	if !repeated(names) {
		return machine.NewRecord(names, values)
	}
	t := L.CreateTable(0, len(names))
	for i, name := range names {
		AddValue(L, t, string(name.(lua.LString)), values[i])
	}
	return t
}

// repeated reports whether a name comes again, or whether there are so many that it isn't worth while to ask.
func repeated(names []lua.LValue) bool {
	if len(names) > 24 {
		return true
	}
	for i, name := range names {
		s := name.(lua.LString)
		for _, before := range names[:i] {
			if before.(lua.LString) == s {
				return true
			}
		}
	}
	return false
}

// AddValue sets tab[key] to v, or turns what is there already into a list and appends v,
// which is how OpenResty shows repeated arguments and headers.
func AddValue(L *lua.LState, tab *lua.LTable, key string, v lua.LValue) {
	switch old := tab.RawGetString(key).(type) {
	case *lua.LNilType:
		tab.RawSetString(key, v)
	case *lua.LTable:
		old.Append(v)
	default:
		list := L.CreateTable(4, 0)
		list.Append(old)
		list.Append(v)
		tab.RawSetString(key, list)
	}
}

var errArgKey = errors.New(`attempt to use a non-string key in the "args" option table`)

// AppendArgs appends the query string that args stands for, in the table's own order:
// keys and values are escaped as URI components, true is a key alone, false leaves the
// argument out, a list repeats the key. The error has the words that Lua code sees.
func AppendArgs(dst []byte, args *lua.LTable) ([]byte, error) {
	start := len(dst)
	for k, v := range machine.Pairs(args) {
		key, ok := k.(lua.LString)
		if !ok {
			return dst, errArgKey
		}
		list, ok := v.(*lua.LTable)
		if !ok {
			var err error
			if dst, err = appendArg(dst, start, string(key), v); err != nil {
				return dst, err
			}
			continue
		}
		for _, item := range machine.Pairs(list) {
			var err error
			if dst, err = appendArg(dst, start, string(key), item); err != nil {
				return dst, err
			}
		}
	}
	return dst, nil
}

func appendArg(dst []byte, start int, key string, v lua.LValue) ([]byte, error) {
	if v == lua.LFalse {
		return dst, nil
	}
	if len(dst) > start {
		dst = append(dst, '&')
	}
	dst = AppendEscape(dst, key, EscapeURIComponent)
	switch v := v.(type) {
	case lua.LBool:
	case lua.LString:
		dst = AppendEscape(append(dst, '='), string(v), EscapeURIComponent)
	case lua.LNumber:
		var buf [32]byte
		number := AppendNumber(buf[:0], float64(v))
		dst = append(dst, '=')
		for _, c := range number {
			if c == '+' {
				dst = append(dst, "%2B"...)
			} else {
				dst = append(dst, c)
			}
		}
	default:
		return dst, fmt.Errorf("attempt to use %s as query arg value", v.Type())
	}
	return dst, nil
}

// encodeArgs is str = ngx.encode_args(table).
func encodeArgs(L *lua.LState) int {
	if n := L.GetTop(); n != 1 {
		Raise(L, "expecting 1 argument but seen "+strconv.Itoa(n))
	}
	query, err := AppendArgs(nil, CheckTable(L, 1, "encode_args"))
	if err != nil {
		Raise(L, err.Error())
	}
	return pushString(L, string(query))
}

// decodeArgs is table, err = ngx.decode_args(str, max_args?).
func decodeArgs(L *lua.LState) int {
	n := L.GetTop()
	if n != 1 && n != 2 {
		Raise(L, "expecting 1 or 2 arguments but seen "+strconv.Itoa(n))
	}
	query, max := CheckString(L, 1, "decode_args"), DefaultMaxArgs
	if n == 2 {
		max = int(CheckNumber(L, 2, "decode_args"))
	}
	tab, truncated := ArgsToTable(L, query, max, nil)
	L.Push(tab)
	if !truncated {
		return 1
	}
	L.Push(lua.LString("truncated"))
	return 2
}
