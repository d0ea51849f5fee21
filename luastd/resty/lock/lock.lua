-- resty.lock: the holder of a key is who could add it to the dictionary; the others sleep and try again,
-- ever longer.
local min = math.min

local Lock = {_VERSION = "0.09"}
local methods = {__index = Lock}

-- obj, err = lock:new(dict_name, opts?): opts are exptime (30), timeout (5), step (0.001), max_step (0.5),
-- all in seconds, and ratio (2)
function Lock.new(_, dict_name, opts)
  local dict = ngx.shared[dict_name]
  if not dict then
    return nil, "dictionary not found"
  end
  opts = opts or {}
  local exptime = opts.exptime or 30
  return setmetatable({
    dict = dict,
    exptime = exptime,
    timeout = min(opts.timeout or 5, exptime),
    step = opts.step or 0.001,
    ratio = opts.ratio or 2,
    max_step = opts.max_step or 0.5,
  }, methods)
end

-- elapsed, err = obj:lock(key): how long it slept, in seconds; nil and "timeout", or "locked" where obj
-- holds a lock already
function Lock:lock(key)
  if not key then
    return nil, "nil key"
  end
  if self.key then
    return nil, "locked"
  end
  key = tostring(key)
  local dict, exptime = self.dict, self.exptime
  local ok, err = dict:add(key, true, exptime)
  if ok then
    self.key = key
    return 0
  end
  local elapsed, left, step = 0, self.timeout, self.step
  while err == "exists" do
    if left <= 0 then
      return nil, "timeout"
    end
    step = min(step, left)
    ngx.sleep(step)
    elapsed, left = elapsed + step, left - step
    ok, err = dict:add(key, true, exptime)
    if ok then
      self.key = key
      return elapsed
    end
    step = min(step * self.ratio, self.max_step)
    if step <= 0 then
      step = 0.001
    end
  end
  return nil, err
end

-- ok, err = obj:unlock()
function Lock:unlock()
  local key = self.key
  if not key then
    return nil, "unlocked"
  end
  self.key = nil
  local ok, err = self.dict:delete(key)
  if not ok then
    return nil, err
  end
  return 1
end

-- ok, err = obj:expire(seconds?): how long the lock is kept from now on
function Lock:expire(exptime)
  local key = self.key
  if not key then
    return nil, "unlocked"
  end
  local ok, err = self.dict:replace(key, true, exptime or self.exptime)
  if not ok then
    return nil, err
  end
  return true
end

return Lock
