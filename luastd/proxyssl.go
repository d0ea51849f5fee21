package luastd

import (
	gocontext "context"
	"errors"

	"moongate/luastd/handler"
	ngxssl "moongate/luastd/ngx/ssl"
	"moongate/phases"
	"moongate/phases/openssl"
	"moongate/phases/proxy"
	"moongate/phases/upstream"
)

// hookUpstreams has the locations' scripts run in the TLS handshakes with upstream servers.
func hookUpstreams(l *phases.Load) {
	upstream.HookHandshakes(l, func(r *phases.Request) *upstream.PeerHooks {
		return phases.LocationOf[locConf](r.Loc, Module).peerHooks
	})
}

// mergeProxySSL gathers the hooks of a location that has proxy_ssl_*_by_lua*.
func (c *locConf) mergeProxySSL(l *phases.Load, p *locConf) error {
	c.skipVerify.Merge(p.skipVerify, false)
	own := c.proxyCert
	name := "proxy_ssl_certificate_by_lua*"
	if own == nil {
		own, name = c.proxyVerify, "proxy_ssl_verify_by_lua*"
	}
	if own != nil && !proxy.UsesTLS(l) {
		return errors.New(name + " should be used with proxy_pass https url")
	}
	if c.proxyCert == nil {
		c.proxyCert = p.proxyCert
	}
	if c.proxyVerify == nil {
		c.proxyVerify = p.proxyVerify
	}
	if c.proxyCert == nil && c.proxyVerify == nil {
		return nil
	}
	c.peerHooks = &upstream.PeerHooks{SkipVerify: c.skipVerify.V}
	if k := c.proxyCert; k != nil {
		c.peerHooks.Certificate = handshakeScript{k, "proxy ssl cert", "cert cb", "", openssl.CallbackFailed}.peer
	}
	if k := c.proxyVerify; k != nil {
		c.peerHooks.Verify = handshakeScript{k, "proxy ssl verify", "cert verify callback", "", openssl.VerifyFailed}.peer
	}
	return nil
}

// peer runs the script for a request's handshake with an upstream server. It has a context of its own, so that an
// end of the handshake ends it and nothing else of the request, but the request's ngx.ctx.
func (k handshakeScript) peer(cancelled gocontext.Context, h *upstream.PeerHandshake) error {
	of := context(h.R)
	c := &handler.Ctx{R: h.R, Tree: of.Tree, VM: of.VM, Phase: k.phase, NgxCtx: of.NgxCtx, Settings: of.Settings}
	ngxssl.AttachPeer(c, h)
	c.Log(phases.LogDebug, k.short+": connection reusable: 0")
	fn, lerr := runtimeOf(c.VM).function(c.VM, k.code, nil)
	if lerr != nil {
		c.Log(phases.LogErr, lerr.msg)
		return k.refused
	}
	failed := k.ran(cancelled, c, fn)
	of.NgxCtx = c.NgxCtx
	switch {
	case cancelled.Err() != nil:
		return cancelled.Err()
	case failed:
		return k.refused
	}
	if k.phase == handler.ProxySSLCert {
		ngxssl.SettlePeer(h)
	}
	return nil
}
