-- resty.limit.traffic: several limiters as one. Either all of them count the request, or none does.
local max = math.max

local Traffic = {_VERSION = "0.09"}

-- delay, err = class.combine(limiters, keys, states?): the longest delay that one of them wants; states
-- gets the second result of each limiter that counted
function Traffic.combine(limiters, keys, states)
  local n, longest = #limiters, 0
  for i = 1, n do
    -- the last one may count at once: none is left that could reject
    local delay, state = limiters[i]:incoming(keys[i], i == n)
    if not delay then
      return nil, state
    end
    if i == n then
      longest = delay
      if states then
        states[i] = state
      end
    end
  end
  for i = 1, n - 1 do
    local delay, state = limiters[i]:incoming(keys[i], true)
    if not delay then
      for j = 1, i - 1 do
        limiters[j]:uncommit(keys[j])
      end
      limiters[n]:uncommit(keys[n])
      return nil, state
    end
    if states then
      states[i] = state
    end
    longest = max(longest, delay)
  end
  return longest
end

return Traffic
