-- A small part of JSON Schema: type, properties, required, default, enum, minimum, additionalProperties.
local M = {}

local function type_of(v)
  local t = type(v)
  if t == "number" and v % 1 == 0 then
    return "integer"
  end
  if t == "table" then
    return #v > 0 and "array" or "object"
  end
  return t
end

local function is(v, want)
  local t = type_of(v)
  return t == want or want == "number" and t == "integer" or want == "array" and t == "object" and next(v) == nil
end

local function check(schema, v, path)
  if schema.type and not is(v, schema.type) then
    return nil, ("%s must be of type %s, is %s"):format(path, schema.type, type_of(v))
  end
  if schema.enum then
    local found = false
    for _, allowed in ipairs(schema.enum) do
      found = found or allowed == v
    end
    if not found then
      return nil, path .. " has a value that is not allowed"
    end
  end
  if schema.minimum and v < schema.minimum then
    return nil, ("%s must be at least %s"):format(path, schema.minimum)
  end
  if type(v) ~= "table" then
    return true
  end
  for _, name in ipairs(schema.required or {}) do
    if v[name] == nil then
      return nil, ("%s.%s is required"):format(path, name)
    end
  end
  local properties = schema.properties or {}
  for name, sub in pairs(properties) do
    if v[name] == nil then
      v[name] = sub.default
    else
      local ok, err = check(sub, v[name], path .. "." .. name)
      if not ok then
        return nil, err
      end
    end
  end
  if schema.additionalProperties == false then
    for name in pairs(v) do
      if not properties[name] then
        return nil, ("%s.%s is unknown"):format(path, tostring(name))
      end
    end
  end
  return true
end

-- true, with the defaults put into conf; nil and what is wrong
function M.check(schema, conf)
  return check(schema or {}, conf, "conf")
end

return M
