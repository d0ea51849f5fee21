package headers

import (
	"fmt"
	"time"

	"moongate/conf"
	"moongate/phases"
)

// Module is the headers module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "headers",
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
		MergeLocation:  mergeLocation,
	})
	inherit := map[string]inheritance{"on": inheritOn, "off": inheritOff, "merge": inheritMerge}
	directive := func(name string, a phases.Arity, set phases.SetFunc) phases.Directive {
		return phases.Directive{Name: name, Ctx: phases.CtxAllIf, Args: a, Level: phases.LocationConf, Set: set}
	}
	m.Directives = []phases.Directive{
		directive("expires", phases.Take12, phases.Set(setExpires)),
		directive("add_header", phases.Take23, addLine(func(c *location) *[]line { return &c.headers })),
		directive("add_trailer", phases.Take23, addLine(func(c *location) *[]line { return &c.trailers })),
		directive("add_header_inherit", phases.Take1, phases.SetEnum(func(c *location) *phases.Opt[inheritance] { return &c.inheritHeaders }, inherit)),
		directive("add_trailer_inherit", phases.Take1, phases.SetEnum(func(c *location) *phases.Opt[inheritance] { return &c.inheritTrailers }, inherit)),
	}
	m.Postconfigure = func(l *phases.Load) error {
		named := phases.Where(m, func(c *location) bool { return c.expires.V.kind != expiresOff || len(c.headers)+len(c.trailers) > 0 })
		l.FilterHeaderWhere(named, func(next phases.HeaderHandler) phases.HeaderHandler {
			return func(r *phases.Request) phases.Status {
				if !r.IsSub() {
					phases.LocationOf[location](r.Loc, m).apply(r)
				}
				return next(r)
			}
		})
		l.FilterBodyWhere(phases.Where(m, func(c *location) bool { return len(c.trailers) > 0 }), func(next phases.BodyHandler) phases.BodyHandler {
			return func(r *phases.Request, in []phases.Buf) phases.Status {
				if c := phases.LocationOf[location](r.Loc, m); len(c.trailers) > 0 && !r.IsSub() {
					c.addTrailers(r, in)
				}
				return next(r, in)
			}
		})
		return nil
	}
	return m
}

type inheritance uint8

const (
	inheritOn inheritance = iota
	inheritOff
	inheritMerge
)

type location struct {
	headers, trailers               []line
	inheritHeaders, inheritTrailers phases.Opt[inheritance]
	expires                         phases.Opt[expiry]
}

type line struct {
	name   string
	value  *phases.Value
	always bool
}

func addLine(at func(*location) *[]line) phases.SetFunc {
	return phases.Set(func(l *phases.Load, d *conf.Directive, c *location) error {
		v, err := l.Value(d.Args[1])
		if err != nil {
			return err
		}
		x := line{name: d.Args[0].Value, value: v}
		if len(d.Args) == 3 {
			if d.Args[2].Value != "always" {
				return fmt.Errorf("invalid parameter %q", d.Args[2].Value)
			}
			x.always = true
		}
		*at(c) = append(*at(c), x)
		return nil
	})
}

func setExpires(l *phases.Load, d *conf.Directive, c *location) error {
	if c.expires.Set {
		return l.Duplicate(d)
	}
	e := expiry{kind: expiresAccess}
	a := d.Args[0]
	if len(d.Args) == 2 {
		if a.Value != "modified" {
			return phases.Reject("invalid value")
		}
		e.kind, a = expiresModified, d.Args[1]
	}
	v, err := l.Value(a)
	if err != nil {
		return err
	}
	if v.IsConstant() {
		if e, err = parseExpires(v.Text(), e.kind); err != nil {
			return err
		}
	} else {
		e.value = v
	}
	c.expires = phases.Opt[expiry]{V: e, Set: true}
	return nil
}

func mergeLocation(_ *phases.Load, parent, child any) error {
	p, c := parent.(*location), child.(*location)
	c.expires.Merge(p.expires, expiry{kind: expiresOff})
	c.inheritHeaders.Merge(p.inheritHeaders, inheritOn)
	c.inheritTrailers.Merge(p.inheritTrailers, inheritOn)
	c.headers = inherited(p.headers, c.headers, c.inheritHeaders.V)
	c.trailers = inherited(p.trailers, c.trailers, c.inheritTrailers.V)
	return nil
}

func inherited(outer, own []line, how inheritance) []line {
	switch {
	case how == inheritOff:
	case len(own) == 0:
		return outer
	case how == inheritMerge:
		return append(own[:len(own):len(own)], outer...)
	}
	return own
}

type expiresKind uint8

const (
	expiresOff expiresKind = iota
	expiresEpoch
	expiresMax
	expiresAccess
	expiresModified
	expiresDaily
)

// expiry is an expires directive.
type expiry struct {
	kind  expiresKind
	after time.Duration // from the request, the modification or midnight
	value *phases.Value // to be parsed for each request
}

func parseExpires(s string, kind expiresKind) (expiry, error) {
	e := expiry{kind: kind}
	if kind != expiresModified {
		switch s {
		case "epoch":
			return expiry{kind: expiresEpoch}, nil
		case "max":
			return expiry{kind: expiresMax}, nil
		case "off":
			return expiry{kind: expiresOff}, nil
		}
	}
	minus := false
	if s != "" {
		switch s[0] {
		case '@':
			if kind == expiresModified {
				return e, phases.Reject(`daily time cannot be used with "modified" parameter`)
			}
			e.kind, s = expiresDaily, s[1:]
		case '+':
			s = s[1:]
		case '-':
			minus, s = true, s[1:]
		}
	}
	after, ok := conf.ParseTime(s)
	if !ok {
		return e, phases.Reject("invalid value")
	}
	if e.kind == expiresDaily && after > 24*time.Hour {
		return e, phases.Reject("daily time value must be less than 24 hours")
	}
	if minus {
		after = -after
	}
	e.after = after
	return e, nil
}
