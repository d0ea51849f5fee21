package rewrite

import (
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// Module is the rewrite module. Its handler runs in the server rewrite and the rewrite phase.
var Module = newModule()

const inSequence = phases.CtxServer | phases.CtxServerIf | phases.CtxLocation | phases.CtxLocationIf

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "rewrite",
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
		Directives: []phases.Directive{
			{Name: "rewrite", Ctx: inSequence, Args: phases.Take23, Level: phases.LocationConf, Set: phases.Set(setRewrite)},
			{Name: "return", Ctx: inSequence, Args: phases.Take12, Level: phases.LocationConf, Set: phases.Set(setReturn)},
			{Name: "break", Ctx: inSequence, Args: phases.NoArgs, Level: phases.LocationConf, Set: phases.Set(setBreak)},
			{Name: "set", Ctx: inSequence, Args: phases.Take2, Level: phases.LocationConf, Set: phases.Set(setSet)},
			{Name: "rewrite_log", Ctx: phases.CtxHTTP | inSequence, Args: phases.OnOff, Level: phases.LocationConf,
				Set: phases.SetFlag(func(c *location) *phases.Opt[bool] { return &c.log })},
		},
		MergeLocation: func(_ *phases.Load, parent, child any) error {
			p, c := parent.(*location), child.(*location)
			c.log.Merge(p.log, false)
			return nil
		},
	})
	m.Directives = append(m.Directives, phases.Directive{
		Name: "if", Ctx: inSequence, Args: phases.Arity{Min: 1, Max: -1, Block: true}, Level: phases.LocationConf,
		Set: func(l *phases.Load, d *conf.Directive, c any) error { return setIf(l, d, c.(*location), m) },
	})
	m.Postconfigure = func(l *phases.Load) error {
		h := handler(m)
		has := phases.Where(m, func(c *location) bool { return len(c.steps) > 0 })
		l.HandleWhere(phases.PhaseServerRewrite, has, h)
		l.HandleWhere(phases.PhaseRewrite, has, h)
		return nil
	}
	return m
}

// location is the module's configuration of a location. steps are its sequence; those of an if's body
// move to the if once it is read.
type location struct {
	steps []step
	text  string // of a constant return that the sequence begins with
	code  int16  // that one's; 0: it does not begin so
	log   phases.Opt[bool]
	room  [1]step // for steps of one, as most are
}

func (c *location) add(s step) {
	if c.steps == nil {
		c.steps = c.room[:0]
	}
	c.steps = append(c.steps, s)
}

// take moves the steps out.
func (c *location) take() []step {
	steps := c.steps
	c.steps, c.text, c.code = nil, "", 0
	return steps
}

// Append adds a step to the sequence of the location (or server, or if) that l is filling, behind what
// stands there already. It is for directives of other modules that take effect in written order with
// set, such as set_by_lua. step runs on the request's goroutine and may block; Declined lets the
// sequence go on, any other status ends the phase with it.
func Append(l *phases.Load, step func(r *phases.Request) phases.Status) {
	l.LocationOf(Module).(*location).add(func(e *run) bool {
		e.status = step(e.r)
		return e.status == phases.Declined
	})
}

func setSet(l *phases.Load, d *conf.Directive, c *location) error {
	name, ok := strings.CutPrefix(d.Args[0].Value, "$")
	if !ok || name == "" {
		return fmt.Errorf("invalid variable name %q", d.Args[0].Value)
	}
	if err := l.Assignable(name); err != nil {
		return err
	}
	v, err := l.Value(d.Args[1])
	if err != nil {
		return err
	}
	c.add(assign(l.VariableIndex(name, d.Args[0].Pos), v))
	return nil
}

func setBreak(_ *phases.Load, _ *conf.Directive, c *location) error {
	c.add(stop)
	return nil
}

// isRedirect reports whether a replacement or the argument of return is a URL for the client.
func isRedirect(s string) bool {
	return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "$scheme")
}

func setReturn(l *phases.Load, d *conf.Directive, c *location) error {
	code, ok := phases.ParseNumber(d.Args[0].Value)
	text := conf.Arg{}
	switch {
	case !ok && len(d.Args) == 1 && isRedirect(d.Args[0].Value):
		code, text = 302, d.Args[0]
	case !ok || code > 999:
		return fmt.Errorf("invalid return code %q", d.Args[0].Value)
	case len(d.Args) == 2:
		text = d.Args[1]
	}
	v, err := l.Value(text)
	if err != nil {
		return err
	}
	if len(c.steps) == 0 && v.IsConstant() {
		c.code, c.text = int16(code), v.Text()
	}
	c.add(answer(code, v))
	return nil
}

func setRewrite(l *phases.Load, d *conf.Directive, c *location) error {
	to := d.Args[1]
	if to.Value == "" {
		return fmt.Errorf("empty replacement")
	}
	re, err := l.Regex(d.Args[0].Value, 0)
	if err != nil {
		return err
	}
	w := &replacement{re: re, pattern: d.Args[0].Value, keepArgs: true}
	if isRedirect(to.Value) {
		w.status, w.last = 302, true
	}
	if len(d.Args) == 3 {
		w.last = true
		switch d.Args[2].Value {
		case "last":
		case "break":
			w.stay = true
		case "redirect":
			w.status = 302
		case "permanent":
			w.status = 301
		default:
			return fmt.Errorf("invalid parameter %q", d.Args[2].Value)
		}
	}
	text, dropped := strings.CutSuffix(to.Value, "?")
	w.keepArgs = !dropped
	path, args, hasArgs := strings.Cut(text, "?")
	w.hasArgs = hasArgs
	if w.status != 0 {
		path = text // a redirect is one text, its arguments included
	}
	if w.path, err = l.CompileValue(path, to.Pos); err != nil {
		return err
	}
	if w.args, err = l.CompileValue(args, to.Pos); err != nil {
		return err
	}
	c.add(w.step)
	return nil
}
