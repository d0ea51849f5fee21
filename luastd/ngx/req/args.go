package req

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/machine"
)

// setURIArgs is ngx.req.set_uri_args(args).
func (l *library) setURIArgs(L *lua.LState) int {
	arity(L, 1, 1, "1 argument")
	r := l.v.Current().Live(L, "no request object found")
	switch v := L.Get(1).(type) {
	case lua.LNumber:
		r.Args = codec.FormatNumber(float64(v))
	case lua.LString:
		r.Args = codec.Escape(string(v), codec.EscapeRawArgs)
	case *lua.LTable:
		query, err := codec.AppendArgs(nil, v)
		if err != nil {
			codec.Raise(L, err.Error())
		}
		r.Args = string(query)
	default:
		codec.ArgError(L, 1, "set_uri_args", "string, number, or table expected, but got "+v.Type().String())
	}
	r.ArgsGiven, r.UnparsedStale = true, true
	return 0
}

// uriArgs is args, err = ngx.req.get_uri_args(max_args?, tab?).
func (l *library) uriArgs(L *lua.LState) int {
	r := l.v.Current().Live(L, "no request found")
	limit := optional(L, 1, -1, "ngx_http_lua_ffi_req_get_uri_args_count")
	t, _ := L.Get(2).(*lua.LTable)
	if t != nil {
		clearTable(t)
	}
	t, truncated := codec.URIArgsToTable(L, r.Args, limit, t, &l.args)
	L.Push(t)
	if !truncated {
		return 1
	}
	if limit < 0 {
		limit = codec.DefaultMaxArgs
	}
	r.Logf(phases.LogDebug, "lua hit query args limit %d", limit)
	L.Push(lua.LString("truncated"))
	return 2
}

func clearTable(t *lua.LTable) {
	machine.Clear(t)
}

// postArgs is args, err = ngx.req.get_post_args(max_args?).
func (l *library) postArgs(L *lua.LState) int {
	limit := codec.DefaultMaxArgs
	if arity(L, 0, 1, "0 or 1 arguments") == 1 {
		limit = int(codec.CheckNumber(L, 1, "get_post_args"))
	}
	c := l.v.Current()
	r := c.Live(L, "no request object found")
	if r.BodyDiscarded() {
		L.Push(L.CreateTable(0, 0))
		return 1
	}
	if !bodyReady(c) {
		codec.Raise(L, "no request body found; maybe you should turn on lua_need_request_body?")
	}
	if r.Body.File() != "" {
		L.Push(lua.LNil)
		L.Push(lua.LString("request body in temp file not supported"))
		return 2
	}
	body, _ := r.Body.Bytes()
	t, truncated := codec.ArgsToTable(L, string(body), limit, nil)
	L.Push(t)
	if !truncated {
		return 1
	}
	r.Logf(phases.LogDebug, "lua hit query args limit %d", limit)
	L.Push(lua.LString("truncated"))
	return 2
}
