// Package limitconn is nginx's limit_conn module: how many requests of one key may run at once.
//
//	limit_conn_zone $binary_remote_addr zone=addr:10m;
//	limit_conn addr 5;
//	limit_conn_status 429; limit_conn_log_level warn; limit_conn_dry_run on;
//
// A connection counts while a request on it is being processed, as in nginx. A zone keeps its counts
// over reloads, as long as its size and key stay the same. $limit_conn_status is PASSED, REJECTED or
// REJECTED_DRY_RUN.
package limitconn

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"moongate/conf"
	"moongate/phases"
)

// Module is the limit_conn module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:        "limitconn",
		NewMain:     func() any { return &mainConf{zones: map[string]*zone{}} },
		NewLocation: func() any { return &location{} },
	})
	levels := map[string]phases.LogLevel{"info": phases.LogInfo, "notice": phases.LogNotice, "warn": phases.LogWarn, "error": phases.LogErr}
	directive := func(name string, a phases.Arity, set phases.SetFunc) phases.Directive {
		return phases.Directive{Name: name, Ctx: phases.CtxAll, Args: a, Level: phases.LocationConf, Set: set}
	}
	m.Directives = []phases.Directive{
		{Name: "limit_conn_zone", Ctx: phases.CtxHTTP, Args: phases.Take2, Level: phases.MainConf, Set: phases.Set(addZone)},
		directive("limit_conn", phases.Take2, phases.Set(func(l *phases.Load, d *conf.Directive, c *location) error {
			return addLimit(l, d, l.MainOf(m).(*mainConf), c)
		})),
		directive("limit_conn_log_level", phases.Take1, phases.SetEnum(func(c *location) *phases.Opt[phases.LogLevel] { return &c.level }, levels)),
		directive("limit_conn_status", phases.Take1, phases.SetErrorStatus(func(c *location) *phases.Opt[int] { return &c.status })),
		directive("limit_conn_dry_run", phases.OnOff, phases.SetFlag(func(c *location) *phases.Opt[bool] { return &c.dryRun })),
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
		return l.AddVariable(phases.Variable{Name: "limit_conn_status", NoCache: true, Get: func(r *phases.Request, _ string) (string, bool) {
			return r.Main.LimitConnStatus, r.Main.LimitConnStatus != ""
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

// zone is a limit_conn_zone; a limit_conn that comes before it makes it without a key.
type zone struct {
	name  string
	key   *phases.Value
	text  string // the key as written
	size  int64  // bytes
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
	zone *zone
	max  int
}

func addZone(l *phases.Load, d *conf.Directive, c *mainConf) error {
	key, err := l.Value(d.Args[0])
	if err != nil {
		return err
	}
	a := d.Args[1].Value
	v, ok := strings.CutPrefix(a, "zone=")
	if !ok {
		return fmt.Errorf("invalid parameter %q", a)
	}
	name, size, err := phases.ParseZone(a, v)
	if err != nil {
		return err
	}
	z := c.zone(name)
	if z.key != nil {
		return fmt.Errorf("%s %q is already bound to key %q", d.Name, name, z.text)
	}
	z.key, z.text, z.size = key, d.Args[0].Value, size
	return nil
}

func addLimit(l *phases.Load, d *conf.Directive, main *mainConf, c *location) error {
	z := main.zone(d.Args[0].Value)
	for _, x := range c.limits {
		if x.zone == z {
			return l.Duplicate(d)
		}
	}
	n, ok := phases.ParseNumber(d.Args[1].Value)
	if !ok || n == 0 {
		return fmt.Errorf("invalid number of connections %q", d.Args[1].Value)
	}
	if n > 65535 {
		return errors.New("connection limit must be less 65536")
	}
	c.limits = append(c.limits, limit{z, n})
	return nil
}

// check counts the request in all zones of its location, or refuses it.
func (c *location) check(r *phases.Request) phases.Status {
	if len(c.limits) == 0 || r.Main.LimitConnStatus != "" {
		return phases.Declined
	}
	type held struct {
		t   *table
		key string
	}
	var taken []held
	release := func() {
		for _, h := range taken {
			h.t.release(h.key)
		}
	}
	for i := range c.limits {
		x := &c.limits[i]
		key := x.zone.key.Eval(r)
		if key == "" {
			continue
		}
		if len(key) > 255 {
			r.Logf(phases.LogErr, "the value of the %q key is more than 255 bytes: %q", x.zone.text, key)
			continue
		}
		r.Main.LimitConnStatus = "PASSED"
		switch x.zone.table.take(key, x.max) {
		case counted:
			taken = append(taken, held{x.zone.table, key})
			continue
		case tooMany:
			note := ""
			if c.dryRun.V {
				note = ", dry run"
			}
			r.Logf(c.level.V, "limiting connections%s by zone %q", note, x.zone.name)
		case noMemory:
			r.Logf(phases.LogAlert, "could not allocate node in limit_conn_zone %q", x.zone.name)
		}
		release()
		if c.dryRun.V {
			r.Main.LimitConnStatus = "REJECTED_DRY_RUN"
			return phases.Declined
		}
		r.Main.LimitConnStatus = "REJECTED"
		return phases.Status(c.status.V)
	}
	if len(taken) > 0 {
		r.Main.OnEnd(release)
	}
	return phases.Declined
}

// registry holds the tables of all zones, over reloads.
type registry struct {
	mu     sync.Mutex
	tables map[string]*table // by zone name
}

// attach gives each zone its table: the one of before where name and size are the same.
func (g *registry) attach(zones map[string]*zone) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, z := range zones {
		if old := g.tables[z.name]; old != nil && old.size == z.size && old.key != z.text {
			return fmt.Errorf("limit_conn_zone %q uses the %q key while previously it used the %q key", z.name, z.text, old.key)
		}
	}
	for _, z := range zones {
		t := g.tables[z.name]
		if t == nil || t.size != z.size {
			t = &table{key: z.text, size: z.size, counts: map[string]int{}}
			g.tables[z.name] = t
		}
		z.table = t
	}
	return nil
}

// table is a zone's memory: a count per key in use. Safe for concurrent use.
type table struct {
	key  string
	size int64 // bytes that the counts may take

	mu     sync.Mutex
	used   int64
	counts map[string]int
}

type verdict uint8

const (
	counted verdict = iota
	tooMany
	noMemory
)

// nodeHead is what a count takes in nginx beside its key, in bytes.
const nodeHead = 36

func (t *table) take(key string, limit int) verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, known := t.counts[key]
	if n >= limit {
		return tooMany
	}
	if cost := phases.NodeSize(nodeHead + len(key)); !known {
		if t.used+cost > t.size {
			return noMemory
		}
		t.used += cost
	}
	t.counts[key] = n + 1
	return counted
}

func (t *table) release(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := t.counts[key]; n > 1 {
		t.counts[key] = n - 1
		return
	}
	delete(t.counts, key)
	t.used -= phases.NodeSize(nodeHead + len(key))
}
