package handler

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

// Live returns the request that c works for. It raises missing where Lua runs for nobody (init_by_lua),
// and "API disabled in the current context" in a timer or a worker's start, as ngx_lua does for
// functions that need a request but no particular phase.
func (c *Ctx) Live(L *lua.LState, missing string) *phases.Request {
	if c != nil && c.R != nil {
		return c.R
	}
	if c == nil || c.Phase == Init {
		codec.Raise(L, missing)
	}
	codec.Raise(L, "API disabled in the current context")
	return nil
}

// LiveIn is Live for functions that ngx_lua allows in some phases only: elsewhere it raises "API
// disabled in the context of …".
func (c *Ctx) LiveIn(L *lua.LState, missing string, allowed Phase) *phases.Request {
	if c == nil || c.Phase == Init && c.R == nil {
		codec.Raise(L, missing)
	}
	if c.Phase&allowed == 0 {
		codec.Raise(L, "API disabled in the context of "+c.Phase.contextName())
	}
	if c.R == nil {
		codec.Raise(L, missing)
	}
	return c.R
}
