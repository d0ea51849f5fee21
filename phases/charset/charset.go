// Package charset is nginx's charset filter, as far as it names: it adds "; charset=…" to the
// Content-Type of textual responses.
//
//	charset utf-8;
//	charset_types text/css application/json;
//
// The charset may be a variable; off adds none. text/html is always among the types. A response that
// names its charset already keeps it.
//
// Deviation: converting between charsets (source_charset, charset_map) is refused at load.
package charset

import (
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// Module is the charset filter.
var Module = newModule()

type location struct {
	name     phases.Opt[*phases.Value] // nil: off
	override phases.Opt[bool]
	types    map[string]bool
}

var usualTypes = map[string]bool{
	"text/html": true, "text/xml": true, "text/plain": true, "text/vnd.wap.wml": true,
	"application/javascript": true, "application/rss+xml": true,
}

func newModule() *phases.Module {
	const conversion = "responses are not converted between charsets"
	m := phases.NewModule(phases.Module{
		Name:           "charset",
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
		Directives: []phases.Directive{
			{Name: "charset", Ctx: phases.CtxAllIf, Args: phases.Take1, Level: phases.LocationConf, Set: phases.Set(setCharset)},
			{Name: "override_charset", Ctx: phases.CtxAllIf, Args: phases.OnOff, Level: phases.LocationConf,
				Set: phases.SetFlag(func(c *location) *phases.Opt[bool] { return &c.override })},
			{Name: "charset_types", Ctx: phases.CtxAll, Args: phases.OneMore, Level: phases.LocationConf, Set: phases.Set(setTypes)},
			{Name: "source_charset", Ctx: phases.CtxAllIf, Args: phases.Take1, Set: phases.NotBuilt(conversion)},
			{Name: "charset_map", Ctx: phases.CtxHTTP, Args: phases.Arity{Min: 2, Max: 2, Block: true}, Set: phases.NotBuilt(conversion)},
		},
		MergeLocation: func(_ *phases.Load, parent, child any) error {
			p, c := parent.(*location), child.(*location)
			c.name.Merge(p.name, nil)
			c.override.Merge(p.override, false)
			if c.types == nil {
				c.types = p.types
			}
			if c.types == nil {
				c.types = usualTypes
			}
			return nil
		},
	})
	m.Postconfigure = func(l *phases.Load) error {
		l.FilterHeaderWhere(phases.Where(m, func(c *location) bool { return c.name.V != nil }), func(next phases.HeaderHandler) phases.HeaderHandler {
			return func(r *phases.Request) phases.Status {
				if c := phases.LocationOf[location](r.Loc, m); c.name.V != nil && !r.IsSub() && r.Out.ContentType != "" {
					c.apply(r)
				}
				return next(r)
			}
		})
		return nil
	}
	return m
}

func setCharset(l *phases.Load, d *conf.Directive, c *location) error {
	if c.name.Set {
		return l.Duplicate(d)
	}
	c.name.Set = true
	if d.Args[0].Value == "off" {
		return nil
	}
	var err error
	c.name.V, err = l.Value(d.Args[0])
	return err
}

func setTypes(_ *phases.Load, d *conf.Directive, c *location) error {
	if c.types == nil {
		c.types = map[string]bool{"text/html": true}
	}
	for _, t := range d.Args {
		c.types[strings.ToLower(t.Value)] = true
	}
	return nil
}

func (c *location) apply(r *phases.Request) {
	o := &r.Out
	kind, params, _ := strings.Cut(o.ContentType, ";")
	kind = strings.TrimSpace(kind)
	present := o.Charset
	if _, v, ok := strings.Cut(params, "charset="); ok {
		present = strings.Trim(v, " \"")
	}
	if present == "" && !c.types["*"] && !c.types[strings.ToLower(kind)] || present != "" && !c.override.V {
		return
	}
	name := c.name.V.Eval(r)
	if name == "" {
		return
	}
	if present != "" && !strings.EqualFold(present, name) {
		r.Logf(phases.LogErr, "no \"charset_map\" between the charsets \"%s\" and \"%s\"", present, name)
		return
	}
	if o.Status == 301 || o.Status == 302 {
		o.Charset = "" // old browsers took a redirect's charset for the next page's
		return
	}
	o.Charset = name
}
