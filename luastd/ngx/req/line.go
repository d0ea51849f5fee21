package req

import (
	"bytes"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/vm"
)

// methodNumbers are nginx's numbers of the methods it knows.
var methodNumbers = map[string]int{
	"GET": 1 << 1, "HEAD": 1 << 2, "POST": 1 << 3, "PUT": 1 << 4, "DELETE": 1 << 5, "MKCOL": 1 << 6, "COPY": 1 << 7, "MOVE": 1 << 8,
	"OPTIONS": 1 << 9, "PROPFIND": 1 << 10, "PROPPATCH": 1 << 11, "LOCK": 1 << 12, "UNLOCK": 1 << 13, "PATCH": 1 << 14, "TRACE": 1 << 15,
}

// isInternal is is_internal = ngx.req.is_internal().
func (l *library) isInternal(L *lua.LState) int {
	L.Push(lua.LBool(l.v.Current().Live(L, "no request found").Internal))
	return 1
}

// startTime is secs = ngx.req.start_time().
func (l *library) startTime(L *lua.LState) int {
	r := l.v.Current().Live(L, "no request found")
	L.Push(lua.LNumber(float64(r.Start.UnixMilli()) / 1000))
	return 1
}

// httpVersion is num = ngx.req.http_version().
func (l *library) httpVersion(L *lua.LState) int {
	r := l.v.Current().Live(L, "no request object found")
	L.Push(lua.LNumber(float64(r.Proto) / 10))
	return 1
}

// rawHeader is str = ngx.req.raw_header(no_request_line?).
func (l *library) rawHeader(L *lua.LState) int {
	r := l.v.Current().Live(L, "no request object found").Main
	if r.Proto >= phases.HTTP20 {
		codec.Raise(L, "http2 requests not supported yet")
	}
	var head []byte
	if r.Wire != nil && r.RequestLine != "" {
		head = r.Wire.RawHead()
	}
	if !lua.LVIsFalse(L.Get(1)) {
		_, head, _ = bytes.Cut(head, []byte("\n"))
	}
	L.Push(lua.LString(head))
	return 1
}

// method is method_name = ngx.req.get_method().
func (l *library) method(L *lua.LState) int {
	r := l.v.Current().Live(L, "no request found")
	name, ok := l.methods[r.Method]
	if !ok {
		name = lua.LString(r.Method)
	}
	L.Push(name)
	return 1
}

// setMethod is ngx.req.set_method(method_id).
func (l *library) setMethod(L *lua.LState) int {
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	n, ok := L.Get(1).(lua.LNumber)
	if !ok {
		codec.Raise(L, "bad method number")
	}
	r := c.Live(L, "no request found")
	name, ok := l.numbers[lua.LNumber(int(n))]
	if !ok {
		codec.Raise(L, "unsupported HTTP method: "+codec.FormatNumber(float64(n)))
	}
	r.Method = name
	return 0
}

// setURI is ngx.req.set_uri(uri, jump?, binary?).
func (l *library) setURI(L *lua.LState) int {
	n := arity(L, 1, 3, "1, 2 or 3 arguments")
	c := l.v.Current()
	r := c.Live(L, "no request found")
	uri := codec.CheckString(L, 1, "set_uri")
	if uri == "" {
		codec.Raise(L, "attempt to use zero-length uri")
	}
	binary := n >= 3 && flag(L, 3, "set_uri")
	if i := codec.UnsafeByte(uri); i >= 0 && !binary {
		codec.Raise(L, fmt.Sprintf("unsafe byte \"0x%02x\" in uri \"%s\" (maybe you want to set the 'binary' argument?)", uri[i], codec.EscapeLog(uri)))
	}
	jump := n >= 2 && flag(L, 2, "set_uri")
	if jump {
		c.LiveIn(L, "no request found", handler.Rewrite|handler.ServerRewrite)
		if c.Enabled(phases.LogDebug) {
			r.Log(phases.LogDebug, "lua set uri jump to \""+uri+"\"")
		}
		if c.NoAbort > 0 {
			codec.Raise(L, "attempt to abort with pending subrequests")
		}
	}
	r.URI, r.Internal, r.UnparsedStale = uri, true, true
	if jump {
		vm.Raise(L, handler.Jump{})
	}
	r.LocationStale, r.URIChanged = true, false
	return 0
}
