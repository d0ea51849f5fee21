package headersmore

import (
	"slices"
	"strconv"
	"strings"

	"moongate/phases"
)

// runOutput applies the command to the response's head.
func (c *command) runOutput(r *phases.Request) phases.Status {
	if c.types != nil && !slices.Contains(c.types, r.Out.MediaType()) ||
		c.statuses != nil && !slices.Contains(c.statuses, r.Out.Status) {
		return phases.OK
	}
	for i := range c.headers {
		h := &c.headers[i]
		value := h.eval(r)
		if phases.EqualFold(h.name, "Location") {
			value = r.AbsoluteLocation(value)
		}
		switch {
		case c.append:
			if value != "" {
				r.Out.Headers.Add(h.name, value)
			}
		case h.prefix != "":
			h.setMatching(&r.Out.Headers, value)
		case !r.Out.SetHeader(h.name, value):
			return phases.Error
		}
	}
	return phases.OK
}

// setMatching gives the first header with the prefix the value and removes the others: all of them
// where the value is empty.
func (h *header) setMatching(list *phases.Headers, value string) {
	if value != "" {
		for _, x := range list.All() {
			if h.matches(x.Name) {
				first := x.Name
				list.Put(first, value)
				list.DeleteFunc(func(x phases.Header) bool { return h.matches(x.Name) && !phases.EqualFold(x.Name, first) })
				return
			}
		}
		return
	}
	list.DeleteFunc(func(x phases.Header) bool { return h.matches(x.Name) })
}

// runInput applies the command to the request's headers.
func (c *command) runInput(r *phases.Request) phases.Status {
	if r.Proto < phases.HTTP10 {
		return phases.OK
	}
	if c.types != nil {
		if t, ok := r.In.Value("Content-Type"); !ok || !slices.Contains(c.types, t) {
			return phases.OK
		}
	}
	for i := range c.headers {
		h := &c.headers[i]
		value := h.eval(r)
		if value == "" {
			r.In.DeleteFunc(func(x phases.Header) bool { return h.matches(x.Name) })
		}
		switch {
		case phases.EqualFold(h.name, "Host"):
			r.Host = hostName(value)
		case phases.EqualFold(h.name, "Content-Length"):
			r.ContentLength = -1
			if value != "" {
				n, err := strconv.ParseInt(value, 10, 64)
				if err != nil || n < 0 {
					return phases.Error
				}
				r.ContentLength = n
			}
		}
		if value != "" && (!c.replace || r.In.Has(h.name)) {
			r.In.Put(h.name, value)
		}
	}
	return phases.OK
}

// hostName is what $host makes of a Host header: lower case, without port.
func hostName(value string) string {
	name := value
	if strings.HasPrefix(name, "[") {
		if end := strings.IndexByte(name, ']'); end > 0 {
			name = name[:end+1]
		}
	} else if i := strings.IndexByte(name, ':'); i >= 0 {
		name = name[:i]
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}
