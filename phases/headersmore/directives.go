package headersmore

import (
	"fmt"
	"slices"
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// Module is the headers-more module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "headersmore",
		NewMain:        func() any { return &mainConf{} },
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
		MergeLocation: func(_ *phases.Load, parent, child any) error {
			p, c := parent.(*location), child.(*location)
			c.output = slices.Concat(p.output, c.output)
			c.input = slices.Concat(p.input, c.input)
			return nil
		},
	})
	directive := func(name string, input, clearing bool) phases.Directive {
		return phases.Directive{Name: name, Ctx: phases.CtxAllIf, Args: phases.OneMore, Level: phases.LocationConf,
			Set: phases.Set(func(l *phases.Load, d *conf.Directive, c *location) error {
				cmd, err := compile(l, d, input, clearing)
				if err != nil {
					return err
				}
				main := l.MainOf(m).(*mainConf)
				if input {
					main.input = true
					c.input = append(c.input, cmd)
				} else {
					main.output = true
					c.output = append(c.output, cmd)
				}
				return nil
			})}
	}
	m.Directives = []phases.Directive{
		directive("more_set_headers", false, false),
		directive("more_clear_headers", false, true),
		directive("more_set_input_headers", true, false),
		directive("more_clear_input_headers", true, true),
	}
	m.Postconfigure = func(l *phases.Load) error {
		main := l.MainOf(m).(*mainConf)
		if main.output {
			l.FilterHeader(func(next phases.HeaderHandler) phases.HeaderHandler {
				return func(r *phases.Request) phases.Status {
					if r.ErrorLog().Enabled(phases.LogDebug) {
						r.Logf(phases.LogDebug, "headers more header filter, uri \"%s\"", r.URI)
					}
					for _, c := range phases.LocationOf[location](r.Loc, m).output {
						if rc := c.runOutput(r); rc != phases.OK {
							return rc
						}
					}
					return next(r)
				}
			})
		}
		if main.input {
			l.Handle(phases.PhaseRewrite, func(r *phases.Request) phases.Status {
				if r.ErrorLog().Enabled(phases.LogDebug) {
					r.Logf(phases.LogDebug, "headers more rewrite handler, uri \"%s\"", r.URI)
				}
				for _, c := range phases.LocationOf[location](r.Loc, m).input {
					if rc := c.runInput(r); rc != phases.OK {
						return rc
					}
				}
				return phases.Declined
			})
		}
		return nil
	}
	return m
}

type mainConf struct{ input, output bool }

type location struct{ input, output []*command }

// command is one directive.
type command struct {
	types    []string
	statuses []int
	replace  bool // -r
	append   bool // -a
	headers  []header
}

type header struct {
	name  string
	value *phases.Value // nil clears
	// prefix is what a name with a star at its end begins with.
	prefix string
}

// builtin are the response headers to which no second line may be appended.
var builtin = []string{
	"Server", "Date", "Content-Encoding", "Location", "Refresh", "Last-Modified", "Content-Range", "Accept-Ranges",
	"WWW-Authenticate", "Expires", "E-Tag", "Content-Length", "Content-Type", "Cache-Control",
}

func compile(l *phases.Load, d *conf.Directive, input, clearing bool) (*command, error) {
	c := &command{}
	for i := 0; i < len(d.Args); i++ {
		a := d.Args[i]
		switch {
		case a.Value == "":
		case a.Value[0] != '-':
			h, err := compileHeader(l, d, a, clearing)
			if err != nil {
				return nil, err
			}
			c.headers = append(c.headers, h)
		case a.Value == "-t", a.Value == "-s" && !input:
			if i++; i == len(d.Args) {
				return nil, fmt.Errorf("%s: option %s takes an argument.", d.Name, a.Value) //nolint:revive,staticcheck // the module's sentence
			}
			if a.Value == "-t" {
				c.types = append(c.types, strings.FieldsFunc(d.Args[i].Value, func(r rune) bool { return r == ';' || isSpace(r) })...)
				continue
			}
			for _, s := range strings.FieldsFunc(d.Args[i].Value, isSpace) {
				n, ok := phases.ParseNumber(s)
				if !ok {
					bad := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
					return nil, fmt.Errorf("%s: invalid digit \"%c\" found in the status code list %q", d.Name, s[max(bad, 0)], d.Args[i].Value)
				}
				c.statuses = append(c.statuses, n)
			}
		case a.Value == "-r" && input:
			c.replace = true
		case a.Value == "-a" && !input && !clearing:
			c.append = true
		default:
			return nil, fmt.Errorf("%s: invalid option name: %q", d.Name, a.Value)
		}
	}
	if c.append {
		for _, h := range c.headers {
			if slices.ContainsFunc(builtin, func(b string) bool { return phases.EqualFold(b, h.name) }) {
				return nil, fmt.Errorf("%s: can not append builtin headers %q", d.Name, h.name)
			}
		}
	}
	return c, nil
}

func isSpace(r rune) bool { return r == ' ' || r >= '\t' && r <= '\r' }

func compileHeader(l *phases.Load, d *conf.Directive, a conf.Arg, clearing bool) (header, error) {
	text := strings.TrimLeftFunc(a.Value, isSpace)
	end := strings.IndexFunc(text, func(r rune) bool { return r == ':' || isSpace(r) })
	if end < 0 {
		end = len(text)
	}
	h := header{name: text[:end]}
	if h.name == "" {
		return h, fmt.Errorf("%s: no key found in the header argument: %s", d.Name, a.Value)
	}
	if strings.HasSuffix(h.name, "*") {
		if len(h.name) < 2 {
			return h, fmt.Errorf("%s: wildcard key too short: %s", d.Name, a.Value)
		}
		h.prefix = h.name[:len(h.name)-1]
	}
	value := strings.TrimLeftFunc(text[end:], func(r rune) bool { return r == ':' || isSpace(r) })
	if clearing || value == "" {
		return h, nil
	}
	v, err := l.CompileValue(value, a.Pos)
	h.value = v
	return h, err
}

func (h *header) matches(name string) bool {
	if h.prefix == "" {
		return phases.EqualFold(name, h.name)
	}
	return len(name) >= len(h.prefix) && phases.EqualFold(name[:len(h.prefix)], h.prefix)
}

func (h *header) eval(r *phases.Request) string {
	if h.value == nil {
		return ""
	}
	return h.value.Eval(r)
}
