package ssl

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"moongate/conf"
	"moongate/phases"
)

// Sessions are resumed in two ways. With ssl_session_tickets on the session itself travels in the ticket,
// encrypted. With them off, and something to keep sessions in (ssl_session_cache or hooks), the ticket is an id of
// 32 random bytes, and the session stays here.
//
// Deviation: crypto/tls has no session ids of its own, so that a client which knows no tickets (RFC 5077) resumes
// nothing.

// OnSessionStore has f called when a session is new that is to be kept here, with the session and its id; only with
// ssl_session_tickets off. Otherwise like OnClientHello. What it returns counts for nothing.
func OnSessionStore(_ *phases.Load, s *phases.Server, f HelloFunc) {
	c := phases.ServerOf[server](s, Module)
	c.onStore = f
	c.allowSessions()
}

// OnSessionFetch has f called when a client asks to resume the session of an id; f leaves the session in the
// Handshake, where it is known. Otherwise like OnSessionStore.
func OnSessionFetch(_ *phases.Load, s *phases.Server, f HelloFunc) {
	c := phases.ServerOf[server](s, Module)
	c.onFetch = f
	c.allowSessions()
}

// allowSessions has crypto/tls ask for tickets where there is something to make them of.
func (c *server) allowSessions() {
	if c.config != nil {
		c.config.SessionTicketsDisabled = !c.tickets.V && !c.stateful()
	}
}

func (c *server) hooksSessions() bool { return !c.tickets.V && (c.onStore != nil || c.onFetch != nil) }

// stateful reports whether sessions can be kept here.
func (c *server) stateful() bool { return c.onStore != nil || c.onFetch != nil || c.cache.V.kind != "" }

// cacheConf is ssl_session_cache.
type cacheConf struct {
	kind string // "shared" or "builtin"; empty without a cache
	name string
	size int // bytes of a shared one, sessions of a builtin one
}

// builtinSessions is OpenSSL's default size of a cache.
const builtinSessions = 20480

// setSessionCache reads ssl_session_cache. Where both kinds are named the shared one counts.
func setSessionCache(_ *phases.Load, d *conf.Directive, c *server) error {
	c.cache.Set = true
	for _, a := range d.Args {
		kind, rest, more := strings.Cut(a.Value, ":")
		ok := !more
		switch kind {
		case "off", "none":
			c.cache.V = cacheConf{}
		case "builtin":
			n := builtinSessions
			if more {
				n, ok = phases.ParseNumber(rest)
			}
			if c.cache.V.kind == "" {
				c.cache.V = cacheConf{kind: kind, size: n}
			}
		case "shared":
			name, size, err := phases.ParseZone(a.Value, rest)
			if err != nil {
				return fmt.Errorf("invalid session cache %q", a.Value)
			}
			c.cache.V, ok = cacheConf{kind, name, int(size)}, true
		default:
			ok = false
		}
		if !ok {
			return fmt.Errorf("invalid session cache %q", a.Value)
		}
	}
	return nil
}

// The marks of what moongate adds to a session: when it was made, and for which server.
var (
	timeMark   = []byte("moongate")
	serverMark = []byte("moongate server ")
)

// tagSessions finds what tells sessions of this server from those of others, here and on other machines: its name,
// its certificates, and by whom clients are trusted.
func (c *server) tagSessions(cfg *tls.Config) {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%d\n", c.name, c.verify.V)
	for i := range cfg.Certificates {
		for _, der := range cfg.Certificates[i].Certificate {
			h.Write(der)
		}
	}
	for _, file := range []string{c.clientCAs.V, c.trustedCAs.V} {
		fmt.Fprintf(h, "\n%s", file)
		if text, err := readPEM(file); err == nil {
			h.Write(text)
		}
	}
	c.tag = h.Sum(bytes.Clone(serverMark))
}

// wrapSessions gives cfg the functions that make tickets and read them. h is the handshake that cfg is for; nil where
// there are no hooks, and cfg is for all.
func (c *server) wrapSessions(cfg *tls.Config, h *Handshake) {
	cfg.WrapSession = func(st tls.ConnectionState, ss *tls.SessionState) ([]byte, error) {
		ss.Extra = append(ss.Extra, binary.BigEndian.AppendUint64(bytes.Clone(timeMark), uint64(time.Now().Unix())))
		if c.tickets.V {
			return cfg.EncryptTicket(st, ss)
		}
		return c.keep(h, &st, ss)
	}
	cfg.UnwrapSession = func(ticket []byte, st tls.ConnectionState) (*tls.SessionState, error) {
		if c.tickets.V {
			ss, err := cfg.DecryptTicket(ticket, st)
			if ss == nil || err != nil || c.expired(ss) {
				return nil, err
			}
			return ss, nil
		}
		return c.find(h, &st, ticket), nil
	}
}

const idLen = 32

// keep stores a session and gives its id. A session of TLS 1.2 that was resumed stays what it is.
func (c *server) keep(h *Handshake, st *tls.ConnectionState, ss *tls.SessionState) ([]byte, error) {
	if h != nil && st.DidResume && st.Version < tls.VersionTLS13 && len(h.SessionID) == idLen {
		return h.SessionID, nil
	}
	ss.Extra = append(ss.Extra, c.tag)
	b, err := ss.Bytes()
	if err != nil {
		return nil, err
	}
	id := make([]byte, idLen)
	rand.Read(id) //nolint:errcheck // never fails (crypto/rand)
	if h != nil && c.onStore != nil {
		h.SessionID, h.Session, h.Version = id, b, st.Version
		c.onStore(context.Background(), h) //nolint:errcheck // the handshake does not depend on it
	}
	if c.sessions != nil {
		c.sessions.put(string(c.tag)+string(id), b, time.Now().Add(c.timeout.V))
	}
	return id, nil
}

// find is the session of an id; nil where there is none for this server.
func (c *server) find(h *Handshake, st *tls.ConnectionState, id []byte) *tls.SessionState {
	if len(id) != idLen {
		return nil
	}
	var b []byte
	if h != nil && c.onFetch != nil {
		h.SessionID, h.Session, h.Version = id, nil, st.Version
		if c.onFetch(h.Hello.Context(), h) == nil {
			b = h.Session
		}
	}
	if b == nil && c.sessions != nil {
		b = c.sessions.get(string(c.tag) + string(id))
	}
	ss := ParseSession(b)
	if ss == nil || c.expired(ss) || !c.made(ss) {
		return nil
	}
	if h != nil {
		h.SessionID = id
	}
	return ss
}

// ParseSession reads what a session hook has stored; nil where it is no session of a server.
func ParseSession(b []byte) *tls.SessionState {
	const kindAt, ofServer = 2, 1
	if len(b) <= kindAt || b[kindAt] != ofServer {
		return nil
	}
	ss, err := tls.ParseSessionState(b)
	if err != nil {
		return nil
	}
	return ss
}

// made reports whether the session was made by a server like this one.
func (c *server) made(ss *tls.SessionState) bool {
	for _, x := range ss.Extra {
		if bytes.Equal(x, c.tag) {
			return true
		}
	}
	return false
}

// expired reports whether ssl_session_timeout is over.
func (c *server) expired(ss *tls.SessionState) bool {
	for _, x := range ss.Extra {
		if len(x) == len(timeMark)+8 && bytes.HasPrefix(x, timeMark) {
			made := time.Unix(int64(binary.BigEndian.Uint64(x[len(timeMark):])), 0) //nolint:gosec // our own number
			return time.Since(made) > c.timeout.V
		}
	}
	return false
}

// kept is what outlives configurations.
type kept struct {
	key   [32]byte // of tickets
	zones map[string]*sessionStore
}

// start gives the servers what outlives a reload: the process's ticket key, where there is no
// ssl_session_ticket_key, and the shared caches.
func (p *program) start(t *phases.Tree) error {
	k := t.Engine().Keep(p.m, func() any {
		k := &kept{zones: map[string]*sessionStore{}}
		rand.Read(k.key[:]) //nolint:errcheck // never fails (crypto/rand)
		return k
	}).(*kept)
	for i, s := range t.Servers {
		c := phases.ServerOf[server](s, p.m)
		switch cc := c.cache.V; cc.kind {
		case "shared":
			z := k.zones[cc.name]
			if z == nil || z.maxBytes != cc.size {
				z = newSessionStore(cc.size, 0)
				k.zones[cc.name] = z
			}
			c.sessions = z
		case "builtin":
			c.sessions = newSessionStore(0, cc.size)
		}
		if c.config == nil || c.ticketKeys != nil {
			continue
		}
		// a session of one server must not be resumed at another, whose rules may be stricter
		own := sha256.Sum256(fmt.Appendf(k.key[:], "%d %s", i, s.Name()))
		c.config.SetSessionTicketKeys([][32]byte{own})
	}
	return nil
}
