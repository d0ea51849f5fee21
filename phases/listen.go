package phases

import (
	"fmt"
	"net"
	"runtime"
	"strings"

	"moongate/conf"
)

// Listen is one address that servers listen on.
type Listen struct {
	Network string // tcp, tcp4, tcp6 or unix
	Address string // host:port, or the socket's path
	Text    string // as nginx prints it: "0.0.0.0:80"
	Default *Server

	Backlog       int // 0: the system's
	ReusePort     bool
	TLS           bool
	ProxyProtocol bool
	IPv6Only      bool
	Deferred      bool
	FastOpen      int
	RcvBuf        int64
	SndBuf        int64
	KeepAlive     string // so_keepalive

	defaultSet bool
	set        bool // socket options were given
	pos        conf.Pos
	server     *Server
	servers    []*Server
	names      *nameTable
	tree       *Tree // that it is listed in
}

// Servers lists the servers of the address.
func (l *Listen) Servers() []*Server { return l.servers }

// Workers is how many workers the configuration has.
func (l *Listen) Workers() int { return l.tree.Core.Workers }

// Key tells addresses apart.
func (l *Listen) Key() string { return l.Network + " " + l.Address }

func setListen(l *Load, d *conf.Directive, c *CoreServer) error {
	ls, err := parseListen(l, d)
	if err != nil {
		return err
	}
	for _, x := range ls {
		for _, y := range c.listens {
			if x.Key() == y.Key() {
				return fmt.Errorf("a duplicate listen %s", d.Args[0].Value)
			}
		}
		c.listens = append(c.listens, x)
	}
	return nil
}

func parseListen(l *Load, d *conf.Directive) ([]*Listen, error) {
	text := d.Args[0].Value
	x := &Listen{pos: d.Pos, server: l.Server}
	var extra *Listen
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		if path == "" {
			return nil, fmt.Errorf("no path in the unix domain socket in %q of the \"listen\" directive", text)
		}
		x.Network, x.Address, x.Text = "unix", l.Path(path), text
	} else {
		host, port, err := splitAddr(text)
		if err != nil {
			return nil, fmt.Errorf("%w in %q of the \"listen\" directive", err, text)
		}
		if port == "" {
			port = "80"
		}
		n, ok := ParseNumber(port)
		if !ok || n < 1 || n > 65535 {
			return nil, fmt.Errorf("invalid port in %q of the \"listen\" directive", text)
		}
		switch {
		case host == "" || host == "*":
			x.Network, x.Address = "tcp4", "0.0.0.0:"+port
		case strings.HasPrefix(host, "["):
			x.Network, x.Address, x.IPv6Only = "tcp6", host+":"+port, true
		case net.ParseIP(host) != nil:
			x.Network, x.Address = "tcp4", host+":"+port
		default:
			ips, err := net.LookupIP(host)
			if err != nil || len(ips) == 0 {
				return nil, fmt.Errorf("host not found in %q of the \"listen\" directive", text)
			}
			for _, ip := range ips {
				if v4 := ip.To4(); v4 != nil && x.Network == "" {
					x.Network, x.Address = "tcp4", v4.String()+":"+port
				} else if v4 == nil && extra == nil {
					extra = &Listen{pos: d.Pos, server: l.Server, Network: "tcp6", Address: "[" + ip.String() + "]:" + port, IPv6Only: true}
				}
			}
			if x.Network == "" {
				x, extra = extra, nil
			}
		}
		x.Text = x.Address
	}
	for _, a := range d.Args[1:] {
		if err := x.option(a.Value); err != nil {
			return nil, err
		}
	}
	if extra != nil {
		e := *x
		e.Network, e.Address, e.Text, e.IPv6Only = extra.Network, extra.Address, extra.Address, true
		return []*Listen{x, &e}, nil
	}
	return []*Listen{x}, nil
}

func (l *Listen) option(a string) error {
	name, value, hasValue := strings.Cut(a, "=")
	switch name {
	case "default_server", "default":
		l.defaultSet = true
	case "ssl":
		l.TLS = true
	case "proxy_protocol":
		l.ProxyProtocol = true
	case "reuseport":
		l.ReusePort, l.set = true, true
	case "deferred":
		if runtime.GOOS != "linux" {
			return fmt.Errorf("the parameter \"deferred\" of \"listen\" is not supported on %s", runtime.GOOS)
		}
		l.Deferred, l.set = true, true
	case "bind":
		l.set = true
	case "backlog":
		n, ok := ParseNumber(value)
		if !ok || n == 0 {
			return fmt.Errorf("invalid backlog %q", a)
		}
		l.Backlog, l.set = n, true
	case "rcvbuf", "sndbuf":
		n, ok := conf.ParseSize(value)
		if !ok || n == 0 {
			return fmt.Errorf("invalid %s %q", name, a)
		}
		if name == "rcvbuf" {
			l.RcvBuf = n
		} else {
			l.SndBuf = n
		}
		l.set = true
	case "ipv6only":
		switch value {
		case "on":
			l.IPv6Only = true
		case "off":
			l.IPv6Only = false
			if l.Network == "tcp6" {
				l.Network = "tcp"
			}
		default:
			return fmt.Errorf("invalid ipv6only flags %q", value)
		}
		l.set = true
	case "so_keepalive":
		l.KeepAlive, l.set = value, true
	case "fastopen":
		n, ok := ParseNumber(value)
		if !ok {
			return fmt.Errorf("invalid fastopen %q", a)
		}
		l.FastOpen, l.set = n, true
	case "setfib", "accept_filter", "quic", "http2":
		return fmt.Errorf("the parameter %q of \"listen\" is not supported by moongate yet", a)
	default:
		return fmt.Errorf("invalid parameter %q", a)
	}
	if hasValue && (name == "default_server" || name == "ssl") {
		return fmt.Errorf("invalid parameter %q", a)
	}
	return nil
}

// linkListens joins the servers' listens by address.
func (t *Tree) linkListens(errs *conf.ErrorList) {
	byKey := map[string]*Listen{}
	for _, s := range t.Servers {
		for _, x := range s.Core.listens {
			a := byKey[x.Key()]
			if a == nil {
				a = x
				a.Default = s
				byKey[x.Key()] = a
				a.tree = t
				t.Listens = append(t.Listens, a)
				a.names = &nameTable{}
			} else {
				a.merge(x, s, errs)
			}
			a.servers = append(a.servers, s)
			for _, n := range s.Names {
				if !a.names.add(n, s) && n.Name != "" {
					t.warn(fmt.Sprintf("conflicting server name %q on %s, ignored", n.Name, a.Text))
				}
			}
		}
	}
	for _, a := range t.Listens {
		a.names.seal()
	}
}

func (l *Listen) merge(x *Listen, s *Server, errs *conf.ErrorList) {
	if x.defaultSet {
		if l.defaultSet {
			*errs = append(*errs, &conf.Error{Msg: "a duplicate default server for " + l.Text, Pos: x.pos})
		}
		l.defaultSet, l.Default = true, s
	}
	if x.set && l.set {
		*errs = append(*errs, &conf.Error{Msg: "duplicate listen options for " + l.Text, Pos: x.pos})
	}
	if x.set {
		l.Backlog, l.ReusePort, l.Deferred, l.FastOpen = x.Backlog, x.ReusePort, x.Deferred, x.FastOpen
		l.RcvBuf, l.SndBuf, l.KeepAlive, l.set = x.RcvBuf, x.SndBuf, x.KeepAlive, true
	}
	l.TLS = l.TLS || x.TLS
	l.ProxyProtocol = l.ProxyProtocol || x.ProxyProtocol
}
