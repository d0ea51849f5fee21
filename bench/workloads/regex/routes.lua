-- A list of 200 routes, each a regular expression; the first that matches wins.
local routes = {}
for i = 0, 199 do
  routes[#routes + 1] = { "^/service" .. i .. "/users/([0-9]+)/orders/([0-9]{4}-[0-9]{2})$", i }
end

local M = {}

function M.dispatch(uri)
  for _, route in ipairs(routes) do
    local m = ngx.re.match(uri, route[1], "jo")
    if m then
      ngx.say(route[2], " ", m[1], " ", m[2])
      return
    end
  end
  return ngx.exit(404)
end

return M
