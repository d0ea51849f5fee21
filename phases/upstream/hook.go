package upstream

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"moongate/phases"
)

// Hook chooses the peer of each attempt in place of the group's method; it is how balancer_by_lua works. It
// runs on the request's goroutine, once for every attempt, without any lock held. Setting no address leaves
// the choice to the group's servers. ErrBusy, ErrDeclined and StatusError mean what they say; another error
// ends the request with 500 and is not logged again.
type Hook func(r *phases.Request, b *Balance) error

// SetHook gives the group its Hook; only while the configuration loads.
func (u *Upstream) SetHook(h Hook) { u.hook = h }

// Configured reports whether the block has named a method or keepalive so far.
func (u *Upstream) Configured() bool { return u.method != roundRobin || u.keep.max.Set }

// KeepForHook bounds the connections that the Hook keeps, in each worker; only while the configuration loads.
// lua-nginx-module: balancer_keepalive.
func (u *Upstream) KeepForHook(n int) { u.ownMax = n }

// Empty reports whether the group has no servers to fall back on.
func (u *Upstream) Empty() bool { return len(u.servers) == 0 }

// defaultHookPool bounds the connections that a hook keeps per worker.
const defaultHookPool = 32

// Failure says how the attempt before ended.
type Failure uint8

// The ends of an attempt that lead to another one.
const (
	FailureNone   Failure = Failure(peerOK)
	FailureNext   Failure = Failure(peerNext)   // it answered, with a status that proxy_next_upstream lists
	FailureFailed Failure = Failure(peerFailed) // it did not answer as it should
)

// String is the name that get_last_failure answers with.
func (f Failure) String() string {
	switch f {
	case FailureNext:
		return "next"
	case FailureFailed:
		return "failed"
	}
	return ""
}

func (b *Balance) runHook() error {
	b.set, b.host, b.moreTries, b.keepSet = false, "", 0, false
	if err := b.u.hook(b.x.R, b); err != nil {
		return err
	}
	if b.set {
		b.left += b.moreTries
		return nil
	}
	if b.u.Empty() {
		return errors.New("no peer set")
	}
	return nil
}

// Upstream is the group that the request goes through.
func (b *Balance) Upstream() *Upstream { return b.u }

// PeerSet reports whether SetPeer was called for this attempt.
func (b *Balance) PeerSet() bool { return b.set }

// SetPeer names the address of this attempt: a literal IP address, or "unix:/path". host, where it is not
// empty, is the name for TLS and part of the key under which the connection is kept.
// lua-resty-core: balancer.set_current_peer(addr, port, host).
func (b *Balance) SetPeer(addr string, port int, host string) error {
	if len(addr) > 5 && addr[:5] == "unix:" {
		b.addr = UnixAddr(addr[5:])
		b.set, b.host = true, host
		return nil
	}
	h := addr
	if port == 0 {
		var err error
		if h, port, err = hostPort(addr); err != nil {
			return err
		}
		if port == 0 {
			return errors.New("no port")
		}
	}
	ip, ok := parseIP(h)
	if !ok {
		return errors.New("no host allowed")
	}
	if port < 0 || port > 65535 {
		return errors.New("invalid port")
	}
	b.addr = TCPAddr(netip.AddrPortFrom(ip, uint16(port)))
	b.set, b.host = true, host
	return nil
}

// SetMoreTries allows n attempts more after this one fails. The warning is not empty where
// proxy_next_upstream_tries allows fewer. lua-resty-core: balancer.set_more_tries(count).
func (b *Balance) SetMoreTries(n int) (warning string) {
	if limit := b.x.Conf.NextTries; limit > 0 {
		if total := b.total + b.left - 1; total+n > limit {
			n = limit - total
			warning = "reduced tries due to limit"
		}
	}
	b.moreTries = n
	return warning
}

// LastFailure says how the attempt before ended, and with which status; FailureNone for the first one.
// lua-resty-core: balancer.get_last_failure().
func (b *Balance) LastFailure() (Failure, int) {
	if b.total < 2 || b.last == FailureNone {
		return FailureNone, 0
	}
	// the state of the present attempt is the last one
	if n := len(b.x.R.Upstreams); n > 1 {
		return b.last, b.x.R.Upstreams[n-2].Status
	}
	return b.last, 0
}

// SetTimeouts replaces the request's timeouts; zero leaves one as it is.
// lua-resty-core: balancer.set_timeouts(connect, send, read).
func (b *Balance) SetTimeouts(connect, send, read time.Duration) {
	x := b.x
	if connect > 0 {
		x.connectTimeout = connect
	}
	if send > 0 {
		x.sendTimeout = send
	}
	if read > 0 {
		x.readTimeout = read
	}
}

// EnableKeepalive keeps this attempt's connection for another request, for at most idle (zero: for ever) and
// until it has served requests of them (zero: any number). Kept connections are found again by address and
// host. lua-resty-core: balancer.enable_keepalive(idle_timeout, max_requests).
func (b *Balance) EnableKeepalive(idle time.Duration, requests int) error {
	if !b.set {
		return errors.New("no current peer set")
	}
	b.keepSet, b.keepFor, b.keepMax = true, idle, requests
	return nil
}

// RecreateRequest builds the request for the upstream anew, because the hook changed what it is made of.
// lua-resty-core: balancer.recreate_request().
func (b *Balance) RecreateRequest() error {
	x := b.x
	x.built = false
	if x.PassesBody && x.Body == BodyNone && x.R.Body.Size() > 0 {
		x.Body = BodyBuffered // it has got one meanwhile
	}
	return nil
}

// SetTLS turns TLS to the upstream on or off for this request.
// lua-resty-core: balancer.set_upstream_tls(on).
func (b *Balance) SetTLS(on bool) error {
	if on && b.x.TLS == nil {
		return errors.New("the location has no TLS settings")
	}
	b.x.UseTLS = on
	return nil
}

// BindLocal binds the attempt's connection to a local address. lua-resty-core: balancer.bind_to_local_addr(addr).
func (b *Balance) BindLocal(addr string) error {
	host, port, err := hostPort(addr)
	if err != nil {
		return fmt.Errorf("invalid address %q: %w", addr, err)
	}
	ip, ok := parseIP(host)
	if !ok {
		return fmt.Errorf("invalid address %q", addr)
	}
	b.x.local = netip.AddrPortFrom(ip, uint16(port))
	return nil
}
