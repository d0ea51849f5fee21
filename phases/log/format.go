package log

import (
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// format is a compiled log_format: texts and variables in turn.
type format struct {
	parts  []part
	escape func(b []byte, s string) []byte
	absent string // what a variable that is not found prints
}

type part struct {
	text  string
	index int // of the variable; -1: the text
}

func compileFormat(l *phases.Load, args []conf.Arg) (*format, error) {
	f := &format{escape: escapeDefault, absent: "-"}
	if len(args) > 0 {
		if how, ok := strings.CutPrefix(args[0].Value, "escape="); ok {
			switch how {
			case "default":
			case "json":
				f.escape, f.absent = escapeJSON, ""
			case "none":
				f.escape, f.absent = func(b []byte, s string) []byte { return append(b, s...) }, ""
			default:
				return nil, fmt.Errorf("unknown log format escaping %q", how)
			}
			args = args[1:]
		}
	}
	for _, a := range args {
		if err := f.compile(l, a); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *format) compile(l *phases.Load, a conf.Arg) error {
	for s := a.Value; s != ""; {
		if s[0] != '$' {
			n := strings.IndexByte(s, '$')
			if n < 0 {
				n = len(s)
			}
			f.parts = append(f.parts, part{s[:n], -1})
			s = s[n:]
			continue
		}
		rest := s[1:]
		bracket := strings.HasPrefix(rest, "{")
		if bracket {
			rest = rest[1:]
		}
		n := 0
		for n < len(rest) && isNameByte(rest[n]) {
			n++
		}
		name := rest[:n]
		rest = rest[n:]
		if bracket {
			if !strings.HasPrefix(rest, "}") {
				return fmt.Errorf("the closing bracket in %q variable is missing", name)
			}
			rest = rest[1:]
		}
		if name == "" {
			return fmt.Errorf("invalid parameter %q", s)
		}
		f.parts = append(f.parts, part{index: l.VariableIndex(name, a.Pos)})
		s = rest
	}
	return nil
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// line appends r's line, with its end, to b.
func (f *format) line(b []byte, r *phases.Request) []byte {
	for i := range f.parts {
		p := &f.parts[i]
		if p.index < 0 {
			b = append(b, p.text...)
			continue
		}
		v, ok := r.Indexed(p.index)
		if !ok {
			b = append(b, f.absent...)
			continue
		}
		b = f.escape(b, v)
	}
	return append(b, '\n')
}

const upperHex = "0123456789ABCDEF"

// escapeDefault writes quotes, backslashes, control and non-ASCII bytes as \xXX.
func escapeDefault(b []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			b = append(append(b, s[from:i]...), '\\', 'x', upperHex[c>>4], upperHex[c&15])
			from = i + 1
		}
	}
	return append(b, s[from:]...)
}

// escapeJSON writes what may not stand in a JSON string as an escape; other bytes stay.
func escapeJSON(b []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		if at := strings.IndexByte("\"\\\n\r\t\b\f", c); at >= 0 {
			b = append(b, '\\', `"\nrtbf`[at])
		} else {
			b = append(b, '\\', 'u', '0', '0', upperHex[c>>4], upperHex[c&15])
		}
	}
	return append(b, s[from:]...)
}
