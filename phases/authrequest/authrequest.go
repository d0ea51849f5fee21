// Package authrequest is nginx's auth_request module: a subrequest decides whether a request may pass.
//
//	auth_request /auth;                    # 2xx passes, 401 and 403 refuse, anything else is an error
//	auth_request_set $user $upstream_http_x_user;
//
// The subrequest sees the request's headers, not its body; its own body is dropped. auth_request_set
// evaluates its value in the subrequest, and keeps it for the request.
package authrequest

import (
	"fmt"
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// Module is the auth_request module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "authrequest",
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
		MergeLocation: func(_ *phases.Load, parent, child any) error {
			p, c := parent.(*location), child.(*location)
			c.uri.Merge(p.uri, "")
			if c.sets == nil {
				c.sets = p.sets
			}
			return nil
		},
	})
	m.Directives = []phases.Directive{
		{Name: "auth_request", Ctx: phases.CtxAll, Args: phases.Take1, Level: phases.LocationConf,
			Set: phases.Set(func(l *phases.Load, d *conf.Directive, c *location) error {
				if c.uri.Set {
					return l.Duplicate(d)
				}
				c.uri = phases.Opt[string]{V: d.Args[0].Value, Set: true}
				if c.uri.V == "off" {
					c.uri.V = ""
				}
				return nil
			})},
		{Name: "auth_request_set", Ctx: phases.CtxAll, Args: phases.Take2, Level: phases.LocationConf, Set: phases.Set(addSet)},
	}
	m.Postconfigure = func(l *phases.Load) error {
		l.HandleWhere(phases.PhaseAccess, phases.Where(m, func(c *location) bool { return c.uri.V != "" }), func(r *phases.Request) phases.Status {
			return phases.LocationOf[location](r.Loc, m).check(r)
		})
		return nil
	}
	return m
}

type location struct {
	uri  phases.Opt[string]
	sets []assignment
}

type assignment struct {
	index int
	value *phases.Value
}

func addSet(l *phases.Load, d *conf.Directive, c *location) error {
	name, ok := strings.CutPrefix(d.Args[0].Value, "$")
	if !ok || name == "" {
		return fmt.Errorf("invalid variable name %q", d.Args[0].Value)
	}
	if err := l.AssignableQuiet(name); err != nil {
		return err
	}
	v, err := l.Value(d.Args[1])
	if err != nil {
		return err
	}
	c.sets = append(c.sets, assignment{l.VariableIndex(name, d.Args[0].Pos), v})
	return nil
}

func (c *location) check(r *phases.Request) phases.Status {
	if c.uri.V == "" {
		return phases.Declined
	}
	sr, err := r.Subrequest(c.uri.V, phases.SubOptions{
		HeaderOnly: true, ShareVars: true,
		Setup: func(sr *phases.Request) { sr.Body.MarkRead() },
	})
	if err != nil {
		r.Log(phases.LogErr, err.Error())
		return phases.Error
	}
	sr.Run()
	for _, s := range c.sets {
		r.SetIndexed(s.index, s.value.Eval(sr))
	}
	switch status := sr.Out.Status; {
	case status == 403:
		return 403
	case status == 401:
		for _, v := range sr.Out.Headers.Values("WWW-Authenticate") {
			r.Out.Headers.Add("WWW-Authenticate", v)
		}
		return 401
	case status >= 200 && status < 300:
		return phases.OK
	default:
		r.Logf(phases.LogErr, "auth request unexpected status: %d", status)
		return 500
	}
}
