-- Rate limits in a shared dictionary.
local M = {}

-- rate is a leaky bucket: it returns how long the request should wait, or nil where the bucket is full.
-- What is stored is the excess, in thousandths of a request, and the time it was true.
function M.rate(dict, key, rate, burst)
  local now = ngx.now() * 1000
  local excess = 0
  local state = dict:get("r:" .. key)
  if state then
    local was, last = state:match("^(%d+):(%d+)$")
    excess = math.max(tonumber(was) - rate * math.abs(now - tonumber(last)) + 1000, 0)
    if excess > burst * 1000 then
      return nil, "rejected"
    end
  end
  dict:set("r:" .. key, string.format("%d:%d", excess, now))
  return excess / rate / 1000
end

-- count lets so many requests through in a window of seconds: it returns how many are left, or nil.
function M.count(dict, key, limit, window)
  local n, err = dict:incr("c:" .. key, 1, 0, window)
  if not n then
    return nil, err
  end
  if n > limit then
    return nil, "rejected"
  end
  return limit - n
end

return M
