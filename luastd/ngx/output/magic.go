package output

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/machine"
)

// openMagic gives the ngx table the fields that are computed: status, ctx, headers_sent, is_subrequest.
func (l *library) openMagic(L *lua.LState) {
	mt := L.CreateTable(0, 2)
	mt.RawSetString("__index", machine.Getter(L, l.index, l.indexQuickly))
	mt.RawSetString("__newindex", machine.Setter(L, l.newIndex, l.newIndexQuickly))
	l.v.Ngx.Metatable = mt
}

func (l *library) index(L *lua.LState) int {
	key, _ := L.Get(2).(lua.LString)
	value := lua.LValue(lua.LNil)
	switch key {
	case "ctx":
		value = l.ctx(L)
	case "status":
		value = lua.LNumber(l.v.Current().Live(L, "no request found").StatusCode())
	case "headers_sent":
		value = lua.LBool(l.v.Current().Live(L, "no request found").HeaderSent)
	case "is_subrequest":
		value = lua.LBool(l.v.Current().Live(L, "no request found").IsSub())
	default:
		if l.v.Getters == nil {
			break
		}
		if fn, ok := l.v.Getters.RawGet(L.Get(2)).(*lua.LFunction); ok {
			L.Push(fn)
			L.Call(0, 1)
			return 1
		}
	}
	L.Push(value)
	return 1
}

// indexQuickly is index without a call.
func (l *library) indexQuickly(key lua.LValue) (lua.LValue, bool) {
	name, _ := key.(lua.LString)
	c := l.v.Current()
	if c == nil || c.R == nil {
		return nil, false
	}
	switch name {
	case "ctx":
		if c.NgxCtx == nil {
			l.keepCtx(c, c.NewNgxCtx(l.v.W.L, nil))
		}
		return c.NgxCtx, true
	case "status":
		return machine.Number(l.v.W.L, float64(c.R.StatusCode())), true
	case "headers_sent":
		return lua.LBool(c.R.HeaderSent), true
	}
	return nil, false
}

// newIndexQuickly is newIndex without a call.
func (l *library) newIndexQuickly(key, value lua.LValue) bool {
	name, _ := key.(lua.LString)
	c := l.v.Current()
	if c == nil || c.R == nil {
		return false
	}
	switch name {
	case "status":
		n, ok := value.(lua.LNumber)
		if ok {
			SetStatus(c, int(n), "")
		}
		return ok
	case "ctx":
		t, ok := value.(*lua.LTable)
		if ok {
			l.keepCtx(c, t)
		}
		return ok
	}
	return false
}

func (l *library) newIndex(L *lua.LState) int {
	key, value := L.Get(2), L.Get(3)
	switch name, _ := key.(lua.LString); name {
	case "status":
		l.setStatus(L, value)
	case "ctx":
		l.setCtx(L, value)
	default:
		if l.v.Setters != nil {
			if fn, ok := l.v.Setters.RawGet(key).(*lua.LFunction); ok {
				L.Push(fn)
				L.Push(value)
				L.Call(1, 0)
				return 0
			}
		}
		if t, ok := L.Get(1).(*lua.LTable); ok {
			t.RawSet(key, value)
		}
	}
	return 0
}

// ctx is ngx.ctx: made when it is first asked for.
func (l *library) ctx(L *lua.LState) *lua.LTable {
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	if c.NgxCtx == nil {
		l.keepCtx(c, c.NewNgxCtx(L, nil))
	}
	return c.NgxCtx
}

func (l *library) setCtx(L *lua.LState, value lua.LValue) {
	t, ok := value.(*lua.LTable)
	if !ok {
		codec.Raise(L, "ctx should be a table while getting a "+value.Type().String())
	}
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	l.keepCtx(c, t)
}

// keepCtx makes t the context's ngx.ctx. At level debug its end is logged, as lua-nginx-module does.
func (l *library) keepCtx(c *handler.Ctx, t *lua.LTable) {
	if c.NgxCtx == nil && c.Enabled(phases.LogDebug) {
		ref := l.refs.take()
		onEnd := c.OnEnd
		if of := c.Connection; of != nil && of.Conn != nil {
			onEnd = of.OnEnd
		}
		onEnd(func() {
			l.refs.free(ref)
			c.Log(phases.LogDebug, "lua release ngx.ctx at ref "+strconv.Itoa(ref))
		})
	}
	c.NgxCtx = t
}

func (l *library) setStatus(L *lua.LState, value lua.LValue) {
	c := l.v.Current()
	c.Live(L, "no request found")
	n, ok := machine.ToNumber(value)
	if !ok {
		codec.Raise(L, "bad argument #2 to 'ngx_http_lua_ffi_set_resp_status' (cannot convert 'nil' to 'int')")
	}
	SetStatus(c, int(n), "")
}

// SetStatus is the assignment to ngx.status, with a reason phrase of the script's own where reason is
// not empty. What cannot be done is logged.
func SetStatus(c *handler.Ctx, status int, reason string) {
	switch {
	case c.R.HeaderSent:
		c.Log(phases.LogErr, "attempt to set ngx.status after sending out response headers")
		return
	case status < 100 || status > 999:
		c.R.Logf(phases.LogErr, "invalid HTTP status code %d", status)
		return
	}
	if reason != "" && status != 101 {
		reason = codec.FormatNumber(float64(status)) + " " + reason
	} else {
		reason = ""
	}
	c.R.SetStatus(status, reason)
}
