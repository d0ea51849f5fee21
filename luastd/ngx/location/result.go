package location

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/machine"
)

// post is what becomes of the subrequest's status: the script gets it, and no error page is made
// (ngx_http_lua_post_subrequest).
func (x *capture) post(sr *phases.Request, rc phases.Status) phases.Status {
	if rc == phases.Done || x.status != 0 {
		return rc
	}
	x.status = sr.Out.Status
	if x.status == 0 {
		x.status = statusOf(rc)
	}
	switch {
	case rc == phases.Error:
		return phases.OK
	case rc == phases.StatusClose, rc == 408, rc == phases.StatusClientClosedRequest:
		return rc
	case rc == 201, rc == 204, rc.IsSpecial():
		out := &sr.Out
		out.Status, out.StatusText = int(rc), ""
		out.ContentType, out.Charset, out.ContentLength = "", "", 0
		out.AllowRanges = false
		out.ClearLastModified()
		if !sr.HeaderSent {
			sr.SendHeader()
		}
		return phases.OK
	}
	return rc
}

func statusOf(rc phases.Status) int {
	switch {
	case rc == phases.OK:
		return 200
	case rc == phases.Error:
		return 500
	case rc >= 100:
		return int(rc)
	}
	return 0
}

// table is the response as the script gets it.
func (x *capture) table(L *lua.LState, m *phases.Module) lua.LValue {
	sr := x.sr
	if x.status == 0 {
		if x.status = sr.Out.Status; x.status == 0 {
			x.status = statusOf(sr.FinalStatus())
		}
	}
	if c, ok := sr.Ctx(m).(*handler.Ctx); ok && c.HeadersSet && !c.MIMESet && sr.Out.ContentType == "" && c.UseDefaultType {
		sr.Out.ContentType = sr.MIMEType(sr.URI)
	}
	body, whole := sr.Captured()
	return machine.NewRecord(fields, []lua.LValue{
		machine.Number(L, float64(x.status)), lua.LBool(!whole), lua.LString(body), header(L, &sr.Out),
	})
}

// fields are those of a response, as a script gets it.
var fields = []lua.LValue{lua.LString("status"), lua.LString("truncated"), lua.LString("body"), lua.LString("header")}

var (
	server        lua.LValue = lua.LString("Server")
	date          lua.LValue = lua.LString("Date")
	contentType   lua.LValue = lua.LString("Content-Type")
	contentLength lua.LValue = lua.LString("Content-Length")
	lastModified  lua.LValue = lua.LString("Last-Modified")
)

// header is the response's head as a table: a name that occurs several times has a list of values.
func header(L *lua.LState, out *phases.Response) *lua.LTable {
	const more = 5 // which have a place of their own
	n := out.Headers.Len() + more
	var room [8]lua.LValue
	names, values := make([]lua.LValue, 0, n), room[:0]
	put := func(name, value lua.LValue) {
		for i, known := range names { // in its own place, it counts alone
			if known == name {
				values[i] = value
				return
			}
		}
		names, values = append(names, name), append(values, value)
	}
	for _, h := range out.Headers.All() {
		names, values = append(names, lua.LString(h.Name)), append(values, lua.LString(h.Value))
	}
	if out.Server != nil && *out.Server != "" {
		put(server, lua.LString(*out.Server))
	}
	if out.Date != nil && *out.Date != "" {
		put(date, lua.LString(*out.Date))
	}
	if out.ContentType != "" {
		put(contentType, lua.LString(out.ContentType))
	}
	if out.ContentLength >= 0 {
		put(contentLength, machine.Number(L, float64(out.ContentLength)))
	}
	if !out.LastModified.IsZero() && !out.Headers.Has("Last-Modified") {
		switch out.Status {
		case 200, 204, 206, 304:
			put(lastModified, lua.LString(httpTime(out.LastModified)))
		}
	}
	return codec.Fields(L, names, values)
}

func httpTime(t time.Time) string { return codec.HTTPTime(t.Unix()) }
