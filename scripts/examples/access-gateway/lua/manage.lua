-- GET /policies · GET, PUT, DELETE /policies/NAME
local cjson = require "cjson.safe"
local policy = require "policy"

local function answer(status, value)
  ngx.status = status
  ngx.say(cjson.encode(value))
  return ngx.exit(ngx.OK)
end

local method = ngx.req.get_method()
local name = ngx.var.uri:match("^/policies/([%w_.-]+)$")

if ngx.var.uri == "/policies" and method == "GET" then
  return answer(200, policy.all())
end
if not name then
  return answer(404, {error = "no such resource"})
end

if method == "PUT" then
  ngx.req.read_body()
  local value, err = cjson.decode(ngx.req.get_body_data() or "")
  if not value then
    return answer(400, {error = err})
  end
  local known = policy.get(name)
  local ok
  ok, err = policy.put(name, value)
  if not ok then
    return answer(400, {error = err})
  end
  return answer(known and 200 or 201, value)
end

local current = policy.get(name)
if not current then
  return answer(404, {error = "no policy " .. name})
end
if method == "GET" then
  return answer(200, current)
end
if method == "DELETE" then
  policy.delete(name)
  return answer(200, {deleted = name})
end
ngx.header["Allow"] = "GET, PUT, DELETE"
return answer(405, {error = "method not allowed"})
