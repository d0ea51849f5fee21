package luastd

import (
	"fmt"
	"sync"
	"time"

	"moongate/conf"
	"moongate/luastd/handler"
	"moongate/luastd/ngx/shdict"
	"moongate/phases"
	"moongate/phases/openssl"
	"moongate/phases/upstream"
)

// mainConf is the module's configuration of the http block.
type mainConf struct {
	packagePath, packageCPath phases.Opt[string]
	maxPending, maxRunning    phases.Opt[int]
	threadCache               phases.Opt[int]
	regexCache                phases.Opt[int]
	regexMatchLimit           phases.Opt[int]
	cpuLimit                  phases.Opt[time.Duration]
	memoryLimit               phases.Opt[int64]
	strictPhases              phases.Opt[bool]
	rewriteNoPostpone         phases.Opt[bool]
	accessNoPostpone          phases.Opt[bool]
	precontentNoPostpone      phases.Opt[bool]
	captureErrorLog           phases.Opt[int64]
	threadPoolSize            phases.Opt[int]
	liveReload                phases.Opt[bool]

	initCode, initWorker, exitWorker *code
	dicts                            []dict
	codes                            []*code
	phases                           handler.Phase // that have a script
	zones                            map[string]*shdict.Zone
	runtime                          *workers                    // set by start
	balancers                        map[*upstream.Upstream]bool // groups with a script
	balancersKeep                    map[*upstream.Upstream]bool // groups with balancer_keepalive
	retired                          sync.Map                    // *workers of ended requests whose timers are pending
}

type dict struct {
	name string
	size int64
	pos  conf.Pos
}

// serverConf is the module's configuration of a server.
type serverConf struct {
	serverRewrite      *code
	sslHello, sslCert  *code
	sslFetch, sslStore *code
	scripts            *scriptDir
}

// locConf is the module's configuration of a location.
type locConf struct {
	rewrite, access, precontent, content, headerFilter, bodyFilter, log *code

	proxyCert, proxyVerify *code
	skipVerify             phases.Opt[bool] // lua_upstream_skip_openssl_default_verify
	peerHooks              *upstream.PeerHooks

	codeCache       phases.Opt[bool]
	needBody        phases.Opt[bool]
	useDefaultType  phases.Opt[bool]
	http10Buffering phases.Opt[bool]
	checkAbort      phases.Opt[bool]
	underscores     phases.Opt[bool] // lua_transform_underscores_in_response_headers
	socketConnect   phases.Opt[time.Duration]
	socketSend      phases.Opt[time.Duration]
	socketRead      phases.Opt[time.Duration]
	socketKeepalive phases.Opt[time.Duration]
	socketBuffer    phases.Opt[int64]
	socketPool      phases.Opt[int]
	socketLogErrors phases.Opt[bool]
	sslVerifyDepth  phases.Opt[int]
	sslTrusted      phases.Opt[string]
	sslCRL          phases.Opt[string]
	sslCertificate  phases.Opt[string]
	sslKey          phases.Opt[string]
	sslCiphers      phases.Opt[string]
	sslProtocols    phases.Opt[[]string]
	sslKeyLog       phases.Opt[string]
	sslCommands     *openssl.Commands
	settings        *handler.Settings
}

func mergeLocation(l *phases.Load, parent, child any) error {
	p, c := parent.(*locConf), child.(*locConf)
	inherit := func(c **code, p *code) {
		if *c == nil {
			*c = p
		}
	}
	inherit(&c.rewrite, p.rewrite)
	inherit(&c.access, p.access)
	inherit(&c.precontent, p.precontent)
	inherit(&c.content, p.content)
	inherit(&c.headerFilter, p.headerFilter)
	inherit(&c.bodyFilter, p.bodyFilter)
	inherit(&c.log, p.log)
	c.codeCache.Merge(p.codeCache, true)
	c.needBody.Merge(p.needBody, false)
	c.useDefaultType.Merge(p.useDefaultType, true)
	c.http10Buffering.Merge(p.http10Buffering, true)
	c.checkAbort.Merge(p.checkAbort, false)
	c.underscores.Merge(p.underscores, true)
	c.socketConnect.Merge(p.socketConnect, 60*time.Second)
	c.socketSend.Merge(p.socketSend, 60*time.Second)
	c.socketRead.Merge(p.socketRead, 60*time.Second)
	c.socketKeepalive.Merge(p.socketKeepalive, 60*time.Second)
	c.socketBuffer.Merge(p.socketBuffer, 4096)
	c.socketPool.Merge(p.socketPool, 30)
	c.socketLogErrors.Merge(p.socketLogErrors, true)
	c.sslVerifyDepth.Merge(p.sslVerifyDepth, 1)
	c.sslTrusted.Merge(p.sslTrusted, "")
	c.sslCRL.Merge(p.sslCRL, "")
	c.sslCertificate.Merge(p.sslCertificate, "")
	c.sslKey.Merge(p.sslKey, "")
	c.sslCiphers.Merge(p.sslCiphers, "DEFAULT")
	c.sslProtocols.Merge(p.sslProtocols, []string{"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"})
	c.sslKeyLog.Merge(p.sslKeyLog, "")
	if c.sslCommands == nil {
		c.sslCommands = p.sslCommands
	}
	c.settings = &handler.Settings{
		TransformUnderscores: c.underscores.V, CheckClientAbort: c.checkAbort.V,
		SocketConnectTimeout: c.socketConnect.V, SocketSendTimeout: c.socketSend.V, SocketReadTimeout: c.socketRead.V,
		SocketKeepalive: c.socketKeepalive.V, SocketBufferSize: int(c.socketBuffer.V), SocketPoolSize: c.socketPool.V,
		SocketLogErrors: c.socketLogErrors.V, SSLVerifyDepth: c.sslVerifyDepth.V, SSLTrustedCertificate: c.sslTrusted.V,
		SSLCRL: c.sslCRL.V, SSLCertificate: c.sslCertificate.V, SSLCertificateKey: c.sslKey.V,
		SSLCiphers: c.sslCiphers.V, SSLProtocols: c.sslProtocols.V, SSLKeyLog: c.sslKeyLog.V, SSLCommands: c.sslCommands,
	}
	return c.mergeProxySSL(l, p)
}

func mergeServer(_ *phases.Load, parent, child any) error {
	p, c := parent.(*serverConf), child.(*serverConf)
	if c.serverRewrite == nil {
		c.serverRewrite = p.serverRewrite
	}
	if c.sslHello == nil {
		c.sslHello = p.sslHello
	}
	if c.sslCert == nil {
		c.sslCert = p.sslCert
	}
	if c.sslFetch == nil {
		c.sslFetch = p.sslFetch
	}
	if c.sslStore == nil {
		c.sslStore = p.sslStore
	}
	if c.scripts == nil {
		c.scripts = p.scripts
	}
	return nil
}

// leastCapture is the length of the longest line of an error log.
const leastCapture = 4096

// setCaptureErrorLog is lua_capture_error_log: the buffer must have room for a line.
func setCaptureErrorLog(l *phases.Load, d *conf.Directive, c any) error {
	o := &c.(*mainConf).captureErrorLog
	if o.Set {
		return l.Duplicate(d)
	}
	text := d.Args[0].Value
	size, ok := conf.ParseSize(text)
	switch {
	case !ok:
		return fmt.Errorf("invalid capture error log size %q", text)
	case size < leastCapture:
		return fmt.Errorf("invalid capture error log size %q, minimum size is %d", text, leastCapture)
	}
	o.V, o.Set = size, true
	return nil
}
