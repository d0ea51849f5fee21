package gzip

import (
	"strings"
	"time"

	"moongate/phases"
)

// suitable reports whether the response is one that may be compressed, for a client that accepts it.
func (c *location) suitable(r *phases.Request) bool {
	o := &r.Out
	if !c.on.V || o.Status != 200 && o.Status != 403 && o.Status != 404 || r.HeaderOnly ||
		o.ContentLength >= 0 && o.ContentLength < c.minLength.V {
		return false
	}
	if v, _ := o.Headers.Value("Content-Encoding"); v != "" {
		return false
	}
	return c.types.V == nil || o.ContentType != "" && c.types.V[strings.ToLower(o.MediaType())]
}

// accepted reports whether the client takes gzip and nothing forbids it (ngx_http_gzip_ok).
func (c *location) accepted(r *phases.Request) bool {
	if r.IsSub() || r.Proto < c.version.V {
		return false
	}
	if ae, ok := r.In.Value("Accept-Encoding"); !ok || !acceptsGzip(ae) {
		return false
	}
	if r.In.Has("Via") && !c.proxied.V.allows(r) {
		return false
	}
	ua, ok := r.In.Value("User-Agent")
	if !ok {
		return true
	}
	if c.disable.V.msie6 && isMSIE6(ua) {
		return false
	}
	for _, re := range c.disable.V.regexes {
		caps := make([]int, 2*(re.NumCaptures()+1))
		if hit, err := re.Match(ua, 0, caps, nil); hit || err != nil {
			return false
		}
	}
	return true
}

// isMSIE6 tells Internet Explorer 4 to 6, but not 6 with its second service pack.
func isMSIE6(ua string) bool {
	i := strings.Index(ua, "MSIE ")
	if i < 0 || len(ua) < i+8 || ua[i+6] != '.' {
		return false
	}
	switch ua[i+5] {
	case '4', '5':
		return true
	case '6':
		return !strings.Contains(ua[i+8:], "SV1")
	}
	return false
}

// acceptsGzip reads an Accept-Encoding header as nginx does: the first gzip counts, unless its quality is 0.
func acceptsGzip(ae string) bool {
	lower := strings.ToLower(ae)
	i := strings.Index(lower, "gzip")
	for i > 0 && ae[i-1] != ',' && ae[i-1] != ' ' {
		next := strings.Index(lower[i+len("gzip"):], "gzip")
		if next < 0 {
			return false
		}
		i += len("gzip") + next
	}
	if i < 0 {
		return false
	}
	rest := strings.TrimLeft(lower[i+len("gzip"):], " ")
	if rest == "" || rest[0] == ',' {
		return true
	}
	if rest[0] != ';' {
		return false
	}
	rest = strings.TrimLeft(rest[1:], " ")
	if rest == "" {
		return true
	}
	q, ok := strings.CutPrefix(rest, "q=")
	if !ok {
		return false
	}
	if end := strings.IndexAny(q, ", "); end >= 0 {
		q = q[:end]
	}
	return positiveQuality(q)
}

// positiveQuality reports whether q is "1", "1.000", or a fraction above zero with up to three digits.
func positiveQuality(q string) bool {
	whole, frac, dotted := strings.Cut(q, ".")
	if whole != "0" && whole != "1" || len(frac) > 3 || !dotted && frac != "" {
		return false
	}
	sum := byte(0)
	for i := range len(frac) {
		if frac[i] < '0' || frac[i] > '9' {
			return false
		}
		sum |= frac[i] - '0'
	}
	if whole == "1" {
		return sum == 0
	}
	return sum != 0
}

// allows decides on a request that came through a proxy.
func (p proxied) allows(r *phases.Request) bool {
	o := &r.Out
	switch {
	case p&proxiedOff != 0:
		return false
	case p&proxiedAny != 0, p&proxiedAuth != 0 && r.In.Has("Authorization"):
		return true
	}
	if expires, ok := o.Headers.Value("Expires"); ok {
		if p&proxiedExpired == 0 {
			return false
		}
		at, ok := phases.ParseHTTPTime(expires)
		date := time.Now()
		if ok && o.Date != nil && *o.Date != "" {
			date, ok = phases.ParseHTTPTime(*o.Date)
		}
		return ok && at.Before(date)
	}
	if lines := o.Headers.Values("Cache-Control"); lines != nil {
		return p&proxiedNoCache != 0 && hasToken(lines, "no-cache") ||
			p&proxiedNoStore != 0 && hasToken(lines, "no-store") ||
			p&proxiedPrivate != 0 && hasToken(lines, "private")
	}
	if p&proxiedNoLastModified != 0 && (!o.LastModified.IsZero() || o.Headers.Has("Last-Modified")) {
		return false
	}
	return p&proxiedNoETag == 0 || !o.Headers.Has("ETag")
}

func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(part), "=")
			if phases.EqualFold(name, token) {
				return true
			}
		}
	}
	return false
}
