package http1

import (
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"moongate/phases"
)

// outSize is how much of an answer is gathered before it is written.
const outSize = 16 << 10

// pieceSize is how much is written at once, so that send_timeout is a time between two writes and not
// for the whole.
const pieceSize = 256 << 10

// wire is the connection's side of its present request: phases.Wire.
type wire struct {
	c         *conn
	r         *phases.Request
	head      string
	why       string
	buf       *[]byte // borrowed; what out began in
	out       []byte
	sent      int64
	bodySent  int64 // without framing
	headSize  int64
	body      *bodyReader
	chunked   bool  // the answer is
	length    int64 // of the answer's body, -1 unknown
	ended     bool
	broken    bool // writing failed, or the answer was abandoned
	expect    bool // the client waits for "100 Continue"
	hijacked  bool
	lent      bool // the body, to a request socket
	taken     bool // the connection, by a request socket
	headDone  bool
	keepalive time.Duration
	started   time.Time     // of the body, for limit_rate
	patience  time.Duration // send_timeout, where the request is over already
}

func (w *wire) begin(r *phases.Request) {
	buf := w.buf
	if buf == nil {
		buf = w.c.spared().takeOut()
	}
	*w = wire{c: w.c, r: r, buf: buf, out: (*buf)[:0], length: -1}
}

// rest gives back what an idle connection does not need.
func (w *wire) rest() {
	if w.buf == nil {
		return
	}
	if cap(w.out) <= 2*outSize {
		*w.buf = w.out[:0]
	}
	w.c.spared().giveOut(w.buf)
	w.buf, w.out, w.r, w.head, w.why, w.body = nil, nil, nil, "", "", nil
}

// lend gives the buffer of an answer that has not begun to others, for as long as its request is put aside; borrow takes another.
func (w *wire) lend() {
	if len(w.out) == 0 && w.buf != nil {
		w.c.spared().giveOut(w.buf)
		w.buf, w.out = nil, nil
	}
}

func (w *wire) borrow() {
	if w.buf == nil {
		w.buf = w.c.spared().takeOut()
		w.out = (*w.buf)[:0]
	}
}

// framing prepares the reading of the request's body.
func (w *wire) framing(r *phases.Request) {
	if v, ok := r.In.Value("Expect"); ok && r.Proto >= phases.HTTP11 && phases.EqualFold(v, "100-continue") {
		w.expect = true
	}
	switch {
	case r.Chunked:
		w.body = newChunkedBody(w)
	case r.ContentLength > 0:
		w.body = &bodyReader{w: w, left: r.ContentLength}
	}
}

func (w *wire) expectOpen() bool { return w.expect }

// Body reads the request's body.
func (w *wire) Body() phases.Reader {
	if w.body == nil {
		return &bodyReader{w: w, done: true}
	}
	return w.body
}

// Continue sends "100 Continue" where the client waits for that.
func (w *wire) Continue() {
	if !w.expect {
		return
	}
	w.expect = false
	if w.headDone {
		return
	}
	w.write([]byte("HTTP/1.1 100 Continue\r\n\r\n")) //nolint:errcheck // a dead connection shows at the read
}

// RawHead is the request's head as it came.
func (w *wire) RawHead() []byte { return []byte(w.head) }

// Sent counts what went to the client, head included.
func (w *wire) Sent() int64 { return w.sent + int64(len(w.out)) }

// BodySent is what was sent behind the head, the chunks' framing included, as $body_bytes_sent in nginx.
func (w *wire) BodySent() int64 { return max(w.Sent()-w.headSize, 0) }

// BodyReceived counts what was read of the request's body.
func (w *wire) BodyReceived() int64 {
	if w.body == nil || w.body.chunks != nil && w.body.chunks.bad {
		return 0
	}
	return w.body.read
}

// KeepAlive reports whether another request may follow.
func (w *wire) KeepAlive() bool { return w.r.KeepAlive && !w.broken }

// WriteHead lays out the answer's head.
func (w *wire) WriteHead(r *phases.Request) error {
	if w.broken {
		return net.ErrClosed
	}
	o := &r.Out
	w.headDone = true
	if r.Proto == phases.HTTP09 {
		return nil
	}
	w.keepalive = r.Loc.Core.KeepaliveTimeout.V
	w.length = o.ContentLength
	custom := o.Headers.All()
	if w.length < 0 {
		if v, ok := o.Headers.Value("Content-Length"); ok {
			if n, err := strconv.ParseInt(v, 10, 64); err == nil {
				w.length = n
			}
		}
	}
	if w.length < 0 && !r.HeaderOnly {
		// what follows 101 is another protocol's
		if r.Proto >= phases.HTTP11 && r.Loc.Core.ChunkedTransfer.V && o.Status >= 200 {
			w.chunked = true
		} else {
			r.KeepAlive = false
		}
	}
	if w.c.server.closed.Load() {
		r.KeepAlive = false
	}
	b := w.out
	b = append(b, "HTTP/1.1 "...)
	if o.StatusText != "" {
		b = append(b, o.StatusText...)
	} else {
		b = append(b, phases.StatusLine(o.Status)...)
	}
	b = append(b, "\r\nServer: "...)
	if o.Server != nil {
		b = append(b, *o.Server...)
	} else {
		b = append(b, r.Loc.Core.Signature()...)
	}
	if o.Server != nil && *o.Server == "" {
		b = b[:len(b)-len("\r\nServer: ")]
	}
	if o.Date == nil {
		b = append(b, "\r\nDate: "...)
		b = append(b, httpDate(w.c.Now())...)
	} else if *o.Date != "" {
		b = append(b, "\r\nDate: "...)
		b = append(b, *o.Date...)
	}
	if o.ContentType != "" {
		b = append(b, "\r\nContent-Type: "...)
		b = append(b, o.ContentTypeLine()...)
	}
	if o.ContentLength >= 0 {
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, o.ContentLength, 10)
	}
	if !o.LastModified.IsZero() {
		b = append(b, "\r\nLast-Modified: "...)
		b = o.LastModified.UTC().AppendFormat(b, httpTime)
	}
	if w.chunked {
		b = append(b, "\r\nTransfer-Encoding: chunked"...)
	}
	switch {
	case o.Status == 101:
		b = append(b, "\r\nConnection: upgrade"...)
	case r.KeepAlive:
		b = append(b, "\r\nConnection: keep-alive"...)
		if h := r.Loc.Core.KeepaliveHeader.V; h > 0 {
			b = append(b, "\r\nKeep-Alive: timeout="...)
			b = strconv.AppendInt(b, int64(h/time.Second), 10)
		}
	default:
		b = append(b, "\r\nConnection: close"...)
	}
	for i := range custom {
		b = append(b, "\r\n"...)
		b = append(b, custom[i].Name...)
		b = append(b, ": "...)
		b = appendClean(b, custom[i].Value)
	}
	before := len(w.out)
	b = append(b, "\r\n\r\n"...)
	w.out = b
	w.headSize = int64(len(w.out) - before)
	return w.postpone()
}

// postpone sends what was gathered once postpone_output says that it is enough.
func (w *wire) postpone() error {
	if w.r.HeaderOnly || int64(len(w.out)) < w.r.Loc.Core.PostponeOutput.V {
		return nil
	}
	return w.Flush()
}

// appendClean keeps a value from ending its line.
func appendClean(b []byte, v string) []byte {
	if strings.IndexByte(v, '\n') < 0 && strings.IndexByte(v, '\r') < 0 {
		return append(b, v...)
	}
	for i := range len(v) {
		if c := v[i]; c != '\n' && c != '\r' {
			b = append(b, c)
		}
	}
	return b
}

const httpTime = "Mon, 02 Jan 2006 15:04:05 GMT"

type dated struct {
	sec  int64
	text string
}

var lastDate atomic.Pointer[dated]

func httpDate(t time.Time) string {
	if d := lastDate.Load(); d != nil && d.sec == t.Unix() {
		return d.text
	}
	d := &dated{t.Unix(), t.UTC().Format(httpTime)}
	lastDate.Store(d)
	return d.text
}

// Write sends body pieces in the answer's framing.
func (w *wire) Write(in []phases.Buf) error {
	if w.broken {
		return net.ErrClosed
	}
	var total int64
	for i := range in {
		total += in[i].Size()
	}
	if total == 0 {
		return nil
	}
	if w.length >= 0 && !w.chunked && w.bodySent+total > w.length {
		total = w.length - w.bodySent // more than was promised must not reach the next answer
	}
	if w.chunked {
		w.out = strconv.AppendInt(w.out, total, 16)
		w.out = append(w.out, "\r\n"...)
	}
	left := total
	for i := range in {
		b := &in[i]
		n := min(b.Size(), left)
		if n == 0 {
			continue
		}
		left -= n
		var err error
		if b.File != nil {
			err = w.writeFile(b, n)
		} else {
			err = w.writeBytes(b.B[:n])
		}
		if err != nil {
			return err
		}
		w.bodySent += n
	}
	if w.chunked {
		w.out = append(w.out, "\r\n"...)
	}
	if in[len(in)-1].Last {
		return nil
	}
	return w.postpone()
}

func (w *wire) writeBytes(p []byte) error {
	if rate := w.rate(); rate > 0 {
		return w.paced(p, rate)
	}
	if len(w.out)+len(p) <= outSize {
		w.out = append(w.out, p...)
		return nil
	}
	if len(w.out) > 0 && len(p) <= pieceSize {
		return w.writeBehind(p)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for len(p) > 0 {
		n := min(len(p), pieceSize)
		if err := w.write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

func (w *wire) rate() int64 { return w.r.LimitRate() }

// paced sends p at a bounded rate, as limit_rate asks.
func (w *wire) paced(p []byte, rate int64) error {
	if err := w.Flush(); err != nil {
		return err
	}
	if w.started.IsZero() {
		w.started = time.Now()
	}
	free := w.r.LimitRateAfter()
	for len(p) > 0 {
		step := max(rate/4, 1)
		n := min(int64(len(p)), step)
		if err := w.write(p[:n]); err != nil {
			return err
		}
		p = p[n:]
		due := time.Duration(float64(w.sent-free) / float64(rate) * float64(time.Second))
		if wait := due - time.Since(w.started); wait > 0 && len(p) > 0 {
			w.c.Waiting()
			w.blocking(func() { time.Sleep(wait) })
		}
	}
	return nil
}

func (w *wire) writeFile(b *phases.Buf, n int64) error {
	if n <= outSize-int64(len(w.out)) || w.rate() > 0 {
		p := make([]byte, n)
		if _, err := io.ReadFull(io.NewSectionReader(b.File, b.Off, n), p); err != nil {
			return err
		}
		return w.writeBytes(p)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if s := w.c.socket(); s != nil {
		return w.sendFile(s, b.File, b.Off, n)
	}
	if _, err := b.File.Seek(b.Off, io.SeekStart); err != nil {
		return err
	}
	// a megabyte at a time so that the deadline is one between two writes
	for n > 0 {
		w.c.setWrite(w.r.Loc.Core.SendTimeout.V)
		var m int64
		var err error
		w.c.Waiting()
		w.blocking(func() { m, err = io.Copy(w.c.netConn, io.LimitReader(b.File, min(n, 1<<20))) })
		w.sent += m
		n -= m
		if err != nil {
			return w.failed(err)
		}
		if m == 0 {
			return w.failed(io.ErrUnexpectedEOF)
		}
	}
	return nil
}

// Flush writes what was gathered.
func (w *wire) Flush() error {
	if w.broken {
		return net.ErrClosed
	}
	if len(w.out) == 0 {
		return nil
	}
	err := w.write(w.out)
	w.out = w.out[:0]
	return err
}

func (w *wire) write(p []byte) error {
	if w.c.loop == nil {
		w.c.setWrite(w.sendTimeout())
	}
	n, err := w.send(p)
	w.sent += int64(n)
	return w.failed(err)
}

func (w *wire) sendTimeout() time.Duration {
	if w.r == nil {
		return w.patience
	}
	if w.r.Loc != nil {
		return w.r.Loc.Core.SendTimeout.V
	}
	return 60 * time.Second
}

// blocking runs f, which may wait for the client, so that nobody else is kept waiting with it.
func (w *wire) blocking(f func()) {
	if b := w.r.Block; b != nil {
		b.Blocking(f)
		return
	}
	f()
}

// send writes p. Where others wait for what the writer holds, it first tries what the kernel takes at
// once, which is nearly always all.
func (w *wire) send(p []byte) (n int, err error) {
	if w.c.loop != nil {
		n, err = w.c.sendNow(p)
		if err != nil || n == len(p) {
			return n, err
		}
		w.c.Waiting()
		w.c.setWrite(w.sendTimeout())
	}
	if w.r == nil || w.r.Block == nil {
		m, err := w.c.netConn.Write(p[n:])
		return n + m, err
	}
	return w.sendBlocking(p, n)
}

// sendBlocking writes p from n on, and waits for the client with it.
func (w *wire) sendBlocking(p []byte, n int) (int, error) {
	var err error
	if w.c.loop == nil && w.c.rc != nil && w.c.netConn == w.c.raw {
		n, err = w.c.tryWrite(p)
		if err != nil || n == len(p) {
			return n, err
		}
	}
	var m int
	w.blocking(func() { m, err = w.c.netConn.Write(p[n:]) })
	return n + m, err
}

func (w *wire) failed(err error) error {
	if err == nil {
		return nil
	}
	w.broken = true
	var te interface{ Timeout() bool }
	if errors.As(err, &te) && te.Timeout() {
		return errors.New("client timed out")
	}
	return errors.New("writev() failed " + phases.Errno(err))
}

// End closes the answer's framing. What was gathered leaves at once, so that a log phase does not make the client wait, or with the answers to
// other requests that came at the same time.
func (w *wire) End() error {
	if w.ended || w.broken {
		return nil
	}
	w.ended = true
	if w.chunked {
		w.out = append(w.out, "0\r\n"...)
		for _, t := range w.r.Out.Trailers.All() {
			w.out = append(w.out, t.Name...)
			w.out = append(w.out, ": "...)
			w.out = appendClean(w.out, t.Value)
			w.out = append(w.out, "\r\n"...)
		}
		w.out = append(w.out, "\r\n"...)
	}
	if w.length >= 0 && !w.r.HeaderOnly && w.bodySent < w.length {
		w.r.KeepAlive = false // the client would wait for the rest
	}
	if w.together() {
		return nil
	}
	return w.Flush()
}

// together reports whether the answer may leave with those to others.
func (w *wire) together() bool {
	return w.r.KeepAlive && w.body == nil && !w.lent && !w.taken && w.c.buffered() == 0 && w.c.accompanied()
}

// flushEnd is for a request that is over. What it gathered may leave with the answers to others: see conn.later.
func (w *wire) flushEnd() {
	if w.broken || len(w.out) == 0 {
		return
	}
	if w.together() {
		w.patience = w.sendTimeout()
		w.r = nil
		w.c.later = true
		return
	}
	w.Flush() //nolint:errcheck // the connection ends or the next read shows it
}

// Abandon makes the connection close. What waits to be sent is dropped.
func (w *wire) Abandon() {
	w.out = w.out[:0]
	w.broken = true
}

// Hijack hands the transport over.
func (w *wire) Hijack() (net.Conn, error) {
	if w.hijacked {
		return nil, errors.New("the connection was handed over already")
	}
	if err := w.Flush(); err != nil && !w.broken {
		return nil, err
	}
	w.hijacked, w.broken = true, true
	c := w.c
	c.raw.SetDeadline(time.Time{}) //nolint:errcheck // a dead connection shows at the read
	n := c.reader().Buffered()
	b, _ := c.reader().Peek(n)
	ahead := append([]byte(nil), b...)
	ahead = append(ahead, c.pending...)
	c.pending = nil
	if c.gone != nil {
		c.gone.stop()
		c.gone = nil
	}
	return &prefixed{Conn: c.netConn, head: ahead}, nil
}

// Gone is closed once the client has gone away.
func (w *wire) Gone() <-chan struct{} {
	if w.c.gone == nil {
		w.c.gone = newWatch(w.c)
	}
	return w.c.gone.ch
}
