package handler

import "moongate/phases"

// Exit is ngx.exit: it ends the handler, or with a status the request.
type Exit struct{ Status phases.Status }

// Exec is ngx.exec (and ngx.req.set_uri's jump): the request goes on elsewhere. Named locations begin
// with "@".
type Exec struct{ URI, Args string }

// Jump is ngx.req.set_uri(uri, true): the rewrite phase looks for the location again.
type Jump struct{}

// Redirect is ngx.redirect; the Location header is set already.
type Redirect struct{ Status phases.Status }

// Abort ends the request's threads because the client went away.
type Abort struct{}

// LuaControl marks the types as control values, which pcall lets through.
func (Exit) LuaControl()     {}
func (Exec) LuaControl()     {}
func (Jump) LuaControl()     {}
func (Redirect) LuaControl() {}
func (Abort) LuaControl()    {}
