package socket

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/runtime/machine"
)

// Register puts ngx.socket and ngx.req.socket into a worker's ngx table. Call it with the baton held, once
// for each worker.
func Register(v *handler.VM) {
	L := v.W.L
	s := &state{v: v}
	s.pools.v = v
	common := map[string]lua.LGFunction{
		"receive": s.receive, "receiveany": s.receiveAny, "receiveuntil": s.receiveUntil,
		"settimeout": s.setTimeout, "settimeouts": s.setTimeouts,
		"getoption": s.getOption, "setoption": s.setOption, "getfd": s.getFD,
	}
	s.reqMeta = metatable(L, common)
	s.rawMeta = metatable(L, common, map[string]lua.LGFunction{"send": s.send})
	s.tcpMeta = metatable(L, common, map[string]lua.LGFunction{
		"send": s.send, "connect": s.tcpConnect, "close": s.close, "bind": s.bind,
		"getreusedtimes": s.getReusedTimes, "setkeepalive": s.setKeepalive,
		"sslhandshake": s.sslHandshake, "getsslsession": s.getSSLSession, "setclientcert": s.setClientCert, "settrustedstore": s.setTrustedStore,
		"getsslpointer": s.noPointer("getsslpointer"), "getsslctx": s.noPointer("getsslctx"),
	})
	for name, f := range map[string]lua.LGFunction{"receive": s.receive, "receiveany": s.receiveAny} {
		then := L.NewFunction(s.readOn(f))
		s.tcpMeta.RawSetString(name, machine.NewPausing(L, f, func(L *lua.LState, args []lua.LValue) (*lua.LFunction, bool) { return then, s.readAside(L, args) }))
	}
	s.udpMeta = metatable(L, map[string]lua.LGFunction{
		"setpeername": s.setPeerName, "send": s.udpSend, "receive": s.udpReceive, "settimeout": s.udpSetTimeout,
		"close": s.udpClose, "bind": s.udpBind,
	})
	s.sessionMeta = L.CreateTable(0, 1)
	s.sessionMeta.RawSetString("__tostring", L.NewFunction(sessionText))
	s.guardMeta = L.CreateTable(0, 1)
	s.guardMeta.RawSetString("__gc", L.NewFunction(s.freed))
	s.newproxy = L.GetGlobal("newproxy")
	// where libraries look for the methods, to add their own
	L.G.Registry.RawSetString("__tcp_cosocket_mt", s.tcpMeta)
	L.G.Registry.RawSetString("__tcp_req_cosocket_mt", s.reqMeta)
	L.G.Registry.RawSetString("__tcp_raw_req_cosocket_mt", s.rawMeta)

	t := L.CreateTable(0, 4)
	tcp := L.NewFunction(s.tcp)
	t.RawSetString("tcp", tcp)
	t.RawSetString("stream", tcp)
	t.RawSetString("connect", L.NewFunction(s.connect))
	t.RawSetString("udp", L.NewFunction(s.udp))
	v.Ngx.RawSetString("socket", t)

	req, ok := v.Ngx.RawGetString("req").(*lua.LTable)
	if !ok {
		req = L.NewTable()
		v.Ngx.RawSetString("req", req)
	}
	req.RawSetString("socket", L.NewFunction(s.reqSocket))
}

// metatable makes the metatable of one kind of cosocket, which is its own __index.
func metatable(L *lua.LState, sets ...map[string]lua.LGFunction) *lua.LTable {
	mt := L.CreateTable(0, 24)
	for _, set := range sets {
		for name, f := range set {
			mt.RawSetString(name, L.NewFunction(f))
		}
	}
	mt.RawSetString("__index", mt)
	return mt
}
