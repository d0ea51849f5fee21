package upstream

import (
	"strings"

	"moongate/phases"
)

// respond passes the answer on to the client, or wherever X-Accel-Redirect sends the request.
func (x *Exchange) respond() phases.Status {
	r, p := x.R, &x.resp
	if p.redirect != "" && x.Conf.Ignore&IgnoreRedirect == 0 {
		return x.redirect()
	}
	r.Out.Status, r.Out.StatusText = p.status, p.text
	r.Out.ContentLength = p.length
	x.relay.buffering = x.Conf.Buffering
	x.copyHeaders()
	if p.upgrade {
		return x.upgrade()
	}
	bodiless := x.Head || p.status == 204 || p.status == 304
	rc := r.SendHeader()
	if rc == phases.Error || rc > phases.OK {
		return x.end(rc)
	}
	if bodiless || !p.chunked && p.length == 0 && x.relay.tail == "" {
		x.relay.length = 0
		x.finish(!p.close && x.c.r == x.c.w)
		if r.HeaderOnly {
			return phases.OK
		}
		return r.SendLast()
	}
	if r.HeaderOnly {
		x.finish(false)
		return rc
	}
	return x.relayBody()
}

// redirect obeys X-Accel-Redirect.
func (x *Exchange) redirect() phases.Status {
	r := x.R
	for i := range x.resp.headers {
		h := &x.resp.headers[i]
		if x.Conf.Hidden.Has(h.Name) {
			continue
		}
		switch {
		case phases.EqualFold(h.Name, "Content-Type"):
			r.Out.SetHeader("Content-Type", h.Value)
		case phases.EqualFold(h.Name, "Set-Cookie"):
			v, _ := x.Maker.Cookie(x, h.Value)
			r.Out.Headers.Add(h.Name, v)
		case phases.EqualFold(h.Name, "Content-Disposition"), phases.EqualFold(h.Name, "Cache-Control"),
			phases.EqualFold(h.Name, "Expires"), phases.EqualFold(h.Name, "Accept-Ranges"):
			r.Out.Headers.Add(h.Name, h.Value)
		}
	}
	target := x.resp.redirect
	p := &x.resp
	x.finish(!p.close && x.c.r == x.c.w && (x.Head || p.status == 204 || p.status == 304 || !p.chunked && p.length == 0))
	x.stopWatch()
	if strings.HasPrefix(target, "@") {
		return r.NamedLocation(target)
	}
	path, args, ok := phases.UnescapedPath(target)
	if !ok {
		r.Logf(phases.LogErr, "unsafe URI %q was detected", target)
		return 404
	}
	if r.Method != "HEAD" {
		r.Method = "GET"
	}
	return r.InternalRedirect(path, args)
}

var noHeader = ""

// copyHeaders moves the upstream's header lines into the response's head.
func (x *Exchange) copyHeaders() {
	r := x.R
	out := &r.Out
	if x.Conf.ForceRanges {
		out.AllowRanges = true
	}
	server, date := false, false
	for i := range x.resp.headers {
		h := &x.resp.headers[i]
		k := x.resp.kinds[i]
		switch k {
		case kindLimitRate:
			if x.Conf.Ignore&IgnoreLimitRate == 0 {
				r.SetVar("limit_rate", h.Value, false) //nolint:errcheck // the variable exists
			}
		case kindBuffering:
			if x.Conf.Ignore&IgnoreBuffering == 0 {
				switch {
				case phases.EqualFold(h.Value, "yes"):
					x.relay.buffering = true
				case phases.EqualFold(h.Value, "no"):
					x.relay.buffering = false
				}
			}
		case kindCharset:
			if x.Conf.Ignore&IgnoreCharset == 0 {
				out.Charset = h.Value
			}
		case kindLength, kindEncoding, kindConnection:
			continue
		}
		if x.Conf.Hidden.Has(h.Name) {
			continue
		}
		switch k {
		case kindType:
			charset := out.Charset
			if containsFold(h.Value, "charset=") {
				out.SetHeader("Content-Type", h.Value)
				if charset != "" {
					out.Charset = charset
				}
			} else {
				out.ContentType = h.Value
			}
		case kindServer:
			out.Server, server = &h.Value, true
		case kindDate:
			out.Date, date = &h.Value, true
		case kindLocation:
			if v, ok := x.Maker.Location(x, h.Value); ok {
				out.Headers.Add(h.Name, r.AbsoluteLocation(v))
			} else {
				out.Headers.Add(h.Name, h.Value)
			}
		case kindRefresh:
			v, _ := x.Maker.Refresh(x, h.Value)
			out.Headers.Add(h.Name, v)
		default:
			if k < kindSingle {
				x.copyOther(h)
				continue
			}
			out.Headers.Add(h.Name, h.Value)
		}
	}
	// a header that is to be passed and did not come is not made up either
	if !server && !x.Conf.Hidden.Has("Server") {
		out.Server = &noHeader
	}
	if !date && !x.Conf.Hidden.Has("Date") {
		out.Date = &noHeader
	}
}

func (x *Exchange) copyOther(h *phases.Header) {
	out := &x.R.Out.Headers
	switch len(h.Name) {
	case 7:
		if phases.EqualFold(h.Name, "Upgrade") && !x.resp.upgrade {
			return
		}
	case 10:
		if phases.EqualFold(h.Name, "Keep-Alive") {
			return
		}
		if phases.EqualFold(h.Name, "Set-Cookie") {
			v, _ := x.Maker.Cookie(x, h.Value)
			out.Add(h.Name, v)
			return
		}
	case 13:
		if x.Conf.ForceRanges && phases.EqualFold(h.Name, "Accept-Ranges") {
			return
		}
	}
	out.Add(h.Name, h.Value)
}

// finish ends a successful attempt; reusable says that the connection is in step for another request.
func (x *Exchange) finish(reusable bool) {
	x.countBytes()
	now := x.R.Now()
	x.state.ResponseTime = x.spent(now)
	if reusable && x.bodySent && !x.aborted.Load() {
		x.bal.free(peerOK)
		x.keep(now)
	} else {
		x.debugKept(notSaving, x.c)
		x.drop()
		x.bal.freeLeft()
	}
	x.bal.peer = nil
}
