package luastd

import (
	"errors"
	"fmt"

	"moongate/conf"
	"moongate/luastd/handler"
	"moongate/luastd/ngx/balancer"
	"moongate/phases"
	"moongate/phases/upstream"
)

// setBalancer is balancer_by_lua*: the script chooses the peer of each attempt.
func setBalancer(l *phases.Load, d *conf.Directive, _ any) error {
	u := upstream.BlockOf(l)
	if u == nil {
		return errors.New("balancer_by_lua stands outside an upstream block")
	}
	m := l.MainOf(Module).(*mainConf)
	if m.balancers[u] {
		return l.Duplicate(d)
	}
	if m.balancers == nil {
		m.balancers = map[*upstream.Upstream]bool{}
	}
	m.balancers[u] = true
	k, err := parseCode(l, d, handler.Balancer, false)
	if err != nil {
		return err
	}
	if u.Configured() {
		l.Warnf(d, "load balancing method redefined")
	}
	balancer.Install(u, func(r *phases.Request, b *upstream.Balance) (*handler.Exit, bool) {
		c := context(r)
		outer := c.Balancer
		c.Balancer, c.HasExit = b, false
		_, exit, ok := runInline(c, handler.Balancer, k, "balancer_by_lua*", 0)
		c.Balancer = outer
		if exit == nil && c.HasExit { // ngx.exit does not end this script
			exit = &handler.Exit{Status: c.Exited}
		}
		return exit, ok
	})
	return nil
}

// setBalancerKeepalive is balancer_keepalive: how many connections each worker keeps for the script.
func setBalancerKeepalive(l *phases.Load, d *conf.Directive, _ any) error {
	u := upstream.BlockOf(l)
	if u == nil {
		return errors.New("balancer_keepalive stands outside an upstream block")
	}
	m := l.MainOf(Module).(*mainConf)
	if m.balancersKeep[u] {
		return l.Duplicate(d)
	}
	n, ok := phases.ParseNumber(d.Args[0].Value)
	if !ok || n == 0 {
		return fmt.Errorf("invalid value %q in %q directive", d.Args[0].Value, d.Name)
	}
	if m.balancersKeep == nil {
		m.balancersKeep = map[*upstream.Upstream]bool{}
	}
	m.balancersKeep[u] = true
	u.KeepForHook(n)
	return nil
}
