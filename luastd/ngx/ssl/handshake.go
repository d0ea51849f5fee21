package ssl

import (
	"crypto/tls"
	"net"
	"net/netip"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/phases/ssl"
)

type handshakeKey struct{}

// Attach makes h the handshake that the scripts of c work for.
func Attach(c *handler.Ctx, h *ssl.Handshake) { c.SetValue(handshakeKey{}, h) }

// connection is the TLS connection of the running script.
type connection struct {
	conn *phases.Conn
	// handshake is nil once it has ended, in a request.
	handshake *ssl.Handshake
	c         *handler.Ctx
}

// connectionOf finds the TLS connection of the running script. Where Lua runs for nobody it raises, and
// where there is no TLS it answers why.
func connectionOf(v *handler.VM, L *lua.LState) (connection, string) {
	c := v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	if h, ok := c.Value(handshakeKey{}).(*ssl.Handshake); ok {
		return connection{h.Conn, h, c}, ""
	}
	if c.R == nil || c.R.Conn.TLS == nil {
		return connection{}, "bad request"
	}
	conn := c.R.Conn
	if conn.Origin != nil {
		conn = conn.Origin
	}
	return connection{conn, nil, c}, ""
}

func (x *connection) hello() *tls.ClientHelloInfo {
	if x.handshake != nil {
		return x.handshake.Hello
	}
	return x.conn.Hello
}

func done(L *lua.LState) int {
	L.Push(lua.LTrue)
	return 1
}

func refuse(L *lua.LState, why string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(why))
	return 2
}

func (x *connection) addr(local bool) net.Addr {
	switch {
	case x.conn != nil && local:
		return x.conn.Local
	case x.conn != nil:
		return x.conn.Remote
	case local:
		return x.hello().Conn.LocalAddr()
	}
	return x.hello().Conn.RemoteAddr()
}

// rawAddr pushes an address as raw_server_addr and raw_client_addr give it: the bytes of an IP address
// with "inet" or "inet6", the path of a socket with "unix".
func rawAddr(v *handler.VM, L *lua.LState, local bool) int {
	x, why := connectionOf(v, L)
	if why != "" {
		L.Push(lua.LNil)
		return 1 + refuse(L, why)
	}
	raw, kind := "", "unix"
	switch a := x.addr(local).(type) {
	case *net.TCPAddr:
		ip, ok := netip.AddrFromSlice(a.IP)
		if !ok {
			ip = netip.IPv4Unspecified()
		}
		if ip = ip.Unmap(); ip.Is4() {
			kind = "inet"
		} else {
			kind = "inet6"
		}
		raw = string(ip.AsSlice())
	case *net.UnixAddr:
		if a.Name != "@" { // a client's socket without a name
			raw = a.Name
		}
	}
	L.Push(lua.LString(raw))
	L.Push(lua.LString(kind))
	return 2
}

// port, err = ssl.server_port()
func serverPort(v *handler.VM, L *lua.LState) int {
	x, why := connectionOf(v, L)
	if why != "" {
		return refuse(L, why)
	}
	a, ok := x.addr(true).(*net.TCPAddr)
	if !ok {
		return refuse(L, "unix domain has no port")
	}
	L.Push(lua.LNumber(a.Port))
	return 1
}

// name, err = ssl.server_name()
func serverName(v *handler.VM, L *lua.LState) int {
	x, why := connectionOf(v, L)
	if why != "" {
		return refuse(L, why)
	}
	name := ""
	if x.handshake != nil {
		name = x.handshake.Hello.ServerName
	} else {
		name = x.conn.TLS.ServerName
	}
	return pushName(L, name)
}

func pushName(L *lua.LState, name string) int {
	if name == "" {
		L.Push(lua.LNil)
	} else {
		L.Push(lua.LString(name))
	}
	return 1
}

// version is the protocol agreed on; before that, the newest one that the client offers.
func (x *connection) version() uint16 {
	if x.handshake == nil {
		return x.conn.TLS.Version
	}
	best := x.handshake.Version
	if best == 0 {
		for _, v := range x.handshake.Hello.SupportedVersions {
			if v <= tls.VersionTLS13 {
				best = max(best, v)
			}
		}
	}
	return best
}

// ver, err = ssl.get_tls1_version()
func tlsVersion(v *handler.VM, L *lua.LState) int {
	x, why := connectionOf(v, L)
	if why != "" {
		return refuse(L, why)
	}
	L.Push(lua.LNumber(x.version()))
	return 1
}

// versionNames are OpenSSL's.
var versionNames = map[uint16]string{0x0300: "SSLv3", tls.VersionTLS10: "TLSv1", tls.VersionTLS11: "TLSv1.1", tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3"}

// ver, err = ssl.get_tls1_version_str()
func tlsVersionName(v *handler.VM, L *lua.LState) int {
	x, why := connectionOf(v, L)
	if why != "" {
		return refuse(L, why)
	}
	name, ok := versionNames[x.version()]
	if !ok {
		return refuse(L, "unknown version")
	}
	L.Push(lua.LString(name))
	return 1
}

// ok, err = ssl.verify_client(client_certs?, depth?, trusted_certs?)
func verifyClient(v *handler.VM, L *lua.LState) int {
	x, why := connectionOf(v, L)
	clientCAs := chainArg(L, 1, "verify_client")
	trusted := chainArg(L, 3, "verify_client")
	depth := -1
	if lua.LVAsBool(L.Get(2)) {
		depth = int(codec.CheckNumber(L, 2, "verify_client"))
	}
	switch {
	case why == "" && x.c.Phase != handler.SSLCert, x.c == nil:
		return refuse(L, "API disabled in the current context")
	case why != "":
		return refuse(L, why)
	}
	h := x.handshake
	h.VerifyClient, h.ClientCAs, h.TrustedCAs = true, nil, nil
	if clientCAs != nil {
		h.ClientCAs = clientCAs.der
	}
	if trusted != nil {
		h.TrustedCAs = trusted.der
	}
	h.VerifyDepth = phases.Opt[int]{V: depth, Set: depth >= 0}
	return done(L)
}

// random, err = ssl.get_client_random(outlen?); an outlen of 0 asks for the length.
func clientRandom(v *handler.VM, L *lua.LState) int {
	x, why := connectionOf(v, L)
	n := randomLen
	if L.Get(1) != lua.LNil {
		n = int(codec.CheckNumber(L, 1, "get_client_random"))
	}
	if why != "" {
		return refuse(L, why)
	}
	m, ok := message(x.handshake)
	switch {
	case !ok:
		return refuse(L, "the client's random is known only during the handshake")
	case n == 0:
		L.Push(lua.LNumber(randomLen))
	default:
		L.Push(lua.LString(m.random[:min(max(n, 0), randomLen)]))
	}
	return 1
}

// key, err = ssl.export_keying_material(length, label, context?)
func exportKeyingMaterial(v *handler.VM, L *lua.LState) int {
	x, why := connectionOf(v, L)
	n := int(codec.CheckNumber(L, 1, "export_keying_material"))
	label := codec.CheckString(L, 2, "export_keying_material")
	var context []byte
	if lua.LVAsBool(L.Get(3)) {
		context = []byte(codec.CheckString(L, 3, "export_keying_material"))
	}
	switch {
	case why != "":
		return refuse(L, why)
	case x.handshake != nil:
		return refuse(L, "keying material is known only after the handshake")
	case n < 0 || n > 1<<16:
		return refuse(L, "bad length of keying material")
	}
	key, err := x.conn.TLS.ExportKeyingMaterial(label, context, n)
	if err != nil {
		return refuse(L, err.Error())
	}
	L.Push(lua.LString(key))
	return 1
}

// ciphers, err = ssl.get_req_shared_ssl_ciphers(filter_grease?), in the client's order. No server has suites of GREASE.
func sharedCiphers(v *handler.VM, L *lua.LState) int {
	x, why := connectionOf(v, L)
	switch {
	case why != "":
		return refuse(L, why)
	case x.handshake == nil:
		return refuse(L, "the suites are known only during the handshake")
	}
	h := x.handshake
	return pushList(L, h.Hello.CipherSuites, func(id uint16) (lua.LValue, bool) {
		return lua.LNumber(id), id>>8 == 0x13 && x.version() == tls.VersionTLS13 && id <= tls.TLS_CHACHA20_POLY1305_SHA256 || slices.Contains(h.Ciphers, id)
	})
}

// absent makes a function of ngx.ssl that crypto/tls gives no ground for: it answers nil and why.
func absent(why string) func(*handler.VM, *lua.LState) int {
	return func(v *handler.VM, L *lua.LState) int {
		if _, bad := connectionOf(v, L); bad != "" {
			return refuse(L, bad)
		}
		return refuse(L, why)
	}
}
