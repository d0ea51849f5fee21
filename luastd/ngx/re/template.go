package re

import "fmt"

// template is a replacement string with captures: $1, ${1}, $0, and $$ for a dollar sign.
type template struct {
	parts []part
	err   string // why it cannot be used, as the error log has it
}

type part struct {
	text  string
	group int // -1: text
}

func (l *library) templateOf(s string) *template {
	if t := l.template[s]; t != nil {
		return t
	}
	t := parseTemplate(s)
	if l.max > 0 {
		if len(l.template) >= l.max {
			clear(l.template)
		}
		l.template[s] = t
	}
	return t
}

func parseTemplate(s string) *template {
	t := &template{}
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && s[j] != '$' {
			j++
		}
		if j > i {
			t.parts = append(t.parts, part{s[i:j], -1})
		}
		if j == len(s) {
			break
		}
		i = j + 1
		if i == len(s) {
			return &template{err: fmt.Sprintf("lua script: invalid capturing variable name found in \"%s\"", s)}
		}
		if s[i] == '$' {
			t.parts = append(t.parts, part{"$", -1})
			i++
			continue
		}
		braced := s[i] == '{'
		if braced {
			if i++; i == len(s) {
				return &template{err: fmt.Sprintf("lua script: invalid capturing variable name found in \"%s\"", s)}
			}
		}
		n, digits := 0, 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' && n < 1e6 {
			n = n*10 + int(s[i]-'0')
			i++
			digits++
		}
		if digits == 0 {
			end := i
			for end < len(s) && (s[end] >= 'a' && s[end] <= 'z' || s[end] >= 'A' && s[end] <= 'Z' || s[end] == '_' || s[end] >= '0' && s[end] <= '9') {
				end++
			}
			switch {
			case braced && (end == len(s) || s[end] != '}'):
				return &template{err: fmt.Sprintf("the closing bracket in \"%s\" variable is missing", s[i:end])}
			case end == i:
				return &template{err: fmt.Sprintf("lua script: invalid capturing variable name found in \"%s\"", s)}
			}
			return &template{err: fmt.Sprintf("attempt to use named capturing variable \"%s\" (named captures not supported yet)", s[i:end])}
		}
		if braced {
			if i == len(s) || s[i] != '}' {
				return &template{err: fmt.Sprintf("the closing bracket in \"%s\" variable is missing", s[i-digits:i])}
			}
			i++
		}
		t.parts = append(t.parts, part{"", n})
	}
	return t
}

func (t *template) append(out []byte, s string, caps []int) []byte {
	for _, p := range t.parts {
		if p.group < 0 {
			out = append(out, p.text...)
			continue
		}
		if k := 2 * p.group; k+1 < len(caps) && caps[k] >= 0 && caps[k+1] >= caps[k] {
			out = append(out, s[caps[k]:caps[k+1]]...)
		}
	}
	return out
}
