package http1

import (
	"fmt"

	"moongate/phases"
)

// scan reads a head line by line, as it comes: it finds out as early as nginx would that it is none, or that it does
// not fit the buffers that client_header_buffer_size and large_client_header_buffers set up. The lines are
// only looked at here; fill takes them apart.
//
// nginx reads the head into one buffer, and where a line does not fit the rest of it, puts the line's beginning into a
// large buffer and goes on there. A line can thus be no longer than a large buffer, and there is a number of them.
type scan struct {
	listen *phases.Listen
	base   *phases.CoreServer // of the default server, or the one that TLS named
	core   *phases.CoreServer // whose buffers and rules hold: the default server's, later the named one's
	line   requestLine
	begun  bool // the request line was read
	pos    int  // where the line begins that is not whole
	room   int  // from there, in the buffer that nginx would be filling
	large  int  // how many large buffers are in use
	hosted bool

	status phases.Status // where the head is refused
	why    string
	text   int // how much of the head is known to be the refused request line
}

func (s *scan) begin(l *phases.Listen, core *phases.CoreServer) {
	*s = scan{listen: l, base: core, core: core, room: int(core.HeaderBuffer.V)}
}

// next looks at what is buffered of the head, and reports whether that is all there is to read: the head is s.pos long
// then, or refused with s.status.
func (s *scan) next(b string) bool {
	for {
		rest := b[s.pos:]
		var n int
		var o outcome
		var h headerLine
		if s.begun {
			h, n, o = scanHeader(rest, s.core.UnderscoresInHeaders.V)
		} else {
			s.line, n, o = scanLine(rest)
		}
		switch {
		case o == more:
			room, large := s.room, s.large
			if len(rest) >= room && !s.fits(len(rest)+1) {
				return true
			}
			s.room, s.large = room, large
			return false
		case o >= badRequest:
			s.status, s.why = refusals[o].status, refusals[o].why
			switch o {
			case badOld:
				s.pos += n
			case badLine:
				s.why = fmt.Sprintf("%s: \"%s\\x%02x...\"", s.why, rest[:n], rest[n])
			}
			s.text = len(rest)
			return true
		}
		if !s.fits(n) {
			return true
		}
		s.pos += n
		switch {
		case o == blank:
			return true
		case !s.begun:
			s.begun = true
			if s.line.version == "" {
				return true // no header follows
			}
			if s.line.absolute {
				s.named(s.line.host)
			}
		case len(h.name) == 4 && !s.hosted && phases.EqualFold(h.name, "Host"):
			s.named(h.value)
		}
	}
}

// fits makes room for the line of n bytes that begins at s.pos; where there is none it refuses.
func (s *scan) fits(n int) bool {
	if n <= s.room {
		s.room -= n
		return true
	}
	size := int(s.core.LargeHeaderBuffers.V.Size)
	if s.room >= size || n > size || s.large >= s.core.LargeHeaderBuffers.V.Number {
		if s.begun {
			s.status, s.why = phases.StatusRequestHeaderTooBig, "client sent too long header line or too many of them"
		} else {
			s.status, s.why, s.text = 414, "client sent too long URI", max(s.room, size)
		}
		return false
	}
	s.large++
	s.room = size - n
	return true
}

// named has the rules of the server that the request names hold from here on.
func (s *scan) named(host string) {
	s.hosted = true
	if len(s.listen.Servers()) < 2 {
		return
	}
	if h, ok := phases.ValidHost(host); ok {
		s.core = s.listen.ServerFor(h).Core
	}
}

// surely is how long a head may be that fits the buffers of each server of l, however its lines lie.
func surely(l *phases.Listen) int64 {
	first := l.Default.Core.HeaderBuffer.V
	least := max(first, largest(l.Default))
	for _, s := range l.Servers() {
		least = min(least, max(first, largest(s)))
	}
	return least
}

func largest(s *phases.Server) int64 {
	if b := s.Core.LargeHeaderBuffers.V; b.Number > 0 {
		return b.Size
	}
	return 0
}
