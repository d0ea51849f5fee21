-- Matches a route and runs its plugins: in each phase those that have a function of the phase's name,
-- the highest priority first. A plugin is a table:
--
--   {name, version, priority, schema, rewrite, access, header_filter, body_filter, log}
--
-- Its functions get (conf, ctx); ctx lives as long as the request. One that returns a status ends the
-- request in rewrite and access, with the second result as the body (a table becomes JSON).
local cjson = require "cjson.safe"
local schema = require "schema"

local M = {}

local exact, below = {}, {}

local function by_priority(a, b)
  if a.plugin.priority ~= b.plugin.priority then
    return a.plugin.priority > b.plugin.priority
  end
  return a.plugin.name < b.plugin.name
end

-- load checks the routes; an error stops the start of the gateway, or the reload
function M.load(routes)
  for _, route in ipairs(routes) do
    local entries = {}
    for name, conf in pairs(route.plugins) do
      local plugin = require("plugins." .. name)
      local ok, err = schema.check(plugin.schema, conf)
      if not ok then
        error(("route %s, plugin %s: %s"):format(route.id, name, err), 0)
      end
      entries[#entries + 1] = {plugin = plugin, conf = conf}
    end
    table.sort(entries, by_priority)
    local methods
    if route.methods then
      methods = {}
      for _, method in ipairs(route.methods) do
        methods[method] = true
      end
    end
    local loaded = {id = route.id, methods = methods, upstream = route.upstream, plugins = entries}
    local base = route.path:match("^(.*/)%*$")
    if base then
      below[#below + 1] = {base, loaded}
    else
      exact[route.path] = exact[route.path] or {}
      table.insert(exact[route.path], loaded)
    end
  end
  -- the longest path first
  table.sort(below, function(a, b) return #a[1] > #b[1] end)
end

local function allows(route, method)
  return not route.methods or route.methods[method]
end

local function match(uri, method)
  for _, route in ipairs(exact[uri] or {}) do
    if allows(route, method) then
      return route
    end
  end
  for _, pair in ipairs(below) do
    if uri:sub(1, #pair[1]) == pair[1] and allows(pair[2], method) then
      return pair[2]
    end
  end
end

local function stop(status, body)
  ngx.status = status
  if type(body) == "table" then
    ngx.header["Content-Type"] = "application/json"
    body = cjson.encode(body) .. "\n"
  end
  if body then
    ngx.print(body)
  end
  return ngx.exit(status)
end

-- run calls the plugins' functions of the phase
function M.run(phase)
  local ctx = ngx.ctx.gateway
  if not ctx then
    return
  end
  for _, entry in ipairs(ctx.route.plugins) do
    local f = entry.plugin[phase]
    if f then
      local status, body = f(entry.conf, ctx)
      if status and (phase == "rewrite" or phase == "access") then
        return stop(status, body)
      end
    end
  end
end

function M.access()
  local route = match(ngx.var.uri, ngx.req.get_method())
  if not route then
    return stop(404, {error_msg = "404 Route Not Found"})
  end
  ngx.ctx.gateway = {route = route, var = ngx.var}
  M.run("rewrite")
  M.run("access")
end

function M.balance()
  local upstream = ngx.ctx.gateway.route.upstream
  local ok, err = require("ngx.balancer").set_current_peer(upstream[1], upstream[2])
  if not ok then
    ngx.log(ngx.ERR, "balancer: ", err)
    return ngx.exit(500)
  end
end

return M
