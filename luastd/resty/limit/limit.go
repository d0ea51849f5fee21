// Package limit is resty.limit.req, resty.limit.conn, resty.limit.count and resty.limit.traffic: the
// interface of lua-resty-limit-traffic on shared dictionaries, written in Lua.
//
//	local limit = require("resty.limit.req").new("dict", 200, 100)  -- 200 requests a second, burst of 100
//	local delay, excess = limit:incoming(ngx.var.binary_remote_addr, true)
//	if not delay then return ngx.exit(excess == "rejected" and 429 or 500) end
//	ngx.sleep(delay)
package limit

import (
	_ "embed"

	"moongate/luastd/handler"
)

//go:embed req.lua
var reqSource string

//go:embed conn.lua
var connSource string

//go:embed count.lua
var countSource string

//go:embed traffic.lua
var trafficSource string

// The loaders of the four modules.
var (
	Req     = handler.Embedded("resty.limit.req", reqSource)
	Conn    = handler.Embedded("resty.limit.conn", connSource)
	Count   = handler.Embedded("resty.limit.count", countSource)
	Traffic = handler.Embedded("resty.limit.traffic", trafficSource)
)
