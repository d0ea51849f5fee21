package ranges

import "moongate/phases"

func newBodyModule() *phases.Module {
	m := phases.NewModule(phases.Module{Name: "range_body"})
	m.Postconfigure = func(l *phases.Load) error {
		l.FilterBody(func(next phases.BodyHandler) phases.BodyHandler {
			return func(r *phases.Request, in []phases.Buf) phases.Status {
				c, ok := r.Ctx(m).(*cut)
				switch {
				case !ok || len(in) == 0:
					return next(r, in)
				case len(c.parts) == 1:
					return next(r, c.single(in))
				}
				return c.several(r, in, next)
			}
		})
		return nil
	}
	return m
}

// narrow makes b the bytes from…to of itself.
func narrow(b phases.Buf, from, to int64) phases.Buf {
	if b.File != nil {
		b.Off, b.Len = b.Off+from, to-from
	} else {
		b.B = b.B[from:to]
	}
	return b
}

// single keeps of a body's pieces what lies in the one part.
func (c *cut) single(in []phases.Buf) []phases.Buf {
	out, p := in[:0], c.parts[0]
	for _, b := range in {
		start := c.offset
		c.offset += b.Size()
		switch {
		case c.done:
		case b.Size() == 0:
			c.done = b.Last
			out = append(out, b)
		case c.offset >= p.end:
			b = narrow(b, max(p.start-start, 0), p.end-start)
			b.Last, c.done = true, true
			out = append(out, b)
		case c.offset > p.start:
			c.done = b.Last
			out = append(out, narrow(b, max(p.start-start, 0), b.Size()))
		case b.Last:
			c.done = true
			out = append(out, phases.Buf{Last: true})
		}
	}
	return out
}

// several sends the parts with their heads. The body must come in one piece, as files do.
func (c *cut) several(r *phases.Request, in []phases.Buf, next phases.BodyHandler) phases.Status {
	if c.done || in[0].Size() == 0 {
		return next(r, in)
	}
	for _, p := range c.parts {
		if p.end > in[0].Size() {
			r.Log(phases.LogAlert, "range in overlapped buffers")
			return phases.Error
		}
	}
	c.done = true
	out := make([]phases.Buf, 0, 2*len(c.parts)+1)
	for _, p := range c.parts {
		b := narrow(in[0], p.start, p.end)
		b.Last = false
		out = append(out, phases.Buf{B: []byte(c.head + c.describe(p) + "\r\n\r\n")}, b)
	}
	return next(r, append(out, phases.Buf{B: []byte(c.tail()), Last: true}))
}
