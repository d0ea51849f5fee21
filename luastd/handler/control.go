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

// LuaControl marks Exit as a control value, which pcall lets through.
func (Exit) LuaControl() {}

// LuaControl marks Exec as a control value, which pcall lets through.
func (Exec) LuaControl() {}

// LuaControl marks Jump as a control value, which pcall lets through.
func (Jump) LuaControl() {}

// LuaControl marks Redirect as a control value, which pcall lets through.
func (Redirect) LuaControl() {}

// LuaControl marks Abort as a control value, which pcall lets through.
func (Abort) LuaControl() {}
