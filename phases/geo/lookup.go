package geo

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"moongate/phases"
)

// lookup is a geo block that serves.
type lookup struct {
	source     int // the variable that holds the address; -1: the client's
	fallback   string
	hasDefault bool
	nets       networks
	ranges     *ranges // nil: networks count
	proxies    []netip.Prefix
	recursive  bool
}

// nowhere is what an address that is none counts as.
var nowhere = netip.AddrFrom4([4]byte{255, 255, 255, 255})

func (g *lookup) value(r *phases.Request) string {
	addr := g.addr(r)
	if g.ranges != nil {
		if !addr.Is4() {
			addr = nowhere
		}
		if v, ok := g.ranges.find(number(addr)); ok {
			return v
		}
		return g.fallback
	}
	if v, ok := g.nets.find(addr); ok {
		return v
	}
	return g.fallback
}

func (g *lookup) addr(r *phases.Request) netip.Addr {
	text := r.Conn.RemoteIP
	if g.source >= 0 {
		text, _ = r.Indexed(g.source)
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return nowhere
	}
	addr = addr.Unmap().WithZone("")
	if len(g.proxies) > 0 {
		addr = g.forwarded(addr, r.In.Values("X-Forwarded-For"))
	}
	return addr
}

// forwarded is the client's address as believed proxies tell it (ngx_http_get_forwarded_addr): the
// last one listed, or, recursively, the last one that is no believed proxy itself.
func (g *lookup) forwarded(addr netip.Addr, lines []string) netip.Addr {
	for i := len(lines) - 1; i >= 0; i-- {
		list := lines[i]
		for {
			if !g.trusted(addr) {
				return addr
			}
			list = strings.TrimRight(list, " ,")
			at := strings.LastIndexAny(list, " ,") + 1
			next, ok := parseHop(list[at:])
			if !ok {
				return addr
			}
			addr, list = next, list[:at]
			if !g.recursive {
				return addr
			}
			if at == 0 {
				break
			}
		}
	}
	return addr
}

func (g *lookup) trusted(addr netip.Addr) bool {
	return slices.ContainsFunc(g.proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// parseHop reads an address with or without a port.
func parseHop(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return a.Unmap(), true
	}
	a, err := netip.ParseAddrPort(s)
	return a.Addr().Unmap(), err == nil
}

func number(a netip.Addr) uint32 {
	b := a.As4()
	return binary.BigEndian.Uint32(b[:])
}

// networks finds the smallest network around an address: one look-up for each length of prefix that
// occurs, the longest first.
type networks struct {
	byNet      map[netip.Prefix]string
	len4, len6 []int
}

func (n *networks) put(p netip.Prefix, value string) (old string, dup bool) {
	if n.byNet == nil {
		n.byNet = map[netip.Prefix]string{}
	}
	old, dup = n.byNet[p]
	n.byNet[p] = value
	return old, dup
}

func (n *networks) remove(p netip.Prefix) bool {
	_, ok := n.byNet[p]
	delete(n.byNet, p)
	return ok
}

// seal lists the lengths that occur.
func (n *networks) seal() {
	for p := range n.byNet {
		lengths := &n.len4
		if p.Addr().Is6() {
			lengths = &n.len6
		}
		if !slices.Contains(*lengths, p.Bits()) {
			*lengths = append(*lengths, p.Bits())
		}
	}
	slices.SortFunc(n.len4, func(a, b int) int { return b - a })
	slices.SortFunc(n.len6, func(a, b int) int { return b - a })
}

func (n *networks) find(a netip.Addr) (string, bool) {
	lengths := n.len4
	if a.Is6() {
		lengths = n.len6
	}
	for _, bits := range lengths {
		if p, err := a.Prefix(bits); err == nil {
			if v, ok := n.byNet[p]; ok {
				return v, true
			}
		}
	}
	return "", false
}
