-- resty.limit.conn: how many requests of a key are served at once. The script says when one comes
-- (incoming) and when it leaves (leaving, in the log phase).
local floor = math.floor

local Conn = {_VERSION = "0.09"}
local methods = {__index = Conn}

-- obj, err = class.new(shdict_name, max, burst, default_conn_delay): the delay is how long a request is
-- thought to take, in seconds; leaving() adapts it.
function Conn.new(dict_name, max, burst, default_conn_delay)
  local dict = ngx.shared[dict_name]
  if not dict then
    return nil, "shared dict not found"
  end
  assert(max > 0 and burst >= 0 and default_conn_delay > 0, "max and delay must be above zero, burst not below")
  return setmetatable({dict = dict, max = max, burst = burst, unit_delay = default_conn_delay, committed = false}, methods)
end

-- delay, conn_or_err = obj:incoming(key, commit)
function Conn:incoming(key, commit)
  local limit = self.max
  local count, err
  self.committed = false
  if commit then
    count, err = self.dict:incr(key, 1, 0)
    if not count then
      return nil, err
    end
    if count > limit + self.burst then
      count, err = self.dict:incr(key, -1)
      if not count then
        return nil, err
      end
      return nil, "rejected"
    end
    self.committed = true
  else
    count = (self.dict:get(key) or 0) + 1
    if count > limit + self.burst then
      return nil, "rejected"
    end
  end
  if count > limit then
    return self.unit_delay * floor((count - 1) / limit), count
  end
  return 0, count
end

-- whether the last incoming() counted a request, so that leaving() must be called for it
function Conn:is_committed()
  return self.committed
end

-- conn, err = obj:leaving(key, req_latency?): the latency in seconds
function Conn:leaving(key, req_latency)
  assert(key)
  local count, err = self.dict:incr(key, -1)
  if not count then
    return nil, err
  end
  if req_latency then
    self.unit_delay = (req_latency + self.unit_delay) / 2
  end
  return count
end

-- conn, err = obj:uncommit(key)
function Conn:uncommit(key)
  assert(key)
  return self.dict:incr(key, -1)
end

function Conn:set_conn(max)
  self.max = max
end

function Conn:set_burst(burst)
  self.burst = burst
end

return Conn
