package headers

import (
	"strconv"
	"time"

	"moongate/phases"
)

// safe tells the statuses that lines without "always" count for.
func safe(status int) bool {
	switch status {
	case 200, 201, 204, 206, 301, 302, 303, 304, 307, 308:
		return true
	}
	return false
}

func (c *location) apply(r *phases.Request) {
	ok := safe(r.Out.Status)
	if c.expires.V.kind != expiresOff && ok {
		c.expires.V.apply(r, time.Now())
	}
	for i := range c.headers {
		x := &c.headers[i]
		if !ok && !x.always {
			continue
		}
		value := x.value.Eval(r)
		switch {
		case phases.EqualFold(x.name, "Last-Modified"), phases.EqualFold(x.name, "ETag"):
			r.Out.SetHeader(x.name, value)
		case value != "":
			r.Out.Headers.Add(x.name, value)
		}
	}
	if c.expectsTrailers(r, ok) {
		r.Out.ClearContentLength()
	}
}

// expectsTrailers tells whether the answer can and shall have trailers, for which it must be chunked.
func (c *location) expectsTrailers(r *phases.Request, ok bool) bool {
	if r.Proto != phases.HTTP11 || r.Method == "HEAD" || r.HeaderOnly || !r.Loc.Core.ChunkedTransfer.V ||
		r.Out.Status == 204 || r.Out.Status == 304 {
		return false
	}
	for i := range c.trailers {
		if ok || c.trailers[i].always {
			return true
		}
	}
	return false
}

// addTrailers evaluates the trailers once the answer's last piece passes.
func (c *location) addTrailers(r *phases.Request, in []phases.Buf) {
	last := false
	for i := range in {
		last = last || in[i].Last
	}
	ok := safe(r.Out.Status)
	if !last || !c.expectsTrailers(r, ok) {
		return
	}
	for i := range c.trailers {
		x := &c.trailers[i]
		if !ok && !x.always {
			continue
		}
		if value := x.value.Eval(r); value != "" {
			r.Out.Trailers.Add(x.name, value)
		}
	}
}

func (e expiry) apply(r *phases.Request, now time.Time) {
	if e.value != nil {
		parsed, err := parseExpires(e.value.Eval(r), e.kind)
		if err != nil || parsed.kind == expiresOff {
			return
		}
		e = parsed
	}
	expires, control := e.lines(now, r.Out.LastModified)
	r.Out.Headers.Put("Expires", expires)
	r.Out.Headers.Put("Cache-Control", control)
}

// lines are the values of Expires and Cache-Control.
func (e expiry) lines(now, modified time.Time) (expires, control string) {
	now = now.Truncate(time.Second)
	var at time.Time
	switch e.kind {
	case expiresEpoch:
		return "Thu, 01 Jan 1970 00:00:01 GMT", "no-cache"
	case expiresMax:
		return "Thu, 31 Dec 2037 23:55:55 GMT", "max-age=315360000"
	case expiresDaily:
		at = nextTime(now, e.after)
	case expiresModified:
		at = now
		if e.after != 0 {
			if !modified.IsZero() {
				at = modified
			}
			at = at.Add(e.after)
		}
	default:
		at = now.Add(e.after)
	}
	age := at.Sub(now)
	if e.after < 0 || age < 0 {
		return phases.FormatHTTPTime(at), "no-cache"
	}
	return phases.FormatHTTPTime(at), "max-age=" + strconv.FormatInt(int64(age/time.Second), 10)
}

// nextTime is the next moment at which the local clock shows the time of day.
func nextTime(now time.Time, ofDay time.Duration) time.Time {
	y, mo, d := now.Date()
	s := int(ofDay / time.Second)
	at := time.Date(y, mo, d, s/3600, s/60%60, s%60, 0, now.Location())
	if at.After(now) {
		return at
	}
	return time.Date(y, mo, d+1, s/3600, s/60%60, s%60, 0, now.Location())
}
