package socket

import (
	"net/netip"
	"strconv"
	"strings"
)

// target is where a cosocket is to connect to: an address, a unix socket, or a name to be resolved.
type target struct {
	host string // as the script gave it, without a port that was part of it
	name string // to be resolved; empty for an address
	path string // of a unix socket
	ip   netip.Addr
	port int
}

// broadcast is the address that inet_addr cannot tell from a failure: as in nginx it counts as a name.
var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// longestPath is what a unix socket's address has room for.
const longestPath = 107

// parseTarget takes a host apart as ngx_parse_url does; problem is its message.
func parseTarget(host string, port int) (t target, problem string) {
	t = target{host: host, port: port}
	if len(host) >= 5 && strings.EqualFold(host[:5], "unix:") {
		t.path = host[5:]
		t.port = 0
		switch {
		case t.path == "":
			return t, "no path in the unix domain socket"
		case len(t.path) > longestPath:
			return t, "too long path in the unix domain socket"
		}
		if i := strings.IndexByte(t.path, ':'); i >= 0 {
			t.path = t.path[:i]
		}
		return t, ""
	}
	if host == "" {
		return t, "no host"
	}
	if strings.ContainsAny(host, "/?") {
		return t, "invalid host"
	}
	name := host
	if host[0] == '[' {
		i := strings.IndexByte(host, ']')
		if i < 0 {
			return t, "invalid host"
		}
		if rest := host[i+1:]; rest != "" {
			if rest[0] != ':' {
				return t, "invalid host"
			}
			if t.port = parsePort(rest[1:]); t.port == 0 {
				return t, "invalid port"
			}
		}
		if i == 1 {
			return t, "no host"
		}
		ip, err := netip.ParseAddr(host[1:i])
		if err != nil || !ip.Is6() {
			return t, "invalid IPv6 address"
		}
		t.ip, t.host = ip, host[:i+1]
		return t, ""
	}
	if i := strings.IndexByte(host, ':'); i >= 0 {
		if t.port = parsePort(host[i+1:]); t.port == 0 {
			return t, "invalid port"
		}
		name = host[:i]
		if name == "" {
			return t, "no host"
		}
	}
	t.host = name
	if ip, err := netip.ParseAddr(name); err == nil && ip.Is4() && ip != broadcast {
		t.ip = ip
		return t, ""
	}
	t.name = name
	return t, ""
}

func parsePort(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 65535 || s[0] == '+' {
		return 0
	}
	return n
}

// text is the address without its port, as log lines have it.
func (t *target) text() string {
	switch {
	case t.path != "":
		return "unix:" + t.path
	case t.ip.Is6():
		return "[" + t.ip.String() + "]"
	case t.ip.IsValid():
		return t.ip.String()
	}
	return ""
}

// localAddr is what bind asked for.
type localAddr struct {
	text string
	addr netip.AddrPort
}

// parseLocal takes an address without port and brackets, as ngx_parse_addr does.
func parseLocal(s string) (*localAddr, bool) {
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Zone() != "" {
		return nil, false
	}
	return &localAddr{text: s, addr: netip.AddrPortFrom(ip, 0)}, true
}

func (l *localAddr) setPort(port int) {
	if port > 0 {
		l.addr = netip.AddrPortFrom(l.addr.Addr(), uint16(port))
	}
}
