package location

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
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
	res := L.CreateTable(0, 4)
	res.RawSetString("status", lua.LNumber(x.status))
	res.RawSetString("truncated", lua.LBool(!whole))
	res.RawSetString("body", lua.LString(body))
	res.RawSetString("header", header(L, &sr.Out))
	return res
}

// header is the response's head as a table: a name that occurs several times has a list of values.
func header(L *lua.LState, out *phases.Response) *lua.LTable {
	t := L.CreateTable(0, out.Headers.Len()+5)
	for _, h := range out.Headers.All() {
		codec.AddValue(L, t, h.Name, lua.LString(h.Value))
	}
	if out.Server != nil && *out.Server != "" {
		t.RawSetString("Server", lua.LString(*out.Server))
	}
	if out.Date != nil && *out.Date != "" {
		t.RawSetString("Date", lua.LString(*out.Date))
	}
	if out.ContentType != "" {
		t.RawSetString("Content-Type", lua.LString(out.ContentType))
	}
	if out.ContentLength >= 0 {
		t.RawSetString("Content-Length", lua.LNumber(out.ContentLength))
	}
	if !out.LastModified.IsZero() && !out.Headers.Has("Last-Modified") {
		switch out.Status {
		case 200, 204, 206, 304:
			t.RawSetString("Last-Modified", lua.LString(httpTime(out.LastModified)))
		}
	}
	return t
}

func httpTime(t time.Time) string { return codec.HTTPTime(t.Unix()) }
