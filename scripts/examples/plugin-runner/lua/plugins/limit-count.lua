-- A number of requests in a window of time, for each value of a variable.
local limit_count = require "resty.limit.count"

local M = {
  name = "limit-count",
  version = 0.1,
  priority = 1002,
  schema = {
    type = "object",
    properties = {
      count = {type = "integer", minimum = 1},
      time_window = {type = "number", minimum = 0.001},
      key = {type = "string", default = "remote_addr"},
      rejected_code = {type = "integer", minimum = 200, default = 503},
      rejected_msg = {type = "string"},
      show_limit_quota_header = {type = "boolean", default = true},
    },
    required = {"count", "time_window"},
    additionalProperties = false,
  },
}

function M.access(conf, ctx)
  local limit, err = limit_count.new("plugin-limit-count", conf.count, conf.time_window)
  if not limit then
    ngx.log(ngx.ERR, "limit-count: ", err)
    return 500
  end
  local key = ctx.route.id .. "|" .. (ctx.var[conf.key] or "")
  local delay, remaining = limit:incoming(key, true)
  if not delay and remaining ~= "rejected" then
    ngx.log(ngx.ERR, "limit-count: ", remaining)
    return 500
  end
  if conf.show_limit_quota_header then
    ngx.header["X-RateLimit-Limit"] = conf.count
    ngx.header["X-RateLimit-Remaining"] = delay and remaining or 0
  end
  if not delay then
    return conf.rejected_code, {error_msg = conf.rejected_msg or "Requests are too frequent, please try again later."}
  end
end

return M
