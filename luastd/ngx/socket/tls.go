package socket

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

// CertChain is what setclientcert takes for a certificate: the value of the userdata that ngx.ssl's
// parse_pem_cert answers with, DER with the leaf first.
type CertChain interface{ CertChain() [][]byte }

// PrivateKey is what setclientcert takes for its key.
type PrivateKey interface{ PrivateKey() crypto.PrivateKey }

// TrustedStore is what settrustedstore takes.
type TrustedStore interface{ CertPool() *x509.CertPool }

type clientCert struct{ pair tls.Certificate }

type trustedStore struct{ pool *x509.CertPool }

// session is a TLS session as scripts hold it. The ticket of a TLS 1.3 session comes later than the handshake
// and is found here once it has.
type session struct {
	mu    sync.Mutex
	offer *tls.ClientSessionState
	got   *tls.ClientSessionState
}

// LuaType is what type() answers for a session.
func (s *session) LuaType() string { return "cdata" }

// sessionText is tostring's answer for a session.
func sessionText(L *lua.LState) int {
	if x := sessionOf(L.Get(1)); x != nil {
		L.Push(lua.LString(fmt.Sprintf("cdata<void *>: %p", x)))
		return 1
	}
	return 0
}

// Get offers the session that the script gave.
func (s *session) Get(string) (*tls.ClientSessionState, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offer, s.offer != nil
}

// Put takes the session that the peer gives.
func (s *session) Put(_ string, cs *tls.ClientSessionState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cs != nil {
		s.got = cs
	}
}

// latest is the session to be offered next time.
func (s *session) latest() *tls.ClientSessionState {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.got != nil {
		return s.got
	}
	return s.offer
}

func sessionOf(v lua.LValue) *session {
	if ud, ok := v.(*lua.LUserData); ok {
		if h, ok := ud.Value.(*held); ok {
			return h.session
		}
	}
	return nil
}

func (s *state) sslHandshake(L *lua.LState) int {
	n := L.GetTop()
	if n == 0 || L.Get(1) == lua.LNil {
		codec.Raise(L, "ngx.socket sslhandshake: expecting 1 ~ 5 arguments (including the object), but seen 0")
	}
	if n > 5 {
		codec.Raise(L, "ngx.socket sslhandshake: expecting 1 ~ 5 arguments (including the object), but seen "+strconv.Itoa(n))
	}
	c := s.current(L)
	u := s.connected(L, "sslhandshake")
	debug(c, "lua tcp socket ssl handshake")
	if !u.open() || u.readClosed || u.writeClosed {
		return fail(L, "closed")
	}
	if u.owner != ownerOf(c) {
		return fail(L, "bad request")
	}
	if b := u.busy(true, true); b != "" {
		return fail(L, b)
	}
	if u.down != nil {
		return fail(L, "not supported for downstream sockets")
	}
	given := L.Get(2)
	reuse := given != lua.LFalse
	if u.peer.tls != nil {
		switch {
		case sessionOf(given) != nil:
			L.Push(given)
		case !reuse:
			L.Push(lua.LTrue)
		default:
			s.pushSession(L, c, u.peer.session)
		}
		return 1
	}
	name := ""
	if v := L.Get(3); lua.LVAsBool(v) {
		name = codec.ToString(L, v)
	}
	h := &handshake{u: u, base: s.baseOf(u.conf), name: name, verify: lua.LVAsBool(L.Get(4)), session: &session{}}
	if old := sessionOf(given); old != nil {
		h.session.offer = old.latest()
		debug(c, "lua ssl set session: ", pointer(old))
	}
	if name != "" {
		debug(c, "lua ssl server name: \"", name, "\"")
	}
	if h.base.err != nil {
		c.Log(phases.LogErr, "SSL_do_handshake() failed (SSL: "+h.base.err.Error()+")")
		u.finalize(c)
		return fail(L, "handshake failed")
	}
	if msg := u.secure(c, h); msg != "" {
		return fail(L, msg)
	}
	if !reuse {
		L.Push(lua.LTrue)
		return 1
	}
	s.pushSession(L, c, h.session)
	return 1
}

func (s *state) pushSession(L *lua.LState, c *handler.Ctx, x *session) {
	h := &held{session: x}
	if c.Enabled(phases.LogDebug) {
		debug(c, "lua ssl save session: ", pointer(x))
		h.guard = s.guard(L, "lua ssl free session: "+pointer(x))
	}
	L.Push(&lua.LUserData{Value: h, Env: L.Env, Metatable: s.sessionMeta})
}

// held is a session in a script's hands. The guard dies with it and says so in the log.
type held struct {
	*session
	guard *lua.LUserData
}

// guard is a userdata that logs line, at level debug, when Lua's collector finds it dead.
func (s *state) guard(L *lua.LState, line string) *lua.LUserData {
	L.Push(s.newproxy)
	L.Push(lua.LTrue)
	L.Call(1, 1)
	g, ok := L.Get(-1).(*lua.LUserData)
	L.Pop(1)
	if ok {
		g.Value, g.Metatable = line, s.guardMeta
	}
	return g
}

// freed is __gc of a guard.
func (s *state) freed(L *lua.LState) int {
	if g, ok := L.Get(1).(*lua.LUserData); ok {
		if line, ok := g.Value.(string); ok {
			s.v.Tree.Log(phases.LogDebug, "%s", line)
		}
	}
	return 0
}

// handshake is one TLS handshake of a cosocket.
type handshake struct {
	u       *tcp
	base    *tlsBase
	name    string
	verify  bool
	session *session
	tls     *tls.Conn
	err     error
}

func (h *handshake) config() *tls.Config {
	b := h.base
	cfg := &tls.Config{
		MinVersion: b.min, MaxVersion: b.max, CipherSuites: b.ciphers,
		ServerName:         h.name,
		InsecureSkipVerify: true, // whether and how to verify is decided below
		ClientSessionCache: h.session, CurvePreferences: b.curves,
	}
	if b.keyLog != nil {
		cfg.KeyLogWriter = b.keyLog
	}
	cert := b.cert
	if h.u.cert != nil {
		cert = &h.u.cert.pair
	}
	if cert != nil {
		// whatever issuers the server names, as OpenSSL does
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
	}
	if h.verify || b.verifyPeer {
		roots := b.roots
		if h.u.roots != nil {
			roots = h.u.roots.pool
		}
		cfg.VerifyConnection = func(cs tls.ConnectionState) error { return b.verify(&cs, roots, h.name) }
	}
	return cfg
}

// run shakes hands without the baton.
func (h *handshake) run() {
	l := &h.u.peer.link
	l.readTimeout, l.writeTimeout = h.u.connectTimeout, h.u.connectTimeout
	h.tls = tls.Client(l, h.config())
	h.err = h.tls.HandshakeContext(context.Background())
}

// secure puts TLS over the connection; the answer is why it could not, and then the connection is closed.
func (u *tcp) secure(c *handler.Ctx, h *handshake) string {
	if len(u.unread()) > 0 {
		u.finalize(c)
		return "handshake failed"
	}
	u.connWaiting = true
	u.begin(waitConnect, u.s.v.W.Current())
	unwound := true
	defer func() {
		u.connWaiting = false
		u.settling.end(waitConnect)
		if unwound {
			u.finalize(c)
		}
	}()
	l := u.link()
	l.readHalted.Store(false)
	l.writeHalted.Store(false)
	u.s.v.WaitStop(h.run, l.halt)
	unwound = false
	if h.err == nil {
		u.peer.tls, u.peer.session = h.tls, h.session
		cs := h.tls.ConnectionState()
		debug(c, "SSL: ", tls.VersionName(cs.Version)[:3]+"v"+tls.VersionName(cs.Version)[4:], ", cipher: \"", describe(&cs), "\"")
		if cs.DidResume {
			debug(c, "SSL reused session")
		}
		return ""
	}
	tail := u.upstream()
	defer u.finalize(c)
	var ve *verifyError
	switch {
	case errors.As(h.err, &ve):
		if u.conf.SocketLogErrors {
			if ve.code == 0 {
				c.Log(phases.LogErr, "lua ssl certificate does not match host \""+h.name+"\""+tail)
			} else {
				c.Log(phases.LogErr, "lua ssl certificate verify error: ("+ve.Error()+")"+tail)
			}
		}
		return ve.Error()
	case errors.Is(h.err, errTimeout):
		return "timeout"
	case errors.Is(h.err, io.EOF):
		c.Log(phases.LogErr, "peer closed connection in SSL handshake")
	default:
		c.Log(phases.LogErr, "SSL_do_handshake() failed (SSL: "+reason(h.err)+")")
	}
	return "handshake failed"
}

// describe prints a suite about as OpenSSL does.
func describe(cs *tls.ConnectionState) string {
	v := tls.VersionName(cs.Version)
	return suiteName(cs.CipherSuite) + " " + v[:3] + "v" + v[4:]
}

// reason adds OpenSSL's words to Go's where scripts' authors look for them.
func reason(err error) string {
	var rh tls.RecordHeaderError
	if errors.As(err, &rh) {
		return "wrong version number: " + err.Error()
	}
	return err.Error()
}

func (s *state) getSSLSession(L *lua.LState) int {
	c := s.current(L)
	u := s.connected(L, "getsslsession")
	if u == nil || u.peer == nil || !u.open() || u.readClosed && u.writeClosed {
		return fail(L, "closed")
	}
	if u.peer.tls == nil {
		return fail(L, "no session")
	}
	if u.peer.session.latest() == nil {
		return fail(L, "not resumable")
	}
	s.pushSession(L, c, u.peer.session)
	return 1
}

func (s *state) setClientCert(L *lua.LState) int {
	u := self(L, "setclientcert")
	cert, key := L.Get(2), L.Get(3)
	none := func(v lua.LValue) bool { return !lua.LVAsBool(v) }
	if u == nil {
		return fail(L, "closed")
	}
	switch {
	case none(cert) && none(key):
		u.cert = nil
		L.Push(lua.LTrue)
		return 1
	case none(cert) || none(key):
		return fail(L, "client certificate must be supplied with corresponding private key")
	}
	chain, ok := userValue(cert).(CertChain)
	if !ok {
		return fail(L, "bad cert arg: cdata expected, got "+typeName(cert))
	}
	pk, ok := userValue(key).(PrivateKey)
	if !ok {
		return fail(L, "bad pkey arg: cdata expected, got "+typeName(key))
	}
	u.cert = &clientCert{tls.Certificate{Certificate: chain.CertChain(), PrivateKey: pk.PrivateKey()}}
	L.Push(lua.LTrue)
	return 1
}

func (s *state) setTrustedStore(L *lua.LState) int {
	c := s.current(L)
	u := s.connected(L, "settrustedstore")
	v := L.Get(2)
	var store *trustedStore
	if v != lua.LNil {
		ts, ok := userValue(v).(TrustedStore)
		if !ok {
			return fail(L, "bad store arg: cdata expected, got "+typeName(v))
		}
		store = &trustedStore{ts.CertPool()}
	}
	switch {
	case u == nil || u.peer == nil || !u.open() || u.readClosed || u.writeClosed:
		return fail(L, "closed")
	case u.owner != ownerOf(c):
		return fail(L, "bad request")
	case u.peer.tls != nil:
		return fail(L, "ssl handshake already done; trusted store cannot be changed on an established TLS connection")
	}
	u.roots = store
	L.Push(lua.LTrue)
	return 1
}

func userValue(v lua.LValue) any {
	if ud, ok := v.(*lua.LUserData); ok {
		return ud.Value
	}
	return nil
}
