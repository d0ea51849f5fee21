package req

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

// maxHeaders is how many header lines get_headers returns where the script gives no limit.
const maxHeaders = 100

// headers is headers, err = ngx.req.get_headers(max_headers?, raw?).
func (l *library) headers(L *lua.LState) int {
	r := l.v.Current().Live(L, "no request found")
	limit := optional(L, 1, -1, "ngx_http_lua_ffi_req_get_headers_count")
	if limit < 0 {
		limit = maxHeaders
	}
	raw := !lua.LVIsFalse(L.Get(2))
	lines := r.In.All()
	truncated := limit > 0 && len(lines) > limit
	if truncated {
		r.Logf(phases.LogDebug, "lua exceeding request header limit %d > %d", len(lines), limit)
		lines = lines[:limit]
	}
	t := l.table(L, lines, raw)
	if !raw {
		t.Metatable = l.listMeta
	}
	L.Push(t)
	if !truncated {
		return 1
	}
	L.Push(lua.LString("truncated"))
	return 2
}

// fewHeaders is how many headers are shown without a list of them on the heap.
const fewHeaders = 24

// table is the headers as a script sees them.
func (l *library) table(L *lua.LState, lines []phases.Header, raw bool) *lua.LTable {
	n := len(lines)
	if n > 0 && n <= fewHeaders {
		var names, texts [fewHeaders]string
		for i := range lines {
			names[i], texts[i] = lines[i].Name, lines[i].Value
		}
		shapes := &l.headerNames
		if raw {
			shapes = &l.rawNames
		}
		if shape := shapes.Of(names[:n], !raw); shape != nil {
			return shape.Strings(texts[:n])
		}
	}
	names, values := make([]lua.LValue, n), make([]lua.LValue, n)
	for i, h := range lines {
		if !raw {
			h.Name = strings.ToLower(h.Name)
		}
		names[i], values[i] = lua.LString(h.Name), lua.LString(h.Value)
	}
	return codec.Fields(L, names, values)
}

// setHeader is ngx.req.set_header(header_name, header_value).
func (l *library) setHeader(L *lua.LState) int {
	l.change(L, L.Get(1), L.Get(2), true)
	return 0
}

// addHeader is req.add_header(header_name, header_value) of the module ngx.req.
func (l *library) addHeader(L *lua.LState) int {
	l.change(L, L.Get(1), L.Get(2), false)
	return 0
}

// clearHeader is ngx.req.clear_header(header_name).
func (l *library) clearHeader(L *lua.LState) int {
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	if !SetHeader(c.Live(L, "no request found"), codec.ToString(L, L.Get(1)), "", true) {
		codec.Raise(L, "failed to set header")
	}
	return 0
}

func (l *library) change(L *lua.LState, name, value lua.LValue, override bool) {
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	if name == lua.LNil {
		codec.Raise(L, "bad 'name' argument: string expected, got nil")
	}
	key := codec.ToString(L, name)
	text, ok := "", true
	switch value := value.(type) {
	case *lua.LNilType:
		if !override {
			codec.Raise(L, "bad 'value' argument: string or table expected, got nil")
		}
	case *lua.LTable:
		n := value.Len()
		if n == 0 {
			if !override {
				codec.Raise(L, "bad 'value' argument: non-empty table expected")
			}
			break
		}
		r := c.Live(L, "no request found")
		for i := 1; i <= n && ok; i++ {
			e := value.RawGetInt(i)
			s, isString := e.(lua.LString)
			if !isString {
				s = lua.LString(codec.ToString(L, e))
				value.RawSetInt(i, s)
			}
			ok = SetHeader(r, key, string(s), override && i == 1)
		}
		if !ok {
			codec.Raise(L, "failed to set header")
		}
		return
	case lua.LString:
		text = string(value)
	default:
		text = codec.ToString(L, value)
	}
	if !SetHeader(c.Live(L, "no request found"), key, text, override) {
		codec.Raise(L, "failed to set header")
	}
}

// SetHeader gives the request's header name a value and keeps what the engine derives from it (the
// host, the body's length) in step. An empty value removes the header. With override the lines that are
// there are replaced, else one is added where nginx allows more than one. ok is false for a value that
// the header cannot have.
func SetHeader(r *phases.Request, name, value string, override bool) (ok bool) {
	if r.Proto == phases.HTTP09 {
		return true // which has no headers
	}
	name = codec.Escape(name, codec.EscapeHeaderName)
	value = codec.Escape(value, codec.EscapeHeaderValue)
	if r.Out.Status == 400 {
		return true // a bad request has no headers to change
	}
	known := isSingle(name)
	switch {
	case !known:
	case phases.EqualFold(name, "Host"):
		host := ""
		if value != "" {
			if host, ok = phases.ValidHost(value); !ok {
				return false
			}
		}
		r.Host = host
	case phases.EqualFold(name, "Content-Length"):
		length := int64(-1)
		if value != "" {
			n, err := strconv.ParseUint(value, 10, 63)
			if err != nil {
				return false
			}
			length = int64(n)
		}
		r.ContentLength = length
	case phases.EqualFold(name, "Upgrade"):
		r.Upgrade = value != ""
	}
	switch {
	case !override && !known:
		r.In.Add(name, value)
	case value == "":
		r.In.Delete(name)
	default:
		for _, h := range r.In.All() {
			if phases.EqualFold(h.Name, name) {
				name = h.Name // a changed header keeps its spelling
				break
			}
		}
		r.In.Put(name, value)
	}
	return true
}

// isSingle reports whether nginx keeps one line only of the request header name.
func isSingle(name string) bool {
	for _, s := range singles[min(len(name), len(singles)-1)] {
		if phases.EqualFold(name, s) {
			return true
		}
	}
	return false
}

// singles are the names by their length.
var singles = func() (by [20][]string) {
	for _, s := range []string{
		"Host", "Connection", "If-Modified-Since", "If-Unmodified-Since", "If-Match", "If-None-Match", "User-Agent", "Referer",
		"Content-Length", "Content-Type", "Range", "If-Range", "Transfer-Encoding", "Expect", "Upgrade", "Accept-Encoding", "Via",
		"Authorization", "Keep-Alive", "X-Real-IP", "Depth", "Destination", "Overwrite", "Date",
	} {
		by[len(s)] = append(by[len(s)], s)
	}
	return by
}()
