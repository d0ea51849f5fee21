// Package resolver asks the DNS servers of the resolver directive for the addresses of a name, as nginx does:
// it knows neither /etc/hosts nor search domains, it keeps answers for as long as their TTL or the valid=
// parameter says, and one question is asked only once at a time.
package resolver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/miekg/dns"

	"moongate/phases"
)

const (
	resend      = 5 * time.Second // until another server is asked, as in nginx
	giveUp      = 5 * time.Minute // on a question, if whoever asked waits that long
	maxNames    = 10000           // cached
	maxAliases  = 10              // CNAMEs followed
	negativeTTL = 10 * time.Second
)

// Codes of an Error: DNS's own response codes, and TimedOut.
const (
	FormatError    = dns.RcodeFormatError
	ServerFailure  = dns.RcodeServerFailure
	HostNotFound   = dns.RcodeNameError
	NotImplemented = dns.RcodeNotImplemented
	Refused        = dns.RcodeRefused
	TimedOut       = 110 // ETIMEDOUT
)

// Error says why a name has no address, in nginx's words.
type Error struct {
	Name string
	Code int
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s could not be resolved (%d: %s)", e.Name, e.Code, Reason(e.Code))
}

// Reason is nginx's phrase for a code.
func Reason(code int) string {
	switch code {
	case FormatError:
		return "Format error"
	case ServerFailure:
		return "Server failure"
	case HostNotFound:
		return "Host not found"
	case NotImplemented:
		return "Unimplemented"
	case Refused:
		return "Operation refused"
	case TimedOut:
		return "Operation timed out"
	}
	return "Unknown error"
}

// Resolver answers for one resolver directive. Safe for concurrent use.
type Resolver struct {
	servers []string
	valid   time.Duration // 0: the answer's TTL
	types   []uint16
	log     func(level phases.LogLevel, text string) // nil: nobody is told of servers that fail
	next    atomic.Uint32
	mu      sync.Mutex
	names   map[string]*entry
}

type entry struct {
	done    chan struct{}
	addrs   []netip.Addr
	err     error
	expires time.Time
	turn    atomic.Uint32
	waiting int // guarded by the resolver's lock
	cancel  context.CancelFunc
}

// Of is the resolver of the request's location; nil where none is configured.
func Of(r *phases.Request) *Resolver { return For(r.Loc.Core.Resolver.V) }

// For is the resolver of a directive; nil for none.
func For(c *phases.ResolverConf) *Resolver {
	if c == nil || len(c.Servers) == 0 {
		return nil
	}
	return c.Backend(func() any {
		rs := New(c.Servers, c.Valid, c.IPv4, c.IPv6)
		if c.Tree != nil {
			rs.log = func(level phases.LogLevel, text string) { c.Tree.Log(level, "%s", text) }
		}
		return rs
	}).(*Resolver)
}

// New makes a resolver that asks servers ("host:port"). valid replaces the TTL of answers where it is not 0.
func New(servers []string, valid time.Duration, ipv4, ipv6 bool) *Resolver {
	rs := &Resolver{servers: servers, valid: valid, names: map[string]*entry{}}
	if ipv4 {
		rs.types = append(rs.types, dns.TypeA)
	}
	if ipv6 {
		rs.types = append(rs.types, dns.TypeAAAA)
	}
	rs.next.Store(rand.Uint32())
	return rs
}

// Lookup finds the addresses of host, which is no literal address. Each call begins with another of them.
// The error is an *Error; when ctx ends first, one with TimedOut.
func (rs *Resolver) Lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	rs.mu.Lock()
	e := rs.names[name]
	if e == nil || e.old(time.Now()) {
		asking, cancel := context.WithTimeout(context.Background(), giveUp)
		e = &entry{done: make(chan struct{}), cancel: cancel}
		if len(rs.names) >= maxNames {
			rs.evict()
		}
		rs.names[name] = e
		go rs.ask(asking, name, e)
	}
	e.waiting++
	rs.mu.Unlock()
	select {
	case <-e.done:
		rs.leave(name, e, false)
	case <-ctx.Done():
		rs.leave(name, e, true)
		return nil, &Error{host, TimedOut}
	}
	if e.err != nil {
		var de *Error
		if errors.As(e.err, &de) {
			return nil, &Error{host, de.Code}
		}
		return nil, e.err
	}
	n := int(e.turn.Add(1)-1) % len(e.addrs)
	if n == 0 {
		return e.addrs, nil
	}
	return append(slices.Clone(e.addrs[n:]), e.addrs[:n]...), nil
}

// leave ends a wait. The last one who gives up ends the question too.
func (rs *Resolver) leave(name string, e *entry, gaveUp bool) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	e.waiting--
	if gaveUp && e.waiting == 0 {
		e.cancel()
		if rs.names[name] == e {
			delete(rs.names, name)
		}
	}
}

// old reports whether e was answered and is no longer valid.
func (e *entry) old(now time.Time) bool {
	select {
	case <-e.done:
		return !now.Before(e.expires)
	default:
		return false
	}
}

// evict makes room: what is stale goes, and where nothing is, any answer. The lock is held.
func (rs *Resolver) evict() {
	now := time.Now()
	for n, e := range rs.names {
		if e.old(now) {
			delete(rs.names, n)
		}
	}
	for n := range rs.names {
		if len(rs.names) < maxNames {
			break
		}
		delete(rs.names, n)
	}
}

// ask fills e; whoever waits for it is woken.
func (rs *Resolver) ask(ctx context.Context, name string, e *entry) {
	defer e.cancel()
	defer close(e.done)
	type answer struct {
		addrs []netip.Addr
		ttl   time.Duration
		err   error
	}
	ch := make(chan answer, len(rs.types))
	for _, t := range rs.types {
		go func() {
			a, ttl, err := rs.query(ctx, name, t)
			ch <- answer{a, ttl, err}
		}()
	}
	ttl := time.Duration(-1)
	all := make([]answer, 0, len(rs.types))
	for range rs.types {
		all = append(all, <-ch)
	}
	for _, a := range all {
		e.addrs = append(e.addrs, a.addrs...)
		if a.err == nil && len(a.addrs) > 0 && (ttl < 0 || a.ttl < ttl) {
			ttl = a.ttl
		}
		if a.err != nil && e.err == nil {
			e.err = a.err
		}
	}
	// the IPv4 addresses first
	slices.SortStableFunc(e.addrs, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	now := time.Now()
	if len(e.addrs) > 0 {
		e.err = nil
		if rs.valid > 0 {
			ttl = rs.valid
		}
		e.expires = now.Add(ttl)
		return
	}
	if e.err == nil {
		e.err = &Error{name, HostNotFound}
	}
	var de *Error
	if errors.As(e.err, &de) && de.Code == HostNotFound {
		if ttl = negativeTTL; rs.valid > 0 {
			ttl = rs.valid
		}
		e.expires = now.Add(ttl)
	}
}

// query asks for one type of record and follows aliases.
func (rs *Resolver) query(ctx context.Context, name string, qtype uint16) ([]netip.Addr, time.Duration, error) {
	target := dns.Fqdn(name)
	ttl := uint32(1<<31 - 1)
	for range maxAliases {
		m, err := rs.exchange(ctx, target, qtype)
		if err != nil {
			return nil, 0, &Error{name, TimedOut}
		}
		if m.Rcode != dns.RcodeSuccess {
			return nil, 0, &Error{name, m.Rcode}
		}
		var addrs []netip.Addr
		alias := map[string]string{}
		for _, rr := range m.Answer {
			h := rr.Header()
			ttl = min(ttl, h.Ttl)
			switch x := rr.(type) {
			case *dns.A:
				if a, ok := netip.AddrFromSlice(x.A.To4()); ok && qtype == dns.TypeA {
					addrs = append(addrs, a)
				}
			case *dns.AAAA:
				if a, ok := netip.AddrFromSlice(x.AAAA.To16()); ok && qtype == dns.TypeAAAA {
					addrs = append(addrs, a)
				}
			case *dns.CNAME:
				alias[strings.ToLower(h.Name)] = x.Target
			}
		}
		if len(addrs) > 0 {
			return addrs, time.Duration(ttl) * time.Second, nil
		}
		next := strings.ToLower(target)
		for range maxAliases {
			to, ok := alias[next]
			if !ok {
				break
			}
			next = strings.ToLower(to)
		}
		if next == strings.ToLower(target) {
			return nil, 0, nil // the name exists, without such a record
		}
		target = next
	}
	return nil, 0, &Error{name, ServerFailure}
}

// exchange asks one server after the other until one answers or ctx ends.
func (rs *Resolver) exchange(ctx context.Context, name string, qtype uint16) (*dns.Msg, error) {
	q := new(dns.Msg)
	q.SetQuestion(name, qtype)
	q.RecursionDesired = true
	for {
		server := rs.servers[int(rs.next.Add(1))%len(rs.servers)]
		q.Id = dns.Id()
		began := time.Now()
		m, err := once(ctx, "udp", server, q)
		if err == nil && m.Truncated {
			if full, terr := once(ctx, "tcp", server, q); terr == nil {
				m = full
			}
		}
		if err == nil {
			return m, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		rs.failed(server, err)
		// a refused port answers at once: nginx asks again no sooner than it would otherwise
		wait := time.NewTimer(max(resend-time.Since(began), 0))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return nil, ctx.Err()
		}
	}
}

// failed logs that a server could not be asked; silence is not logged.
func (rs *Resolver) failed(server string, err error) {
	var (
		no syscall.Errno
		op *net.OpError
	)
	if rs.log == nil || !errors.As(err, &no) {
		return
	}
	call := "send"
	if errors.As(err, &op) {
		switch op.Op {
		case "read":
			call = "recv"
		case "dial":
			call = "connect"
		}
	}
	rs.log(levelOf(no), call+"() failed "+phases.Errno(no)+" while resolving, resolver: "+server)
}

// levelOf is the level that nginx logs a connection's error at: what the network brings about is an error, the rest an alert.
func levelOf(no syscall.Errno) phases.LogLevel {
	switch no {
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ENOTCONN, syscall.ETIMEDOUT, syscall.ECONNREFUSED,
		syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH:
		return phases.LogErr
	}
	return phases.LogAlert
}

// once asks one server once; the end of ctx ends the wait.
func once(ctx context.Context, network, server string, q *dns.Msg) (*dns.Msg, error) {
	c := dns.Client{Net: network, Timeout: resend, UDPSize: 4096}
	conn, err := c.DialContext(ctx, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	m, _, err := c.ExchangeWithConnContext(ctx, q, conn)
	return m, err
}
