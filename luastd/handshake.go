package luastd

import (
	gocontext "context"
	"crypto/tls"
	"fmt"
	"slices"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	ngxssl "moongate/luastd/ngx/ssl"
	"moongate/phases"
	"moongate/phases/openssl"
	"moongate/phases/ssl"
	"moongate/runtime/vm"
)

// handshakeScript is one of the scripts of a TLS handshake.
type handshakeScript struct {
	*code
	short   string // "ssl cert", in debug lines
	what    string // "cert cb"
	star    string // behind the name in debug lines
	refused error  // what a script that says no means
}

// hookHandshakes has the servers' scripts run in their handshakes.
func hookHandshakes(l *phases.Load) {
	if !slices.Contains(l.Tree.Modules(), ssl.Module) {
		return
	}
	for _, s := range l.Tree.Servers {
		c := phases.ServerOf[serverConf](s, Module)
		if c.sslHello != nil {
			ssl.OnClientHello(l, s, handshakeScript{c.sslHello, "ssl client hello", "client hello cb", "", openssl.CallbackFailed}.run)
		}
		if c.sslCert != nil {
			ssl.OnCertificate(l, s, handshakeScript{c.sslCert, "ssl cert", "cert cb", "", openssl.CertCallback}.run)
		}
		ssl.OnMissingCertificate(l, s, missingCertificate)
		if c.sslFetch != nil {
			ssl.OnSessionFetch(l, s, handshakeScript{c.sslFetch, "ssl session fetch", "sess get cb", "*", openssl.CallbackFailed}.fetch)
		}
		if c.sslStore != nil {
			ssl.OnSessionStore(l, s, handshakeScript{c.sslStore, "ssl session store", "sess new cb", "*", nil}.store)
		}
	}
}

// missingCertificate is the end of a handshake for a server that nobody has a certificate for: that of the address is
// chosen by a script, which the server does not have.
func missingCertificate(_ gocontext.Context, h *ssl.Handshake) error {
	c := &handler.Ctx{Tree: h.Server.Tree, Phase: handler.SSLCert, ErrorLog: h.Server.Root().Core.Log}
	if conn := h.Conn; conn != nil {
		c.Serial, c.TimerLog = conn.Serial, ", client: "+conn.RemoteIP
	}
	c.Log(phases.LogAlert, "no ssl_certificate_by_lua* defined in server "+h.Server.Name())
	return openssl.CertCallback
}

// context makes the context of a script, in a worker of the configuration that serves; the scripts of one handshake
// run in the same worker, as the connection's requests will, and have one ngx.ctx.
func (k handshakeScript) context(h *ssl.Handshake) *handler.Ctx {
	t := h.Server.Tree
	w := phases.MainOf[mainConf](t, Module).runtime
	of, _ := h.Data.(*handler.Connection)
	if of == nil {
		of = &handler.Connection{Conn: h.Conn, VM: w.vms[w.group.Pick().ID]}
		h.Data = of
		if h.Conn != nil {
			h.Conn.Bound = of
		}
	}
	root := h.Server.Root()
	c := &handler.Ctx{
		Tree: t, VM: of.VM, Phase: k.phase, Connection: of, NgxCtx: of.NgxCtx, ErrorLog: root.Core.Log,
		Settings: phases.LocationOf[locConf](root, Module).settings,
	}
	if conn := h.Conn; conn != nil {
		c.Serial, c.TimerLog = conn.Serial, ", client: "+conn.RemoteIP
		if conn.Listen != nil {
			c.TimerLog += ", server: " + conn.Listen.Text
		}
	}
	ngxssl.Attach(c, h)
	return c
}

// run runs the script, which ends when the handshake is given up.
//
// Deviation: a script that cannot be loaded fails the handshake, where OpenResty would go on with the certificate
// of the configuration.
func (k handshakeScript) run(cancelled gocontext.Context, h *ssl.Handshake) error {
	c := k.context(h)
	c.Log(phases.LogDebug, k.short+": connection reusable: 0")
	fn, lerr := runtimeOf(c.VM).function(c.VM, k.code, nil)
	if lerr != nil {
		c.Log(phases.LogErr, lerr.msg)
		return k.refused
	}
	failed := k.ran(cancelled, c, fn)
	c.Connection.NgxCtx = c.NgxCtx
	if failed {
		return k.refused
	}
	if k.phase == handler.SSLCert {
		ngxssl.Settle(h)
	}
	return nil
}

// ran runs fn for c and reports whether it has said no, or failed.
func (k handshakeScript) ran(cancelled gocontext.Context, c *handler.Ctx, fn *lua.LFunction) (failed bool) {
	stop := gocontext.AfterFunc(cancelled, c.Kill)
	_, err := c.VM.W.Run(c, fn, 0)
	stop()
	c.HandlerEnded()
	c.LogAborted("entry", err)
	if c.R == nil {
		c.End()
	}
	status := phases.OK
	switch ctl := vm.ControlOf(err).(type) {
	case handler.Exit:
		status = ctl.Status
		c.Log(phases.LogDebug, "lua exit with code "+strconv.Itoa(int(status)))
	case nil:
		if err != nil {
			status = 500
		}
	default:
		c.Log(phases.LogDebug, k.phaseName()+": "+k.what+" aborted")
		return true
	}
	failed = status == phases.Error || status >= 300
	verdict := "1"
	if failed {
		verdict = "0"
	}
	c.Log(phases.LogDebug, k.phaseName()+": handler return value: "+strconv.Itoa(int(status))+", "+k.what+" exit code: "+verdict)
	c.Log(phases.LogDebug, k.phaseName()+": "+k.what+" exit code: "+verdict)
	return failed
}

func (k handshakeScript) phaseName() string {
	name := k.phase.ContextName()
	return name[:len(name)-1] + k.star // without the context's own star
}

// skipped reports whether the handshake's protocol has no sessions for scripts.
func (k handshakeScript) skipped(c *handler.Ctx, h *ssl.Handshake) bool {
	if h.Version < tls.VersionTLS13 {
		return false
	}
	c.Log(phases.LogDebug, fmt.Sprintf("%s: skipped since TLS version >= 1.3 (%x)", k.phaseName(), h.Version))
	return true
}

// fetch is ssl_session_fetch_by_lua*: a session that the script leaves in h is resumed, however the script ends.
func (k handshakeScript) fetch(cancelled gocontext.Context, h *ssl.Handshake) error {
	if c := k.context(h); k.skipped(c, h) {
		return nil
	}
	k.run(cancelled, h) //nolint:errcheck // the handshake goes on without the session
	return nil
}

// store is ssl_session_store_by_lua*, which may not wait. ngx.exit does not end it.
func (k handshakeScript) store(_ gocontext.Context, h *ssl.Handshake) error {
	c := k.context(h)
	if k.skipped(c, h) {
		return nil
	}
	c.Log(phases.LogDebug, k.short+": connection reusable: 0")
	fn, lerr := runtimeOf(c.VM).function(c.VM, k.code, nil)
	if lerr != nil {
		c.Log(phases.LogErr, lerr.msg)
		return nil //nolint:nilerr // the session is not stored, and the handshake goes on
	}
	_, err := c.VM.W.RunPlain(c, fn, 0)
	c.HandlerEnded()
	c.End()
	c.Connection.NgxCtx = c.NgxCtx
	if c.HasExit {
		c.Log(phases.LogDebug, "lua exit with code "+strconv.Itoa(int(c.Exited)))
	}
	status := "0"
	if err != nil && vm.ControlOf(err) == nil {
		c.Log(phases.LogErr, "failed to run session_store_by_lua*: "+handler.PlainErrorText(err))
		status = "-1"
	}
	c.Log(phases.LogDebug, k.phaseName()+": handler return value: "+status+", "+k.what+" exit code: 0")
	return nil
}
