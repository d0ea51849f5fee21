-- resty.limit.req: a leaky bucket per key. Requests beyond the rate are delayed, those beyond the rate
-- plus the burst are rejected.
--
-- A bucket is one number in the dictionary: the time (seconds since the epoch) at which it will have
-- drained. Its level, in requests, is (that time - now) * rate. It expires once an empty bucket would
-- say the same, so that keys which are not seen any more take no memory.
local now = ngx.now
local max = math.max

local Req = {_VERSION = "0.09"}
local methods = {__index = Req}

-- obj, err = class.new(shdict_name, rate, burst): rate and burst in requests a second
function Req.new(dict_name, rate, burst)
  local dict = ngx.shared[dict_name]
  if not dict then
    return nil, "shared dict not found"
  end
  assert(rate > 0 and burst >= 0, "rate must be above zero and burst not below")
  return setmetatable({dict = dict, rate = rate, burst = burst}, methods)
end

-- delay, excess_or_err = obj:incoming(key, commit): the delay in seconds, and by how many requests the
-- rate is exceeded; nil and "rejected" beyond the burst. Without commit nothing is counted.
function Req:incoming(key, commit)
  local rate, t = self.rate, now()
  local drained, err = self.dict:get(key)
  if err and not drained then
    return nil, err
  end
  local excess = drained and max((drained - t) * rate + 1, 0) or 0
  if excess > self.burst + 1e-9 then
    return nil, "rejected"
  end
  if commit then
    local ok
    ok, err = self.dict:set(key, t + excess / rate, (excess + 1) / rate + 0.001)
    if not ok then
      return nil, err
    end
  end
  return excess / rate, excess
end

-- ok, err = obj:uncommit(key): takes a committed request back
function Req:uncommit(key)
  assert(key)
  local drained, err = self.dict:get(key)
  if not drained then
    return nil, err or "not found"
  end
  -- Deviation: upstream's bucket cannot be emptier than after one request, so that it does not take back
  -- the first one.
  drained = drained - 1 / self.rate
  local ok
  ok, err = self.dict:set(key, drained, max(drained - now(), 0) + 1 / self.rate + 0.001)
  if not ok then
    return nil, err
  end
  return true
end

function Req:set_rate(rate)
  self.rate = rate
end

function Req:set_burst(burst)
  self.burst = burst
end

return Req
