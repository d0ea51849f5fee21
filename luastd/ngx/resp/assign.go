package resp

import (
	"strings"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

// assign gives the response header name the values; none removes it. With override the lines that are
// there are replaced, else added to. ok is false for a length that is no number.
func assign(c *handler.Ctx, name string, values []string, override bool) (ok bool) {
	r := c.R
	if r.HeaderSent {
		c.Log(phases.LogErr, "attempt to set ngx.header.HEADER after sending out response headers")
		return true
	}
	if name == "" {
		return true // nginx leaves out a line without a name
	}
	name = spell(c, name)
	c.HeadersSet = true
	name = codec.Escape(name, codec.EscapeHeaderName)
	if len(values) == 0 {
		return assignOne(c, name, "", override)
	}
	for i, v := range values {
		if !assignOne(c, name, codec.Escape(v, codec.EscapeHeaderValue), override && i == 0) {
			return false
		}
	}
	return true
}

// spell turns underscores into dashes, where lua_transform_underscores_in_response_headers is on.
func spell(c *handler.Ctx, name string) string {
	if (c.Settings == nil || c.Settings.TransformUnderscores) && strings.IndexByte(name, '_') >= 0 {
		return strings.ReplaceAll(name, "_", "-")
	}
	return name
}

func assignOne(c *handler.Ctx, name, value string, override bool) bool {
	o := &c.R.Out
	switch kindOf(name) {
	case contentType:
		c.MIMESet = true
		return o.SetHeader(name, value)
	case fields:
		return o.SetHeader(name, value)
	case lastModified:
		o.SetHeader(name, value)
		// The engine compares conditions with its own field, and writes it in one form only.
		if t, ok := phases.ParseHTTPTime(value); ok && codec.HTTPTime(t.Unix()) == value {
			o.Headers.Delete(name)
			o.LastModified = t
		}
	case single:
		o.SetHeader(name, value)
	default:
		replace(&o.Headers, name, value, override)
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
				name = x.Name
				break
			}
		}
		h.Put(name, value)
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
	case 8:
		if is("Location") {
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
