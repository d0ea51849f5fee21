package ssl

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases/upstream"
)

// verifyFunctions are those of ngx.ssl.proxysslverify (lua-resty-core, lib/ngx/ssl/proxysslverify.md).
var verifyFunctions = map[string]function{
	"set_verify_result": setVerifyResult, "get_verify_result": verifyResult, "get_verify_cert": verifyCert,
}

// peerFunctions are those of ngx.proxyssl (lib/ngx/proxyssl.md).
var peerFunctions = map[string]function{"get_tls1_version": peerVersion, "get_tls1_version_str": peerVersionName}

// AttachPeer makes h the handshake with an upstream server that the scripts of c work for.
func AttachPeer(c *handler.Ctx, h *upstream.PeerHandshake) { c.SetValue(peerKey{}, h) }

type peerKey struct{}

// peerOf is the handshake of the running proxy_ssl_*_by_lua*, or why there is none.
func peerOf(v *handler.VM, L *lua.LState) (*upstream.PeerHandshake, string) {
	c := v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	if h, ok := c.Value(peerKey{}).(*upstream.PeerHandshake); ok {
		return h, ""
	}
	if c.R == nil || c.R.Upstream == nil {
		return nil, "bad request"
	}
	return nil, "bad upstream connection"
}

// duringPeer is the choice of what the server gets.
func duringPeer(v *handler.VM, L *lua.LState) (choice, string) {
	h, why := peerOf(v, L)
	if why != "" {
		return choice{}, why
	}
	return choice{&h.Certificates}, ""
}

// SettlePeer ends a script's choice, as Settle does.
func SettlePeer(h *upstream.PeerHandshake) { choice{&h.Certificates}.settle() }

// inVerify is the handshake of the running proxy_ssl_verify_by_lua*; elsewhere it raises.
func inVerify(v *handler.VM, L *lua.LState) *upstream.PeerHandshake {
	c := v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	h, _ := peerOf(v, L)
	if h == nil || c.Phase != handler.ProxySSLVerify {
		codec.Raise(L, "API disabled in the current context")
	}
	return h
}

// ok, err = proxy_ssl_vfy.set_verify_result(verify_result)
func setVerifyResult(v *handler.VM, L *lua.LState) int {
	h := inVerify(v, L)
	h.Result = int(codec.CheckNumber(L, 1, "set_verify_result"))
	return done(L)
}

// result, err = proxy_ssl_vfy.get_verify_result()
func verifyResult(v *handler.VM, L *lua.LState) int {
	L.Push(lua.LNumber(inVerify(v, L).Result))
	return 1
}

// cert, err = proxy_ssl_vfy.get_verify_cert()
func verifyCert(v *handler.VM, L *lua.LState) int {
	h := inVerify(v, L)
	if len(h.Chain) == 0 {
		return refuse(L, "get verify result failed")
	}
	c := &Chain{leaf: h.Chain[0]}
	for _, x := range h.Chain {
		c.der = append(c.der, x.Raw)
	}
	return pushObject(L, c)
}

// ver, err = proxy_ssl.get_tls1_version()
func peerVersion(v *handler.VM, L *lua.LState) int {
	h, why := peerOf(v, L)
	if why != "" {
		return refuse(L, why)
	}
	L.Push(lua.LNumber(h.Version))
	return 1
}

// ver, err = proxy_ssl.get_tls1_version_str()
func peerVersionName(v *handler.VM, L *lua.LState) int {
	h, why := peerOf(v, L)
	if why != "" {
		return refuse(L, why)
	}
	name, ok := versionNames[h.Version]
	if !ok {
		return refuse(L, "unknown version")
	}
	L.Push(lua.LString(name))
	return 1
}
