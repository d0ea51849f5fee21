-- resty.limit.count: a number of requests in a fixed window of time.
local Count = {_VERSION = "0.09"}
local methods = {__index = Count}

-- obj, err = class.new(shdict_name, count, time_window): the window in seconds begins with a key's first
-- request
function Count.new(dict_name, limit, window)
  local dict = ngx.shared[dict_name]
  if not dict then
    return nil, "shared dict not found"
  end
  assert(limit > 0 and window > 0, "count and window must be above zero")
  return setmetatable({dict = dict, limit = limit, window = window}, methods)
end

-- delay, remaining_or_err = obj:incoming(key, commit): the delay is always 0
function Count:incoming(key, commit)
  local remaining, err
  if commit then
    remaining, err = self.dict:incr(key, -1, self.limit, self.window)
    if not remaining then
      return nil, err
    end
  else
    remaining = (self.dict:get(key) or self.limit) - 1
  end
  if remaining < 0 then
    return nil, "rejected"
  end
  return 0, remaining
end

-- remaining, err = obj:uncommit(key)
function Count:uncommit(key)
  assert(key)
  local remaining, err = self.dict:incr(key, 1)
  if remaining then
    return remaining
  end
  if err == "not found" then
    return self.limit
  end
  return nil, err
end

return Count
