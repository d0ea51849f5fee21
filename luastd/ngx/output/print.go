package output

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

const filterError = "nginx output filter error"

func refused(rc phases.Status) bool { return rc == phases.Error || rc >= 300 }

// print is ok, err = ngx.print(...).
func (l *library) print(L *lua.LState) int { return l.echo(L, "print", false) }

// say is ok, err = ngx.say(...).
func (l *library) say(L *lua.LState) int { return l.echo(L, "say", true) }

func (l *library) echo(L *lua.LState, name string, newline bool) int {
	c := l.v.Current()
	r := c.LiveIn(L, "no request object found", handler.Main)
	if why := cannotWrite(c, r); why != "" {
		return failed(L, why)
	}
	b := l.takeBuf()
	for i, n := 1, L.GetTop(); i <= n; i++ {
		arg := L.Get(i)
		if t, ok := arg.(*lua.LTable); ok {
			b = appendArray(L, l.v, b, t, i, name, false)
			continue
		}
		var ok bool
		if b, ok = appendScalar(l.v, b, arg); !ok {
			codec.ArgError(L, i, name, "string, number, boolean, nil, ngx.null, or array table expected, but got "+arg.Type().String())
		}
	}
	if newline {
		b = append(b, '\n')
	}
	if len(b) > 0 {
		c.SeenBody = true
	}
	rc := c.Send(b)
	l.giveBuf(b)
	if refused(rc) {
		return failed(L, filterError)
	}
	return succeeded(L)
}

// cannotWrite says why nothing more may be written to the response; empty where it may.
func cannotWrite(c *handler.Ctx, r *phases.Request) string {
	switch {
	case c.RawSocket:
		return "raw request socket acquired"
	case r.HeaderOnly:
		return "header only"
	case c.EOF:
		return "seen eof"
	}
	return ""
}

// flush is ok, err = ngx.flush(wait?).
//
// Deviation: without wait OpenResty goes on at once and keeps the unsent bytes in memory; here the light
// thread waits until the kernel has taken them, while others run.
func (l *library) flush(L *lua.LState) int {
	n := L.GetTop()
	if n > 1 {
		codec.Raise(L, "attempt to pass "+strconv.Itoa(n)+" arguments, but accepted 0 or 1")
	}
	c := l.v.Current()
	wait := false
	if n == 1 && (c == nil || c.R == nil || !c.R.IsSub()) {
		b, ok := L.Get(1).(lua.LBool)
		if !ok {
			codec.ArgError(L, 1, "flush", "boolean expected, got "+codec.TypeName(L, 1))
		}
		wait = bool(b)
	}
	r := c.LiveIn(L, "no request ctx found", handler.Main)
	switch why := cannotWrite(c, r); {
	case why != "":
		return failed(L, why)
	case c.Buffering:
		if c.Enabled(phases.LogDebug) {
			r.Log(phases.LogDebug, "lua http 1.0 buffering makes ngx.flush() a no-op")
		}
		return failed(L, "buffering")
	case !c.R.HeaderSent || !c.SeenBody && !wait:
		return failed(L, "nothing to flush")
	}
	if refused(c.Flush()) {
		return failed(L, filterError)
	}
	return succeeded(L)
}

// eof is ok, err = ngx.eof().
func (l *library) eof(L *lua.LState) int {
	c := l.v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, "no request object found")
	}
	if L.GetTop() != 0 {
		codec.Raise(L, "no argument is expected")
	}
	if c.RawSocket {
		return failed(L, "raw request socket acquired")
	}
	if c.EOF {
		return failed(L, "seen eof")
	}
	c.LiveIn(L, "no request object found", handler.Main)
	if refused(c.SendLast()) {
		return failed(L, filterError)
	}
	c.R.Flush() // the client does not wait for the rest of the handler
	return succeeded(L)
}

// sendHeaders is ok, err = ngx.send_headers().
func (l *library) sendHeaders(L *lua.LState) int {
	c := l.v.Current()
	c.LiveIn(L, "no request found", handler.Main)
	if rc := c.SendHeader(); rc == phases.Error || rc > phases.OK {
		return failed(L, filterError)
	}
	return succeeded(L)
}
