package phases

import (
	"strconv"
	"strings"
	"time"
)

// SetHeader makes value the one line of that name, wherever the Response keeps it; an empty value
// removes the header, the engine's own Server, Date and Last-Modified lines included. ok is false for a
// Content-Length that is no number; nothing changes then.
func (p *Response) SetHeader(name, value string) (ok bool) {
	switch {
	case EqualFold(name, "Content-Type"):
		p.Headers.Delete(name)
		p.ContentType, p.Charset = value, charsetOf(value)
	case EqualFold(name, "Content-Length"):
		if value == "" {
			p.ClearContentLength()
			return true
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return false
		}
		p.Headers.Delete(name)
		p.ContentLength = n
	case EqualFold(name, "Server"):
		p.Headers.Delete(name)
		server := value
		p.Server = &server
	case EqualFold(name, "Date"):
		p.Headers.Delete(name)
		date := value
		p.Date = &date
	case EqualFold(name, "Last-Modified"):
		p.LastModified = time.Time{}
		p.putOrDelete(name, value)
	case EqualFold(name, "Accept-Ranges"):
		if value == "" {
			p.AllowRanges = false
		}
		p.putOrDelete(name, value)
	default:
		p.putOrDelete(name, value)
	}
	return true
}

func (p *Response) putOrDelete(name, value string) {
	if value == "" {
		p.Headers.Delete(name)
		return
	}
	p.Headers.Put(name, value)
}

// charsetOf is the charset parameter of a Content-Type, without quotes; empty where there is none.
func charsetOf(contentType string) string {
	for rest := contentType; ; {
		_, after, found := strings.Cut(rest, ";")
		if !found {
			return ""
		}
		rest = after
		if after = strings.TrimLeft(after, " "); len(after) > 8 && EqualFold(after[:8], "charset=") {
			return strings.Trim(after[8:], `"`)
		}
	}
}

// MediaType is ContentType without its parameters.
func (p *Response) MediaType() string {
	t, _, _ := strings.Cut(p.ContentType, ";")
	return strings.TrimRight(t, " ")
}
