-- Adds response headers, and a line at the end of the body in which $consumer is put in.
local M = {
  name = "response-rewrite",
  version = 0.1,
  priority = 899,
  schema = {
    type = "object",
    properties = {
      headers = {type = "object"},
      append = {type = "string"},
    },
    additionalProperties = false,
  },
}

function M.header_filter(conf)
  for name, value in pairs(conf.headers or {}) do
    ngx.header[name] = value
  end
  if conf.append then
    ngx.header["Content-Length"] = nil
  end
end

function M.body_filter(conf, ctx)
  if conf.append and ngx.arg[2] then
    ngx.arg[1] = ngx.arg[1] .. conf.append:gsub("%$consumer", ctx.consumer or "nobody")
  end
end

function M.log(_, ctx)
  ngx.log(ngx.INFO, "consumer ", ctx.consumer or "nobody", " of route ", ctx.route.id)
end

return M
