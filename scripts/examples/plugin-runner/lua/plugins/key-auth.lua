-- Lets those pass who show a key in X-API-Key; the app gets the consumer's name.
local M = {
  name = "key-auth",
  version = 0.1,
  priority = 2500,
  schema = {
    type = "object",
    properties = {
      keys = {type = "object"},
      header = {type = "string", default = "X-API-Key"},
    },
    required = {"keys"},
    additionalProperties = false,
  },
}

function M.rewrite(conf, ctx)
  local key = ngx.req.get_headers()[conf.header]
  if not key then
    return 401, {message = "Missing API key found in request"}
  end
  local consumer = conf.keys[key]
  if not consumer then
    return 401, {message = "Invalid API key in request"}
  end
  ctx.consumer = consumer
  ngx.req.clear_header(conf.header)
  ngx.req.set_header("X-Consumer", consumer)
end

return M
