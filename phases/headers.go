package phases

import (
	"strings"
	"time"
)

// Header is one header line. Names keep the case they came in.
type Header struct{ Name, Value string }

// Headers is an ordered list of header lines; names compare without case. The zero value is empty.
type Headers struct {
	list []Header
	// marks has the mark of each name that was added since the list was empty: most look-ups are for names that are
	// not there.
	marks uint64
}

// mark is a bit for name, the same in any case.
func mark(name string) uint64 {
	n := len(name)
	if n == 0 {
		return 1
	}
	return 1 << ((uint(n)*7 + uint(name[0]|0x20)*3 + uint(name[n-1]|0x20)) & 63)
}

// without reports that no line of that name exists; false leaves it open.
func (h *Headers) without(name string) bool { return h.marks&mark(name) == 0 }

// EqualFold compares two header names, ASCII only.
func EqualFold(a, b string) bool { return len(a) == len(b) && (a == b || alike(a, b)) }

// alike is EqualFold for strings of one length.
func alike(a, b string) bool {
	for i := range len(a) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z' {
			return false
		}
	}
	return true
}

// All lists the lines in order; the caller must not change the slice.
func (h *Headers) All() []Header { return h.list }

// Len is the number of lines.
func (h *Headers) Len() int { return len(h.list) }

// Value is the first line's value; ok tells an empty one from none.
func (h *Headers) Value(name string) (string, bool) {
	if h.without(name) {
		return "", false
	}
	for i := range h.list {
		if EqualFold(h.list[i].Name, name) {
			return h.list[i].Value, true
		}
	}
	return "", false
}

// Has reports whether a line of that name exists.
func (h *Headers) Has(name string) bool { _, ok := h.Value(name); return ok }

// Values lists all values of that name, in order; nil where there are none.
func (h *Headers) Values(name string) []string {
	var out []string
	if h.without(name) {
		return nil
	}
	for i := range h.list {
		if EqualFold(h.list[i].Name, name) {
			out = append(out, h.list[i].Value)
		}
	}
	return out
}

// Joined is all values of that name with sep between them.
func (h *Headers) Joined(name, sep string) (string, bool) {
	if h.without(name) {
		return "", false
	}
	first := -1
	for i := range h.list {
		if EqualFold(h.list[i].Name, name) {
			if first >= 0 {
				return strings.Join(h.Values(name), sep), true
			}
			first = i
		}
	}
	if first < 0 {
		return "", false
	}
	return h.list[first].Value, true
}

// Add appends a line.
func (h *Headers) Add(name, value string) {
	h.list = append(h.list, Header{name, value})
	h.marks |= mark(name)
}

// Put replaces all lines of that name by one, in the first one's place.
func (h *Headers) Put(name, value string) {
	if h.without(name) {
		h.Add(name, value)
		return
	}
	kept, done := h.list[:0], false
	for _, x := range h.list {
		if EqualFold(x.Name, name) {
			if done {
				continue
			}
			x, done = Header{name, value}, true
		}
		kept = append(kept, x)
	}
	h.list = kept
	if !done {
		h.Add(name, value)
	}
}

// Delete removes all lines of that name and reports whether there were any.
func (h *Headers) Delete(name string) bool {
	if h.without(name) {
		return false
	}
	kept := h.list[:0]
	for _, x := range h.list {
		if !EqualFold(x.Name, name) {
			kept = append(kept, x)
		}
	}
	found := len(kept) < len(h.list)
	clear(h.list[len(kept):])
	h.list = kept
	return found
}

// DeleteFunc removes the lines for which del says so.
func (h *Headers) DeleteFunc(del func(Header) bool) {
	kept := h.list[:0]
	for _, x := range h.list {
		if !del(x) {
			kept = append(kept, x)
		}
	}
	clear(h.list[len(kept):])
	h.list = kept
}

// Reset empties the list and keeps its memory.
func (h *Headers) Reset() {
	clear(h.list)
	h.list, h.marks = h.list[:0], 0
}

// CopyFrom makes h a copy of other.
func (h *Headers) CopyFrom(other *Headers) {
	h.list, h.marks = append(h.list[:0], other.list...), other.marks
}

// Response is a response's head, until it is sent (nginx's headers_out). Content-Type, Content-Length,
// Last-Modified, Server, Date, Location and ETag have fields of their own where the engine itself
// decides on them; everything else is in Headers.
type Response struct {
	local       string // a Location of Redirect's, completed when the head is written
	Status      int
	StatusText  string // "404 Nothing here"; empty: nginx's own phrase
	Headers     Headers
	ContentType string // empty: none is sent
	// Charset is appended to ContentType as "; charset=…" where ContentType has none.
	Charset string
	// ContentLength in bytes; -1 unknown.
	ContentLength int64
	LastModified  time.Time
	// Server and Date replace nginx's own lines; nil: the default.
	Server, Date *string
	AllowRanges  bool
	HeaderOnly   bool // set by the engine: no body follows
	// Trailers follow the last chunk; they are lost on an answer that is not chunked.
	Trailers Headers
}

func (p *Response) reset() {
	p.Headers.Reset()
	p.Trailers.Reset()
	*p = Response{Status: 0, ContentLength: -1, Headers: p.Headers, Trailers: p.Trailers}
}

// ClearContentLength forgets the length, because the body will change.
func (p *Response) ClearContentLength() {
	p.ContentLength = -1
	p.Headers.Delete("Content-Length")
}

// ClearLastModified forgets the modification time and the entity tag.
func (p *Response) ClearLastModified() {
	p.LastModified = time.Time{}
	p.Headers.Delete("Last-Modified")
	p.Headers.Delete("ETag")
}
