// Package limitzone is what nginx's limit_req and limit_conn modules have in common: zones of memory that are
// bound to a key, lists of limits that locations inherit, and the directives that say how a refusal looks.
// It registers no module of its own.
package limitzone

import (
	"fmt"
	"sync"

	"moongate/conf"
	"moongate/phases"
)

// Spec describes one module. L is a limit of a location, T a zone's memory.
type Spec[L, T any] struct {
	Name   string // of the module
	Prefix string // of its directives: "limit_req"

	ZoneArgs, LimitArgs phases.Arity
	// AddZone reads a …_zone directive.
	AddZone func(l *phases.Load, d *conf.Directive, zones Zones[T]) error
	// ReadLimit reads the directive that sets a limit.
	ReadLimit func(d *conf.Directive, zones Zones[T]) (L, error)
	// ZoneOf is the zone of a limit: a location may have one limit for each.
	ZoneOf func(L) *Zone[T]
	// NewMemory makes a zone's memory of size bytes.
	NewMemory func(size int64) *T
	// Conflict says of what a changed key is told: the directive's name.
	Conflict string
	// Status is where the request keeps the value of the $…_status variable.
	Status func(*phases.Request) *string
	// Check runs in the preaccess phase, where the location has limits and no check ran before.
	Check func(c *Location[L], r *phases.Request) phases.Status
}

// Location is a location's configuration.
type Location[L any] struct {
	Limits []L
	Level  phases.Opt[phases.LogLevel] // of what is said about a refusal
	Status phases.Opt[int]             // of a refusal
	DryRun phases.Opt[bool]
}

// Note is what the log adds in a dry run.
func (c *Location[L]) Note() string {
	if c.DryRun.V {
		return ", dry run"
	}
	return ""
}

// Refuse ends a request that a limit turned down, noting so in status; a dry run lets it pass.
func (c *Location[L]) Refuse(status *string) phases.Status {
	if c.DryRun.V {
		*status = "REJECTED_DRY_RUN"
		return phases.Declined
	}
	*status = "REJECTED"
	return phases.Status(c.Status.V)
}

// Zone is one of a configuration's zones. A limit that comes before its zone makes it without a key.
type Zone[T any] struct {
	Name   string
	Key    *phases.Value
	Text   string // the key as written
	Size   int64  // bytes
	Rate   int    // of limit_req: thousandths of a request per second
	Memory *T     // from the module's Start
}

// Zones are a configuration's zones by name.
type Zones[T any] map[string]*Zone[T]

// Zone finds the zone, or makes it without a key.
func (zs Zones[T]) Zone(name string) *Zone[T] {
	z := zs[name]
	if z == nil {
		z = &Zone[T]{Name: name}
		zs[name] = z
	}
	return z
}

// Bind gives the zone the key that is the directive's first argument.
func (zs Zones[T]) Bind(l *phases.Load, d *conf.Directive, name string, size int64) (*Zone[T], error) {
	key, err := l.Value(d.Args[0])
	if err != nil {
		return nil, err
	}
	z := zs.Zone(name)
	if z.Key != nil {
		return nil, fmt.Errorf("%s %q is already bound to key %q", d.Name, name, z.Text)
	}
	z.Key, z.Text, z.Size = key, d.Args[0].Value, size
	return z, nil
}

// Module makes the module. Its zones keep their memory over reloads, as long as size and key stay the same.
func Module[L, T any](s Spec[L, T]) *phases.Module {
	type location = Location[L]
	m := phases.NewModule(phases.Module{
		Name:           s.Name,
		NewMain:        func() any { return &Zones[T]{} },
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
	})
	levels := map[string]phases.LogLevel{"info": phases.LogInfo, "notice": phases.LogNotice, "warn": phases.LogWarn, "error": phases.LogErr}
	directive := func(suffix string, a phases.Arity, set phases.SetFunc) phases.Directive {
		return phases.Directive{Name: s.Prefix + suffix, Ctx: phases.CtxAll, Args: a, Level: phases.LocationConf, Set: set}
	}
	m.Directives = []phases.Directive{
		{Name: s.Prefix + "_zone", Ctx: phases.CtxHTTP, Args: s.ZoneArgs, Level: phases.MainConf, Set: phases.Set(func(l *phases.Load, d *conf.Directive, c *Zones[T]) error {
			return s.AddZone(l, d, *c)
		})},
		directive("", s.LimitArgs, phases.Set(func(l *phases.Load, d *conf.Directive, c *location) error {
			limit, err := s.ReadLimit(d, *l.MainOf(m).(*Zones[T]))
			if err != nil {
				return err
			}
			for _, other := range c.Limits {
				if s.ZoneOf(other) == s.ZoneOf(limit) {
					return l.Duplicate(d)
				}
			}
			c.Limits = append(c.Limits, limit)
			return nil
		})),
		directive("_log_level", phases.Take1, phases.SetEnum(func(c *location) *phases.Opt[phases.LogLevel] { return &c.Level }, levels)),
		directive("_status", phases.Take1, phases.SetErrorStatus(func(c *location) *phases.Opt[int] { return &c.Status })),
		directive("_dry_run", phases.OnOff, phases.SetFlag(func(c *location) *phases.Opt[bool] { return &c.DryRun })),
	}
	m.MergeLocation = func(_ *phases.Load, parent, child any) error {
		p, c := parent.(*location), child.(*location)
		if c.Limits == nil {
			c.Limits = p.Limits
		}
		c.Level.Merge(p.Level, phases.LogErr)
		c.Status.Merge(p.Status, 503)
		c.DryRun.Merge(p.DryRun, false)
		return nil
	}
	m.Preconfigure = func(l *phases.Load) error {
		return l.AddVariable(phases.Variable{Name: s.Prefix + "_status", NoCache: true, Get: func(r *phases.Request, _ string) (string, bool) {
			status := *s.Status(r)
			return status, status != ""
		}})
	}
	m.Postconfigure = func(l *phases.Load) error {
		for _, z := range *l.MainOf(m).(*Zones[T]) {
			if z.Key == nil {
				l.Add(fmt.Errorf("zero size shared memory zone %q", z.Name))
			}
		}
		l.HandleWhere(phases.PhasePreaccess, phases.Where(m, func(c *location) bool { return len(c.Limits) > 0 }), func(r *phases.Request) phases.Status {
			c := phases.LocationOf[location](r.Loc, m)
			if len(c.Limits) == 0 || *s.Status(r) != "" {
				return phases.Declined
			}
			return s.Check(c, r)
		})
		return nil
	}
	m.Start = func(t *phases.Tree) error {
		kept := t.Engine().Keep(m, func() any { return &registry[T]{zones: map[string]memory[T]{}} }).(*registry[T])
		return kept.attach(*phases.MainOf[Zones[T]](t, m), s.Conflict, s.NewMemory)
	}
	return m
}

// registry holds the memory of all zones, over reloads.
type registry[T any] struct {
	mu    sync.Mutex
	zones map[string]memory[T] // by zone name
}

type memory[T any] struct {
	of   *T
	key  string
	size int64
}

// attach gives each zone its memory: the one of before where name and size are the same.
func (g *registry[T]) attach(zones Zones[T], conflict string, create func(int64) *T) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, z := range zones {
		if old, known := g.zones[z.Name]; known && old.size == z.Size && old.key != z.Text {
			return fmt.Errorf("%s %q uses the %q key while previously it used the %q key", conflict, z.Name, z.Text, old.key)
		}
	}
	for _, z := range zones {
		if old, known := g.zones[z.Name]; !known || old.size != z.Size {
			g.zones[z.Name] = memory[T]{create(z.Size), z.Text, z.Size}
		}
		z.Memory = g.zones[z.Name].of
	}
	return nil
}
