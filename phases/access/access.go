// Package access is nginx's access module: allow and deny rules by the client's address.
//
//	allow 192.168.1.0/24;
//	allow 2001:db8::/32;
//	allow unix:;
//	deny all;
//
// The first rule that fits decides; without a fitting rule the request passes. A level that has
// rules of its own does not inherit the outer ones.
package access

import (
	"fmt"
	"net/netip"
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// Module is the access module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "access",
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
		MergeLocation: func(_ *phases.Load, parent, child any) error {
			if c := child.(*location); len(c.rules) == 0 {
				c.rules = parent.(*location).rules
			}
			return nil
		},
	})
	const where = phases.CtxAll | phases.CtxLimitExcept
	m.Directives = []phases.Directive{
		{Name: "allow", Ctx: where, Args: phases.Take1, Level: phases.LocationConf, Set: phases.Set(addRule)},
		{Name: "deny", Ctx: where, Args: phases.Take1, Level: phases.LocationConf, Set: phases.Set(addRule)},
	}
	m.Postconfigure = func(l *phases.Load) error {
		l.HandleWhere(phases.PhaseAccess, phases.Where(m, func(c *location) bool { return len(c.rules) > 0 }), func(r *phases.Request) phases.Status {
			return phases.LocationOf[location](r.Loc, m).check(r)
		})
		return nil
	}
	return m
}

type location struct{ rules []rule }

type rule struct {
	deny    bool
	all     bool
	unix    bool
	network netip.Prefix
}

func addRule(l *phases.Load, d *conf.Directive, c *location) error {
	text := d.Args[0].Value
	x := rule{deny: d.Name == "deny", all: text == "all", unix: text == "unix:"}
	if !x.all && !x.unix {
		p, lowBits, ok := phases.ParseCIDR(text)
		if !ok {
			return fmt.Errorf("invalid parameter %q", text)
		}
		if lowBits {
			l.Warnf(d, "low address bits of %s are meaningless", text)
		}
		x.network = p
	}
	c.rules = append(c.rules, x)
	return nil
}

func (c *location) check(r *phases.Request) phases.Status {
	if len(c.rules) == 0 {
		return phases.Declined
	}
	addr, ok := r.RemoteAddr()
	unix := !ok && strings.HasPrefix(r.Conn.RemoteIP, "unix:")
	for i := range c.rules {
		x := &c.rules[i]
		if !x.all && !(x.unix && unix) && !(ok && x.network.IsValid() && x.network.Contains(addr)) {
			continue
		}
		if !x.deny {
			return phases.OK
		}
		if !r.Loc.Core.SatisfyAny.V {
			r.Log(phases.LogErr, "access forbidden by rule")
		}
		return 403
	}
	return phases.Declined
}
