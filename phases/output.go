package phases

import (
	"io"
	"os"
	"time"
	"unsafe"

	"moongate/conf"
)

// Buf is a piece of a response's body: bytes, or a part of a file. The bytes belong to whoever
// made them and are valid until the call that they are passed to returns.
type Buf struct {
	B    []byte
	File *os.File
	Off  int64 // in File
	Len  int64 // in File
	// Flush asks for everything so far to be sent at once.
	Flush bool
	// Last marks the end of the response (of the subrequest's, for one).
	Last bool
}

// Size is the number of body bytes that b stands for.
func (b *Buf) Size() int64 {
	if b.File != nil {
		return b.Len
	}
	return int64(len(b.B))
}

// Bytes is b's content; a file's part is read into memory.
func (b *Buf) Bytes() ([]byte, error) {
	if b.File == nil {
		return b.B, nil
	}
	p := make([]byte, b.Len)
	_, err := io.ReadFull(io.NewSectionReader(b.File, b.Off, b.Len), p)
	return p, err
}

// HeaderHandler passes a response's head on.
type HeaderHandler func(r *Request) Status

// HeaderFilter wraps the rest of the header filters' chain.
type HeaderFilter func(next HeaderHandler) HeaderHandler

// BodyHandler passes body pieces on; it may change the slice.
type BodyHandler func(r *Request, in []Buf) Status

// BodyFilter wraps the rest of the body filters' chain. A filter passes Last on exactly once.
type BodyFilter func(next BodyHandler) BodyHandler

// SendHeader sends the response's head through the header filters. It may be called once. A status of
// 300 and up means that a filter refused the head: nothing was sent, and the request ends with it.
func (r *Request) SendHeader() Status {
	if r.HeaderSent {
		r.Log(LogAlert, "header already sent")
		return Error
	}
	if r.errStatus != 0 {
		r.Out.Status, r.Out.StatusText = r.errStatus, ""
	}
	if r.Out.Status == 0 {
		r.Out.Status = 200
	}
	rc := r.Loc.plan.header(r)
	if rc < statusSpecialResponseStart {
		r.HeaderSent = true // else a filter refused it, and Finalize answers with that status
	}
	return rc
}

// Output sends body pieces through the body filters; the head must have been sent.
// Error means that the client (or the filter) takes no more.
func (r *Request) Output(in ...Buf) Status { return r.OutputList(in) }

// OutputOne is Output for one piece, which it allocates nothing for.
func (r *Request) OutputOne(b Buf) Status {
	if r.oneUsed {
		return r.OutputList([]Buf{b}) // a filter puts out something of its own meanwhile
	}
	r.oneUsed = true
	r.one[0] = b
	rc := r.OutputList(r.one[:])
	r.one[0] = Buf{}
	r.oneUsed = false
	return rc
}

// OutputList is Output for a slice that the callee may change.
func (r *Request) OutputList(in []Buf) Status {
	rc := r.Loc.plan.body(r, in)
	if rc == Error {
		r.refused = true
	}
	return rc
}

// OutputFailed reports whether r's output has met with an Error. In nginx that ends the client's connection,
// whatever becomes of r itself.
func (r *Request) OutputFailed() bool { return r.refused }

// SendLast ends the response.
func (r *Request) SendLast() Status { return r.OutputOne(Buf{Last: true}) }

// Respond sends a whole answer: the head with the length, and the body.
func (r *Request) Respond(status int, contentType string, body []byte) Status {
	r.Out.Status = status
	r.Out.ContentType = contentType
	r.Out.ContentLength = int64(len(body))
	rc := r.SendHeader()
	if rc == Error || rc > OK || r.HeaderOnly {
		return rc
	}
	return r.OutputOne(Buf{B: body, Last: true})
}

// RespondText is Respond for a text.
func (r *Request) RespondText(status int, contentType, body string) Status {
	// no filter writes into the bytes of a Buf: they are their maker's
	return r.Respond(status, contentType, unsafe.Slice(unsafe.StringData(body), len(body)))
}

// writeHeader is the end of the header filters.
func writeHeader(r *Request) Status {
	if r.IsSub() {
		r.HeaderOnly = r.HeaderOnly || r.Method == "HEAD"
		return OK
	}
	if r.Method == "HEAD" || r.Out.Status == 204 || r.Out.Status == 304 {
		r.HeaderOnly = true
	}
	if r.Out.Status == 204 || r.Out.Status < 200 {
		r.Out.ClearContentLength()
	}
	if r.Out.Status == 204 {
		r.Out.ContentType = ""
		r.Out.LastModified = time.Time{}
		r.Out.Headers.Delete("Last-Modified")
	}
	r.Out.HeaderOnly = r.HeaderOnly
	if path := r.Out.local; path != "" {
		if v, _ := r.Out.Headers.Value("Location"); v == path { // else somebody has set another
			r.Out.Headers.Put("Location", r.AbsoluteLocation(path))
		}
	}
	if err := r.Wire.WriteHead(r); err != nil {
		return r.writeFailed(err)
	}
	if r.HeaderOnly {
		return r.endWire()
	}
	return OK
}

// joinBody is the end of the body filters: here the output of subrequests joins the main request's.
func joinBody(r *Request, in []Buf) Status {
	if r.IsSub() {
		return r.sub.write(r, in)
	}
	return r.Loc.plan.mainBody(r, in)
}

// writeBody hands the main request's body to the front end.
func writeBody(r *Request, in []Buf) Status {
	if r.gone {
		return Error
	}
	last, flush := false, false
	for i := range in {
		last = last || in[i].Last
		flush = flush || in[i].Flush
		r.BodySent += in[i].Size()
	}
	if r.HeaderOnly || r.Finished {
		return OK
	}
	if err := r.Wire.Write(in); err != nil {
		return r.writeFailed(err)
	}
	if last {
		return r.endWire()
	}
	if flush {
		if err := r.Wire.Flush(); err != nil {
			return r.writeFailed(err)
		}
	}
	return OK
}

func (r *Request) endWire() Status {
	if r.Finished {
		return OK
	}
	r.Finished = true
	if err := r.Wire.End(); err != nil {
		return r.writeFailed(err)
	}
	return OK
}

func (r *Request) writeFailed(err error) Status {
	if !r.gone {
		r.gone = true
		r.Logf(LogInfo, "%v while sending response to client", err)
		r.abandon()
	}
	return Error
}

// Flush pushes buffered output to the client and waits until the kernel has taken it. The end of a response may have been left for the end of its
// request: it is sent now.
func (r *Request) Flush() Status {
	if r.IsSub() {
		return OK
	}
	if r.Finished {
		r.Wire.Flush() //nolint:errcheck // nobody is told any more
		return OK
	}
	if r.gone {
		return Error
	}
	if err := r.Wire.Flush(); err != nil {
		return r.writeFailed(err)
	}
	return OK
}

// LimitRate is the rate in bytes a second at which the response may be sent; 0 does not limit.
func (r *Request) LimitRate() int64 {
	if r.limitRateSet {
		return r.limitRate
	}
	if r.Loc == nil {
		return 0
	}
	return sizeOf(r, r.Loc.Core.LimitRate.V)
}

// LimitRateAfter is how many bytes are sent before LimitRate counts.
func (r *Request) LimitRateAfter() int64 { return sizeOf(r, r.Loc.Core.LimitRateAfter.V) }

func sizeOf(r *Request, v *Value) int64 {
	if v == nil {
		return 0
	}
	n, ok := conf.ParseSize(v.Eval(r))
	if !ok {
		return 0
	}
	return n
}
