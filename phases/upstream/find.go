package upstream

import (
	"context"
	"net/netip"
	"time"

	"moongate/phases"
	"moongate/phases/resolver"
)

// Find is the group that a URL with variables means: one made at run time, an upstream block, a literal
// address, or what the resolver says of the name. port is 0 where the URL has none; defaultPort then counts
// for hosts that are no group. A status other than OK ends the request, as Run's would; the reason is logged.
func (x *Exchange) Find(host string, port, defaultPort int) (*Upstream, phases.Status) {
	r := x.R
	m := phases.MainOf[mainConf](r.Tree, Module)
	if u := m.registry.get(host); u != nil {
		return u, phases.OK
	}
	for _, u := range m.list {
		if phases.EqualFold(u.Name, host) && (u.block || u.defPort == defaultPort) && (u.port == 0 && port == 0 || u.port != 0 && u.port == portOr(port, defaultPort)) {
			return u, phases.OK
		}
	}
	port = portOr(port, defaultPort)
	if ip, ok := parseIP(host); ok {
		return single(host, []Addr{TCPAddr(netip.AddrPortFrom(ip, uint16(port)))}), phases.OK
	}
	rs := resolver.Of(r)
	if rs == nil {
		r.Logf(phases.LogErr, "no resolver defined to resolve %s", host)
		return nil, 502
	}
	ips, err := x.lookup(rs, host)
	if x.aborted.Load() {
		r.Log(phases.LogInfo, "client prematurely closed connection")
		return nil, phases.StatusClientClosedRequest
	}
	if err != nil {
		r.Logf(phases.LogErr, "%v", err)
		return nil, 502
	}
	addrs := make([]Addr, len(ips))
	for i, ip := range ips {
		addrs[i] = TCPAddr(netip.AddrPortFrom(ip, uint16(port)))
	}
	return single(host, addrs), phases.OK
}

// lookup asks the resolver. A client that goes meanwhile ends that, so that the question is not kept for nobody.
func (x *Exchange) lookup(rs *resolver.Resolver, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), x.R.Loc.Core.ResolverTimeout.V)
	defer cancel()
	if x.mayWatch() {
		x.setVictim(cancel)
		defer x.watchIfSlow()()
		defer x.setVictim(nil)
	}
	x.R.Waiting()
	return rs.Lookup(ctx, host)
}

// watchIfSlow begins to watch the client once what is under way takes its time. The answer has to be called when that is over.
func (x *Exchange) watchIfSlow() (over func()) {
	started := make(chan struct{})
	slow := time.AfterFunc(probe, func() {
		x.startWatch()
		close(started)
	})
	return func() {
		if !slow.Stop() {
			<-started
		}
	}
}

// FindUnix is the group of a unix socket that a URL with variables names.
func FindUnix(path string) *Upstream { return single("unix:"+path, []Addr{UnixAddr(path)}) }

func portOr(port, def int) int {
	if port == 0 {
		return def
	}
	return port
}

// single makes a group for one request.
func single(name string, addrs []Addr) *Upstream {
	u := &Upstream{Name: name, servers: []Server{{Name: name, Addrs: addrs, Weight: 1, MaxFails: 1, FailTimeout: 10 * time.Second}}}
	u.build(1)
	return u
}
