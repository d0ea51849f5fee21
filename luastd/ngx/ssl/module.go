package ssl

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
)

type function = func(*handler.VM, *lua.LState) int

// functions are those of ngx.ssl (lua-resty-core, lib/ngx/ssl.md).
var functions = map[string]function{
	"cert_pem_to_der": certPEMToDER, "priv_key_pem_to_der": keyPEMToDER,
	"parse_pem_cert": parsePEMCert, "parse_der_cert": parseDERCert, "parse_pem_priv_key": parsePEMKey, "parse_der_priv_key": parseDERKey,
	"server_name": serverName, "server_port": serverPort,
	"raw_server_addr":  func(v *handler.VM, L *lua.LState) int { return rawAddr(v, L, true) },
	"raw_client_addr":  func(v *handler.VM, L *lua.LState) int { return rawAddr(v, L, false) },
	"get_tls1_version": tlsVersion, "get_tls1_version_str": tlsVersionName,
	"verify_client": verifyClient, "get_client_random": clientRandom, "export_keying_material": exportKeyingMaterial,

	"export_keying_material_early": absent("there is no early data"),
	"get_server_random":            absent("crypto/tls does not give the server's random"),
	"get_session_master_key":       absent("crypto/tls does not give the master secret"),
	"get_req_shared_ssl_ciphers":   sharedCiphers,
	"get_req_ssl_pointer":          absent("there is no OpenSSL object"),
	"get_upstream_ssl_pointer":     absent("there is no OpenSSL object"),
	"ssl_session_reused":           func(_ *handler.VM, L *lua.LState) int { return refuse(L, "bad ssl") },
}

// helloFunctions are those of ngx.ssl.clienthello (lib/ngx/ssl/clienthello.md).
var helloFunctions = map[string]function{
	"get_client_hello_server_name": helloServerName, "get_client_hello_ext_present": helloExtensions, "get_client_hello_ext": helloExtension,
	"get_client_hello_ciphers": helloCiphers, "get_supported_versions": helloVersions, "set_protocols": setProtocols,
}

// Loader opens the module ngx.ssl.
func Loader(v *handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		mod := module(v, L, functions, choosing(during))
		setVersions(mod)
		L.Push(mod)
		return 1
	}
}

func setVersions(mod *lua.LTable) {
	for name, n := range map[string]int{
		"SSL3_VERSION": 0x0300, "TLS1_VERSION": 0x0301, "TLS1_1_VERSION": 0x0302, "TLS1_2_VERSION": 0x0303, "TLS1_3_VERSION": 0x0304,
	} {
		mod.RawSetString(name, lua.LNumber(n))
	}
}

// ClientHelloLoader opens the module ngx.ssl.clienthello.
func ClientHelloLoader(v *handler.VM) lua.LGFunction { return loader(v, helloFunctions) }

// SessionLoader opens the module ngx.ssl.session.
func SessionLoader(v *handler.VM) lua.LGFunction { return loader(v, sessionFunctions) }

// OCSPLoader opens the module ngx.ocsp.
func OCSPLoader(v *handler.VM) lua.LGFunction { return loader(v, ocspFunctions) }

// ProxyCertLoader opens the module ngx.ssl.proxysslcert.
func ProxyCertLoader(v *handler.VM) lua.LGFunction { return loader(v, choosing(duringPeer)) }

// ProxyVerifyLoader opens the module ngx.ssl.proxysslverify.
func ProxyVerifyLoader(v *handler.VM) lua.LGFunction { return loader(v, verifyFunctions) }

// ProxyLoader opens the module ngx.proxyssl.
func ProxyLoader(v *handler.VM) lua.LGFunction {
	return func(L *lua.LState) int {
		mod := module(v, L, peerFunctions)
		setVersions(mod)
		L.Push(mod)
		return 1
	}
}

func loader(v *handler.VM, fs map[string]function) lua.LGFunction {
	return func(L *lua.LState) int {
		L.Push(module(v, L, fs))
		return 1
	}
}

func module(v *handler.VM, L *lua.LState, lists ...map[string]function) *lua.LTable {
	mod := L.CreateTable(0, len(lists[0])+6)
	mod.RawSetString("version", lua.LString(codec.CoreVersion))
	for _, fs := range lists {
		for name, f := range fs {
			mod.RawSetString(name, L.NewFunction(func(L *lua.LState) int { return f(v, L) }))
		}
	}
	return mod
}
