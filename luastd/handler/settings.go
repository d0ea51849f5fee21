package handler

import (
	"time"

	"moongate/phases/openssl"
)

// Settings are the lua_* directives of a location that the libraries obey. Immutable.
type Settings struct {
	TransformUnderscores  bool // lua_transform_underscores_in_response_headers
	CheckClientAbort      bool
	SocketConnectTimeout  time.Duration
	SocketSendTimeout     time.Duration
	SocketReadTimeout     time.Duration
	SocketKeepalive       time.Duration
	SocketBufferSize      int // bytes
	SocketPoolSize        int
	SocketLogErrors       bool
	SSLVerifyDepth        int
	SSLTrustedCertificate string // file, absolute; empty: none
	SSLCRL                string
	SSLCertificate        string
	SSLCertificateKey     string
	SSLCiphers            string
	SSLProtocols          []string
	SSLKeyLog             string
	SSLCommands           *openssl.Commands // of lua_ssl_conf_command; nil: none
}
