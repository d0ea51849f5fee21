package output

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
)

// phase is str = ngx.get_phase().
func (l *library) phase(L *lua.LState) int {
	c := l.v.Current()
	if c == nil {
		L.Push(lua.LString(handler.Init.String()))
		return 1
	}
	L.Push(lua.LString(c.Phase.String()))
	return 1
}

// quickPhase is the short way of phase.
func (l *library) quickPhase(*lua.LState, []lua.LValue) (lua.LValue, bool) {
	c := l.v.Current()
	if c == nil {
		return nil, false
	}
	v, ok := phaseNames[c.Phase]
	return v, ok
}

// phaseNames are the phases' names as values.
var phaseNames = func() map[handler.Phase]lua.LValue {
	names := map[handler.Phase]lua.LValue{}
	for p := handler.Init; p <= handler.ExitWorker; p <<= 1 {
		names[p] = lua.LString(p.String())
	}
	return names
}()

// rawPhases are the numbers that lua-nginx-module gives its contexts.
var rawPhases = map[handler.Phase]int{
	handler.Set: 1 << 0, handler.Rewrite: 1 << 1, handler.Access: 1 << 2, handler.Content: 1 << 3, handler.Log: 1 << 4,
	handler.HeaderFilter: 1 << 5, handler.BodyFilter: 1 << 6, handler.Timer: 1 << 7, handler.InitWorker: 1 << 8,
	handler.Balancer: 1 << 9, handler.SSLCert: 1 << 10, handler.SSLSessionStore: 1 << 11, handler.SSLSessionFetch: 1 << 12,
	handler.ExitWorker: 1 << 13, handler.SSLClientHello: 1 << 14, handler.ServerRewrite: 1 << 15,
	handler.ProxySSLVerify: 1 << 16, handler.Precontent: 1 << 17, handler.ProxySSLCert: 1 << 18,
}

// rawPhase is number = ngx.get_raw_phase(r); the request is the running one, whatever is passed.
func (l *library) rawPhase(L *lua.LState) int {
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request ctx found")
	}
	L.Push(lua.LNumber(rawPhases[c.Phase]))
	return 1
}

// phaseContext is number = ngx._phase_ctx(): get_raw_phase for those who may run without a request.
func (l *library) phaseContext(L *lua.LState) int {
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		return 0
	}
	L.Push(lua.LNumber(rawPhases[c.Phase]))
	return 1
}
