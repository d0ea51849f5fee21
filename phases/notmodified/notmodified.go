// Package notmodified is nginx's not-modified filter: it answers conditional requests (RFC 9110, 13)
// with 304 or 412 where the response's ETag and Last-Modified allow it.
//
// Only the responses with status 200 to a client's own request are looked at, whoever made them. Of
// If-Modified-Since the directive if_modified_since says how it compares: exact, before or off.
package notmodified

import (
	"strings"

	"moongate/phases"
)

// Module is the filter. It has no directives of its own.
var Module = phases.NewModule(phases.Module{
	Name: "not_modified",
	Postconfigure: func(l *phases.Load) error {
		l.FilterHeader(func(next phases.HeaderHandler) phases.HeaderHandler {
			return func(r *phases.Request) phases.Status { return filter(r, next) }
		})
		return nil
	},
})

func filter(r *phases.Request, next phases.HeaderHandler) phases.Status {
	if r.Out.Status != 200 || r.IsSub() || r.IgnoreConditions {
		return next(r)
	}
	if since, ok := r.In.Value("If-Unmodified-Since"); ok && !unmodified(r, since) {
		return r.FilterFinalize(412)
	}
	if tags, ok := r.In.Value("If-Match"); ok && !matches(r, tags, false) {
		return r.FilterFinalize(412)
	}
	since, hasSince := r.In.Value("If-Modified-Since")
	tags, hasTags := r.In.Value("If-None-Match")
	if !hasSince && !hasTags ||
		hasSince && modified(r, since) ||
		hasTags && !matches(r, tags, true) {
		return next(r)
	}
	r.Out.Status, r.Out.StatusText = 304, ""
	r.Out.ContentType = ""
	r.Out.ClearContentLength()
	r.Out.AllowRanges = false
	r.Out.Headers.Delete("Accept-Ranges")
	r.Out.Headers.Delete("Content-Encoding")
	return next(r)
}

func unmodified(r *phases.Request, since string) bool {
	if r.Out.LastModified.IsZero() {
		return false
	}
	t, ok := phases.ParseHTTPTime(since)
	return ok && t.Unix() >= r.Out.LastModified.Unix()
}

func modified(r *phases.Request, since string) bool {
	how := r.Loc.Core.IfModifiedSince.V
	if r.Out.LastModified.IsZero() || how == "off" {
		return true
	}
	t, ok := phases.ParseHTTPTime(since)
	if !ok {
		return true
	}
	last := r.Out.LastModified.Unix()
	if t.Unix() == last {
		return false
	}
	return how == "exact" || t.Unix() < last
}

// matches looks for the response's entity tag in a list of them. A weak comparison does not mind the
// mark W/ on either side.
func matches(r *phases.Request, list string, weak bool) bool {
	if list == "*" {
		return true
	}
	tag, ok := r.Out.Headers.Value("ETag")
	if !ok {
		return false
	}
	if weak {
		tag = strings.TrimPrefix(tag, "W/")
	}
	for list != "" {
		if weak {
			list = strings.TrimPrefix(list, "W/")
		}
		if rest, ok := strings.CutPrefix(list, tag); ok {
			rest = strings.TrimLeft(rest, " \t")
			if rest == "" || rest[0] == ',' {
				return true
			}
		}
		i := strings.IndexByte(list, ',')
		if i < 0 {
			return false
		}
		list = strings.TrimLeft(list[i:], " \t,")
	}
	return false
}
