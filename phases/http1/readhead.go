package http1

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"unsafe"

	"moongate/phases"
)

// base is the configuration of the server that the connection is for, until a request names another.
func (c *conn) base() *phases.CoreServer {
	if t := c.info.TLS; t != nil && t.ServerName != "" {
		return c.listen.ServerFor(t.ServerName).Core
	}
	return c.listen.Default.Core
}

// readHead reads a head that was not at hand as a whole, or is not ordinary, and fills r from it. A status other than OK
// refuses the request; silent, where the client gets no answer.
func (c *conn) readHead(r *phases.Request, core *phases.CoreServer) (status phases.Status, why string, silent bool) {
	var s scan
	s.begin(c.listen, core)
	f := filling{r: r, listen: c.listen, base: core, core: core}
	skipped := 0
	var err error
	for err == nil {
		b, _ := c.br.Peek(c.br.Buffered())
		if !s.begun && s.pos == 0 { // line breaks before a request
			n := 0
			for n < len(b) && (b[n] == '\r' || b[n] == '\n') {
				n++
			}
			if n > 0 {
				c.br.Discard(n) //nolint:errcheck // it is buffered
				skipped += n
				continue
			}
		}
		// the bytes do not change while they are looked at, and nothing of the string is kept
		if len(b) > 0 && s.next(unsafe.String(&b[0], len(b))) {
			break
		}
		if len(b) == c.br.Size() {
			c.grow(b)
		}
		_, err = c.br.Peek(len(b) + 1)
	}
	b, _ := c.br.Peek(c.br.Buffered())
	if err != nil && len(b) == 0 && skipped == 0 {
		return phases.Done, "", true
	}
	if err == nil && s.status == 0 {
		head := string(b[:s.pos])
		c.br.Discard(s.pos) //nolint:errcheck // it is buffered
		c.w.head = head
		status, why = f.scanned(&s, head)
		return status, why, false
	}
	if err != nil {
		s.status, s.why, silent = 400, "client prematurely closed connection", true
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.status, s.why = 408, "client timed out"
		}
		s.text = len(b)
	}
	text := string(b[:max(s.pos, min(s.text, len(b)))])
	c.w.head = text
	status, why = f.scanned(&s, text)
	if r.RequestLine == "" {
		if i := strings.IndexAny(text, "\r\n"); i >= 0 {
			text = text[:i]
		}
		r.RequestLine = text
	}
	return status, why, silent
}

// grow gives the connection a reader of twice the size, with what was read in front: for configurations with larger
// buffers than usual.
func (c *conn) grow(b []byte) {
	size := 2 * c.br.Size()
	c.pending = append(append([]byte(nil), b...), c.pending...)
	c.dropReader()
	c.br = bufio.NewReaderSize(c, size)
}

// refuse answers a request that cannot be served.
func (c *conn) refuse(r *phases.Request, status phases.Status, why string) bool {
	c.w.why = why
	r.Refused = why
	c.server.engine.Refuse(r, status)
	c.w.flushEnd()
	c.linger(r.Loc.Core, true)
	return false
}

// leave ends a request whose client is gone or silent: it is logged, and nothing is sent.
func (c *conn) leave(r *phases.Request, status phases.Status, why string) {
	c.w.why, c.w.broken = why, true
	r.Refused = why
	c.server.engine.Refuse(r, status)
}

var _ io.Reader = (*conn)(nil)
