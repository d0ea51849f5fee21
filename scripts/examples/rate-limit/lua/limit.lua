-- 10 requests a second for each X-API-Key (else each address), and up to 5 more that have to wait.
local cjson = require "cjson.safe"
local limit_req = require "resty.limit.req"

local limit, err = limit_req.new("requests", 10, 5)
if not limit then
  ngx.log(ngx.ERR, "resty.limit.req: ", err)
  return ngx.exit(ngx.HTTP_INTERNAL_SERVER_ERROR)
end

local delay, excess = limit:incoming(ngx.var.http_x_api_key or ngx.var.binary_remote_addr, true)
if not delay then
  if excess ~= "rejected" then
    ngx.log(ngx.ERR, "limit: ", excess)
    return ngx.exit(ngx.HTTP_INTERNAL_SERVER_ERROR)
  end
  ngx.status = ngx.HTTP_TOO_MANY_REQUESTS
  ngx.header["Content-Type"] = "application/json"
  ngx.header["Retry-After"] = "1"
  ngx.say(cjson.encode({error = "too many requests"}))
  return ngx.exit(ngx.HTTP_TOO_MANY_REQUESTS)
end

if delay >= 0.001 then
  ngx.header["X-RateLimit-Delay"] = ("%.3f"):format(delay)
  ngx.sleep(delay)
end
