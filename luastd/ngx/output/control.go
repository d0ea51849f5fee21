package output

import (
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/vm"
)

const exitPhases = handler.Main | handler.Timer | handler.HeaderFilter | handler.Balancer | handler.ProxySSLCert | handler.ProxySSLVerify |
	handler.SSLClientHello | handler.SSLCert | handler.SSLSessionStore | handler.SSLSessionFetch

const handshake = handler.SSLCert | handler.ProxySSLCert | handler.ProxySSLVerify | handler.SSLClientHello | handler.SSLSessionStore | handler.SSLSessionFetch

const pendingSubrequests = "attempt to abort with pending subrequests"

// exit is ngx.exit(status). In a header filter, a balancer and where a session is stored it notes the
// status in Ctx.Exited and returns; elsewhere it unwinds the handler with handler.Exit.
func (l *library) exit(L *lua.LState) int {
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	var n lua.LNumber
	switch v := L.Get(1).(type) {
	case lua.LNumber:
		n = v
	case lua.LBool: // which C takes for a number
		if v {
			n = 1
		}
	default:
		codec.Raise(L, "bad argument #2 to 'ngx_lua_ffi_exit' (cannot convert '"+L.Get(1).Type().String()+"' to 'int')")
	}
	status := phases.Status(n)
	if status == -2 || status == phases.Done {
		codec.Raise(L, "bad argument to 'ngx.exit': does not accept NGX_AGAIN or NGX_DONE")
	}
	if c.Phase&exitPhases == 0 {
		codec.Raise(L, "API disabled in the context of "+c.Phase.ContextName())
	}
	if c.Phase&handshake == 0 && c.R != nil {
		breaksOff := status == 408 || status == phases.StatusClientClosedRequest || status == phases.StatusClose
		if c.NoAbort > 0 && status != phases.Error && !breaksOff {
			codec.Raise(L, pendingSubrequests)
		}
		if c.R.HeaderSent && status >= 300 && !breaksOff {
			if sent := c.R.Out.Status; int(status) != sent {
				c.R.Logf(phases.LogErr, "attempt to set status %d via ngx.exit after sending out the response status %d", status, sent)
			}
			status = 200
		}
	}
	c.Exited, c.HasExit = status, true
	if c.Phase&(handler.HeaderFilter|handler.Balancer|handler.SSLSessionStore) != 0 {
		return 0
	}
	vm.Raise(L, handler.Exit{Status: status})
	return 0
}

// exec is ngx.exec(uri, args?).
func (l *library) exec(L *lua.LState) int {
	n := L.GetTop()
	if n != 1 && n != 2 {
		codec.Raise(L, "expecting one or two arguments, but got "+strconv.Itoa(n))
	}
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request object found")
	}
	target := codec.CheckString(L, 1, "exec")
	if target == "" {
		codec.Raise(L, "The uri argument is empty")
	}
	r := c.LiveIn(L, "no request object found", handler.Main)
	if c.NoAbort > 0 {
		codec.Raise(L, pendingSubrequests)
	}
	uri, args, ok := phases.UnescapedPath(target)
	if !ok || strings.IndexByte(uri, 0) >= 0 {
		r.Logf(phases.LogErr, "unsafe URI \"%s\" was detected", target)
		codec.Raise(L, "unsafe uri")
	}
	if more := execArgs(L); more != "" {
		if args != "" {
			args += "&"
		}
		args += more
	}
	if c.R.HeaderSent {
		codec.Raise(L, "attempt to call ngx.exec after sending out response headers")
	}
	if uri[0] == '@' && args != "" {
		r.Logf(phases.LogWarn, "query strings %s ignored when exec'ing named location %s", args, uri)
	}
	vm.Raise(L, handler.Exec{URI: uri, Args: args})
	return 0
}

func execArgs(L *lua.LState) string {
	switch v := L.Get(2).(type) {
	case *lua.LNilType:
		return ""
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return codec.FormatNumber(float64(v))
	case *lua.LTable:
		query, err := codec.AppendArgs(nil, v)
		if err != nil {
			codec.Raise(L, err.Error())
		}
		return string(query)
	}
	codec.ArgError(L, 2, "exec", "string, number, or table expected, but got "+codec.TypeName(L, 2))
	return ""
}

// redirect is ngx.redirect(uri, status?).
func (l *library) redirect(L *lua.LState) int {
	n := L.GetTop()
	if n != 1 && n != 2 {
		codec.Raise(L, "expecting one or two arguments")
	}
	target := codec.CheckString(L, 1, "redirect")
	status := phases.Status(302)
	if n == 2 {
		status = phases.Status(codec.CheckNumber(L, 2, "redirect"))
		switch status {
		case 301, 302, 303, 307, 308:
		default:
			codec.Raise(L, "only ngx.HTTP_MOVED_TEMPORARILY, ngx.HTTP_MOVED_PERMANENTLY, ngx.HTTP_PERMANENT_REDIRECT, "+
				"ngx.HTTP_SEE_OTHER, and ngx.HTTP_TEMPORARY_REDIRECT are allowed")
		}
	}
	c := l.v.Current()
	r := c.LiveIn(L, "no request object found", handler.Main)
	if c.NoAbort > 0 {
		codec.Raise(L, pendingSubrequests)
	}
	if c.R.HeaderSent {
		codec.Raise(L, "attempt to call ngx.redirect after sending out the headers")
	}
	if i := codec.UnsafeByte(target); i >= 0 {
		codec.Raise(L, fmt.Sprintf("unsafe byte \"0x%02x\" in redirect uri \"%s\"", target[i], codec.EscapeLog(target)))
	}
	r.Out.Headers.Put("Location", target)
	c.HeadersSet = true
	r.SetStatus(int(status), "")
	c.Exited, c.HasExit = status, true
	vm.Raise(L, handler.Redirect{Status: status})
	return 0
}
