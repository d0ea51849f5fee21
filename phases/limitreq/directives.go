// Package limitreq is nginx's limit_req module: a leaky bucket per key.
//
//	limit_req_zone $binary_remote_addr zone=one:10m rate=5r/s;    # or r/m
//	limit_req zone=one burst=10 delay=5;                          # or nodelay
//	limit_req_status 429; limit_req_log_level warn; limit_req_dry_run on;
//
// Requests above the rate wait, up to burst of them; those above that are refused. A zone keeps its
// keys over reloads, as long as its size and key stay the same, and forgets the oldest where it is full.
// $limit_req_status is PASSED, DELAYED, REJECTED, DELAYED_DRY_RUN or REJECTED_DRY_RUN.
package limitreq

import (
	"fmt"
	"math"
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// Module is the limit_req module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:        "limitreq",
		NewMain:     func() any { return &mainConf{zones: map[string]*zone{}} },
		NewLocation: func() any { return &location{} },
	})
	levels := map[string]phases.LogLevel{"info": phases.LogInfo, "notice": phases.LogNotice, "warn": phases.LogWarn, "error": phases.LogErr}
	directive := func(name string, a phases.Arity, set phases.SetFunc) phases.Directive {
		return phases.Directive{Name: name, Ctx: phases.CtxAll, Args: a, Level: phases.LocationConf, Set: set}
	}
	m.Directives = []phases.Directive{
		{Name: "limit_req_zone", Ctx: phases.CtxHTTP, Args: phases.Take3, Level: phases.MainConf, Set: phases.Set(addZone)},
		directive("limit_req", phases.Take123, phases.Set(func(l *phases.Load, d *conf.Directive, c *location) error {
			return addLimit(l, d, l.MainOf(m).(*mainConf), c)
		})),
		directive("limit_req_log_level", phases.Take1, phases.SetEnum(func(c *location) *phases.Opt[phases.LogLevel] { return &c.level }, levels)),
		directive("limit_req_status", phases.Take1, phases.SetErrorStatus(func(c *location) *phases.Opt[int] { return &c.status })),
		directive("limit_req_dry_run", phases.OnOff, phases.SetFlag(func(c *location) *phases.Opt[bool] { return &c.dryRun })),
	}
	m.MergeLocation = func(_ *phases.Load, parent, child any) error {
		p, c := parent.(*location), child.(*location)
		if c.limits == nil {
			c.limits = p.limits
		}
		c.level.Merge(p.level, phases.LogErr)
		c.status.Merge(p.status, 503)
		c.dryRun.Merge(p.dryRun, false)
		return nil
	}
	m.Preconfigure = func(l *phases.Load) error {
		return l.AddVariable(phases.Variable{Name: "limit_req_status", NoCache: true, Get: func(r *phases.Request, _ string) (string, bool) {
			return r.Main.LimitReqStatus, r.Main.LimitReqStatus != ""
		}})
	}
	m.Postconfigure = func(l *phases.Load) error {
		for _, z := range l.MainOf(m).(*mainConf).zones {
			if z.key == nil {
				l.Add(fmt.Errorf("zero size shared memory zone %q", z.name))
			}
		}
		l.Handle(phases.PhasePreaccess, func(r *phases.Request) phases.Status {
			return phases.LocationOf[location](r.Loc, m).check(r)
		})
		return nil
	}
	m.Start = func(t *phases.Tree) error {
		kept := t.Engine().Keep(m, func() any { return &registry{tables: map[string]*table{}} }).(*registry)
		return kept.attach(phases.MainOf[mainConf](t, m).zones)
	}
	return m
}

type mainConf struct{ zones map[string]*zone }

// zone is a limit_req_zone; a limit_req that comes before it makes it without a key.
type zone struct {
	name  string
	key   *phases.Value
	text  string // the key as written
	size  int64  // bytes
	rate  int    // thousandths of a request per second
	table *table // from Start
}

func (c *mainConf) zone(name string) *zone {
	z := c.zones[name]
	if z == nil {
		z = &zone{name: name}
		c.zones[name] = z
	}
	return z
}

type location struct {
	limits []limit
	level  phases.Opt[phases.LogLevel]
	status phases.Opt[int]
	dryRun phases.Opt[bool]
}

type limit struct {
	zone         *zone
	burst, delay int // thousandths of a request
}

func addZone(l *phases.Load, d *conf.Directive, c *mainConf) error {
	key, err := l.Value(d.Args[0])
	if err != nil {
		return err
	}
	name, size, rate, scale := "", int64(0), 1, 1
	for _, a := range d.Args[1:] {
		if v, ok := strings.CutPrefix(a.Value, "zone="); ok {
			if name, size, err = phases.ParseZone(a.Value, v); err != nil {
				return err
			}
			continue
		}
		v, ok := strings.CutPrefix(a.Value, "rate=")
		if !ok {
			return fmt.Errorf("invalid parameter %q", a.Value)
		}
		if n, perMinute := strings.CutSuffix(v, "r/m"); perMinute {
			v, scale = n, 60
		} else {
			v = strings.TrimSuffix(v, "r/s")
		}
		if rate, ok = phases.ParseNumber(v); !ok || rate == 0 || rate > math.MaxInt32 {
			return fmt.Errorf("invalid rate %q", a.Value)
		}
	}
	if name == "" {
		return fmt.Errorf("%q must have \"zone\" parameter", d.Name)
	}
	z := c.zone(name)
	if z.key != nil {
		return fmt.Errorf("%s %q is already bound to key %q", d.Name, name, z.text)
	}
	z.key, z.text, z.size, z.rate = key, d.Args[0].Value, size, max(rate*1000/scale, 1)
	return nil
}

func addLimit(l *phases.Load, d *conf.Directive, main *mainConf, c *location) error {
	x := limit{}
	for _, a := range d.Args {
		name, value, _ := strings.Cut(a.Value, "=")
		n, ok := phases.ParseNumber(value)
		good := ok && n > 0 && n <= math.MaxInt32
		switch {
		case name == "zone" && value != "":
			x.zone = main.zone(value)
		case name == "burst":
			if !good {
				return fmt.Errorf("invalid burst value %q", a.Value)
			}
			x.burst = n * 1000
		case name == "delay":
			if !good {
				return fmt.Errorf("invalid delay value %q", a.Value)
			}
			x.delay = n * 1000
		case a.Value == "nodelay":
			x.delay = math.MaxInt
		default:
			return fmt.Errorf("invalid parameter %q", a.Value)
		}
	}
	if x.zone == nil {
		return fmt.Errorf("%q must have \"zone\" parameter", d.Name)
	}
	for _, y := range c.limits {
		if y.zone == x.zone {
			return l.Duplicate(d)
		}
	}
	c.limits = append(c.limits, x)
	return nil
}
