package http1

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/valyala/fasthttp"

	"moongate/phases"
)

// filling fills a request from its head. A status other than OK refuses the request, with the reason that goes to the
// error log.
type filling struct {
	r      *phases.Request
	listen *phases.Listen
	base   *phases.CoreServer // of the server that the connection came to
	core   *phases.CoreServer // of the one that the request names
	named  bool               // it did, in the request line or by Host
	framed bool               // by Content-Length or Transfer-Encoding
}

func (f *filling) server() {
	f.named = true
	if len(f.listen.Servers()) > 1 {
		f.core = f.listen.ServerFor(f.r.Host).Core
	}
}

// plain takes a head apart that plain found ordinary.
func (f *filling) plain(head string) (phases.Status, string) {
	text, rest, _ := strings.Cut(head, "\r\n")
	l := requestLine{text: text, minor: 1}
	l.method, l.target, _ = strings.Cut(text, " ")
	i := len(l.target) - len("HTTP/1.1")
	l.target, l.version = l.target[:i-1], l.target[i:]
	f.r.HeadLength = int64(len(head) - len(rest))
	if status, why := f.line(&l); status != phases.OK {
		return status, why
	}
	for len(rest) > 2 {
		i := strings.IndexByte(rest, ':')
		name := rest[:i]
		j := strings.IndexByte(rest, '\n')
		value := strings.Trim(rest[i+1:j-1], " ")
		rest = rest[j+1:]
		if !f.core.UnderscoresInHeaders.V && strings.IndexByte(name, '_') >= 0 && f.core.IgnoreInvalidHeaders.V {
			f.r.SkippedHeaders = append(f.r.SkippedHeaders, name)
			continue
		}
		if status, why := f.header(name, value); status != phases.OK {
			f.r.HeadLength = int64(len(head) - len(rest))
			return status, why
		}
	}
	f.r.HeadLength = int64(len(head))
	return f.end()
}

// scanned takes apart what scan found whole of a head: all of it, or what comes before the place that it refuses.
func (f *filling) scanned(s *scan, head string) (phases.Status, string) {
	l, n, o := scanLine(head)
	if n == 0 {
		return s.status, s.why
	}
	f.r.HeadLength = int64(n)
	if o == badOld {
		f.r.RequestLine, f.r.Method, f.r.Proto, f.r.HeadLength = l.text, l.method, phases.HTTP09, 0
		return s.status, s.why
	}
	if status, why := f.line(&l); status != phases.OK {
		return status, why
	}
	for n < s.pos {
		h, k, o := scanHeader(head[n:], f.core.UnderscoresInHeaders.V)
		if o != fine {
			break
		}
		n += k
		f.r.HeadLength = int64(n)
		if h.invalid && f.core.IgnoreInvalidHeaders.V {
			f.r.SkippedHeaders = append(f.r.SkippedHeaders, h.name)
			continue
		}
		if status, why := f.header(h.name, h.value); status != phases.OK {
			return status, why
		}
	}
	f.r.HeadLength = int64(s.pos)
	if s.status != 0 {
		return s.status, s.why
	}
	return f.end()
}

func (f *filling) line(l *requestLine) (phases.Status, string) {
	r := f.r
	r.RequestLine, r.Method, r.RequestURI, r.Protocol, r.Proto = l.text, l.method, l.target, l.version, l.proto()
	r.KeepAlive = r.Proto >= phases.HTTP11
	var ok bool
	if r.URI, r.Args, ok = phases.ParseURI(l.target, f.base.MergeSlashes.V); !ok {
		return 400, "client sent invalid request"
	}
	if l.absolute {
		if r.Host, ok = phases.ValidHost(l.host); !ok || r.Host == "" {
			return 400, "client sent invalid host in request line"
		}
		f.server()
	}
	return phases.OK, ""
}

// header adds a line, and obeys it where the connection is concerned.
func (f *filling) header(name, value string) (phases.Status, string) {
	r := f.r
	switch len(name) {
	case 4:
		if phases.EqualFold(name, "Host") {
			return f.host(name, value)
		}
	case 7:
		r.Upgrade = r.Upgrade || phases.EqualFold(name, "Upgrade")
	case 10:
		if phases.EqualFold(name, "Connection") {
			connection(r, value)
		}
	case 6, 8, 13, 14, 17, 19:
		if status, why := f.once(name, value); status != phases.OK {
			return status, why
		}
	}
	r.In.Add(name, value)
	return phases.OK, ""
}

// once refuses the second line of a header that there must be one of.
func (f *filling) once(name, value string) (phases.Status, string) {
	for _, n := range singles {
		if !phases.EqualFold(name, n) {
			continue
		}
		if v, ok := f.r.In.Value(n); ok {
			return 400, fmt.Sprintf("client sent duplicate header line: \"%s: %s\", previous value: \"%s: %s\"", name, value, n, v)
		}
		f.framed = f.framed || n == "Content-Length" || n == "Transfer-Encoding"
		return phases.OK, ""
	}
	return phases.OK, ""
}

var singles = [...]string{"Content-Length", "Transfer-Encoding", "If-Modified-Since", "If-None-Match", "Authorization",
	"If-Range", "If-Match", "If-Unmodified-Since", "Content-Range", "Expect"}

func connection(r *phases.Request, value string) {
	v := strings.ToLower(value)
	switch {
	case strings.Contains(v, "close"):
		r.KeepAlive = false
	case strings.Contains(v, "keep-alive"):
		r.KeepAlive = true
	}
}

func (f *filling) host(name, value string) (phases.Status, string) {
	r := f.r
	if v, ok := r.In.Value("Host"); ok {
		return 400, fmt.Sprintf("client sent duplicate host header: \"%s: %s\", previous value: \"Host: %s\"", name, value, v)
	}
	r.In.Add(name, value)
	h, ok := phases.ValidHost(value)
	if !ok || h == "" {
		return 400, "client sent invalid host header"
	}
	if !f.named { // the request line goes first
		r.Host = h
		f.server()
	}
	return phases.OK, ""
}

// end is what a head as a whole is refused for.
func (f *filling) end() (phases.Status, string) {
	r := f.r
	r.ContentLength = -1
	if r.Proto >= phases.HTTP11 && !r.In.Has("Host") {
		return 400, "client sent HTTP/1.1 request without \"Host\" header"
	}
	if f.framed {
		if status, why := f.framing(); status != phases.OK {
			return status, why
		}
	}
	switch r.Method {
	case "TRACE":
		return 405, "client sent TRACE method"
	case "CONNECT":
		return 405, "client sent CONNECT method"
	}
	return phases.OK, ""
}

// framing finds out where the body ends. What leaves a doubt is refused; nginx's rules come first, and the
// codec has to agree.
func (f *filling) framing() (phases.Status, string) {
	r := f.r
	length, hasLength := r.In.Value("Content-Length")
	coding, coded := r.In.Value("Transfer-Encoding")
	if hasLength {
		n, ok := parseLength(length)
		if !ok {
			return 400, "client sent invalid \"Content-Length\" header"
		}
		r.ContentLength = n
	}
	if coded {
		switch {
		case r.Proto < phases.HTTP11:
			return 400, "client sent HTTP/1.0 request with \"Transfer-Encoding\" header"
		case !phases.EqualFold(coding, "chunked"):
			return 501, fmt.Sprintf("client sent unknown \"Transfer-Encoding\": \"%s\"", coding)
		case hasLength:
			return 400, "client sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time"
		}
		r.Chunked, r.ContentLength = true, -1
	}
	if !framedAlike(length, hasLength, r.ContentLength) {
		return 400, "client sent a body whose end is in doubt"
	}
	return phases.OK, ""
}

func parseLength(s string) (int64, bool) {
	if s == "" {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		d := int64(s[i]) - '0'
		if d < 0 || d > 9 || n > (1<<63-1-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}

// framedAlike asks the codec where a body ends: at length, or with the last chunk (-1).
func framedAlike(text string, hasLength bool, length int64) bool {
	head := "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	if hasLength {
		head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + text + "\r\n\r\n"
	}
	h := heads.Get().(*fasthttp.RequestHeader)
	defer heads.Put(h)
	br := codecReaders.Get().(*bufio.Reader)
	defer codecReaders.Put(br)
	br.Reset(strings.NewReader(head))
	return h.Read(br) == nil && int64(h.ContentLength()) == length
}
