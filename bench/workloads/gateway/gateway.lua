-- What API gateways do to each request, written as one would by hand.
local M = {}

local routes, consumers = {}, {}
for i = 0, 999 do
  routes["/api/v" .. i] = { name = "route-" .. i, limit = 1000000000, window = 60 }
  consumers["key-" .. i] = "consumer-" .. i
end

function M.access()
  local prefix = ngx.var.uri:match("^(/[^/]+/[^/]+)")
  local route = prefix and routes[prefix]
  if not route then
    return ngx.exit(404)
  end
  local consumer = consumers[ngx.var.http_x_api_key or ""]
  if not consumer then
    ngx.status = 401
    ngx.header["Content-Type"] = "application/json"
    ngx.say('{"message":"no such key"}')
    return ngx.exit(401)
  end
  local n = ngx.shared.counts:incr(route.name .. ":" .. consumer, 1, 0, route.window)
  if n and n > route.limit then
    return ngx.exit(429)
  end
  local ctx = ngx.ctx
  ctx.route, ctx.consumer, ctx.left = route, consumer, route.limit - (n or 0)
  ngx.var.consumer = consumer
  ngx.req.clear_header("X-Api-Key")
  ngx.req.set_header("X-Forwarded-Prefix", prefix)
end

function M.headers()
  local ctx = ngx.ctx
  if ctx.route then
    ngx.header["X-Route"] = ctx.route.name
    ngx.header["X-Consumer"] = ctx.consumer
    ngx.header["X-RateLimit-Remaining"] = ctx.left
    ngx.header["Server"] = nil
  end
end

function M.log()
  local ctx = ngx.ctx
  if ctx.route then
    ngx.shared.counts:incr("bytes:" .. ctx.route.name, tonumber(ngx.var.bytes_sent) or 0, 0)
  end
end

return M
