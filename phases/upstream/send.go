package upstream

import (
	"errors"
	"io"
	"os"
	"strconv"
	"time"

	"moongate/phases"
	"moongate/phases/event"
)

// joinedBody is up to which size a body in memory leaves with the head, in one write.
const joinedBody = 64 << 10

// appendBody puts a small body behind the head.
func (x *Exchange) appendBody() {
	if x.rest != BodyBuffered {
		return
	}
	if x.R.Body.Size() == 0 {
		x.rest = BodyNone
		return
	}
	if data, ok := x.R.Body.Bytes(); ok && len(data) <= joinedBody {
		x.out = append(x.out, data...)
		x.rest = BodyNone
	}
}

// send writes the request; ok is false where the attempt is over.
func (x *Exchange) send() (rc phases.Status, again, ok bool) {
	x.action = "sending request to upstream"
	c := x.c
	if x.rest != BodyNone {
		x.R.Waiting()
		return x.sendStream()
	}
	n, err := 0, error(nil)
	if c.direct() && !x.aborted.Load() {
		if n, err = c.event.TryWrite(x.out); err == event.ErrAgain { //nolint:errorlint // it comes bare
			err = nil
		}
	}
	if err == nil && n < len(x.out) {
		x.R.Waiting()
		c.writeBy(x.sendTimeout)
		var m int
		m, err = c.Write(x.out[n:])
		n += m
	}
	x.state.BytesSent = int64(n)
	x.sent = n > 0
	if err != nil {
		rc, again = x.sendFailed(err)
		return rc, again, false
	}
	x.bodySent = true
	return 0, false, true
}

func (x *Exchange) sendFailed(err error) (phases.Status, bool) {
	switch {
	case x.aborted.Load():
		return x.abort()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return x.next(NextTimeout)
	}
	x.logf(phases.LogErr, "writev() failed %s", phases.Errno(err))
	return x.next(NextError)
}

// sendStream writes a request whose body is too large for one write, or is still arriving. Meanwhile the
// upstream is listened to: once its answer begins, the rest of the body stays unsent, as in nginx.
func (x *Exchange) sendStream() (rc phases.Status, again, ok bool) {
	c := x.c
	c.raw.SetReadDeadline(time.Time{}) //nolint:errcheck // a dead connection shows at the read
	c.readUntil = time.Time{}
	early := make(chan error, 1)
	limit := x.Conf.BufferSize
	go func() {
		err := c.awaitHead(limit)
		c.raw.SetWriteDeadline(past) //nolint:errcheck // ends the sending
		early <- err
	}()
	stop := func() error {
		c.raw.SetReadDeadline(past) //nolint:errcheck // ends the listening
		return <-early
	}

	src := x.source()
	box := smallBuffers.Get().(*[]byte)
	defer smallBuffers.Put(box)
	const lead = 8 // room for a chunk's size
	buf := *box
	out := x.out
	for {
		if len(out) > 0 {
			select {
			case err := <-early:
				return x.answered(err)
			default:
			}
			c.writeUntil = time.Now().Add(x.sendTimeout)
			c.raw.SetWriteDeadline(c.writeUntil) //nolint:errcheck // a dead connection shows at the write
			n, err := c.Write(out)
			x.state.BytesSent += int64(n)
			x.sent = x.sent || n > 0
			if err != nil {
				select {
				case early := <-early:
					if early == nil {
						return x.answered(nil)
					}
				default:
					if stop() == nil {
						return x.answered(nil)
					}
				}
				rc, again = x.sendFailed(err)
				return rc, again, false
			}
		}
		if x.bodySent {
			break
		}
		n, err := src.Read(buf[lead : len(buf)-2])
		out = buf[lead : lead+n]
		if x.BodyChunked && n > 0 {
			size := strconv.AppendInt(make([]byte, 0, lead), int64(n), 16)
			size = append(size, '\r', '\n')
			copy(buf[lead-len(size):], size)
			out = append(buf[lead-len(size):lead+n], '\r', '\n') //nolint:gocritic // buf has room for it
		}
		switch {
		case err == io.EOF: //nolint:errorlint // io.Reader's contract
			x.bodySent = true
			if x.BodyChunked {
				out = append(out, "0\r\n\r\n"...)
			}
		case err != nil:
			stop() //nolint:errcheck // the request ends
			return x.bodyFailed(err), false, false
		}
	}
	x.action = "reading response header from upstream"
	if x.mayWatch() {
		x.startWatch()
	}
	x.setVictim(c.stop)
	c.raw.SetReadDeadline(time.Now().Add(x.readTimeout)) //nolint:errcheck // a dead connection shows at the read
	if x.aborted.Load() {
		c.interrupt()
	}
	return x.answered(<-early)
}

// source reads the body from its beginning.
func (x *Exchange) source() io.Reader {
	if x.Body == BodyStream {
		limit := int64(0)
		if x.R.Chunked {
			limit = x.R.Loc.Core.MaxBodySize.V
		}
		return &bounded{r: x.R.BodyStream(), limit: limit}
	}
	return x.R.BodyReader()
}

// bounded refuses a chunked body that outgrows client_max_body_size.
type bounded struct {
	r     phases.Reader
	limit int64
	n     int64
}

type tooLarge struct{ size int64 }

func (tooLarge) Error() string { return "client intended to send too large chunked body" }

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.n += int64(n)
	if b.limit > 0 && b.n > b.limit {
		return 0, tooLarge{b.n}
	}
	return n, err
}

// bodyFailed is what a client's broken body leads to.
func (x *Exchange) bodyFailed(err error) phases.Status {
	r := x.R
	r.KeepAlive = false
	var big tooLarge
	var bad *phases.BadBody
	var te interface{ Timeout() bool }
	status := phases.Status(400)
	switch {
	case errors.As(err, &big):
		r.Logf(phases.LogErr, "%v: %d bytes", err, big.size)
		status = 413
	case errors.Is(err, phases.ErrBodyTooLarge):
		r.Log(phases.LogErr, err.Error())
		status = 413
	case errors.As(err, &bad):
		r.Log(phases.LogInfo, "client sent invalid chunked body")
	case errors.As(err, &te) && te.Timeout():
		r.Log(phases.LogInfo, "client timed out")
		status = 408
	default:
		r.Log(phases.LogInfo, "client prematurely closed connection")
		status = phases.StatusClientClosedRequest
	}
	return x.end(status)
}

// answered goes on when awaitHead is done: with the head in the buffer, or with its error.
func (x *Exchange) answered(err error) (rc phases.Status, again, ok bool) {
	x.c.readUntil, x.c.writeUntil = time.Time{}, time.Time{}
	if err == nil {
		return 0, false, true
	}
	x.action = "reading response header from upstream"
	if x.aborted.Load() {
		err = errGone
	}
	rc, again = x.headFailed(err)
	return rc, again, false
}

// errHeadTooBig is the error of a head that does not fit the buffer.
var errHeadTooBig = errors.New("upstream sent too big header")

// awaitHead reads until a response's head is whole in the buffer. Interim answers (100) are dropped.
func (c *conn) awaitHead(limit int) error {
	for {
		for {
			n := headEnd(c.buf[c.r:c.w])
			if n == 0 || !interim(c.buf[c.r:c.r+n]) {
				break
			}
			c.r += n
		}
		if headEnd(c.buf[c.r:c.w]) > 0 || notHTTP(c.buf[c.r:c.w]) {
			return nil
		}
		if c.w-c.r >= limit {
			return errHeadTooBig
		}
		if c.w == len(c.buf) {
			c.w = copy(c.buf, c.buf[c.r:c.w])
			c.r = 0
		}
		n, err := c.Read(c.buf[c.w:])
		c.w += n
		if n == 0 && err != nil {
			return err
		}
	}
}
