package upstream

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"moongate/conf"
	"moongate/phases"
)

// Registry holds the groups that are made while the gateway runs, as ngx_http_dyups_module does. It belongs
// to the engine and outlives configurations. A proxy_pass with variables looks names up here first. Safe for
// concurrent use; requests in flight finish on the group they began with.
type Registry struct {
	mu     sync.RWMutex
	groups map[string]*Upstream
}

// ErrNoUpstream says that there is no group of that name.
var ErrNoUpstream = errors.New("upstream not found")

// RegistryOf is the registry of the engine that serves t; only once t serves.
func RegistryOf(t *phases.Tree) *Registry { return phases.MainOf[mainConf](t, Module).registry }

func newRegistry() *Registry { return &Registry{groups: map[string]*Upstream{}} }

func (g *Registry) get(name string) *Upstream {
	if g == nil {
		return nil
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.groups[strings.ToLower(name)]
}

// Set makes or replaces the group name. The servers need Name and Addrs; zero numbers take the defaults of
// the server directive, but a MaxFails below zero means that failures do not count.
func (g *Registry) Set(name string, servers []Server) error {
	if len(servers) == 0 {
		return errors.New("no servers are inside upstream")
	}
	u := &Upstream{Name: name, dynamic: true}
	for _, s := range servers {
		u.servers = append(u.servers, s.withDefaults())
	}
	return g.put(name, u)
}

// SetText is Set with the inside of an upstream block: server, ip_hash, least_conn, random and keepalive
// directives. path makes the paths of unix sockets absolute.
func (g *Registry) SetText(name, text string, path func(string) string) error {
	c, err := conf.ParseBytes("upstream "+name, []byte(text), conf.Options{})
	if err != nil {
		return err
	}
	u := &Upstream{Name: name, dynamic: true}
	for _, d := range c.Directives {
		if err := u.runTimeDirective(d, path); err != nil {
			return d.Errorf("%v", err)
		}
	}
	if len(u.servers) == 0 {
		return errors.New("no servers are inside upstream")
	}
	return g.put(name, u)
}

func (g *Registry) put(name string, u *Upstream) error {
	if name == "" {
		return errors.New("an upstream needs a name")
	}
	u.build(1)
	if len(u.primary.list) == 0 {
		return errors.New("no servers are inside upstream")
	}
	g.mu.Lock()
	old := g.groups[strings.ToLower(name)]
	g.groups[strings.ToLower(name)] = u
	g.mu.Unlock()
	if old != nil {
		old.close()
	}
	return nil
}

// Delete removes the group; ErrNoUpstream where there is none.
func (g *Registry) Delete(name string) error {
	g.mu.Lock()
	u := g.groups[strings.ToLower(name)]
	delete(g.groups, strings.ToLower(name))
	g.mu.Unlock()
	if u == nil {
		return ErrNoUpstream
	}
	u.close()
	return nil
}

// Get is the group of that name; nil where there is none.
func (g *Registry) Get(name string) *Upstream { return g.get(name) }

// List names the groups, sorted.
func (g *Registry) List() []string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	names := make([]string, 0, len(g.groups))
	for _, u := range g.groups {
		names = append(names, u.Name)
	}
	slices.Sort(names)
	return names
}

func (s Server) withDefaults() Server {
	if s.Weight == 0 {
		s.Weight = 1
	}
	switch {
	case s.MaxFails == 0:
		s.MaxFails = 1
	case s.MaxFails < 0:
		s.MaxFails = 0
	}
	if s.FailTimeout == 0 {
		s.FailTimeout = defaultFailTimeout
	}
	return s
}

// ParseServer reads what stands behind "server" in an upstream block: "127.0.0.1:80 weight=2".
func ParseServer(text string) (Server, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Server{}, errors.New("no server")
	}
	args := make([]conf.Arg, len(words))
	for i, w := range words {
		args[i].Value = w
	}
	return parseServer(args, func(p string) string { return p })
}

func (u *Upstream) runTimeDirective(d *conf.Directive, path func(string) string) error {
	switch d.Name {
	case "server":
		if len(d.Args) == 0 {
			return fmt.Errorf("invalid number of arguments in %q directive", d.Name)
		}
		s, err := parseServer(d.Args, path)
		if err != nil {
			return err
		}
		u.servers = append(u.servers, s)
		return nil
	case "ip_hash", "least_conn", "random":
		return u.setMethod(d)
	case "keepalive":
		if len(d.Args) != 1 {
			return fmt.Errorf("invalid number of arguments in %q directive", d.Name)
		}
		n, ok := phases.ParseNumber(d.Args[0].Value)
		if !ok || n == 0 {
			return fmt.Errorf("invalid value %q in %q directive", d.Args[0].Value, d.Name)
		}
		u.keep.max = phases.Opt[int]{V: n, Set: true}
		return nil
	}
	return fmt.Errorf("the directive %q is not allowed in an upstream made at run time", d.Name)
}

// All lists the groups that t knows: its blocks and implied groups, in the order of the configuration, then
// those of the registry.
func All(t *phases.Tree) []*Upstream { return phases.MainOf[mainConf](t, Module).all() }

// Named is the group called name that t knows; nil where there is none.
func Named(t *phases.Tree, name string) *Upstream {
	return phases.MainOf[mainConf](t, Module).named(name)
}

func (m *mainConf) all() []*Upstream {
	out := slices.Clone(m.list)
	if m.registry == nil {
		return out
	}
	for _, n := range m.registry.List() {
		u := m.registry.get(n)
		if u == nil {
			continue
		}
		// a group made at run time stands in the place of the configured one that it shadows
		if i := slices.IndexFunc(out, func(o *Upstream) bool { return phases.EqualFold(o.Name, n) }); i >= 0 {
			out[i] = u
		} else {
			out = append(out, u)
		}
	}
	return out
}

func (m *mainConf) named(name string) *Upstream {
	for _, u := range m.all() {
		if phases.EqualFold(u.Name, name) || u.url == name {
			return u
		}
	}
	return nil
}
