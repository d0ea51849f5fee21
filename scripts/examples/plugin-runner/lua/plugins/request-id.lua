-- Gives each request an id that the app and the client see.
local M = {
  name = "request-id",
  version = 0.1,
  priority = 12015,
  schema = {
    type = "object",
    properties = {header = {type = "string", default = "X-Request-Id"}},
    additionalProperties = false,
  },
}

function M.rewrite(conf, ctx)
  ctx.request_id = ctx.var.request_id
  ngx.req.set_header(conf.header, ctx.request_id)
end

function M.header_filter(conf, ctx)
  ngx.header[conf.header] = ctx.request_id
end

return M
