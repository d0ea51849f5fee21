package rewrite

import (
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/phases"
	"moongate/runtime/regex"
)

// condition is what an if asks; it may set the captures.
type condition func(e *run) bool

func setIf(l *phases.Load, d *conf.Directive, c *location, m *phases.Module) error {
	test, err := parseCondition(l, d)
	if err != nil {
		return err
	}
	body := l.Nameless(l.Location.Name)
	enter, ctx := body, phases.CtxLocationIf
	if l.Ctx == phases.CtxServer || l.Ctx == phases.CtxServerIf {
		enter, ctx = nil, phases.CtxServerIf
	}
	l.Within(d, ctx, l.Server, body)
	steps := l.ConfOf(body, m).(*location).take() // they are this sequence's, not the entered location's
	c.add(func(e *run) bool {
		if !test(e) {
			return true
		}
		if enter != nil {
			e.r.SetLocation(enter)
		}
		return e.all(steps)
	})
	return nil
}

// parseCondition reads the words between the parentheses of an if.
func parseCondition(l *phases.Load, d *conf.Directive) (condition, error) {
	words := append([]conf.Arg(nil), d.Args...)
	invalid := func(w conf.Arg) error { return fmt.Errorf("invalid condition %q", w.Value) }
	if !strings.HasPrefix(words[0].Value, "(") {
		return nil, invalid(words[0])
	}
	if words[0].Value = words[0].Value[1:]; words[0].Value == "" && len(words) > 1 {
		words = words[1:]
	}
	end := &words[len(words)-1]
	if !strings.HasSuffix(end.Value, ")") {
		return nil, invalid(*end)
	}
	if end.Value = strings.TrimSuffix(end.Value, ")"); end.Value == "" && len(words) > 1 {
		words = words[:len(words)-1]
	}

	first := words[0]
	switch {
	case len(first.Value) > 1 && first.Value[0] == '$':
		if len(words) != 1 && len(words) != 3 {
			return nil, invalid(first)
		}
		index := l.VariableIndex(first.Value[1:], first.Pos)
		if len(words) == 1 {
			return func(e *run) bool {
				s, _ := e.r.Indexed(index)
				return s != "" && s != "0"
			}, nil
		}
		return parseComparison(l, index, words[1].Value, words[2])
	case len(first.Value) == 2 && first.Value[0] == '-', len(first.Value) == 3 && strings.HasPrefix(first.Value, "!-"):
		if len(words) != 2 {
			return nil, invalid(first)
		}
		not := first.Value[0] == '!'
		kind := first.Value[len(first.Value)-1]
		if strings.IndexByte("fdex", kind) < 0 {
			return nil, invalid(first)
		}
		path, err := l.Value(words[1])
		if err != nil {
			return nil, err
		}
		return func(e *run) bool { return testFile(e.r, kind, e.eval(path)) != not }, nil
	}
	return nil, invalid(first)
}

func parseComparison(l *phases.Load, index int, op string, right conf.Arg) (condition, error) {
	switch op {
	case "=", "!=":
		v, err := l.Value(right)
		if err != nil {
			return nil, err
		}
		return func(e *run) bool {
			s, _ := e.r.Indexed(index)
			return (s == e.eval(v)) == (op == "=")
		}, nil
	case "~", "~*", "!~", "!~*":
		var flags regex.Flags
		if strings.HasSuffix(op, "*") {
			flags = regex.Caseless
		}
		re, err := l.Regex(right.Value, flags)
		if err != nil {
			return nil, err
		}
		return func(e *run) bool {
			s, _ := e.r.Indexed(index)
			return e.match(re, right.Value, s) == (op[0] == '~')
		}, nil
	}
	return nil, fmt.Errorf("unexpected %q in condition", op)
}
