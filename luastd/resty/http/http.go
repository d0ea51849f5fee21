// Package http is resty.http: an HTTP/1.1 client for scripts, in Lua on cosockets. The interface is
// lua-resty-http's.
package http

import (
	_ "embed"

	"moongate/luastd/handler"
)

//go:embed http.lua
var source string

// Loader makes the module resty.http.
var Loader = handler.Embedded("resty.http", source)
