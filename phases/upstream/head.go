package upstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"moongate/phases"
)

// response is a response's head as the upstream sent it.
type response struct {
	status   int
	text     string // "200 OK"
	headers  []phases.Header
	kinds    []kind // of the headers
	length   int64  // -1: none given
	chunked  bool
	close    bool // the connection serves no other request
	upgrade  bool
	redirect string // X-Accel-Redirect
	trailers phases.Headers
}

// headEnd is the length of the head at the beginning of b, 0 where it is not whole.
func headEnd(b []byte) int {
	for i := 0; ; {
		j := bytes.IndexByte(b[i:], '\n')
		if j < 0 {
			return 0
		}
		i += j + 1
		if i < len(b) && b[i] == '\n' {
			return i + 1
		}
		if i+1 < len(b) && b[i] == '\r' && b[i+1] == '\n' {
			return i + 2
		}
	}
}

// notHTTP reports whether b cannot become a head.
func notHTTP(b []byte) bool {
	const want = "HTTP/"
	n := min(len(b), len(want))
	return string(b[:n]) != want[:n]
}

// interim reports whether a head announces another one: a status of 1xx that is no change of protocols.
func interim(b []byte) bool {
	i := bytes.IndexByte(b, ' ')
	return i > 0 && i+4 <= len(b) && b[i+1] == '1' && string(b[i+1:i+4]) != "101"
}

// receive reads the answer and passes it on.
func (x *Exchange) receive() (rc phases.Status, again bool) {
	if t, ok := x.Maker.(Translator); ok {
		return x.receiveTranslated(t)
	}
	x.action = "reading response header from upstream"
	c := x.c
	limit := x.Conf.BufferSize
	var n int
	for {
		if n = headEnd(c.buf[c.r:c.w]); n > 0 {
			if n > limit {
				return x.headFailed(errHeadTooBig)
			}
			if !interim(c.buf[c.r : c.r+n]) {
				break
			}
			x.relay.received += int64(n)
			c.r += n
			continue
		}
		if notHTTP(c.buf[c.r:c.w]) {
			x.logf(phases.LogErr, "upstream sent no valid HTTP/1.0 header")
			return x.next(NextInvalidHeader)
		}
		if c.w-c.r >= limit {
			return x.headFailed(errHeadTooBig)
		}
		if c.r > 0 && c.w == len(c.buf) {
			c.w = copy(c.buf, c.buf[c.r:c.w])
			c.r = 0
		}
		m, err := x.read(c.buf[c.w:])
		c.w += m
		if m == 0 && err != nil {
			return x.headFailed(err)
		}
	}
	return x.headCame(string(c.buf[c.r:c.r+n]), n, "")
}

// headCame goes on with a head that came: n bytes of the buffer. tail is what follows the body of a translated answer.
func (x *Exchange) headCame(head string, n int, tail string) (rc phases.Status, again bool) {
	x.c.r += n
	x.relay.received += int64(n)
	x.relay.tail = tail
	x.state.HeaderTime = x.spent(x.R.Now())
	if err := x.parse(head); err != nil {
		x.logf(phases.LogErr, "%v", err)
		return x.next(NextInvalidHeader)
	}
	x.state.Status = x.resp.status
	if x.resp.status >= 300 {
		if rc, again, done := x.tryAnother(); done {
			return rc, again
		}
		if rc, done := x.intercept(); done {
			return rc, false
		}
	}
	return x.respond(), false
}

// headFailed is what follows from a head that did not come.
func (x *Exchange) headFailed(err error) (phases.Status, bool) {
	var te interface{ Timeout() bool }
	x.relay.received += int64(x.c.w - x.c.r)
	switch {
	case errors.Is(err, errGone):
		return x.abort()
	case errors.Is(err, errHeadTooBig):
		x.logf(phases.LogErr, "%v", err)
		return x.next(NextInvalidHeader)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &te) && te.Timeout():
		return x.next(NextTimeout)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		x.logf(phases.LogErr, "upstream prematurely closed connection")
	default:
		x.logf(phases.LogErr, "recv() failed %s", phases.Errno(err))
	}
	return x.next(NextError)
}

// tryAnother decides whether a status makes another server be tried.
func (x *Exchange) tryAnother() (rc phases.Status, again, done bool) {
	why := nextOf(x.resp.status)
	if why == 0 {
		return 0, false, false
	}
	mask := why
	if x.sent && nonIdempotent(x.R.Method) {
		mask |= NextNonIdempotent
	}
	if x.bal.left <= 1 || x.Conf.Next&mask != mask || x.Body == BodyStream || x.outOfTime() {
		return 0, false, false
	}
	rc, again = x.next(why)
	return rc, again, true
}

// intercept leaves a status to error_page, where proxy_intercept_errors asks for that.
func (x *Exchange) intercept() (phases.Status, bool) {
	pages := &x.R.Loc.Core.ErrorPages
	if !x.Conf.InterceptErrors || !pages.Set {
		return 0, false
	}
	for i := range pages.V {
		if pages.V[i].Status != x.resp.status {
			continue
		}
		if x.resp.status == 401 {
			for _, h := range x.resp.headers {
				if phases.EqualFold(h.Name, "WWW-Authenticate") {
					x.R.Out.Headers.Add(h.Name, h.Value)
				}
			}
		}
		return x.end(phases.Status(x.resp.status)), true
	}
	return 0, false
}

// parse reads a head. It accepts what nginx accepts, and nothing that could be framed in two ways. The
// error is nginx's log message.
func (x *Exchange) parse(head string) error {
	p := &x.resp
	clear(p.headers) // of an attempt before
	headers, kinds, trailers := p.headers[:0], p.kinds[:0], p.trailers
	*p = response{headers: headers, kinds: kinds, trailers: trailers, length: -1}
	line, rest := nextLine(head)
	if err := p.statusLine(line); err != nil {
		return err
	}
	var seen kindSet
	for {
		line, rest = nextLine(rest)
		if line == "" {
			break
		}
		name, value, err := headerLine(line)
		if err != nil {
			return err
		}
		k := kindOf(name)
		dup := seen.has(k)
		seen |= 1 << k
		switch k {
		case kindLength:
			if dup {
				old, _ := p.value("Content-Length")
				return fmt.Errorf("upstream sent duplicate header line: \"%s: %s\", previous value: \"Content-Length: %s\"", name, value, old)
			}
			if p.chunked {
				return errors.New("upstream sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time")
			}
			n, ok := phases.ParseNumber(value)
			if !ok {
				return fmt.Errorf("upstream sent invalid \"Content-Length\" header: \"%s: %s\"", name, value)
			}
			p.length = int64(n)
		case kindEncoding:
			if dup {
				old, _ := p.value("Transfer-Encoding")
				return fmt.Errorf("upstream sent duplicate header line: \"%s: %s\", previous value: \"Transfer-Encoding: %s\"", name, value, old)
			}
			if seen.has(kindLength) {
				return errors.New("upstream sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time")
			}
			if !phases.EqualFold(value, "chunked") {
				return fmt.Errorf("upstream sent unknown \"Transfer-Encoding\": %q", value)
			}
			p.chunked = true
		case kindConnection:
			p.close = p.close || containsFold(value, "close")
		case kindRedirect:
			if p.redirect != "" {
				continue
			}
			p.redirect = value
		default:
			if k >= kindSingle && dup {
				old, _ := p.value(name)
				x.logf(phases.LogWarn, "upstream sent duplicate header line: \"%s: %s\", previous value: \"%s: %s\", ignored", name, value, name, old)
				continue
			}
		}
		p.headers = append(p.headers, phases.Header{Name: name, Value: value})
		p.kinds = append(p.kinds, k)
	}
	if p.status == 101 {
		if !x.R.In.Has("Upgrade") || x.R.IsSub() {
			return errors.New("upstream sent \"101 Switching Protocols\" although no upgrade was asked for")
		}
		p.upgrade, p.close = true, true
	}
	return nil
}

// nextLine cuts the first line off, and its end.
func nextLine(s string) (line, rest string) {
	i := strings.IndexByte(s, '\n')
	if i < 0 {
		return s, ""
	}
	line, rest = s[:i], s[i+1:]
	if i > 0 && line[i-1] == '\r' {
		line = line[:i-1]
	}
	return line, rest
}

func (p *response) value(name string) (string, bool) {
	for i := range p.headers {
		if phases.EqualFold(p.headers[i].Name, name) {
			return p.headers[i].Value, true
		}
	}
	return "", false
}

var errNoStatus = errors.New("upstream sent no valid HTTP/1.0 header")

// statusLine reads "HTTP/1.1 200 OK".
func (p *response) statusLine(s string) error {
	s, ok := strings.CutPrefix(s, "HTTP/")
	if !ok {
		return errNoStatus
	}
	i := strings.IndexByte(s, ' ')
	if i < 3 {
		return errNoStatus
	}
	major, minor, ok := strings.Cut(s[:i], ".")
	if !ok {
		return errNoStatus
	}
	ma, ok1 := phases.ParseNumber(major)
	mi, ok2 := phases.ParseNumber(minor)
	if !ok1 || !ok2 || ma < 1 || ma > 99 || mi > 99 {
		return errNoStatus
	}
	s = strings.TrimLeft(s[i:], " ")
	if len(s) < 3 || len(s) > 3 && s[3] != ' ' && s[3] != '.' {
		return errNoStatus
	}
	n, ok := phases.ParseNumber(s[:3])
	if !ok || n < 100 {
		return errNoStatus
	}
	p.status, p.text = n, strings.TrimRight(s, " ")
	p.close = ma == 1 && mi == 0
	return nil
}

// headerLine splits a line at its colon. The error is nginx's message.
func headerLine(line string) (name, value string, err error) {
	colon := -1
	for i := range len(line) {
		c := line[i]
		if c == ':' {
			colon = i
			break
		}
		if c <= ' ' || c == 0x7f {
			return "", "", badHeader(line, i)
		}
	}
	if colon == 0 {
		return "", "", badHeader(line, 0)
	}
	if colon < 0 {
		return line, "", nil
	}
	value = line[colon+1:]
	for i := range len(value) {
		if c := value[i]; c == 0 || c == '\r' {
			return "", "", badHeader(line, colon+1+i)
		}
	}
	for value != "" && (value[0] == ' ' || value[0] == '\t') {
		value = value[1:]
	}
	for value != "" && (value[len(value)-1] == ' ' || value[len(value)-1] == '\t') {
		value = value[:len(value)-1]
	}
	return line[:colon], value, nil
}

func badHeader(line string, at int) error {
	return fmt.Errorf("upstream sent invalid header: \"%s\\x%02x...\"", line[:at], line[at])
}

type kind uint8

const (
	kindOther kind = iota
	kindLength
	kindEncoding
	kindConnection
	kindRedirect
	kindLimitRate
	kindBuffering
	kindCharset

	// Those that there is one of.
	kindDate
	kindETag
	kindServer
	kindStatus
	kindExpires
	kindRefresh
	kindLocation
	kindType
	kindModified

	kindSingle = kindDate
)

// kindSet has a bit for each kind.
type kindSet uint32

func (s kindSet) has(k kind) bool { return s&(1<<k) != 0 }

// kindOf tells the headers apart that mean something to a proxy.
func kindOf(name string) kind {
	is := func(s string, k kind) kind {
		if phases.EqualFold(name, s) {
			return k
		}
		return kindOther
	}
	switch len(name) {
	case 4:
		if k := is("Date", kindDate); k != kindOther {
			return k
		}
		return is("ETag", kindETag)
	case 6:
		if k := is("Server", kindServer); k != kindOther {
			return k
		}
		return is("Status", kindStatus)
	case 7:
		if k := is("Expires", kindExpires); k != kindOther {
			return k
		}
		return is("Refresh", kindRefresh)
	case 8:
		return is("Location", kindLocation)
	case 10:
		return is("Connection", kindConnection)
	case 12:
		return is("Content-Type", kindType)
	case 13:
		return is("Last-Modified", kindModified)
	case 14:
		return is("Content-Length", kindLength)
	case 15:
		return is("X-Accel-Charset", kindCharset)
	case 16:
		return is("X-Accel-Redirect", kindRedirect)
	case 17:
		if k := is("Transfer-Encoding", kindEncoding); k != kindOther {
			return k
		}
		return is("X-Accel-Buffering", kindBuffering)
	case 18:
		return is("X-Accel-Limit-Rate", kindLimitRate)
	}
	return kindOther
}

func containsFold(s, sub string) bool {
	for i := 0; i+len(sub) <= len(s); i++ {
		if phases.EqualFold(s[i:i+len(sub)], sub) {
			return true
		}
	}
	return false
}
