package upstream

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Addr is where a server listens: a TCP address or a unix socket.
type Addr struct {
	AP   netip.AddrPort
	Path string // of a unix socket; empty for TCP
	Name string // as $upstream_addr prints it: "127.0.0.1:80", "unix:/run/app.sock"
}

// TCPAddr is the Addr of an IP address and a port.
func TCPAddr(ap netip.AddrPort) Addr {
	ap = netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	return Addr{AP: ap, Name: ap.String()}
}

// UnixAddr is the Addr of a unix socket.
func UnixAddr(path string) Addr { return Addr{Path: path, Name: "unix:" + path} }

// Peer is one address of a server in a group. What is neither constant nor atomic is guarded by its group's lock.
type Peer struct {
	Addr
	Server      string // as the server directive names it
	Weight      int
	MaxFails    int
	FailTimeout time.Duration
	MaxConns    int // 0: any number

	_         [64]byte // what follows is written to by all cores
	down      atomic.Bool
	conns     atomic.Int64
	fails     int
	effective int // the weight, lowered by failures
	current   int
	accessed  time.Time
	checked   time.Time
}

// peers is a list of peers that a request chooses from: a group's primary servers, or its backups.
type peers struct {
	mu     *sync.Mutex // the group's
	list   []*Peer
	weight int // of all
	single bool
	points []point // of the consistent hash
}

// able reports whether p may be tried; the lock is held.
func (p *Peer) able(now time.Time) bool {
	switch {
	case p.down.Load():
		return false
	case p.MaxFails > 0 && p.fails >= p.MaxFails && now.Sub(p.checked) <= p.FailTimeout:
		return false
	case p.MaxConns > 0 && p.conns.Load() >= int64(p.MaxConns):
		return false
	}
	return true
}

// take counts a connection to p; the lock is held.
func (p *Peer) take(now time.Time) {
	p.conns.Add(1)
	if now.Sub(p.checked) > p.FailTimeout {
		p.checked = now
	}
}

// load is how busy p is, in a measure to compare with q's.
func (p *Peer) load(q *Peer) int64 { return p.conns.Load() * int64(q.Weight) }

// PeerInfo is what is known of a peer at one moment.
type PeerInfo struct {
	ID              int // within primary or backup peers, from 0
	Name, Server    string
	Weight          int
	EffectiveWeight int
	CurrentWeight   int
	Conns, Fails    int
	MaxFails        int
	FailTimeout     time.Duration
	Accessed        time.Time // of the last failure; zero: none
	Checked         time.Time
	Down            bool
	Backup          bool
}

func (l *peers) info(backup bool) []PeerInfo {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]PeerInfo, len(l.list))
	for i, p := range l.list {
		out[i] = PeerInfo{
			ID: i, Name: p.Name, Server: p.Server, Weight: p.Weight, EffectiveWeight: p.effective, CurrentWeight: p.current,
			Conns: int(p.conns.Load()), Fails: p.fails, MaxFails: p.MaxFails, FailTimeout: p.FailTimeout,
			Accessed: p.accessed, Checked: p.checked, Down: p.down.Load(), Backup: backup,
		}
	}
	return out
}

// hostPort splits "host", "host:port", "[::1]:port" or ":port"-less forms. port is 0 where none is given.
func hostPort(s string) (host string, port int, err error) {
	rest := s
	if strings.HasPrefix(s, "[") {
		i := strings.IndexByte(s, ']')
		if i < 0 {
			return "", 0, fmt.Errorf("invalid host")
		}
		host, rest = s[:i+1], s[i+1:]
		if rest == "" {
			return host, 0, nil
		}
		if rest[0] != ':' {
			return "", 0, fmt.Errorf("invalid host")
		}
		rest = rest[1:]
	} else {
		i := strings.LastIndexByte(s, ':')
		if i < 0 {
			if s == "" {
				return "", 0, fmt.Errorf("no host")
			}
			return s, 0, nil
		}
		host, rest = s[:i], s[i+1:]
		if host == "" {
			return "", 0, fmt.Errorf("no host")
		}
	}
	n, convErr := strconv.ParseUint(rest, 10, 16)
	if convErr != nil || n == 0 {
		return "", 0, fmt.Errorf("invalid port")
	}
	return host, int(n), nil
}

// parseIP reads a literal address, IPv6 ones with or without brackets.
func parseIP(host string) (netip.Addr, bool) {
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}
