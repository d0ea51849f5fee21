package pipe

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unsafe"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/machine"
)

// reader takes something off a stream: what it has so far comes with the error.
type reader func(s *stream, p *process) ([]byte, error)

// read makes a method that reads stream i.
func (m *module) read(i int, take reader) func(L *lua.LState, p *process) int {
	return func(L *lua.LState, p *process) int {
		c := m.current(L)
		s := &p.out[i]
		p.settle(&s.reader)
		switch {
		case p.finalized && !s.draining:
			return fail(L, "closed")
		case i == 1 && p.merged:
			return fail(L, "merged to stdout")
		case s.f == nil:
			return fail(L, "closed")
		case s.reader != nil:
			return fail(L, "pipe busy reading")
		}
		if c.Enabled(phases.LogDebug) {
			c.Log(phases.LogDebug, fmt.Sprintf("lua pipe read process:%016X pid:%d", p.id(), p.pid))
		}
		data, err := take(s, p)
		text := lua.LString(unsafe.String(unsafe.SliceData(data), len(data)))
		if err == nil {
			L.Push(text)
			return 1
		}
		fail(L, message(err))
		L.Push(text)
		return 3
	}
}

func (m *module) readBytes(i int) lua.LGFunction {
	return func(L *lua.LState) int {
		v, ok := L.Get(2).(lua.LNumber)
		if !ok { // the comparison with 0 fails there
			codec.Raise(L, "attempt to compare "+L.Get(2).Type().String()+" with number")
		}
		n := int(v)
		switch {
		case n < 0:
			codec.Raise(L, "bad len argument")
		case n == 0:
			L.Push(lua.LString(""))
			return 1
		}
		return m.read(i, func(s *stream, p *process) ([]byte, error) { return s.count(p, n) })(L, processOf(L))
	}
}

func (m *module) readAny(i int) lua.LGFunction {
	return func(L *lua.LState) int {
		f, ok := machine.ToNumber(L.Get(2))
		if !ok || f <= 0 {
			codec.Raise(L, "bad max argument")
		}
		most := max(int(f), 1)
		return m.read(i, func(s *stream, p *process) ([]byte, error) { return s.any(p, most) })(L, processOf(L))
	}
}

// take moves n bytes of the buffer to dst.
func (s *stream) take(dst []byte, n int) []byte {
	dst = append(dst, s.buf[s.r:s.r+n]...)
	s.r += n
	return dst
}

func (s *stream) all(p *process) ([]byte, error) {
	var acc []byte
	for {
		acc = s.take(acc, s.w-s.r)
		if err := s.fill(p); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return acc, err
		}
	}
}

// line reads up to a line feed; carriage returns are left out.
func (s *stream) line(p *process) ([]byte, error) {
	var acc []byte
	for {
		if s.r == s.w {
			if err := s.fill(p); err != nil {
				return acc, err
			}
		}
		b := s.buf[s.r:s.w]
		i := bytes.IndexByte(b, '\n')
		if i >= 0 {
			s.r += i + 1
			return append(acc, bytes.ReplaceAll(b[:i], []byte("\r"), nil)...), nil
		}
		s.r = s.w
		acc = append(acc, bytes.ReplaceAll(b, []byte("\r"), nil)...)
	}
}

func (s *stream) count(p *process, n int) ([]byte, error) {
	var acc []byte
	for {
		acc = s.take(acc, min(s.w-s.r, n-len(acc)))
		if len(acc) == n {
			return acc, nil
		}
		if err := s.fill(p); err != nil {
			return acc, err
		}
	}
}

func (s *stream) any(p *process, most int) ([]byte, error) {
	if s.r == s.w {
		if err := s.fill(p); err != nil {
			return nil, err
		}
	}
	return s.take(nil, min(s.w-s.r, most)), nil
}
