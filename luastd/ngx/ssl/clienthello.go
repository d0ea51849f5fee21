package ssl

import (
	"crypto/tls"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases/ssl"
)

// grease tells the values that clients send only to try servers out (RFC 8701).
func grease(id uint16) bool { return id&0x0f0f == 0x0a0a && id>>8 == id&0xff }

// inHello is the handshake of the running ssl_client_hello_by_lua*; elsewhere it raises.
func inHello(v *handler.VM, L *lua.LState) *ssl.Handshake {
	x, _ := connectionOf(v, L)
	if x.handshake == nil || x.c.Phase != handler.SSLClientHello {
		codec.Raise(L, "API disabled in the current context")
	}
	return x.handshake
}

// host, err = clienthello.get_client_hello_server_name()
func helloServerName(v *handler.VM, L *lua.LState) int {
	return pushName(L, inHello(v, L).Hello.ServerName)
}

func pushList[T any](L *lua.LState, list []T, value func(T) (lua.LValue, bool)) int {
	t := L.CreateTable(len(list), 0)
	for _, x := range list {
		if v, ok := value(x); ok {
			t.Append(v)
		}
	}
	L.Push(t)
	return 1
}

func number(id uint16) (lua.LValue, bool) { return lua.LNumber(id), !grease(id) }

// types, err = clienthello.get_client_hello_ext_present()
func helloExtensions(v *handler.VM, L *lua.LState) int {
	list := inHello(v, L).Hello.Extensions
	if len(list) == 0 {
		L.Push(lua.LNil)
		return 1
	}
	return pushList(L, list, number)
}

// ciphers, err = clienthello.get_client_hello_ciphers()
func helloCiphers(v *handler.VM, L *lua.LState) int {
	return pushList(L, inHello(v, L).Hello.CipherSuites, number)
}

const noMessage = "the client's hello is not at hand"

// ext, err = clienthello.get_client_hello_ext(type)
func helloExtension(v *handler.VM, L *lua.LState) int {
	h := inHello(v, L)
	id := codec.CheckNumber(L, 1, "get_client_hello_ext")
	m, ok := message(h)
	if !ok {
		return refuse(L, noMessage)
	}
	data, ok := m.extension(int(id))
	if !ok {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LString(data))
	return 1
}

const extSupportedVersions = 43

// versions, err = clienthello.get_supported_versions(); the last that the client names comes first
func helloVersions(v *handler.VM, L *lua.LState) int {
	m, ok := message(inHello(v, L))
	if !ok {
		return refuse(L, noMessage)
	}
	data, ok := m.extension(extSupportedVersions)
	if !ok || len(data) == 0 || int(data[0]) != len(data)-1 {
		L.Push(lua.LNil)
		return 1
	}
	var list []uint16
	for i := len(data) - 2; i >= 1; i -= 2 {
		list = append(list, uint16(data[i])<<8|uint16(data[i+1]))
	}
	return pushList(L, list, func(id uint16) (lua.LValue, bool) {
		if id == 2 {
			return lua.LString("SSLv2"), true
		}
		name, ok := versionNames[id]
		return lua.LString(name), ok
	})
}

// protocols are the words of set_protocols; 0 for those that crypto/tls does not speak.
var protocols = map[string]uint16{
	"SSLv2": 0, "SSLv3": 0, "TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13,
}

// ok, err = clienthello.set_protocols(protocols)
func setProtocols(v *handler.VM, L *lua.LState) int {
	h := inHello(v, L)
	t := codec.CheckTable(L, 1, "set_protocols")
	on := map[uint16]bool{}
	for i := 1; t.RawGetInt(i) != lua.LNil; i++ {
		name, _ := t.RawGetInt(i).(lua.LString)
		id, ok := protocols[string(name)]
		if !ok {
			return refuse(L, "invalid protocols failed")
		}
		if id != 0 {
			on[id] = true
		}
	}
	low, high := uint16(0), uint16(0)
	for id := uint16(tls.VersionTLS10); id <= tls.VersionTLS13; id++ {
		if !on[id] {
			continue
		}
		if low == 0 {
			low = id
		}
		high = id
	}
	switch {
	case low == 0:
		low, high = tls.VersionTLS13+1, tls.VersionTLS13+1 // nobody can speak it: the handshake fails
	case int(high-low) != len(on)-1:
		return refuse(L, "crypto/tls cannot leave a gap between protocols")
	}
	h.MinVersion, h.MaxVersion = low, high
	return done(L)
}
