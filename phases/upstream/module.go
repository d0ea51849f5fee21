package upstream

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"moongate/conf"
	"moongate/phases"
)

const defaultFailTimeout = 10 * time.Second

// mainConf holds the groups of a configuration.
type mainConf struct {
	list     []*Upstream
	registry *Registry // the engine's; set when the tree starts
	// peerHooks gives the hooks in a request's handshakes with servers; nil without any.
	peerHooks func(r *phases.Request) *PeerHooks
}

// Module is ngx_http_upstream_module with the balancing and keepalive modules that belong to it.
var Module = makeModule()

func makeModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:         "upstream",
		NewMain:      func() any { return &mainConf{} },
		Directives:   directives(),
		Preconfigure: addVariables,
		InitMain:     initMain,
	})
	m.Start = func(t *phases.Tree) error {
		phases.MainOf[mainConf](t, m).registry = t.Engine().Keep(m, func() any { return newRegistry() }).(*Registry)
		return nil
	}
	closeIdle := func(t *phases.Tree) {
		for _, u := range phases.MainOf[mainConf](t, m).list {
			u.close()
		}
	}
	m.Drain, m.Stop = closeIdle, closeIdle
	return m
}

func directives() []phases.Directive {
	up := func(name string, a phases.Arity, set phases.SetFunc) phases.Directive {
		return phases.Directive{Name: name, Ctx: phases.CtxUpstream, Args: a, Set: set}
	}
	in := func(f func(l *phases.Load, d *conf.Directive, u *Upstream) error) phases.SetFunc {
		return func(l *phases.Load, d *conf.Directive, _ any) error { return f(l, d, BlockOf(l)) }
	}
	method := in(func(_ *phases.Load, d *conf.Directive, u *Upstream) error { return u.setMethod(d) })
	plus := phases.NotBuilt("that is NGINX Plus")
	return []phases.Directive{
		{Name: "upstream", Ctx: phases.CtxHTTP, Args: phases.Arity{Min: 1, Max: 1, Block: true}, Level: phases.MainConf, Set: phases.Set(setUpstream)},
		up("server", phases.OneMore, in(func(l *phases.Load, d *conf.Directive, u *Upstream) error {
			s, err := parseServer(d.Args, l.Path)
			if err != nil {
				return err
			}
			u.servers = append(u.servers, s)
			return nil
		})),
		up("least_conn", phases.NoArgs, method),
		up("ip_hash", phases.NoArgs, method),
		up("random", phases.Arity{Min: 0, Max: 2}, method),
		up("hash", phases.Take12, in(setHash)),
		up("keepalive", phases.Take1, in(func(l *phases.Load, d *conf.Directive, u *Upstream) error {
			if u.keep.max.Set {
				return l.Duplicate(d)
			}
			n, ok := phases.ParseNumber(d.Args[0].Value)
			if !ok || n == 0 {
				return fmt.Errorf("invalid value %q in %q directive", d.Args[0].Value, d.Name)
			}
			u.keep.max = phases.Opt[int]{V: n, Set: true}
			return nil
		})),
		up("keepalive_requests", phases.Take1, in(func(l *phases.Load, d *conf.Directive, u *Upstream) error {
			return phases.SetNumber(func(k *keepalive) *phases.Opt[int] { return &k.requests })(l, d, &u.keep)
		})),
		up("keepalive_time", phases.Take1, in(func(l *phases.Load, d *conf.Directive, u *Upstream) error {
			return phases.SetMsec(func(k *keepalive) *phases.Opt[time.Duration] { return &k.life })(l, d, &u.keep)
		})),
		up("keepalive_timeout", phases.Take1, in(func(l *phases.Load, d *conf.Directive, u *Upstream) error {
			return phases.SetMsec(func(k *keepalive) *phases.Opt[time.Duration] { return &k.timeout })(l, d, &u.keep)
		})),
		up("zone", phases.Take12, phases.Ignore),
		up("least_time", phases.OneMore, plus),
		up("queue", phases.OneMore, plus),
		up("ntlm", phases.NoArgs, plus),
		up("state", phases.Take1, plus),
		up("sticky", phases.OneMore, plus),
		up("resolver", phases.OneMore, phases.NotBuilt("servers of an upstream are looked up once, when the configuration loads")),
		up("resolver_timeout", phases.Take1, phases.NotBuilt("servers of an upstream are looked up once, when the configuration loads")),
		{Name: "dyups_interface", Ctx: phases.CtxLocation, Args: phases.NoArgs, Level: phases.MainConf, Set: phases.Set(
			func(l *phases.Load, _ *conf.Directive, m *mainConf) error {
				l.SetContent(func(r *phases.Request) phases.Status { return admin(r, m) })
				return nil
			})},
	}
}

// BlockOf is the upstream block whose directives are being read; nil outside of one.
func BlockOf(l *phases.Load) *Upstream {
	u, _ := l.Owner.(*Upstream)
	return u
}

func setUpstream(l *phases.Load, d *conf.Directive, m *mainConf) error {
	name := d.Args[0].Value // "a:80" is a name like another, which no URL means
	var u *Upstream
	for _, old := range m.list {
		if !phases.EqualFold(old.Name, name) {
			continue
		}
		switch {
		case old.block:
			return fmt.Errorf("duplicate upstream %q", name)
		case old.port != 0:
			return fmt.Errorf("upstream %q may not have port %d in %s", name, old.port, old.pos)
		}
		u = old
	}
	if u == nil {
		u = &Upstream{Name: name}
		m.list = append(m.list, u)
	}
	u.block, u.port, u.pos, u.url = true, 0, d.Pos, name
	saved := l.Owner
	l.Owner = u
	l.Block(d, phases.CtxUpstream)
	l.Owner = saved
	if len(u.servers) == 0 && u.hook == nil {
		return errors.New("no servers are inside upstream")
	}
	return nil
}

func (u *Upstream) setMethod(d *conf.Directive) error {
	switch d.Name {
	case "least_conn":
		u.method = leastConn
	case "ip_hash":
		for i := range u.servers {
			if u.servers[i].Backup {
				return fmt.Errorf("balancing method does not support parameter \"backup\"")
			}
		}
		u.method = ipHash
	case "random":
		u.method = random
		if len(d.Args) > 0 {
			if d.Args[0].Value != "two" {
				return fmt.Errorf("invalid parameter %q", d.Args[0].Value)
			}
			u.method = randomTwo
		}
		if len(d.Args) > 1 && d.Args[1].Value != "least_conn" {
			return fmt.Errorf("invalid parameter %q", d.Args[1].Value)
		}
	}
	return nil
}

func setHash(l *phases.Load, d *conf.Directive, u *Upstream) error {
	v, err := l.Value(d.Args[0])
	if err != nil {
		return err
	}
	u.key, u.method = v, hashKey
	if len(d.Args) == 2 {
		if d.Args[1].Value != "consistent" {
			return fmt.Errorf("invalid parameter %q", d.Args[1].Value)
		}
		u.method = consistentHash
	}
	return nil
}

// Add is the group that a URL without variables means (ngx_http_upstream_add): an upstream block of that
// name, wherever it stands, or else the host itself, looked up when the configuration is complete. port is 0
// where the URL has none.
func Add(l *phases.Load, d *conf.Directive, host string, port, defaultPort int) (*Upstream, error) {
	m := l.MainOf(Module).(*mainConf)
	for _, u := range m.list {
		if !phases.EqualFold(u.Name, host) {
			continue
		}
		if u.block {
			if port != 0 {
				return nil, fmt.Errorf("upstream %q may not have port %d", host, port)
			}
			return u, nil
		}
		if u.port == port && u.defPort == defaultPort {
			return u, nil
		}
	}
	pos := d.Term
	if pos.Line == 0 {
		pos = d.Pos
	}
	u := &Upstream{Name: host, port: port, defPort: defaultPort, pos: pos, url: host}
	if port != 0 {
		u.url = fmt.Sprintf("%s:%d", host, port)
	}
	m.list = append(m.list, u)
	return u, nil
}

// AddUnix is the group of a unix socket.
func AddUnix(l *phases.Load, path string) *Upstream {
	m := l.MainOf(Module).(*mainConf)
	name := "unix:" + path
	for _, u := range m.list {
		if u.Name == name {
			return u
		}
	}
	u := single(name, []Addr{UnixAddr(path)})
	u.url = name
	m.list = append(m.list, u)
	return u
}

// initMain looks the hosts of implied groups up and makes the peers.
func initMain(l *phases.Load, c any) error {
	m := c.(*mainConf)
	var list []*Upstream
	for _, u := range m.list {
		if !u.block && u.primary == nil {
			if b := m.blockOf(u); b != nil && u.port == 0 {
				// named by URLs of both schemes before the block
				u.servers, u.method, u.key, u.hook, u.keep = b.servers, b.method, b.key, b.hook, b.keep
				u.build(l.Tree.Core.Workers)
				continue
			}
			addrs, err := resolveStatic(u.Name, portOr(u.port, u.defPort))
			if err != nil {
				l.Add(l.Errorf(u.pos, "%s in upstream %q", err, u.Name))
				continue
			}
			u.servers = []Server{{Name: u.Name, Addrs: addrs, Weight: 1, MaxFails: 1, FailTimeout: defaultFailTimeout}}
		}
		if u.block && len(u.servers) > 0 && !hasPrimary(u.servers) {
			l.Add(l.Errorf(u.pos, "no servers in upstream %q", u.Name))
			continue
		}
		if u.primary == nil {
			u.build(l.Tree.Core.Workers)
		}
		list = append(list, u)
	}
	m.list = list
	return nil
}

func (m *mainConf) blockOf(u *Upstream) *Upstream {
	for _, b := range m.list {
		if b.block && strings.EqualFold(b.Name, u.Name) {
			return b
		}
	}
	return nil
}

func hasPrimary(servers []Server) bool {
	for i := range servers {
		if !servers[i].Backup {
			return true
		}
	}
	return false
}
