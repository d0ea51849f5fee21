-- request_batch(requests): sends {method, url, options} triples, at once where light threads may be
-- spawned, one after the other elsewhere; answers with the responses and, if any failed, the errors.
local http = ...

function http.request_batch(requests)
  local responses, errors, failed = {}, {}, false
  local function one(i)
    local r = requests[i]
    if type(r) ~= "table" then
      errors[i], failed = "Request must be a table", true
      return
    end
    local res, err = http.request(r[1], r[2], r[3])
    responses[i] = res
    if not res then
      errors[i], failed = err, true
    end
  end
  local threads = {}
  for i = 1, #requests do
    local ok, thread = pcall(ngx.thread.spawn, one, i)
    if ok and thread then
      threads[#threads + 1] = thread
    else
      one(i)
    end
  end
  for _, thread in ipairs(threads) do
    ngx.thread.wait(thread)
  end
  if failed then
    return responses, errors
  end
  return responses
end
