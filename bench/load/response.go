package load

import (
	"bytes"
	"errors"
	"strconv"
)

// Response is an answer as it stands in a connection's buffer: it is valid until the check returns.
type Response struct {
	Status int
	Head   []byte // status line and headers, up to and including the last line's end
	Body   []byte // chunks put together
	Close  bool   // the server closes the connection after it
}

// Header is the value of the first header line of that name, without the spaces around it; nil if there is none.
func (r *Response) Header(name string) []byte {
	rest := r.Head
	for len(rest) > 0 {
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		if len(line) > len(name) && line[len(name)] == ':' && bytes.EqualFold(line[:len(name)], []byte(name)) {
			return bytes.TrimSpace(line[len(name)+1:])
		}
	}
	return nil
}

var (
	errMalformed = errors.New("malformed answer")
	errTruncated = errors.New("connection closed within an answer")
)

// parser reads one answer from a buffer that grows. It remembers where it stopped, so that a large body is
// not looked at again for each read.
type parser struct {
	skip    int // length of interim answers (100) in front
	head    int // length of the head; 0: not complete yet
	length  int // of the body; -1: chunked, -2: until the connection closes
	scanned int // chunked: start of the first chunk that was not complete
	body    []byte
	res     Response
}

func (p *parser) reset() { *p = parser{body: p.body[:0]} }

// parse looks at everything received so far. done: the answer is complete and used n bytes.
func (p *parser) parse(buf []byte, eof bool) (n int, done bool, err error) {
	n, done, err = p.parseFrom(buf[p.skip:], eof)
	return n + p.skip, done, err
}

func (p *parser) parseFrom(buf []byte, eof bool) (n int, done bool, err error) {
	if p.head == 0 {
		end := bytes.Index(buf, []byte("\r\n\r\n"))
		if end < 0 {
			if eof {
				return 0, false, errTruncated
			}
			return 0, false, nil
		}
		if err := p.readHead(buf[:end+4]); err != nil {
			return 0, false, err
		}
		if p.res.Status >= 100 && p.res.Status < 200 {
			*p = parser{body: p.body[:0], skip: p.skip + end + 4}
			n, done, err = p.parseFrom(buf[end+4:], eof)
			return n, done, err
		}
	}
	p.res.Head = buf[:p.head]
	switch p.length {
	case -2:
		p.res.Body, p.res.Close = buf[p.head:], true
		return len(buf), eof, nil
	case -1:
		n, done, err = p.chunks(buf)
	default:
		if done = len(buf) >= p.head+p.length; done {
			p.res.Body = buf[p.head : p.head+p.length]
			n = p.head + p.length
		}
	}
	if !done && err == nil && eof {
		err = errTruncated
	}
	return n, done, err
}

func (p *parser) readHead(head []byte) error {
	if len(head) < 16 || !bytes.HasPrefix(head, []byte("HTTP/1.")) {
		return errMalformed
	}
	status, err := strconv.Atoi(string(head[9:12]))
	if err != nil {
		return errMalformed
	}
	p.head = len(head)
	p.res = Response{Status: status, Head: head}
	p.scanned = p.head
	p.length = -2
	if status == 204 || status == 304 || status < 200 {
		p.length = 0
	}
	if v := p.res.Header("Content-Length"); v != nil {
		if p.length, err = strconv.Atoi(string(v)); err != nil || p.length < 0 {
			return errMalformed
		}
	} else if v := p.res.Header("Transfer-Encoding"); v != nil && bytes.EqualFold(v, []byte("chunked")) {
		p.length = -1
	}
	p.res.Close = bytes.EqualFold(p.res.Header("Connection"), []byte("close"))
	return nil
}

func (p *parser) chunks(buf []byte) (n int, done bool, err error) {
	for {
		rest := buf[p.scanned:]
		eol := bytes.IndexByte(rest, '\n')
		if eol < 0 {
			return 0, false, nil
		}
		size, ok := hexSize(bytes.TrimSpace(rest[:eol]))
		if !ok {
			return 0, false, errMalformed
		}
		end := eol + 1 + size + 2
		if len(rest) < end {
			return 0, false, nil
		}
		if size == 0 {
			p.res.Body = p.body
			return p.scanned + end, true, nil
		}
		p.body = append(p.body, rest[eol+1:eol+1+size]...)
		p.scanned += end
	}
}

func hexSize(b []byte) (int, bool) {
	n := 0
	if len(b) == 0 || len(b) > 8 {
		return 0, false
	}
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | int(c-'0')
		case c|32 >= 'a' && c|32 <= 'f':
			n = n<<4 | int(c|32-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}
