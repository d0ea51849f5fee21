package luastd

import (
	gocontext "context"
	"errors"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	ngxssl "moongate/luastd/ngx/ssl"
	"moongate/phases"
	"moongate/phases/ssl"
	"moongate/runtime/vm"
)

// What the log says of a handshake that a script has broken off: OpenSSL's words.
var (
	errHelloRefused = errors.New("callback failed")
	errCertRefused  = errors.New("cert cb error")
)

// handshakeScript is one of the two scripts of a TLS handshake.
type handshakeScript struct {
	*code
	short   string // "ssl cert", in debug lines
	what    string // "cert"
	refused error
}

// shared is what the scripts of one handshake have in common.
type shared struct {
	vm  *handler.VM
	ctx *lua.LTable // ngx.ctx
}

// hookHandshakes has the servers' scripts run in their handshakes.
func hookHandshakes(l *phases.Load) {
	for _, s := range l.Tree.Servers {
		c := phases.ServerOf[serverConf](s, Module)
		if c.sslHello != nil {
			ssl.OnClientHello(l, s, handshakeScript{c.sslHello, "ssl client hello", "client hello", errHelloRefused}.run)
		}
		if c.sslCert != nil {
			ssl.OnCertificate(l, s, handshakeScript{c.sslCert, "ssl cert", "cert", errCertRefused}.run)
		}
	}
}

// run runs the script in a worker of the configuration that serves; the second script of a handshake goes
// where the first has been. The script ends when the handshake is given up.
//
// Deviation: a script that cannot be loaded fails the handshake, where OpenResty would go on with the certificate
// of the configuration.
func (k handshakeScript) run(cancelled gocontext.Context, h *ssl.Handshake) error {
	t := h.Server.Tree
	w := phases.MainOf[mainConf](t, Module).runtime
	sh, _ := h.Data.(*shared)
	if sh == nil {
		sh = &shared{vm: w.vms[w.group.Pick().ID]}
		h.Data = sh
	}
	root := h.Server.Root()
	c := &handler.Ctx{
		Tree: t, VM: sh.vm, Phase: k.phase, NgxCtx: sh.ctx, ErrorLog: root.Core.Log,
		Settings: phases.LocationOf[locConf](root, Module).settings,
	}
	if conn := h.Conn; conn != nil {
		c.Serial, c.TimerLog = conn.Serial, ", client: "+conn.RemoteIP
		if conn.Listen != nil {
			c.TimerLog += ", server: " + conn.Listen.Text
		}
	}
	c.Log(phases.LogDebug, k.short+": connection reusable: 0")
	fn, lerr := w.function(sh.vm, k.code, nil)
	if lerr != nil {
		c.Log(phases.LogErr, lerr.msg)
		return k.refused
	}
	ngxssl.Attach(c, h)
	stop := gocontext.AfterFunc(cancelled, c.Kill)
	_, err := sh.vm.W.Run(c, fn, 0)
	stop()
	c.HandlerEnded()
	c.LogAborted("entry", err)
	c.End()
	sh.ctx = c.NgxCtx

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
		status = phases.Error
	}
	failed := status == phases.Error || status >= 300
	verdict := "1"
	if failed {
		verdict = "0"
	}
	c.Log(phases.LogDebug, k.phaseName()+": handler return value: "+strconv.Itoa(int(status))+", "+k.what+" cb exit code: "+verdict)
	c.Log(phases.LogDebug, k.phaseName()+": "+k.what+" cb exit code: "+verdict)
	if failed {
		return k.refused
	}
	if k.phase == handler.SSLCert {
		ngxssl.Settle(h)
	}
	return nil
}

func (k handshakeScript) phaseName() string {
	name := k.phase.ContextName()
	return name[:len(name)-1] // without the star
}
