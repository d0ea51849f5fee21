package handler

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Phase is a set of the handlers' contexts; a running handler has exactly one.
type Phase uint32

// The contexts of ngx_lua, in its README's order.
const (
	Init Phase = 1 << iota
	InitWorker
	Set
	ServerRewrite
	Rewrite
	Access
	Precontent
	Content
	HeaderFilter
	BodyFilter
	Log
	Timer
	Balancer
	SSLClientHello
	SSLCert
	SSLSessionFetch
	SSLSessionStore
	ProxySSLCert
	ProxySSLVerify
	ExitWorker

	// Yieldable contexts may wait.
	Yieldable = ServerRewrite | Rewrite | Access | Precontent | Content | Timer | SSLCert | SSLSessionFetch | SSLClientHello | ProxySSLCert | ProxySSLVerify
	// WithRequest contexts belong to a request.
	WithRequest = Set | ServerRewrite | Rewrite | Access | Precontent | Content | HeaderFilter | BodyFilter | Log | Balancer | ProxySSLCert | ProxySSLVerify
	// Main contexts are the handlers that may produce a response.
	Main = ServerRewrite | Rewrite | Access | Precontent | Content
)

var phaseNames = map[Phase]string{
	Init: "init", InitWorker: "init_worker", Set: "set", ServerRewrite: "server_rewrite", Rewrite: "rewrite", Access: "access",
	Precontent: "precontent", Content: "content", HeaderFilter: "header_filter", BodyFilter: "body_filter", Log: "log", Timer: "timer",
	Balancer: "balancer", SSLClientHello: "ssl_client_hello", SSLCert: "ssl_cert", SSLSessionFetch: "ssl_session_fetch",
	SSLSessionStore: "ssl_session_store", ProxySSLCert: "proxy_ssl_cert", ProxySSLVerify: "proxy_ssl_verify", ExitWorker: "exit_worker",
}

// String is ngx.get_phase()'s word.
func (p Phase) String() string {
	if s, ok := phaseNames[p]; ok {
		return s
	}
	return "(unknown)"
}

// contextName is how error messages name the context: "content_by_lua*".
func (p Phase) contextName() string {
	switch p {
	case Timer:
		return "ngx.timer"
	case SSLCert:
		return "ssl_certificate_by_lua*"
	case ProxySSLCert:
		return "proxy_ssl_certificate_by_lua*"
	case 0:
		return "(unknown)"
	}
	return p.String() + "_by_lua*"
}

// ContextName is the context as ngx_lua's messages name it: "content_by_lua*", "ngx.timer".
func (p Phase) ContextName() string { return p.contextName() }

// Require raises "API disabled in the context of …" unless c runs in one of the allowed contexts.
func (c *Ctx) Require(L *lua.LState, allowed Phase) {
	if c == nil || c.Phase&allowed == 0 {
		var p Phase
		if c != nil {
			p = c.Phase
		}
		L.RaiseError("API disabled in the context of %s", p.contextName())
	}
}

// RequireRequest raises "no request found" or "API disabled …" unless c belongs to a request and runs
// in one of the allowed contexts.
func (c *Ctx) RequireRequest(L *lua.LState, allowed Phase) {
	if c == nil || c.R == nil {
		if c != nil && c.Phase&(Init|InitWorker|Timer|SSLClientHello|SSLCert|SSLSessionFetch|SSLSessionStore|ExitWorker) != 0 && allowed&c.Phase == 0 {
			L.RaiseError("API disabled in the context of %s", c.Phase.contextName())
		}
		L.RaiseError("no request found")
	}
	c.Require(L, allowed)
}

// Names lists the contexts of p, for messages.
func (p Phase) Names() string {
	var out []string
	for q := Init; q <= ExitWorker; q <<= 1 {
		if p&q != 0 {
			out = append(out, q.String())
		}
	}
	return strings.Join(out, ", ")
}
