package req

import (
	"errors"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// originalDestination asks the kernel where c was going to before netfilter redirected it
// (SO_ORIGINAL_DST), as "address:port".
func originalDestination(c net.Conn) (string, error) {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return "", errors.New("no TCP connection")
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return "", err
	}
	var addr string
	cerr := raw.Control(func(fd uintptr) {
		if local, ok := t.LocalAddr().(*net.TCPAddr); ok && local.IP.To4() == nil {
			var info *unix.IPv6MTUInfo
			if info, err = unix.GetsockoptIPv6MTUInfo(int(fd), unix.IPPROTO_IPV6, unix.SO_ORIGINAL_DST); err == nil {
				port := info.Addr.Port
				addr = netip.AddrPortFrom(netip.AddrFrom16(info.Addr.Addr), port<<8|port>>8).String()
			}
			return
		}
		// struct sockaddr_in has the size of the one that this call reads
		var req *unix.IPv6Mreq
		if req, err = unix.GetsockoptIPv6Mreq(int(fd), unix.IPPROTO_IP, unix.SO_ORIGINAL_DST); err == nil {
			b := req.Multiaddr
			addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), uint16(b[2])<<8|uint16(b[3])).String()
		}
	})
	if cerr != nil {
		return "", cerr
	}
	if err != nil {
		return "", errors.New("failed to get origin addr")
	}
	return addr, nil
}
