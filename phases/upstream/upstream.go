package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"moongate/conf"
	"moongate/phases"
)

// Server is one server of a group, as its directive gives it. It may have several addresses.
type Server struct {
	Name        string // the address as written
	Addrs       []Addr
	Weight      int
	MaxFails    int
	FailTimeout time.Duration
	MaxConns    int
	Down        bool
	Backup      bool
}

type method uint8

const (
	roundRobin method = iota
	leastConn
	ipHash
	hashKey
	consistentHash
	random
	randomTwo
)

// Upstream is a group of servers: an upstream block, the implied group of a proxy_pass to a host, or one
// made at run time. Its servers do not change once it serves; the state of their peers does.
type Upstream struct {
	Name string

	block   bool // it was written as a block
	dynamic bool
	port    int // of an implied group
	defPort int // the scheme's, where the URL of an implied group has none
	url     string
	pos     conf.Pos
	servers []Server
	method  method
	key     *phases.Value // of hash

	mu      sync.Mutex
	primary *peers
	backup  *peers

	up   atomic.Int64 // peers that are not marked down
	keep keepalive
	pool *pool // nil: connections are not kept
	hook Hook
	own  *pool // of connections that the hook keeps
	// ownMax is how many in each worker; 0: defaultHookPool.
	ownMax int
}

// keepalive is what the keepalive directives say.
type keepalive struct {
	max      phases.Opt[int]
	requests phases.Opt[int]
	life     phases.Opt[time.Duration]
	timeout  phases.Opt[time.Duration]
}

// build makes the peers out of the servers.
func (u *Upstream) build(workers int) {
	u.primary = u.peers(false)
	if b := u.peers(true); len(b.list) > 0 {
		u.backup = b
		u.primary.single = false
	}
	loops := max(min(workers, runtime.GOMAXPROCS(0)), 1) // of the front end
	u.keep.requests.Merge(phases.Opt[int]{}, 1000)
	u.keep.life.Merge(phases.Opt[time.Duration]{}, time.Hour)
	u.keep.timeout.Merge(phases.Opt[time.Duration]{}, 60*time.Second)
	if u.keep.max.Set {
		// nginx keeps that many in each of its workers
		u.pool = newPool(u.keep.max.V*max(workers, 1), loops)
	}
	if u.hook != nil {
		n := u.ownMax
		if n == 0 {
			n = defaultHookPool
		}
		u.own = newPool(n*max(workers, 1), loops)
	}
}

func (u *Upstream) peers(backup bool) *peers {
	l := &peers{mu: &u.mu}
	for i := range u.servers {
		s := &u.servers[i]
		if s.Backup != backup {
			continue
		}
		for _, a := range s.Addrs {
			p := &Peer{
				Addr: a, Server: s.Name, Weight: s.Weight, effective: s.Weight, MaxFails: s.MaxFails,
				FailTimeout: s.FailTimeout, MaxConns: s.MaxConns,
			}
			if p.down.Store(s.Down); !s.Down {
				u.up.Add(1)
			}
			l.list = append(l.list, p)
			l.weight += s.Weight
		}
	}
	l.single = len(l.list) == 1
	if u.method == consistentHash {
		l.points = points(l.list)
	}
	return l
}

// tries is how many attempts a request may make: one per peer that is not marked down.
func (u *Upstream) tries() int { return int(u.up.Load()) }

// Implied reports whether the group is one that a URL to a host has brought about.
func (u *Upstream) Implied() bool { return !u.block && !u.dynamic }

// FullName is the name with the port that belongs to it: those of implied groups have one.
func (u *Upstream) FullName() string {
	if port := portOr(u.port, u.defPort); u.Implied() && port != 0 {
		return fmt.Sprintf("%s:%d", u.Name, port)
	}
	return u.Name
}

// Servers lists the servers as they were configured. The caller must not change them.
func (u *Upstream) Servers() []Server { return u.servers }

// PrimaryPeers describes the peers that are not backups.
func (u *Upstream) PrimaryPeers() []PeerInfo { return u.primary.info(false) }

// BackupPeers describes the backup peers.
func (u *Upstream) BackupPeers() []PeerInfo { return u.backup.info(true) }

// SetPeerDown marks a peer, by its ID, as down or up again. The errors are those of lua-upstream-nginx-module.
func (u *Upstream) SetPeerDown(backup bool, id int, down bool) error {
	l := u.primary
	if backup {
		l = u.backup
	}
	if l == nil {
		return errors.New("bad peer id")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if id < 0 || id >= len(l.list) {
		return errors.New("bad peer id")
	}
	p := l.list[id]
	if p.down.Swap(down) != down {
		if down {
			u.up.Add(-1)
		} else {
			u.up.Add(1)
		}
	}
	if !down {
		p.fails = 0
	}
	return nil
}

// close drops the connections that wait.
func (u *Upstream) close() {
	u.pool.close()
	u.own.close()
}

var errHostNotFound = errors.New("host not found")

// resolveStatic looks a host of the configuration up with the system's resolver. IPv4 addresses come
// first, so that the order does not depend on the machine.
func resolveStatic(host string, port int) ([]Addr, error) {
	if ip, ok := parseIP(host); ok {
		return []Addr{TCPAddr(netip.AddrPortFrom(ip, uint16(port)))}, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(ips) == 0 {
		return nil, errHostNotFound
	}
	slices.SortStableFunc(ips, func(a, b netip.Addr) int { return a.Unmap().BitLen() - b.Unmap().BitLen() })
	var out []Addr
	for _, ip := range ips {
		out = append(out, TCPAddr(netip.AddrPortFrom(ip, uint16(port))))
	}
	return out, nil
}

// parseServer reads the arguments of a server directive; the addresses of its host are looked up.
func parseServer(args []conf.Arg, path func(string) string) (Server, error) {
	s := Server{Name: args[0].Value, Weight: 1, MaxFails: 1, FailTimeout: 10 * time.Second}
	for _, a := range args[1:] {
		name, v, _ := strings.Cut(a.Value, "=")
		bad := fmt.Errorf("invalid parameter %q", a.Value)
		switch name {
		case "weight":
			n, ok := phases.ParseNumber(v)
			if !ok || n == 0 {
				return s, bad
			}
			s.Weight = n
		case "max_conns", "max_fails":
			n, ok := phases.ParseNumber(v)
			if !ok {
				return s, bad
			}
			if name == "max_conns" {
				s.MaxConns = n
			} else {
				s.MaxFails = n
			}
		case "fail_timeout":
			d, ok := conf.ParseTime(v)
			if !ok {
				return s, bad
			}
			s.FailTimeout = d
		case "backup":
			s.Backup = true
		case "down":
			s.Down = true
		case "slow_start", "resolve", "service", "route", "drain":
			return s, fmt.Errorf("the parameter %q of \"server\" is not supported by moongate yet: that is NGINX Plus", a.Value)
		default:
			return s, bad
		}
	}
	if p, ok := strings.CutPrefix(s.Name, "unix:"); ok {
		if p == "" {
			return s, fmt.Errorf("no path in the unix domain socket in upstream %q", s.Name)
		}
		s.Addrs = []Addr{UnixAddr(path(p))}
		return s, nil
	}
	host, port, err := hostPort(s.Name)
	if err != nil {
		return s, fmt.Errorf("%w in upstream %q", err, s.Name)
	}
	if port == 0 {
		port = 80
	}
	if s.Addrs, err = resolveStatic(host, port); err != nil {
		return s, fmt.Errorf("%w in upstream %q", err, s.Name)
	}
	return s, nil
}
