package upstream

import (
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"moongate/conf"
	"moongate/phases"
)

// relayState is how far the passing on of a response has come.
type relayState struct {
	buffering bool
	received  int64 // bytes read, head included
	length    int64 // body bytes, without their framing
	left      int64 // of a body with a length
	chunks    chunked
	bufs      []phases.Buf
	rate      int64
	begun     time.Time
	// gather keeps the body back until it fills a buffer, in held: nobody sees the answer before its end.
	gather bool
	held   []byte
	spool  *spool // reads on while the client is slow; nil where nothing does
	tail   string // what has to follow a translated body
}

// relayBody passes the body on piece by piece, as it is read. The head has been sent.
func (x *Exchange) relayBody() phases.Status {
	s, p, c := &x.relay, &x.resp, x.c
	x.action = "reading upstream"
	s.left, s.chunks = p.length, chunked{}
	s.gather, s.held = s.buffering && x.R.OffWire(), nil
	if v := x.Conf.LimitRate; v != nil {
		s.rate, _ = conf.ParseSize(v.Eval(x.R))
		s.begun = time.Now()
	}
	for {
		s.received += int64(c.w - c.r)
		done, err := x.cut()
		if err != nil {
			x.logf(phases.LogErr, "%v", err)
			x.forward(false) //nolint:errcheck // the answer is broken off anyway
			return x.end(phases.Error)
		}
		if done {
			return x.complete(p.close)
		}
		if s.spool == nil {
			s.spool = x.newSpool()
		}
		if rc := s.spool.watch(x); rc == phases.Error {
			return x.end(rc)
		}
		if c.r == c.w {
			if s.length >= smallBuffer {
				c.enlarge()
			}
			c.r, c.w = 0, 0
		} else if c.r > 0 {
			c.w = copy(c.buf, c.buf[c.r:c.w])
			c.r = 0
		}
		x.pace()
		held := c.w
		n, err := x.readOn(c.buf[c.w:])
		c.w += n
		s.received -= int64(held) // counted before
		if n == 0 && err != nil {
			return x.bodyEnded(err)
		}
	}
}

// cut splits what is buffered into body pieces, and reports whether the body ends with them.
func (x *Exchange) cut() (done bool, err error) {
	s, p, c := &x.relay, &x.resp, x.c
	switch {
	case p.chunked:
		return s.chunks.cut(x)
	case p.length >= 0:
		n := min(int64(c.w-c.r), s.left)
		if n > 0 {
			x.piece(c.buf[c.r : c.r+int(n)])
			c.r += int(n)
			s.left -= n
		}
		return s.left == 0, nil
	}
	if c.w > c.r {
		x.piece(c.buf[c.r:c.w])
		c.r = c.w
	}
	return false, nil
}

func (x *Exchange) piece(b []byte) {
	x.relay.length += int64(len(b))
	x.relay.bufs = append(x.relay.bufs, phases.Buf{B: b})
}

// progress hands the pieces on, or gathers them.
func (x *Exchange) progress() phases.Status {
	s := &x.relay
	if !s.gather {
		return x.forward(false)
	}
	for i := range s.bufs {
		s.held = append(s.held, s.bufs[i].B...)
	}
	s.bufs = s.bufs[:0]
	if len(s.held) < len(x.c.buf) {
		return phases.OK
	}
	return x.forward(false)
}

// forward hands the pieces on, behind what was gathered.
func (x *Exchange) forward(last bool) phases.Status {
	s := &x.relay
	if len(s.held) > 0 {
		s.bufs = slices.Insert(s.bufs, 0, phases.Buf{B: s.held})
		defer func() { s.held = s.held[:0] }()
	}
	if last {
		if len(s.bufs) == 0 {
			s.bufs = append(s.bufs, phases.Buf{})
		}
		s.bufs[len(s.bufs)-1].Last = true
	} else if len(s.bufs) == 0 {
		return phases.OK
	} else if !s.buffering {
		s.bufs[len(s.bufs)-1].Flush = true
	}
	rc := x.R.OutputList(s.bufs)
	s.bufs = s.bufs[:0]
	return rc
}

// complete ends a body that came whole. The connection goes back before the client has the end: its next
// request may be quick.
func (x *Exchange) complete(close bool) phases.Status {
	c := x.c
	if x.relay.tail != "" && !x.skipTail() {
		return x.end(phases.Error)
	}
	extra := c.r != c.w
	if extra {
		if x.resp.chunked {
			x.logf(phases.LogWarn, "upstream sent data after final chunk")
		} else {
			x.logf(phases.LogWarn, "upstream sent more data than specified in \"Content-Length\" header")
		}
	}
	if x.Conf.PassTrailers {
		x.R.Out.Trailers.CopyFrom(&x.resp.trailers)
	}
	inStep := x.stopSpool()
	rc := x.forward(true) // the pieces lie in the connection's buffer
	x.finish(!close && !extra && inStep && rc != phases.Error)
	return rc
}

// bodyEnded is what follows when there is no more to read.
func (x *Exchange) bodyEnded(err error) phases.Status {
	s := &x.relay
	switch {
	case errors.Is(err, errGone):
		rc, _ := x.abort()
		return rc
	case errors.Is(err, os.ErrDeadlineExceeded):
		// what is held is lost, as what has not filled a buffer is in nginx
		x.logf(phases.LogErr, "upstream timed out (110: Connection timed out)")
		return x.end(phases.Error)
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		x.logf(phases.LogErr, "recv() failed %s", phases.Errno(err))
	case x.resp.chunked || x.resp.length >= 0:
		x.logf(phases.LogErr, "upstream prematurely closed connection")
	default:
		rc := x.forward(true)
		x.finish(false)
		return rc
	}
	if len(s.held) > 0 {
		x.forward(false) //nolint:errcheck // the answer is broken off anyway
	}
	return x.end(phases.Error)
}

// pace waits as proxy_limit_rate asks.
func (x *Exchange) pace() {
	s := &x.relay
	if s.rate <= 0 {
		return
	}
	due := time.Duration(float64(s.length) / float64(s.rate) * float64(time.Second))
	if wait := due - time.Since(s.begun); wait > 0 {
		time.Sleep(wait)
	}
}
