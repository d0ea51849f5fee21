package syntax

import (
	"fmt"
	"strings"
)

// idSize is the room LuaJIT has for a source name in a message, the final NUL included.
const idSize = 60

// Error is a chunk that LuaJIT would refuse. Its text is complete: position, reason and offending token.
type Error struct {
	// Source is the short name of the chunk, as ShortSource gives it.
	Source string
	// Line is where the problem was seen, counted from 1.
	Line int
	// Msg is the whole message in LuaJIT's words, position included.
	Msg string
}

// Error returns the whole message.
func (e *Error) Error() string { return e.Msg }

// ShortSource turns a chunk name into the form that messages show: "@file" is a file (its tail if long), "=name" a
// name taken literally, and everything else is source text, shown as [string "first line..."].
func ShortSource(chunkname string) string {
	if chunkname == "" {
		return `[string ""]`
	}
	// A chunk name is a C string to LuaJIT: what follows a NUL is never shown.
	if i := strings.IndexByte(chunkname, 0); i >= 0 {
		chunkname = chunkname[:i]
	}
	switch {
	case strings.HasPrefix(chunkname, "="):
		if chunkname = chunkname[1:]; len(chunkname) >= idSize {
			chunkname = chunkname[:idSize-1]
		}
		return chunkname
	case strings.HasPrefix(chunkname, "@"):
		if chunkname = chunkname[1:]; len(chunkname) >= idSize {
			chunkname = "..." + chunkname[len(chunkname)-(idSize-4):]
		}
		return chunkname
	}
	n := 0
	for n < len(chunkname) && n < idSize-12 && chunkname[n] >= ' ' {
		n++
	}
	if n == len(chunkname) {
		return `[string "` + chunkname + `"]`
	}
	return `[string "` + chunkname[:min(n, idSize-15)] + `..."]`
}

// fail leaves the parser with an error at the current line; Compile recovers it.
func (p *parser) fail(near string, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	if near != "" {
		if i := strings.IndexByte(near, 0); i >= 0 {
			near = near[:i]
		}
		msg += " near '" + near + "'"
	}
	panic(&Error{Source: p.source, Line: p.line, Msg: fmt.Sprintf("%s:%d: %s", p.source, p.line, msg)})
}

// failHere reports a problem with the current token.
func (p *parser) failHere(format string, args ...any) {
	p.fail(p.near(p.tok), format, args...)
}

// expected reports that the token want should stand here.
func (p *parser) expected(want tokenKind) {
	p.failHere("'%s' expected", want)
}
