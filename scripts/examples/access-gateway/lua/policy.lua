-- Policies: data in a shared dictionary, one JSON text a policy, compiled into one Lua function a worker.
--
--   {"priority": 10, "host": "shop.example", "uri": "^/orders/", "cluster": "orders",
--    "when": [["http_x_role", "in", ["admin"]], ["arg_debug", "==", "1"]]}
--
-- The policy with the highest priority that applies names the cluster, or denies with a status.
-- Whoever changes a policy counts up the version; a worker that sees another version compiles anew.
local cjson = require "cjson.safe"

local dict = ngx.shared.policies
local PREFIX = "policy:"

local M = {}

local operators = {
  ["=="] = function(var, value) return ("var[%q] == %q"):format(var, value) end,
  ["~="] = function(var, value) return ("var[%q] ~= %q"):format(var, value) end,
  ["~~"] = function(var, value) return ("find(var[%q] or '', %q, 'jo')"):format(var, value) end,
  ["in"] = function(var, values)
    local tests = {}
    for i, value in ipairs(values) do
      tests[i] = ("var[%q] == %q"):format(var, value)
    end
    return #tests > 0 and "(" .. table.concat(tests, " or ") .. ")" or "false"
  end,
}

local function is_list_of_strings(list)
  if type(list) ~= "table" then
    return false
  end
  for _, s in ipairs(list) do
    if type(s) ~= "string" then
      return false
    end
  end
  return true
end

-- source of the test whether a policy applies; nil and what is wrong with the policy
local function condition(policy)
  local tests = {}
  if policy.host ~= nil then
    if type(policy.host) ~= "string" then
      return nil, "host must be a string"
    end
    tests[#tests + 1] = operators["=="]("host", policy.host)
  end
  if policy.uri ~= nil then
    if type(policy.uri) ~= "string" then
      return nil, "uri must be a regular expression"
    end
    local _, _, err = ngx.re.find("", policy.uri, "jo")
    if err then
      return nil, "uri: " .. err
    end
    tests[#tests + 1] = operators["~~"]("uri", policy.uri)
  end
  if policy.when ~= nil and type(policy.when) ~= "table" then
    return nil, "when must be a list of [variable, operator, value]"
  end
  for i, test in ipairs(policy.when or {}) do
    local operator = type(test) == "table" and operators[test[2]]
    if not operator or type(test[1]) ~= "string" or not test[1]:find("^[%w_]+$") then
      return nil, "when[" .. i .. "] must be [variable, operator, value]"
    end
    if test[2] == "in" and not is_list_of_strings(test[3]) or test[2] ~= "in" and type(test[3]) ~= "string" then
      return nil, "when[" .. i .. "] has a bad value"
    end
    tests[#tests + 1] = operator(test[1], test[3])
  end
  return #tests > 0 and table.concat(tests, " and ") or "true"
end

-- true; nil and what is wrong
function M.check(policy)
  if type(policy) ~= "table" then
    return nil, "a policy is a JSON object"
  end
  if policy.priority ~= nil and type(policy.priority) ~= "number" then
    return nil, "priority must be a number"
  end
  if (policy.cluster == nil) == (policy.deny == nil) then
    return nil, "either cluster or deny is needed"
  end
  if policy.cluster ~= nil and (type(policy.cluster) ~= "string" or policy.cluster == "") then
    return nil, "cluster must be a name"
  end
  if policy.deny ~= nil and (type(policy.deny) ~= "number" or policy.deny < 400 or policy.deny > 599) then
    return nil, "deny must be a status from 400 to 599"
  end
  local ok, err = condition(policy)
  return ok and true, err
end

-- the policy of that name; nil where there is none
function M.get(name)
  local text = dict:get(PREFIX .. name)
  return text and cjson.decode(text)
end

-- all policies by name
function M.all()
  local out = {}
  for _, key in ipairs(dict:get_keys(0)) do
    if key:sub(1, #PREFIX) == PREFIX then
      local name = key:sub(#PREFIX + 1)
      out[name] = M.get(name)
    end
  end
  return out
end

function M.put(name, policy)
  local ok, err = M.check(policy)
  if not ok then
    return nil, err
  end
  ok, err = dict:safe_set(PREFIX .. name, cjson.encode(policy))
  if not ok then
    return nil, err
  end
  dict:incr("version", 1, 0)
  return true
end

function M.delete(name)
  dict:delete(PREFIX .. name)
  dict:incr("version", 1, 0)
end

-- adds what is not there yet: the dictionary outlives a reload
function M.add_defaults(policies)
  for name, policy in pairs(policies) do
    assert(M.check(policy))
    dict:add(PREFIX .. name, cjson.encode(policy))
  end
  dict:add("version", 0)
end

local compiled, compiled_version

-- compile makes one function of all policies: name, cluster, deny = f(ngx.var, ngx.re.find)
function M.compile()
  local version = dict:get("version")
  local names, policies = {}, M.all()
  for name in pairs(policies) do
    names[#names + 1] = name
  end
  table.sort(names, function(a, b)
    local pa, pb = policies[a].priority or 0, policies[b].priority or 0
    if pa ~= pb then
      return pa > pb
    end
    return a < b
  end)
  local source = {"local var, find = ..."}
  for _, name in ipairs(names) do
    local policy = policies[name]
    source[#source + 1] = ("if %s then return %q, %s, %s end"):format(
      condition(policy), name, policy.cluster and ("%q"):format(policy.cluster) or "nil", policy.deny or "nil")
  end
  compiled = assert(loadstring(table.concat(source, "\n"), "=policies"))
  compiled_version = version
end

-- name, cluster, deny = match(): what the policies say about the current request; nothing where none applies
function M.match()
  if dict:get("version") ~= compiled_version then
    M.compile()
  end
  return compiled(ngx.var, ngx.re.find)
end

return M
