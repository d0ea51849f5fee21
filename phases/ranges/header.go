package ranges

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"moongate/phases"
)

// HeaderModule is the filter of heads: it decides on ranges.
var HeaderModule = newHeaderModule()

// BodyModule is the filter of bodies: it cuts the ranges out.
var BodyModule = newBodyModule()

func newHeaderModule() *phases.Module {
	return phases.NewModule(phases.Module{
		Name: "range_header",
		Postconfigure: func(l *phases.Load) error {
			l.FilterHeader(func(next phases.HeaderHandler) phases.HeaderHandler {
				return func(r *phases.Request) phases.Status { return headerFilter(r, next) }
			})
			return nil
		},
	})
}

// part is what a request gets of the body.
type part struct{ start, end int64 }

// cut is what the body filter has to do for a request.
type cut struct {
	parts    []part
	total    int64  // the whole body's length
	boundary string // of several parts
	head     string // before each of several parts, up to "Content-Range: bytes "
	offset   int64  // of the body's next byte
	done     bool
}

func headerFilter(r *phases.Request, next phases.HeaderHandler) phases.Status {
	o := &r.Out
	limit := r.Loc.Core.MaxRanges.V
	if r.Proto < phases.HTTP10 || o.Status != 200 || r.IsSub() || o.ContentLength < 0 || !o.AllowRanges || limit == 0 {
		return next(r)
	}
	asked, _ := r.In.Value("Range")
	if len(asked) < 7 || !phases.EqualFold(asked[:6], "bytes=") || !current(r) {
		o.Headers.Put("Accept-Ranges", "bytes")
		return next(r)
	}
	parts, verdict := parse(asked[6:], o.ContentLength, limit)
	switch verdict {
	case wholeBody:
		o.Headers.Put("Accept-Ranges", "bytes")
		return next(r)
	case unsatisfiable:
		o.Headers.Put("Content-Range", "bytes */"+strconv.FormatInt(o.ContentLength, 10))
		o.ClearContentLength()
		return 416
	}
	c := &cut{parts: parts, total: o.ContentLength}
	r.SetCtx(BodyModule, c)
	o.Status, o.StatusText = 206, ""
	o.Headers.Delete("Content-Length")
	if len(parts) == 1 {
		o.Headers.Put("Content-Range", "bytes "+c.describe(parts[0]))
		o.ContentLength = parts[0].end - parts[0].start
		return next(r)
	}
	c.boundary = nextBoundary()
	c.head = "\r\n--" + c.boundary
	if t := o.ContentTypeLine(); t != "" {
		c.head += "\r\nContent-Type: " + t
	}
	c.head += "\r\nContent-Range: bytes "
	o.ContentType, o.Charset = "multipart/byteranges; boundary="+c.boundary, ""
	o.Headers.Delete("Content-Range")
	o.ContentLength = int64(len(c.tail()))
	for _, p := range parts {
		o.ContentLength += int64(len(c.head)+len(c.describe(p))+4) + p.end - p.start
	}
	return next(r)
}

// describe is "first-last/length" as Content-Range has it.
func (c *cut) describe(p part) string { return fmt.Sprintf("%d-%d/%d", p.start, p.end-1, c.total) }

// tail ends several parts.
func (c *cut) tail() string { return "\r\n--" + c.boundary + "--\r\n" }

// boundaries begins somewhere else in each process.
var boundaries = func() *atomic.Uint64 {
	n := new(atomic.Uint64)
	n.Store(uint64(time.Now().UnixNano()) & (1<<50 - 1)) //nolint:gosec // any number will do
	return n
}()

func nextBoundary() string { return fmt.Sprintf("%020d", boundaries.Add(1)) }

// current reports whether the response is still what If-Range, if it was sent, speaks of.
func current(r *phases.Request) bool {
	cond, ok := r.In.Value("If-Range")
	if !ok {
		return true
	}
	if len(cond) >= 2 && strings.HasSuffix(cond, `"`) {
		tag, ok := r.Out.Headers.Value("ETag")
		return ok && tag == cond
	}
	t, ok := phases.ParseHTTPTime(cond)
	return ok && !r.Out.LastModified.IsZero() && t.Unix() == r.Out.LastModified.Unix()
}

type verdict uint8

const (
	satisfiable verdict = iota
	unsatisfiable
	wholeBody // the ranges are not worth their while
)

// unlimited is the default of max_ranges.
const unlimited = math.MaxInt

// parse reads the list behind "bytes=" for a body of length bytes.
func parse(s string, length int64, limit int) ([]part, verdict) {
	var parts []part
	var sum int64
	for item := range strings.SplitSeq(s, ",") {
		item = strings.Trim(item, " ")
		first, last, ok := strings.Cut(item, "-")
		first, last = strings.TrimRight(first, " "), strings.TrimLeft(last, " ")
		if !ok {
			return nil, unsatisfiable
		}
		var p part
		switch {
		case first == "":
			n, ok := parseOffset(last)
			if !ok || strings.HasPrefix(item, "- ") {
				return nil, unsatisfiable
			}
			p = part{max(length-n, 0), length}
		case last == "":
			n, ok := parseOffset(first)
			if !ok {
				return nil, unsatisfiable
			}
			p = part{n, length}
		default:
			a, ok1 := parseOffset(first)
			b, ok2 := parseOffset(last)
			if !ok1 || !ok2 {
				return nil, unsatisfiable
			}
			p = part{a, length}
			if b < length {
				p.end = b + 1
			}
		}
		if p.start >= p.end {
			if p.start == 0 {
				return nil, wholeBody
			}
			continue
		}
		if len(parts) == limit {
			return nil, wholeBody
		}
		if sum > math.MaxInt64-(p.end-p.start) {
			return nil, unsatisfiable
		}
		sum += p.end - p.start
		parts = append(parts, p)
	}
	switch {
	case len(parts) == 0:
		return nil, unsatisfiable
	case len(parts) == 1:
		return parts, satisfiable
	case sum > length:
		return nil, wholeBody
	case limit == unlimited && sum+int64(len(parts))*256 > length+4096:
		return nil, wholeBody // so many small parts cost more than they save
	}
	return parts, satisfiable
}

func parseOffset(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}
