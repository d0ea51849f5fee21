-- resty.limit.req: a leaky bucket per key. Requests beyond the rate are delayed, those beyond the rate
-- plus the burst are rejected.
--
-- A bucket is a string in the dictionary: by how many thousandths of a request it was above its rate, and when, in milliseconds
-- since the epoch. It expires once a new bucket would say the same, so that keys which are not seen any more take no memory.
local now = ngx.now
local max, abs, floor = math.max, math.abs, math.floor
local format, match = string.format, string.match

local Req = {_VERSION = "0.09"}
local methods = {__index = Req}

-- obj, err = class.new(shdict_name, rate, burst): rate and burst in requests a second
function Req.new(dict_name, rate, burst)
  local dict = ngx.shared[dict_name]
  if not dict then
    return nil, "shared dict not found"
  end
  assert(rate > 0 and burst >= 0, "rate must be above zero and burst not below")
  return setmetatable({dict = dict, rate = rate * 1000, burst = burst * 1000}, methods)
end

-- excess, last = bucket(dict, key): nil and maybe an error where there is none
local function bucket(dict, key)
  local value, err = dict:get(key)
  if not value then
    return nil, err
  end
  local excess, last = nil, nil
  if type(value) == "string" then
    excess, last = match(value, "^(%d+):(%d+)$")
  end
  if not excess then
    return nil, "shdict abused by other users"
  end
  return tonumber(excess), tonumber(last)
end

local function store(self, key, excess, last)
  return self.dict:set(key, format("%d:%d", excess, last), (excess + 1000) / self.rate + 0.001)
end

-- delay, excess_or_err = obj:incoming(key, commit): the delay in seconds, and by how many requests the
-- rate is exceeded; nil and "rejected" beyond the burst. Without commit nothing is counted.
function Req:incoming(key, commit)
  local rate, t = self.rate, floor(now() * 1000 + 0.5)
  local excess, last = bucket(self.dict, key)
  if excess then
    excess = max(excess - rate * abs(t - last) / 1000 + 1000, 0)
    if excess > self.burst then
      return nil, "rejected"
    end
  elseif last then
    return nil, last
  else
    excess = 0
  end
  if commit then
    local ok, err = store(self, key, excess, t)
    if not ok then
      return nil, err
    end
  end
  return excess / rate, excess / 1000
end

-- ok, err = obj:uncommit(key): takes a committed request back
function Req:uncommit(key)
  assert(key)
  local excess, last = bucket(self.dict, key)
  if not excess then
    return nil, last or "not found"
  end
  local ok, err = store(self, key, max(excess - 1000, 0), last)
  if not ok then
    return nil, err
  end
  return true
end

function Req:set_rate(rate)
  self.rate = rate * 1000
end

function Req:set_burst(burst)
  self.burst = burst * 1000
end

return Req
