// Package realip is nginx's realip module: behind a trusted proxy the client's address is the one that
// the proxy names.
//
//	set_real_ip_from 10.0.0.0/8;          # or an address, a host name, unix:
//	real_ip_header X-Forwarded-For;       # X-Real-IP (the default), proxy_protocol, any header
//	real_ip_recursive on;                 # skip trusted addresses from the right
//
// $realip_remote_addr and $realip_remote_port keep the address that the connection came from.
package realip

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"moongate/conf"
	"moongate/phases"
)

// Module is the realip module.
var Module = newModule()

func newModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "realip",
		NewLocation:    func() any { return &location{} },
		ShareLocations: true,
		MergeLocation: func(_ *phases.Load, parent, child any) error {
			p, c := parent.(*location), child.(*location)
			if c.from == nil && !c.unix {
				c.from, c.unix = p.from, p.unix
			}
			c.header.Merge(p.header, "X-Real-IP")
			c.recursive.Merge(p.recursive, false)
			return nil
		},
		Preconfigure: func(l *phases.Load) error {
			if err := l.AddVariable(phases.Variable{Name: "realip_remote_addr", Get: func(r *phases.Request, _ string) (string, bool) {
				return origin(r).RemoteIP, true
			}}); err != nil {
				return err
			}
			return l.AddVariable(phases.Variable{Name: "realip_remote_port", Get: func(r *phases.Request, _ string) (string, bool) {
				return origin(r).RemotePort, true
			}})
		},
	})
	m.Directives = []phases.Directive{
		{Name: "set_real_ip_from", Ctx: phases.CtxAll, Args: phases.Take1, Level: phases.LocationConf, Set: phases.Set(addTrusted)},
		{Name: "real_ip_header", Ctx: phases.CtxAll, Args: phases.Take1, Level: phases.LocationConf,
			Set: phases.SetString(func(c *location) *phases.Opt[string] { return &c.header })},
		{Name: "real_ip_recursive", Ctx: phases.CtxAll, Args: phases.OnOff, Level: phases.LocationConf,
			Set: phases.SetFlag(func(c *location) *phases.Opt[bool] { return &c.recursive })},
	}
	m.Postconfigure = func(l *phases.Load) error {
		handler := func(r *phases.Request) phases.Status {
			phases.LocationOf[location](r.Loc, m).apply(r)
			return phases.Declined
		}
		trusts := phases.Where(m, func(c *location) bool { return len(c.from) > 0 || c.unix })
		l.HandleWhere(phases.PhasePostRead, trusts, handler)
		l.HandleWhere(phases.PhasePreaccess, trusts, handler)
		return nil
	}
	return m
}

func origin(r *phases.Request) *phases.Conn {
	if o := r.Conn.Origin; o != nil {
		return o
	}
	return r.Conn
}

type location struct {
	from      []netip.Prefix
	unix      bool
	header    phases.Opt[string]
	recursive phases.Opt[bool]
}

func addTrusted(l *phases.Load, d *conf.Directive, c *location) error {
	text := d.Args[0].Value
	if text == "unix:" {
		c.unix = true
		return nil
	}
	if p, lowBits, ok := phases.ParseCIDR(text); ok {
		if lowBits {
			l.Warnf(d, "low address bits of %s are meaningless", text)
		}
		c.from = append(c.from, p)
		return nil
	}
	ips, err := net.LookupIP(text)
	if err != nil || len(ips) == 0 {
		return fmt.Errorf("host not found in set_real_ip_from %q", text)
	}
	for _, ip := range ips {
		if a, ok := netip.AddrFromSlice(ip); ok {
			a = a.Unmap()
			c.from = append(c.from, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return nil
}

// trusted reports whether what the peer says of the client's address is believed.
func (c *location) trusted(ip string) bool {
	if strings.HasPrefix(ip, "unix:") {
		return c.unix
	}
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return false
	}
	a = a.Unmap()
	return slices.ContainsFunc(c.from, func(p netip.Prefix) bool { return p.Contains(a) })
}

// apply gives the request a connection of its own with the address that the proxy names.
func (c *location) apply(r *phases.Request) {
	if r.Conn.Origin != nil || c.from == nil && !c.unix {
		return
	}
	var values []string
	port := ""
	switch name := c.header.V; {
	case name == "proxy_protocol":
		p := r.Conn.ProxyProtocol
		if p == nil {
			return
		}
		values, port = []string{p.SourceIP}, p.SourcePort
	case phases.EqualFold(name, "X-Forwarded-For"):
		for _, v := range r.In.Values(name) {
			values = append(values, strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })...)
		}
	default:
		v, ok := r.In.Value(name)
		if !ok {
			return
		}
		values = strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })
	}
	ip, ownPort, ok := c.forwarded(r.Conn.RemoteIP, values)
	if !ok {
		return
	}
	if port == "" {
		port = ownPort
	}
	own := *r.Conn
	own.Origin = r.Conn
	own.RemoteIP, own.RemotePort = ip, port
	n, _ := strconv.Atoi(port)
	own.Remote = &net.TCPAddr{IP: net.ParseIP(ip), Port: n}
	r.Conn = &own
}

// forwarded walks the list of addresses from the right as far as they are trusted, or one step.
func (c *location) forwarded(peer string, values []string) (ip, port string, found bool) {
	at := peer
	for i := len(values) - 1; i >= 0 && c.trusted(at); i-- {
		a, p, ok := parseAddr(values[i])
		if !ok {
			break
		}
		at, ip, port, found = a, a, p, true
		if !c.recursive.V {
			break
		}
	}
	return ip, port, found
}

// parseAddr reads an address that may have a port: 1.2.3.4, 1.2.3.4:80, ::1, [::1]:80.
func parseAddr(s string) (ip, port string, ok bool) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return a.String(), "", true
	}
	if inner, closed := strings.CutSuffix(s, "]"); closed {
		a, err := netip.ParseAddr(strings.TrimPrefix(inner, "["))
		return a.String(), "", err == nil
	}
	ap, err := netip.ParseAddrPort(s)
	if err != nil || ap.Addr().Zone() != "" {
		return "", "", false
	}
	return ap.Addr().String(), strconv.Itoa(int(ap.Port())), true
}
