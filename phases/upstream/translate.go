package upstream

import (
	"errors"

	"moongate/phases"
)

// Translator is a Maker whose servers speak another protocol than HTTP. Its answers are told as HTTP's, so that all that
// follows from a status, a length or a failure is the same.
type Translator interface {
	Maker
	// Head looks at the beginning of an answer. Its first n bytes are what in HTTP would be head, the whole of it with the
	// empty line; the length that this gives counts the bytes behind, and tail is what must follow them. n is negative
	// where more has to be read. A StatusError ends the exchange with that status, n bytes being the whole answer; another
	// error ends the attempt as an invalid header does.
	Head(x *Exchange, b []byte) (n int, head, tail string, err error)
}

// receiveTranslated is receive for a server that does not speak HTTP.
func (x *Exchange) receiveTranslated(t Translator) (rc phases.Status, again bool) {
	x.action = "reading response header from upstream"
	c := x.c
	for {
		n, head, tail, err := t.Head(x, c.buf[c.r:c.w])
		var status StatusError
		switch {
		case errors.As(err, &status):
			c.r += n
			x.relay.received += int64(n)
			x.state.HeaderTime = x.spent(x.R.Now())
			x.resp.status, x.state.Status = int(status), int(status)
			if rc, again, done := x.tryAnother(); done {
				return rc, again
			}
			x.finish(c.r == c.w)
			return phases.Status(status), false
		case err != nil:
			x.logf(phases.LogErr, "%v", err)
			return x.next(NextInvalidHeader)
		}
		if n >= 0 {
			rc, again := x.headCame(head, n, tail)
			return rc, again
		}
		if c.w-c.r >= min(x.Conf.BufferSize, len(c.buf)) {
			return x.headFailed(errHeadTooBig)
		}
		m, err := x.read(c.buf[c.w:])
		c.w += m
		if m == 0 && err != nil {
			return x.headFailed(err)
		}
	}
}

// skipTail takes what has to follow a translated body; false where something else does.
func (x *Exchange) skipTail() bool {
	c, tail := x.c, x.relay.tail
	x.relay.tail = ""
	n := min(len(tail), c.w-c.r)
	got := string(c.buf[c.r : c.r+n])
	c.r += n
	var rest [16]byte // the body's pieces still lie in c.buf
	for len(got) < len(tail) {
		m, err := x.read(rest[:min(len(tail)-len(got), len(rest))])
		got += string(rest[:m])
		if m == 0 && err != nil {
			break
		}
	}
	if got != tail {
		x.logf(phases.LogErr, "upstream sent invalid trailer")
	}
	return got == tail
}
