-- resty.http_headers: a table of header fields whose names are found whatever their case, and keep the case
-- that they were first set with.
local lower = string.lower
local rawget, rawset, setmetatable, tostring = rawget, rawset, setmetatable, tostring

local Headers = { _VERSION = "0.17.2" }

-- headers = class.new(): normalised, in its metatable, leads from the lower-case name to the name that was set
function Headers.new(_)
  local names = {}
  return setmetatable({}, {
    normalised = names,
    __index = function(t, name)
      local set = names[lower(tostring(name))]
      return set and rawget(t, set)
    end,
    __newindex = function(t, name, value)
      local key = lower(tostring(name))
      local set = names[key]
      if not set then
        names[key] = name
        set = name
      end
      rawset(t, set, value)
    end,
  })
end

return Headers
