package luastd

import (
	"os"
	"sync"
	"time"

	"moongate/luastd/ngx/shdict"
	"moongate/phases"
)

// Module is the Lua module. It stands last among the modules that have phase handlers, since
// rewrite_by_lua and access_by_lua run at the end of their phases.
var Module = phases.NewModule(phases.Module{
	Name:           "lua",
	NewMain:        func() any { return &mainConf{} },
	NewServer:      func() any { return &serverConf{} },
	NewLocation:    func() any { return &locConf{} },
	ShareLocations: true,
	ShareServers:   true,
	InitMain:       initMain,
	MergeServer:    mergeServer,

	OutsideServers: true,
})

var complete sync.Once

// Complete returns Module with its directives and hooks, which refer to it.
func Complete() *phases.Module {
	complete.Do(func() {
		Module.Directives = directives()
		Module.MergeLocation = mergeLocation
		Module.Postconfigure = postconfigure
		Module.Check, Module.Start, Module.Drain, Module.Stop = check, start, drain, stop
	})
	return Module
}

func initMain(_ *phases.Load, main any) error {
	m := main.(*mainConf)
	m.packagePath.Merge(phases.Opt[string]{}, os.Getenv("LUA_PATH"))
	m.packageCPath.Merge(phases.Opt[string]{}, os.Getenv("LUA_CPATH"))
	m.maxPending.Merge(phases.Opt[int]{}, 1024)
	m.maxRunning.Merge(phases.Opt[int]{}, 256)
	m.threadPoolSize.Merge(phases.Opt[int]{}, 10)
	m.threadCache.Merge(phases.Opt[int]{}, 1024)
	m.regexCache.Merge(phases.Opt[int]{}, 1024)
	m.regexMatchLimit.Merge(phases.Opt[int]{}, 0)
	m.cpuLimit.Merge(phases.Opt[time.Duration]{}, 0)
	m.memoryLimit.Merge(phases.Opt[int64]{}, 0)
	return nil
}

func strictByEnvironment() bool { return os.Getenv("MOONGATE_STRICT_PHASES") == "1" }

func postconfigure(l *phases.Load) error {
	m := l.MainOf(Module).(*mainConf)
	add := func(first bool, p phases.Phase, own func(c *locConf) *code, h phases.Handler) {
		if first {
			l.HandleFirst(p, h)
			return
		}
		l.HandleWhere(p, func(loc *phases.Location) bool {
			return own(phases.LocationOf[locConf](loc, Module)) != nil || hasDropIns(loc)
		}, h)
	}
	l.HandleFirst(phases.PhaseServerRewrite, serverRewriteHandler)
	l.HandleWhere(phases.PhaseRewrite, hasDropIns, dropIn)
	add(m.rewriteNoPostpone.V, phases.PhaseRewrite, func(c *locConf) *code { return c.rewrite }, rewriteHandler)
	add(m.accessNoPostpone.V, phases.PhaseAccess, func(c *locConf) *code { return c.access }, accessHandler)
	add(m.precontentNoPostpone.V, phases.PhasePrecontent, func(c *locConf) *code { return c.precontent }, precontentHandler)
	add(false, phases.PhaseLog, func(c *locConf) *code { return c.log }, logHandler)
	l.FilterHeader(headerFilter)
	l.FilterBody(bodyFilter)
	hookHandshakes(l)
	hookUpstreams(l)
	return nil
}

// hasDropIns reports whether a folder may have scripts for loc's requests.
func hasDropIns(loc *phases.Location) bool {
	return phases.ServerOf[serverConf](loc.Server, Module).scripts != nil
}

// openZones makes the shared dictionaries that the configuration names; one that exists with the same
// size keeps its contents.
func (m *mainConf) openZones() error {
	zones.mu.Lock()
	defer zones.mu.Unlock()
	m.zones = map[string]*shdict.Zone{}
	for _, d := range m.dicts {
		if old := zones.byName[d.name]; old != nil && old.size == d.size {
			m.zones[d.name] = old.zone
			continue
		}
		z, err := shdict.NewZone(d.name, int(d.size))
		if err != nil {
			return err
		}
		zones.byName[d.name] = &zoneOf{z, d.size}
		m.zones[d.name] = z
	}
	return nil
}

type zoneOf struct {
	zone *shdict.Zone
	size int64
}

// zones are the process's shared dictionaries: they outlive configurations.
var zones = struct {
	mu     sync.Mutex
	byName map[string]*zoneOf
}{byName: map[string]*zoneOf{}}
