package socket

import (
	"time"

	"moongate/luastd/handler"
	"moongate/phases"
	"moongate/phases/resolver"
)

// unset is what holds where no configuration level has said anything: the directives' defaults.
var unset = &handler.Settings{
	SocketConnectTimeout: time.Minute, SocketSendTimeout: time.Minute, SocketReadTimeout: time.Minute, SocketKeepalive: time.Minute,
	SocketBufferSize: usualSize, SocketPoolSize: 30, SocketLogErrors: true,
	SSLVerifyDepth: 1, SSLCiphers: "DEFAULT", SSLProtocols: []string{"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"},
}

// settingsOf are the lua_socket_* and lua_ssl_* directives that c is under.
func settingsOf(c *handler.Ctx) *handler.Settings {
	if c.Settings == nil {
		return unset
	}
	return c.Settings
}

// coreOf is the core configuration that c is under, for its resolver.
func coreOf(c *handler.Ctx) *phases.CoreLocation {
	if c.R != nil {
		return c.R.Loc.Core
	}
	return c.Tree.HTTP().Core
}

// resolverOf is the resolver of c's location, nil for none, and how long it may take.
func resolverOf(c *handler.Ctx) (*resolver.Resolver, time.Duration) {
	core := coreOf(c)
	timeout := core.ResolverTimeout.V
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	return resolver.For(core.Resolver.V), timeout
}
