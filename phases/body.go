package phases

import (
	"errors"
	"io"
	"os"
)

// RequestBody is the client's request body, read as a whole before a handler uses it: in memory up to
// client_body_buffer_size, past that in a temporary file.
type RequestBody struct {
	state bodyState
	data  []byte
	file  *os.File
	name  string
	size  int64
	keep  bool // the file survives the request
	lent  bool // the file is another request's
}

type bodyState uint8

const (
	bodyUnread bodyState = iota
	bodyRead
	bodyDiscarded
	bodyStreamed // someone reads the wire directly
)

// ErrBodyTooLarge is what reading says when a chunked body outgrows client_max_body_size.
var ErrBodyTooLarge = errors.New("client intended to send too large chunked body")

// HasBody reports whether the client framed a body, an empty one included.
func (r *Request) HasBody() bool { return r.ContentLength > 0 || r.Chunked }

// BodyRead reports whether the body was read (or set).
func (r *Request) BodyRead() bool { return r.Body.state == bodyRead }

// ReadBody reads the whole body. The status is OK, or the HTTP status that the request ends with
// (413, 408, 400, 500, 499). Calling it again is free.
func (r *Request) ReadBody() Status {
	b := &r.Body
	if b.state != bodyUnread {
		return OK
	}
	if !r.IsSub() {
		r.sendContinue()
	}
	if r.IsSub() || !r.HasBody() {
		b.state = bodyRead
		return OK
	}
	b.state = bodyRead
	c := r.Loc.Core
	src := r.Wire.Body()
	limit := c.MaxBodySize.V
	buf := c.BodyBufferSize.V
	if r.ContentLength >= 0 && r.ContentLength <= buf && !c.BodyInFileOnly.V {
		b.data = make([]byte, r.ContentLength)
		if _, err := io.ReadFull(src, b.data); err != nil {
			b.data = nil
			return r.bodyFailed(err)
		}
		b.size = r.ContentLength
		return OK
	}
	data := make([]byte, 0, min(buf, 16<<10))
	chunk := make([]byte, 16<<10)
	for {
		n, err := src.Read(chunk)
		b.size += int64(n)
		if limit > 0 && b.size > limit && r.Chunked {
			r.Logf(LogErr, "%v: %d bytes", ErrBodyTooLarge, b.size)
			r.KeepAlive = false
			b.close()
			return 413
		}
		if b.file == nil && (int64(len(data)+n) > buf || c.BodyInFileOnly.V) {
			if e := b.spool(r, data); e != nil {
				r.Logf(LogCrit, "%v", e)
				return 500
			}
			data = nil
		}
		if b.file == nil {
			data = append(data, chunk[:n]...)
		} else if _, e := b.file.Write(chunk[:n]); e != nil {
			r.Logf(LogCrit, "%v", e)
			return 500
		}
		if err == io.EOF { //nolint:errorlint // io.Reader's contract
			break
		}
		if err != nil {
			b.close()
			return r.bodyFailed(err)
		}
	}
	b.data = data
	return OK
}

func (b *RequestBody) spool(r *Request, data []byte) error {
	f, err := r.Tree.tempFile(r.Loc.Core.BodyTempPath.V)
	if err != nil {
		return err
	}
	b.file, b.name = f, f.Name()
	r.Logf(LogWarn, "a client request body is buffered to a temporary file %s", b.name)
	_, err = f.Write(data)
	return err
}

func (r *Request) bodyFailed(err error) Status {
	r.KeepAlive = false
	var te interface{ Timeout() bool }
	var se *BadBody
	switch {
	case errors.Is(err, ErrBodyTooLarge):
		r.Logf(LogErr, "%v", err)
		return 413
	case errors.As(err, &se):
		r.Logf(LogInfo, "client sent invalid chunked body")
		return 400
	case errors.As(err, &te) && te.Timeout():
		r.Log(LogInfo, "client timed out")
		return 408
	}
	r.gone = true
	r.Log(LogInfo, "client prematurely closed connection")
	return 400
}

// BadBody is the error of a body whose framing makes no sense.
type BadBody struct{ Reason string }

func (e *BadBody) Error() string { return "invalid request body: " + e.Reason }

// DiscardBody drops the body unread; what the client still sends is skipped when the request ends.
func (r *Request) DiscardBody() Status {
	if r.Body.state == bodyUnread && !r.IsSub() {
		r.sendContinue()
		r.Body.state = bodyDiscarded
	}
	return OK
}

// Continuer is a wire that can tell a client which waits for it to send its body.
type Continuer interface{ Continue() }

// sendContinue sends "100 Continue" where the client expects it, whether or not the body will be used, as nginx does: what is not
// used is skipped.
func (r *Request) sendContinue() {
	if r.In.Len() == 0 || r.HeaderSent {
		return
	}
	if c, ok := r.Wire.(Continuer); ok {
		c.Continue()
	}
}

func (r *Request) discardBodyQuietly() {
	if !r.IsSub() && r.Body.state == bodyUnread {
		r.Body.state = bodyDiscarded
	}
}

// BodyStream reads the body while it arrives, for unbuffered proxying and request sockets. The
// caller owns it; ReadBody will not read it again.
func (r *Request) BodyStream() Reader {
	if r.Body.state == bodyUnread {
		r.Body.state = bodyStreamed
		if r.HasBody() && !r.IsSub() {
			return r.Wire.Body()
		}
		return eofReader{}
	}
	return r.BodyReader()
}

type eofReader struct{}

func (eofReader) Read([]byte) (int, error) { return 0, io.EOF }

// BodyStreamed reports whether BodyStream took the unread body.
func (r *Request) BodyStreamed() bool { return r.Body.state == bodyStreamed }

// Bytes is the body in memory; ok is false where there is none or it went to a file.
func (b *RequestBody) Bytes() (data []byte, ok bool) {
	return b.data, b.file == nil && b.state == bodyRead && len(b.data) > 0
}

// File is the name of the body's temporary file, empty where it is in memory.
func (b *RequestBody) File() string { return b.name }

// Size is the body's length in bytes, once read.
func (b *RequestBody) Size() int64 { return b.size }

// BodyReader reads the body from its beginning, wherever it is. Only after ReadBody.
func (r *Request) BodyReader() Reader {
	b := &r.Body
	if b.file != nil {
		return io.NewSectionReader(b.file, 0, b.size)
	}
	return &bytesReader{b.data}
}

type bytesReader struct{ b []byte }

func (x *bytesReader) Read(p []byte) (int, error) {
	if len(x.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, x.b)
	x.b = x.b[n:]
	return n, nil
}

// SetBytes makes data the body; it must not change afterwards.
func (b *RequestBody) SetBytes(data []byte) {
	b.close()
	*b = RequestBody{state: bodyRead, data: data, size: int64(len(data))}
}

// SetFile makes the file named name the body; remove deletes it when the request ends.
func (b *RequestBody) SetFile(name string, remove bool) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return err
	}
	b.close()
	*b = RequestBody{state: bodyRead, file: f, name: name, size: st.Size(), keep: !remove}
	return nil
}

// Share makes b the same body as other, which outlives it (a subrequest's parent).
func (b *RequestBody) Share(other *RequestBody) {
	*b = *other
	b.lent = true
}

// MarkRead makes an unread body count as read and empty, as for a subrequest.
func (b *RequestBody) MarkRead() { b.state = bodyRead }

func (b *RequestBody) close() {
	if b.file != nil {
		if !b.lent {
			b.file.Close()
			if !b.keep {
				os.Remove(b.name)
			}
		}
		b.file = nil
	}
	b.data, b.name = nil, ""
}
