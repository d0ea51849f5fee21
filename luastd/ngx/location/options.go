package location

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
)

// query is one subrequest as the script describes it.
type query struct {
	uri, args   string
	method      int // one of the ngx.HTTP_* numbers
	body        *string
	vars        []pair
	headers     []pair
	ctx         *lua.LTable
	forwardBody bool
	shareVars   bool
	copyVars    bool
}

type pair struct{ name, value string }

// methods are the methods by their ngx.HTTP_* number.
var methods = map[int]string{
	1 << 1: "GET", 1 << 2: "HEAD", 1 << 3: "POST", 1 << 4: "PUT", 1 << 5: "DELETE", 1 << 6: "MKCOL", 1 << 7: "COPY", 1 << 8: "MOVE",
	1 << 9: "OPTIONS", 1 << 10: "PROPFIND", 1 << 11: "PROPPATCH", 1 << 12: "LOCK", 1 << 13: "UNLOCK", 1 << 14: "PATCH", 1 << 15: "TRACE",
}

const (
	methodGet  = 1 << 1
	methodPost = 1 << 3
	methodPut  = 1 << 4
)

// parseQuery reads the i-th query (from 0) of capture_multi, {uri, options?}; it raises what is wrong with it.
func parseQuery(L *lua.LState, i int, v lua.LValue) query {
	q := query{method: methodGet}
	switch v.Type() {
	case lua.LTNil:
		codec.Raise(L, "only array-like tables are allowed")
	case lua.LTTable:
	default:
		codec.Raise(L, fmt.Sprintf("the query argument %d is not a table, but a %s", i, v.Type()))
	}
	t := v.(*lua.LTable)
	n := t.Len()
	if n != 1 && n != 2 {
		codec.Raise(L, fmt.Sprintf("query argument %d expecting one or two arguments", i))
	}
	if n == 2 {
		opts, ok := t.RawGetInt(2).(*lua.LTable)
		if !ok {
			codec.Raise(L, fmt.Sprintf("expecting table as the 2nd argument for subrequest %d, but got %s", i, t.RawGetInt(2).Type()))
		}
		q.parse(L, opts)
	}
	switch uri := t.RawGetInt(1).(type) {
	case lua.LString:
		q.uri = string(uri)
	case lua.LNumber:
		q.uri = codec.FormatNumber(float64(uri))
	default:
		codec.ArgError(L, 3, "capture", "string expected, got "+uri.Type().String())
	}
	return q
}

func (q *query) parse(L *lua.LState, opts *lua.LTable) {
	switch args := L.GetField(opts, "args").(type) {
	case *lua.LNilType:
	case *lua.LTable:
		b, err := codec.AppendArgs(nil, args)
		if err != nil {
			codec.Raise(L, err.Error())
		}
		q.args = string(b)
	case lua.LString, lua.LNumber:
		q.args = codec.ToString(L, args)
	default:
		codec.Raise(L, "Bad args option value")
	}
	q.vars = pairs(L, opts, "vars")
	q.headers = pairs(L, opts, "headers")
	q.shareVars = flag(L, opts, "share_all_vars")
	q.copyVars = flag(L, opts, "copy_all_vars")
	q.forwardBody = lua.LVAsBool(L.GetField(opts, "always_forward_body"))
	switch m := L.GetField(opts, "method").(type) {
	case *lua.LNilType:
	case lua.LNumber:
		q.method = int(m)
	default:
		codec.Raise(L, "Bad http request method")
	}
	switch ctx := L.GetField(opts, "ctx").(type) {
	case *lua.LNilType:
	case *lua.LTable:
		q.ctx = ctx
	default:
		codec.Raise(L, fmt.Sprintf("Bad ctx option value type %s, expected a Lua table", ctx.Type()))
	}
	switch body := L.GetField(opts, "body").(type) {
	case *lua.LNilType:
	case lua.LString, lua.LNumber:
		s := codec.ToString(L, body)
		q.body = &s
	default:
		codec.Raise(L, "Bad http request body")
	}
}

func flag(L *lua.LState, opts *lua.LTable, name string) bool {
	switch v := L.GetField(opts, name).(type) {
	case *lua.LNilType:
		return false
	case lua.LBool:
		return bool(v)
	}
	codec.Raise(L, "Bad "+name+" option value")
	return false
}

func pairs(L *lua.LState, opts *lua.LTable, name string) []pair {
	var t *lua.LTable
	switch v := L.GetField(opts, name).(type) {
	case *lua.LNilType:
		return nil
	case *lua.LTable:
		t = v
	default:
		codec.Raise(L, "Bad "+name+" option value")
	}
	var out []pair
	for k, v := range machine.Pairs(t) {
		key, ok := k.(lua.LString)
		if !ok {
			// the same words for both options, as upstream has them
			codec.Raise(L, `attempt to use a non-string key in the "vars" option table`)
		}
		switch v.(type) {
		case lua.LString, lua.LNumber:
		default:
			codec.Raise(L, "attempt to use bad variable value type "+v.Type().String())
		}
		out = append(out, pair{string(key), codec.ToString(L, v)})
	}
	return out
}
