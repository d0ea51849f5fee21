package resp

import (
	"strings"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

// header is what a name in a script stands for.
type header struct {
	shown, sent string // with underscores turned into dashes, and also escaped
	kind        kind
	spelled     bool // lua_transform_underscores_in_response_headers was on
}

// header finds the response header that name stands for.
func (l *library) header(c *handler.Ctx, name string) *header {
	spelled := c.Settings == nil || c.Settings.TransformUnderscores
	h, known := l.names.At(name)
	if !known || h.spelled != spelled {
		if spelled {
			name = strings.ReplaceAll(name, "_", "-")
		}
		sent := codec.Escape(name, codec.EscapeHeaderName)
		*h = header{shown: name, sent: sent, kind: kindOf(sent), spelled: spelled}
	}
	return h
}

// assign gives the response header the values; none removes it. With override the lines that are
// there are replaced, else added to. ok is false for a length that is no number.
func assign(c *handler.Ctx, h *header, values []string, override bool) (ok bool) {
	if c.R.HeaderSent {
		c.Log(phases.LogErr, "attempt to set ngx.header.HEADER after sending out response headers")
		return true
	}
	if h.sent == "" {
		return true // nginx leaves out a line without a name
	}
	c.HeadersSet = true
	if len(values) == 0 {
		return h.assign(c, "", override)
	}
	for i, v := range values {
		if !h.assign(c, codec.Escape(v, codec.EscapeHeaderValue), override && i == 0) {
			return false
		}
	}
	return true
}

func (h *header) assign(c *handler.Ctx, value string, override bool) bool {
	o := &c.R.Out
	switch h.kind {
	case contentType:
		c.MIMESet = true
		return o.SetHeader(h.sent, value)
	case fields:
		return o.SetHeader(h.sent, value)
	case lastModified:
		o.SetHeader(h.sent, value)
		// The engine compares conditions with its own field, and writes it in one form only.
		if t, ok := phases.ParseHTTPTime(value); ok && codec.HTTPTime(t.Unix()) == value {
			o.Headers.Delete(h.sent)
			o.LastModified = t
		}
	case single:
		o.SetHeader(h.sent, value)
	default:
		replace(&o.Headers, h.sent, value, override)
	}
	return true
}

// replace sets a header that may have several lines. A line that was there keeps its name's case.
func replace(h *phases.Headers, name, value string, override bool) {
	switch {
	case !override && value != "":
		h.Add(name, value)
	case override && value == "":
		h.Delete(name)
	case override:
		for _, x := range h.All() {
			if phases.EqualFold(x.Name, name) {
				h.Put(x.Name, value)
				return
			}
		}
		h.Add(name, value)
	}
}

type kind uint8

const (
	multi kind = iota
	single
	fields
	contentType
	lastModified
)

// kindOf says how nginx keeps a response header: those with a pointer of their own have one line, except
// for Cache-Control, Link and WWW-Authenticate.
func kindOf(name string) kind {
	is := func(s string) bool { return phases.EqualFold(name, s) }
	switch len(name) {
	case 4:
		if is("Date") {
			return fields
		}
		if is("ETag") {
			return single
		}
	case 5:
		if is("E-Tag") {
			return single
		}
	case 6:
		if is("Server") {
			return fields
		}
	case 7:
		if is("Refresh") || is("Expires") {
			return single
		}
	case 12:
		if is("Content-Type") {
			return contentType
		}
	case 13:
		if is("Last-Modified") {
			return lastModified
		}
		if is("Content-Range") || is("Accept-Ranges") {
			return single
		}
	case 14:
		if is("Content-Length") {
			return fields
		}
	case 16:
		if is("Content-Encoding") {
			return single
		}
	}
	return multi
}
