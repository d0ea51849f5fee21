package luastd

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/bit"
	"moongate/luastd/buffer"
	"moongate/luastd/cjson"
	"moongate/luastd/exdata"
	"moongate/luastd/ffi"
	"moongate/luastd/handler"
	"moongate/luastd/httpclient"
	"moongate/luastd/jit"
	"moongate/luastd/ngx/balancer"
	"moongate/luastd/ngx/codec"
	"moongate/luastd/ngx/location"
	"moongate/luastd/ngx/output"
	"moongate/luastd/ngx/pipe"
	"moongate/luastd/ngx/re"
	"moongate/luastd/ngx/req"
	"moongate/luastd/ngx/resp"
	"moongate/luastd/ngx/shdict"
	"moongate/luastd/ngx/socket"
	"moongate/luastd/ngx/ssl"
	"moongate/luastd/ngx/thread"
	"moongate/luastd/ngx/timer"
	"moongate/luastd/ngx/variable"
	"moongate/luastd/ngx/worker"
	"moongate/luastd/resty/core"
	"moongate/luastd/resty/openssl"
	"moongate/luastd/resty/signal"
	restystring "moongate/luastd/resty/string"
	"moongate/runtime/machine"
)

// registrations fill the ngx table of a worker, in this order.
var registrations = []func(v *handler.VM){
	func(v *handler.VM) { codec.Register(v.W.L, v.Ngx, codec.Clock{Now: v.Now, Update: v.UpdateTime}) },
	output.Register,
	re.Register,
	resp.Register,
	req.Register,
	variable.Register,
	location.Register,
	thread.Register,
	timer.Register,
	worker.Register,
	socket.Register,
}

// preloads are the modules that scripts find by require without a file, before any file.
var preloads = map[string]func(v *handler.VM) lua.LGFunction{
	"cjson":          func(v *handler.VM) lua.LGFunction { return cjson.Loader(v.Null) },
	"cjson.safe":     func(v *handler.VM) lua.LGFunction { return cjson.SafeLoader(v.Null) },
	"http":           httpclient.Loader,
	"jit.bcsave":     jit.Bcsave,
	"jit.dump":       jit.Reporter,
	"jit.p":          jit.Profiler,
	"jit.v":          jit.Reporter,
	"jit.zone":       jit.Zone,
	"moongate":       loadGateway,
	"ngx.pipe":       pipe.Loader,
	"ngx.req":        req.Loader,
	"ngx.re":         re.Loader,
	"ngx.resp":       resp.Loader,
	"ngx.balancer":   balancer.Loader,
	"ngx.upstream":   balancer.UpstreamLoader,
	"ngx.process":    worker.ProcessLoader,
	"ngx.errlog":     worker.ErrlogLoader,
	"ngx.semaphore":  thread.SemaphoreLoader,
	"ngx.ssl":        ssl.Loader,
	"ffi":            func(v *handler.VM) lua.LGFunction { return ffi.Loader(v.Null) },
	"string.buffer":  func(v *handler.VM) lua.LGFunction { return buffer.Loader(v.Null) },
	"thread.exdata":  func(v *handler.VM) lua.LGFunction { return exdata.Loader(v.W) },
	"thread.exdata2": func(v *handler.VM) lua.LGFunction { return exdata.Loader(v.W) },
	"ngx.base64":     func(*handler.VM) lua.LGFunction { return codec.Base64Loader },

	"ngx.ssl.clienthello":    ssl.ClientHelloLoader,
	"ngx.ssl.session":        ssl.SessionLoader,
	"ngx.ssl.proxysslcert":   ssl.ProxyCertLoader,
	"ngx.ssl.proxysslverify": ssl.ProxyVerifyLoader,
	"ngx.proxyssl":           ssl.ProxyLoader,
	"ngx.ocsp":               ssl.OCSPLoader,

	"resty.aes":    restystring.AESLoader,
	"resty.md5":    restystring.MD5,
	"resty.random": restystring.RandomLoader,
	"resty.signal": signal.Loader,
	"resty.sha1":   restystring.SHA1,
	"resty.sha224": restystring.SHA224,
	"resty.sha256": restystring.SHA256,
	"resty.sha384": restystring.SHA384,
	"resty.sha512": restystring.SHA512,
	"resty.string": restystring.Loader,
}

// openLibraries gives a worker everything that scripts can see.
func openLibraries(v *handler.VM, w *workers) error {
	L := v.W.L
	openLua(v, w)
	bit.Open(L)
	v.W.OpenCoroutine(L)
	v.Null = newNull(L)
	v.Ngx = machine.NewTable(8) // whose fields that are computed are found missing without hashing
	v.Ngx.RawSetString("null", v.Null)
	for _, register := range registrations {
		register(v)
	}
	shdict.Register(L, v.Ngx, w.main.zones, v.Now)
	L.SetGlobal("ngx", v.Ngx)
	loaded := L.GetField(L.GetGlobal("package"), "loaded").(*lua.LTable)
	loaded.RawSetString("ngx", v.Ngx)
	core.Load(v, loaded)
	preload := L.GetField(L.GetGlobal("package"), "preload").(*lua.LTable)
	for _, group := range []map[string]func(*handler.VM) lua.LGFunction{preloads, openssl.Loaders} {
		for name, loader := range group {
			preload.RawSetString(name, L.NewFunction(loader(v)))
		}
	}
	offerReplaceable(v, L.GetGlobal("package"))
	guardGlobals(v)
	return nil
}

// newNull makes ngx.null, which cjson.null is too: a light userdata in OpenResty.
func newNull(L *lua.LState) *lua.LUserData {
	u := L.NewUserData()
	mt := L.NewTable()
	mt.RawSetString("__tostring", L.NewFunction(func(L *lua.LState) int {
		L.Push(lua.LString("userdata: NULL"))
		return 1
	}))
	u.Metatable = mt
	return u
}
