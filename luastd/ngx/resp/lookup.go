package resp

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

// maxValues is how many lines of one name a script is shown.
const maxValues = 100

// lookup is the header as ngx.header shows it.
func lookup(L *lua.LState, c *handler.Ctx, h *header) lua.LValue {
	o := &c.R.Out
	name := h.shown
	switch h.kind {
	case contentType:
		if o.ContentType != "" {
			return lua.LString(o.ContentType)
		}
	case lastModified:
		return modified(o)
	case fields:
		if v, ok := field(o, name); ok {
			return lua.LString(v)
		}
	}
	first, n := "", 0
	var list *lua.LTable
	for _, h := range o.Headers.All() {
		if !phases.EqualFold(h.Name, name) {
			continue
		}
		switch n++; n {
		case 1:
			first = h.Value
			continue
		case 2:
			list = L.CreateTable(4, 0)
			list.Append(lua.LString(first))
		}
		list.Append(lua.LString(h.Value))
		if n == maxValues {
			break
		}
	}
	switch {
	case list != nil:
		return list
	case n == 1:
		return lua.LString(first)
	}
	return lua.LNil
}

// field is a header that the response keeps in a field of its own, if it is set.
func field(o *phases.Response, name string) (string, bool) {
	p := o.Date
	switch name[0] | 0x20 {
	case 'c':
		if o.ContentLength < 0 {
			return "", false
		}
		return strconv.FormatInt(o.ContentLength, 10), true
	case 's':
		p = o.Server
	}
	if p == nil || *p == "" {
		return "", false
	}
	return *p, true
}

func modified(o *phases.Response) lua.LValue {
	if !o.LastModified.IsZero() {
		return lua.LString(codec.HTTPTime(o.LastModified.Unix()))
	}
	if raw, ok := o.Headers.Value("Last-Modified"); ok {
		if sec, ok := codec.ParseHTTPTime(raw); ok {
			return lua.LString(codec.HTTPTime(sec))
		}
	}
	return lua.LNil
}

// headers is headers, err = ngx.resp.get_headers(max_headers?, raw?).
func (l *library) headers(L *lua.LState) int {
	limit, raw := maxValues, false
	if L.GetTop() >= 1 && L.Get(1) != lua.LNil {
		limit = int(codec.CheckNumber(L, 1, "get_headers"))
	}
	if L.GetTop() >= 2 {
		raw = !lua.LVIsFalse(L.Get(2))
	}
	r := l.v.Current().Live(L, "no request object found")
	o := &r.Out
	t := L.CreateTable(0, o.Headers.Len()+4)
	if !raw {
		t.Metatable = l.listMeta
	}
	n := 0
	put := func(name, value string) {
		if !raw {
			name = strings.ToLower(name)
		}
		codec.AddValue(L, t, name, lua.LString(value))
		n++
	}
	if o.ContentType != "" {
		put("content-type", o.ContentType)
	}
	if v, ok := field(o, "content-length"); ok {
		put("content-length", v)
	}
	v, _ := r.Var("sent_http_connection")
	put("connection", v)
	if v, ok := r.Var("sent_http_transfer_encoding"); ok {
		put("transfer-encoding", v)
	}
	for _, name := range [...]string{"Server", "Date"} {
		if v, ok := field(o, name); ok {
			put(name, v)
		}
	}
	if !o.LastModified.IsZero() {
		put("Last-Modified", codec.HTTPTime(o.LastModified.Unix()))
	}
	total := n + o.Headers.Len()
	truncated := limit > 0 && total > limit
	for _, h := range o.Headers.All() {
		if truncated && n >= limit {
			break
		}
		put(h.Name, h.Value)
	}
	L.Push(t)
	if !truncated {
		return 1
	}
	r.Logf(phases.LogDebug, "lua exceeding response header limit %d > %d", total, limit)
	L.Push(lua.LString("truncated"))
	return 2
}
