package phases

import (
	"net/netip"
	"strings"
)

// ParseCIDR reads an address or a network ("10.0.0.0/8", "::1") as directives have them
// (ngx_ptocidr). lowBits tells that address bits beyond the mask were set, and cleared.
func ParseCIDR(s string) (p netip.Prefix, lowBits, ok bool) {
	addr, bits, masked := strings.Cut(s, "/")
	a, err := netip.ParseAddr(addr)
	if err != nil || a.Zone() != "" {
		return p, false, false
	}
	n := a.BitLen()
	if masked {
		if n, ok = ParseNumber(bits); !ok || n > a.BitLen() {
			return p, false, false
		}
	}
	p = netip.PrefixFrom(a, n).Masked()
	return p, p.Addr() != a, true
}

// RemoteAddr is the client's address, an IPv4 one also where it came mapped into IPv6; ok is false
// for a unix socket's client.
func (r *Request) RemoteAddr() (a netip.Addr, ok bool) {
	a, err := netip.ParseAddr(r.Conn.RemoteIP)
	return a.Unmap(), err == nil
}
