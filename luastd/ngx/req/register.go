package req

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/runtime/machine"
)

// library is this package's side of one worker. Guarded by the worker's baton.
type library struct {
	v           *handler.VM
	listMeta    *lua.LTable  // of what get_headers returns
	headerNames codec.Shapes // in lower case
	rawNames    codec.Shapes
	args        codec.Shapes
	methods     map[string]lua.LValue  // the names of the known methods, boxed
	numbers     map[lua.LNumber]string // ngx.HTTP_GET and its like
}

// Register fills ngx.req, which it creates where it is missing. It is called once per worker, with the
// baton held.
func Register(v *handler.VM) {
	L := v.W.L
	l := &library{v: v, methods: map[string]lua.LValue{}, numbers: map[lua.LNumber]string{}}
	for name, n := range methodNumbers {
		l.methods[name], l.numbers[lua.LNumber(n)] = lua.LString(name), name
	}
	l.listMeta = L.CreateTable(0, 1)
	l.listMeta.RawSetString("__index", L.NewFunction(fold))
	t, ok := v.Ngx.RawGetString("req").(*lua.LTable)
	if !ok {
		t = L.CreateTable(0, 24)
		v.Ngx.RawSetString("req", t)
	}
	for name, fn := range map[string]lua.LGFunction{
		"is_internal":   l.isInternal,
		"start_time":    l.startTime,
		"http_version":  l.httpVersion,
		"raw_header":    l.rawHeader,
		"set_method":    l.setMethod,
		"set_uri":       l.setURI,
		"set_uri_args":  l.setURIArgs,
		"get_post_args": l.postArgs,
		"read_body":     l.readBody,
		"discard_body":  l.discardBody,
		"get_body_data": l.bodyData,
		"get_body_file": l.bodyFile,
		"set_body_data": l.setBodyData,
		"set_body_file": l.setBodyFile,
		"init_body":     l.initBody,
		"append_body":   l.appendBody,
		"finish_body":   l.finishBody,
	} {
		t.RawSetString(name, L.NewFunction(fn))
	}
	for name, f := range map[string]struct {
		fn    lua.LGFunction
		quick machine.Quick
	}{
		"get_method":   {l.method, l.quickMethod},
		"get_uri_args": {l.uriArgs, l.quickArgs},
		"get_headers":  {l.headers, l.quickHeaders},
		"set_header":   {l.setHeader, l.quickSet},
		"clear_header": {l.clearHeader, l.quickClear},
	} {
		t.RawSetString(name, machine.NewQuick(L, f.fn, f.quick))
	}
}

// Loader is the loader of the module ngx.req, for package.preload.
func Loader(v *handler.VM) lua.LGFunction {
	l := &library{v: v}
	return func(L *lua.LState) int {
		t := L.CreateTable(0, 2)
		t.RawSetString("version", lua.LString(codec.CoreVersion))
		t.RawSetString("add_header", L.NewFunction(l.addHeader))
		L.Push(t)
		return 1
	}
}

// fold is the __index of what get_headers returns: names in any case, underscores for dashes.
func fold(L *lua.LState) int {
	t, ok := L.Get(1).(*lua.LTable)
	value := lua.LValue(lua.LNil)
	if key := L.Get(2); ok && lua.LVCanConvToString(key) {
		name := strings.ToLower(lua.LVAsString(key))
		if value = t.RawGetString(name); value == lua.LNil && strings.IndexByte(name, '_') >= 0 {
			value = t.RawGetString(strings.ReplaceAll(name, "_", "-"))
		}
	}
	L.Push(value)
	return 1
}

// arity raises unless the function has got between least and most arguments; what names them.
func arity(L *lua.LState, least, most int, what string) int {
	n := L.GetTop()
	if n < least || n > most {
		codec.Raise(L, "expecting "+what+" but seen "+strconv.Itoa(n))
	}
	return n
}

// optional is argument n as a whole number, def where it is nil or false; fn names the C function that
// lua-resty-core passes it to.
func optional(L *lua.LState, n, def int, fn string) int {
	v := L.Get(n)
	if lua.LVIsFalse(v) {
		return def
	}
	f, ok := v.(lua.LNumber)
	if !ok {
		codec.Raise(L, "bad argument #2 to '"+fn+"' (cannot convert '"+v.Type().String()+"' to 'int')")
	}
	return int(f)
}

// flag is argument n, which must be a boolean.
func flag(L *lua.LState, n int, name string) bool {
	b, ok := L.Get(n).(lua.LBool)
	if !ok {
		codec.ArgError(L, n, name, "boolean expected, got "+codec.TypeName(L, n))
	}
	return bool(b)
}
