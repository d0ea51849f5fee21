package gzip

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"moongate/phases"
)

// filter carries the module to its filters.
type filter struct{ m *phases.Module }

// state is what a response keeps while it is compressed.
type state struct {
	level   int
	w       *gzip.Writer // nil once the last piece is out
	out     bytes.Buffer
	in, sum int64 // bytes taken and given
}

// writers are pools of compressors by level.
var writers [10]sync.Pool

func newState(level int) *state {
	s := &state{level: level}
	if w, ok := writers[level].Get().(*gzip.Writer); ok {
		w.Reset(&s.out)
		s.w = w
	} else {
		s.w, _ = gzip.NewWriterLevel(&s.out, level) // the level was checked at load
	}
	s.w.OS = 3 // Unix
	return s
}

func (s *state) release() {
	if s.w != nil {
		writers[s.level].Put(s.w)
		s.w = nil
	}
}

func (f *filter) install(l *phases.Load) error {
	on := phases.Where(f.m, func(c *location) bool { return c.on.V })
	l.FilterHeaderWhere(on, func(next phases.HeaderHandler) phases.HeaderHandler {
		return func(r *phases.Request) phases.Status {
			f.head(r)
			return next(r)
		}
	})
	l.FilterMainBody(func(next phases.BodyHandler) phases.BodyHandler {
		return func(r *phases.Request, in []phases.Buf) phases.Status {
			s, ok := r.Ctx(f.m).(*state)
			if !ok || r.HeaderOnly || s.w == nil {
				return next(r, in)
			}
			return s.compress(r, next, in)
		}
	})
	return nil
}

// head decides, and changes the head to that of a compressed answer.
func (f *filter) head(r *phases.Request) {
	c := phases.LocationOf[location](r.Loc, f.m)
	if !c.suitable(r) {
		return
	}
	if c.vary.V {
		r.Out.Headers.Add("Vary", "Accept-Encoding")
	}
	if !c.accepted(r) {
		return
	}
	r.Out.Headers.Put("Content-Encoding", "gzip")
	r.Out.ClearContentLength()
	r.Out.AllowRanges = false
	r.Out.Headers.Delete("Accept-Ranges")
	if tag, ok := r.Out.Headers.Value("ETag"); ok && !strings.HasPrefix(tag, "W/") {
		if strings.HasPrefix(tag, `"`) {
			r.Out.Headers.Put("ETag", "W/"+tag)
		} else {
			r.Out.Headers.Delete("ETag")
		}
	}
	s := newState(c.level.V)
	r.SetCtx(f.m, s)
	r.OnEnd(s.release)
}

// chunk is how much compressed output is gathered before it goes on, in bytes.
const chunk = 16 << 10

func (s *state) compress(r *phases.Request, next phases.BodyHandler, in []phases.Buf) phases.Status {
	for i := range in {
		b := &in[i]
		data, err := b.Bytes()
		if err != nil {
			r.Logf(phases.LogCrit, "reading a response's file: %v", err)
			return phases.Error
		}
		s.in += int64(len(data))
		flush := b.Flush && !b.Last
		// writing to memory does not fail
		s.w.Write(data) //nolint:errcheck // see above
		switch {
		case b.Last:
			s.w.Close() //nolint:errcheck // see above
		case flush:
			s.w.Flush() //nolint:errcheck // see above
		}
		if s.out.Len() < chunk && !b.Last && !flush {
			continue
		}
		s.sum += int64(s.out.Len())
		rc := next(r, []phases.Buf{{B: s.out.Bytes(), Flush: flush, Last: b.Last}})
		s.out.Reset()
		if b.Last {
			s.release()
		}
		if rc != phases.OK {
			return rc
		}
	}
	return phases.OK
}

func (f *filter) addVariables(l *phases.Load) error {
	return l.AddVariable(phases.Variable{Name: "gzip_ratio", NoCache: true, Get: func(r *phases.Request, _ string) (string, bool) {
		s, ok := r.Ctx(f.m).(*state)
		if !ok || s.sum == 0 {
			return "", false
		}
		hundredths := (s.in*1000/s.sum + 5) / 10
		return fmt.Sprintf("%d.%02d", hundredths/100, hundredths%100), true
	}})
}
