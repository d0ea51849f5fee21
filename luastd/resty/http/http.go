// Package http is resty.http: an HTTP/1.1 client for scripts, in Lua on cosockets. The interface is
// lua-resty-http's.
package http

import (
	_ "embed"

	"moongate/luastd/handler"
)

//go:embed http.lua
var source string

//go:embed body.lua
var bodySource string

//go:embed connect.lua
var connectSource string

//go:embed headers.lua
var headersSource string

// Headers makes the module resty.http_headers.
var Headers = handler.Embedded("resty.http_headers", headersSource)

// Loader makes the module resty.http.
var Loader = handler.Embedded("resty.http", source,
	handler.Embedded("resty.http.body", bodySource),
	handler.Embedded("resty.http.connect", connectSource),
	Headers)
