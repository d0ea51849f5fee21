package phases

import "os"

// BodyBuilder puts a new request body together, in memory up to a size and past that in a temporary
// file. The request's body is replaced by what was appended so far when NewBody and Finish are called.
type BodyBuilder struct {
	r    *Request
	max  int64 // bytes in memory
	data []byte
	file *os.File
	size int64
}

// NewBody empties the request's body, which must have been read, and starts a new one. max is how many
// bytes are kept in memory; 0 means that all go to a file.
func (r *Request) NewBody(max int64) *BodyBuilder {
	r.Body.SetBytes(nil)
	return &BodyBuilder{r: r, max: max}
}

// Append adds data at the end.
func (b *BodyBuilder) Append(data string) error {
	b.size += int64(len(data))
	if b.file == nil && b.size <= b.max {
		b.data = append(b.data, data...)
		return nil
	}
	if b.file == nil {
		if err := b.spool(); err != nil {
			return err
		}
	}
	_, err := b.file.WriteString(data)
	return err
}

func (b *BodyBuilder) spool() error {
	f, err := b.r.Tree.tempFile(b.r.Loc.Core.BodyTempPath.V)
	if err != nil {
		return err
	}
	b.file = f
	b.r.OnEnd(func() { f.Close(); os.Remove(f.Name()) })
	b.r.Logf(LogWarn, "a client request body is buffered to a temporary file %s", f.Name())
	_, err = f.Write(b.data)
	b.data = nil
	return err
}

// Finish makes what was appended the request's body. The builder may go on to append and finish again.
func (b *BodyBuilder) Finish() error {
	if b.file == nil && b.max == 0 {
		if err := b.spool(); err != nil {
			return err
		}
	}
	if b.file != nil {
		return b.r.Body.SetFile(b.file.Name(), false)
	}
	b.r.Body.SetBytes(b.data)
	return nil
}

// BodyDiscarded reports whether DiscardBody has dropped the client's body.
func (r *Request) BodyDiscarded() bool { return r.Body.state == bodyDiscarded }
