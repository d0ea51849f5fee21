package balancer

import (
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases/upstream"
	"moongate/runtime/machine"
)

// The defaults of enable_keepalive.
const (
	defaultIdle     = 60 * time.Second
	defaultRequests = 100
)

// Loader opens the module ngx.balancer (lua-resty-core, lib/ngx/balancer.md).
func Loader(v *handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		mod := L.CreateTable(0, 10)
		mod.RawSetString("version", lua.LString(codec.CoreVersion))
		for name, f := range map[string]func(*handler.VM, *lua.LState) int{
			"set_current_peer": setCurrentPeer, "set_more_tries": setMoreTries, "get_last_failure": getLastFailure,
			"set_timeouts": setTimeouts, "enable_keepalive": enableKeepalive, "recreate_request": recreateRequest,
			"bind_to_local_addr": bindToLocalAddr, "set_upstream_tls": setUpstreamTLS,
		} {
			mod.RawSetString(name, L.NewFunction(func(L *lua.LState) int { return f(v, L) }))
		}
		L.Push(mod)
		return 1
	}
}

// balance is the attempt that the running script chooses for, or why there is none.
func balance(v *handler.VM, L *lua.LState) (*upstream.Balance, string) {
	c := v.Current()
	switch {
	case c == nil || c.R == nil:
		codec.Raise(L, "no request found")
	case c.Phase == handler.Balancer:
		if b, ok := c.Balancer.(*upstream.Balance); ok {
			return b, ""
		}
	case c.R.Upstream != nil:
		return nil, "API disabled in the current context"
	}
	return nil, "no upstream found"
}

func done(L *lua.LState) int {
	L.Push(lua.LTrue)
	return 1
}

func refuse(L *lua.LState, why string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(why))
	return 2
}

// ok, err = balancer.set_current_peer(addr, port?, host?)
func setCurrentPeer(v *handler.VM, L *lua.LState) int {
	b, why := balance(v, L)
	addr := codec.CheckString(L, 1, "set_current_peer")
	port, _ := machine.ToNumber(L.Get(2))
	host := ""
	switch h := L.Get(3).(type) {
	case *lua.LNilType:
	case lua.LString:
		host = string(h)
	default:
		codec.Raise(L, "bad argument #3 to 'set_current_peer' (string expected, got "+h.Type().String()+")")
	}
	if b == nil {
		return refuse(L, why)
	}
	err := b.SetPeer(addr, int(port), host)
	if err != nil && port != 0 && b.SetPeer(addr, 0, host) == nil {
		err = nil // the address has a port of its own
	}
	if err != nil {
		return refuse(L, err.Error())
	}
	return done(L)
}

// ok, err = balancer.set_more_tries(count)
func setMoreTries(v *handler.VM, L *lua.LState) int {
	b, why := balance(v, L)
	n := codec.CheckNumber(L, 1, "set_more_tries")
	if b == nil {
		return refuse(L, why)
	}
	warning := b.SetMoreTries(int(n))
	L.Push(lua.LTrue)
	if warning == "" {
		return 1
	}
	L.Push(lua.LString(warning))
	return 2
}

// state_name, status_code = balancer.get_last_failure()
func getLastFailure(v *handler.VM, L *lua.LState) int {
	b, why := balance(v, L)
	if b == nil {
		L.Push(lua.LNil)
		L.Push(lua.LNil)
		L.Push(lua.LString(why))
		return 3
	}
	failure, status := b.LastFailure()
	if failure == upstream.FailureNone {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LString(failure.String()))
	L.Push(lua.LNumber(status))
	return 2
}

// ok, err = balancer.set_timeouts(connect_timeout, send_timeout, read_timeout)
func setTimeouts(v *handler.VM, L *lua.LState) int {
	b, why := balance(v, L)
	var d [3]time.Duration
	for i, name := range [...]string{"connect", "send", "read"} {
		x := L.Get(i + 1)
		if !lua.LVAsBool(x) {
			continue
		}
		n, ok := x.(lua.LNumber)
		if !ok || n <= 0 {
			codec.Raise(L, "bad "+name+" timeout")
		}
		d[i] = max(seconds(n), 0)
	}
	if b == nil {
		L.Push(lua.LFalse)
		L.Push(lua.LString(why))
		return 2
	}
	b.SetTimeouts(d[0], d[1], d[2])
	return done(L)
}

// seconds rounds down to milliseconds, nginx's unit.
func seconds(n lua.LNumber) time.Duration { return time.Duration(n*1000) * time.Millisecond }

// ok, err = balancer.enable_keepalive(idle_timeout?, max_requests?)
func enableKeepalive(v *handler.VM, L *lua.LState) int {
	b, why := balance(v, L)
	number := func(i int) (lua.LNumber, bool) {
		x := L.Get(i)
		if !lua.LVAsBool(x) {
			return 0, false
		}
		n, ok := x.(lua.LNumber)
		switch {
		case !ok:
			codec.Raise(L, fmt.Sprintf("bad argument #%d to 'enable_keepalive' (number expected, got %s)", i, x.Type()))
		case n < 0:
			codec.Raise(L, fmt.Sprintf("bad argument #%d to 'enable_keepalive' (expected >= 0)", i))
		}
		return n, true
	}
	idle, requests := defaultIdle, defaultRequests
	if n, ok := number(1); ok {
		idle = seconds(n)
	}
	if n, ok := number(2); ok {
		requests = int(n)
	}
	if b == nil {
		return refuse(L, why)
	}
	if err := b.EnableKeepalive(idle, requests); err != nil {
		return refuse(L, err.Error())
	}
	return done(L)
}

// ok, err = balancer.recreate_request()
func recreateRequest(v *handler.VM, L *lua.LState) int {
	b, why := balance(v, L)
	if b == nil {
		return refuse(L, why)
	}
	if err := b.RecreateRequest(); err != nil {
		return refuse(L, err.Error())
	}
	return done(L)
}

// ok, err = balancer.set_upstream_tls(on)
func setUpstreamTLS(v *handler.VM, L *lua.LState) int {
	b, why := balance(v, L)
	if b == nil {
		return refuse(L, why)
	}
	on := L.Get(1) != lua.LFalse && L.Get(1) != lua.LNumber(0)
	if err := b.SetTLS(on); err != nil {
		return refuse(L, err.Error())
	}
	return done(L)
}

// ok, err = balancer.bind_to_local_addr(addr)
func bindToLocalAddr(v *handler.VM, L *lua.LState) int {
	b, why := balance(v, L)
	addr, ok := L.Get(1).(lua.LString)
	if !ok {
		codec.Raise(L, "bad argument #1 to 'bind_to_local_addr' (string expected, got "+L.Get(1).Type().String()+")")
	}
	if b == nil {
		return refuse(L, why)
	}
	if b.BindLocal(string(addr)) != nil {
		return refuse(L, "invalid addr "+string(addr))
	}
	return done(L)
}
