package phases

import (
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/runtime/regex"
)

// Value is a string of the configuration that may hold variables (nginx's complex value).
// It is immutable and safe for concurrent use.
type Value struct {
	text  string // the whole, where it is constant
	parts []valuePart
}

type valuePart struct {
	text    string
	index   int // of the variable; -1 none
	capture int // $1 …; 0 none
}

// Constant makes a value without variables.
func Constant(s string) *Value { return &Value{text: s} }

// IsConstant reports whether v holds no variables; its text is then Text.
func (v *Value) IsConstant() bool { return v.parts == nil }

// Text is the constant's text.
func (v *Value) Text() string { return v.text }

// Eval builds the string for r.
func (v *Value) Eval(r *Request) string {
	if v.parts == nil {
		return v.text
	}
	if len(v.parts) == 1 {
		return v.parts[0].eval(r)
	}
	var room [8]string
	texts := room[:0]
	for i := range v.parts {
		texts = append(texts, v.parts[i].eval(r))
	}
	return strings.Join(texts, "")
}

// EvalEscaped is Eval with the captures ($1 …) escaped for use in arguments, as rewrite and set do
// where the client's URI was escaped.
func (v *Value) EvalEscaped(r *Request) string {
	if v.parts == nil {
		return v.text
	}
	var b strings.Builder
	for i := range v.parts {
		s := v.parts[i].eval(r)
		if v.parts[i].capture > 0 {
			s = EscapeArgs(s)
		}
		b.WriteString(s)
	}
	return b.String()
}

func (p *valuePart) eval(r *Request) string {
	switch {
	case p.index >= 0:
		s, _ := r.Indexed(p.index)
		return s
	case p.capture > 0:
		return r.Capture(p.capture)
	}
	return p.text
}

// Value compiles a string with variables. Captures ($1) count as variables too.
func (l *Load) Value(a conf.Arg) (*Value, error) { return l.CompileValue(a.Value, a.Pos) }

// CompileValue is Value for a text that is no whole argument.
func (l *Load) CompileValue(s string, pos conf.Pos) (*Value, error) {
	if strings.IndexByte(s, '$') < 0 {
		return &Value{text: s}, nil
	}
	v := &Value{}
	lit := func(t string) {
		if n := len(v.parts); n > 0 && v.parts[n-1].index < 0 && v.parts[n-1].capture == 0 {
			v.parts[n-1].text += t
		} else if t != "" {
			v.parts = append(v.parts, valuePart{text: t, index: -1})
		}
	}
	for s != "" {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			lit(s)
			break
		}
		lit(s[:i])
		s = s[i+1:]
		if s == "" {
			return nil, fmt.Errorf("invalid variable name")
		}
		if s[0] >= '1' && s[0] <= '9' {
			v.parts = append(v.parts, valuePart{index: -1, capture: int(s[0] - '0')})
			s = s[1:]
			continue
		}
		var name string
		if s[0] == '{' {
			end := 1
			for end < len(s) && isNameByte(s[end]) {
				end++
			}
			if end >= len(s) || s[end] != '}' {
				return nil, fmt.Errorf("the closing bracket in %q variable is missing", s[1:end])
			}
			name, s = s[1:end], s[end+1:]
			if len(name) == 1 && name[0] >= '1' && name[0] <= '9' {
				v.parts = append(v.parts, valuePart{index: -1, capture: int(name[0] - '0')})
				continue
			}
		} else {
			end := 0
			for end < len(s) && isNameByte(s[end]) {
				end++
			}
			name, s = s[:end], s[end:]
		}
		if name == "" {
			return nil, fmt.Errorf("invalid variable name")
		}
		v.parts = append(v.parts, valuePart{index: l.VariableIndex(name, pos)})
	}
	if len(v.parts) == 1 && v.parts[0].index < 0 && v.parts[0].capture == 0 {
		return &Value{text: v.parts[0].text}, nil
	}
	return v, nil
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// Regex is a regular expression of the configuration; matching it sets the request's $1 … and the
// variables that its named groups stand for.
type Regex struct {
	re    *regex.Regexp
	names []regexName
}

type regexName struct{ group, index int }

// Regex compiles an expression of the configuration, in nginx's error words.
func (l *Load) Regex(pattern string, flags regex.Flags) (*Regex, error) {
	re, err := CompileRegex(pattern, flags)
	if err != nil {
		return nil, err
	}
	x := &Regex{re: re}
	for _, n := range re.Names() {
		if err := l.AddVariable(Variable{Name: n.Name, Changeable: true, weak: true}); err != nil {
			return nil, err
		}
		x.names = append(x.names, regexName{n.Index, l.VariableIndex(n.Name, conf.Pos{})})
	}
	return x, nil
}

// CompileRegex compiles pattern; the error is nginx's sentence.
func CompileRegex(pattern string, flags regex.Flags) (*regex.Regexp, error) {
	re, err := regex.Compile(pattern, flags)
	if err == nil {
		return re, nil
	}
	if se, ok := err.(*regex.SyntaxError); ok { //nolint:errorlint // Compile returns it bare
		msg, at := se.PCRE2()
		if at < len(pattern) {
			return nil, fmt.Errorf("pcre2_compile() failed: %s in \"%s\" at \"%s\"", msg, pattern, pattern[at:])
		}
		return nil, fmt.Errorf("pcre2_compile() failed: %s in \"%s\"", msg, pattern)
	}
	return nil, err
}

// Match matches subject; on success the request's captures are those of this match.
func (x *Regex) Match(r *Request, subject string) bool {
	n := 2 * (x.re.NumCaptures() + 1)
	caps := r.captures
	if cap(caps) < n {
		caps = make([]int, n)
	}
	// the old captures must survive a miss
	var room [20]int
	tmp := room[:min(n, len(room))]
	if n > len(room) {
		tmp = make([]int, n)
	}
	ok, err := x.re.Match(subject, 0, tmp, nil)
	if err != nil {
		r.Logf(LogAlert, "pcre2_match() failed: %v on %q using %q", err, subject, x.re.Pattern())
		return false
	}
	if !ok {
		return false
	}
	caps = append(caps[:0], tmp...)
	r.captures = caps
	r.captured = subject
	for _, n := range x.names {
		if tmp[2*n.group] >= 0 {
			r.SetIndexed(n.index, subject[tmp[2*n.group]:tmp[2*n.group+1]])
		} else {
			r.ClearIndexed(n.index)
		}
	}
	return true
}

// Test matches subject and leaves no trace of it.
func (x *Regex) Test(subject string) bool {
	ok, err := x.re.Match(subject, 0, make([]int, 2*(x.re.NumCaptures()+1)), nil)
	return ok && err == nil
}

// NumCaptures is the number of capturing groups.
func (x *Regex) NumCaptures() int { return x.re.NumCaptures() }
