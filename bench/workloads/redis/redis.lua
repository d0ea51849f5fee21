-- The least of a Redis client: GET over a pool of connections.
local M = {}

function M.get(host, port, key)
  local sock = ngx.socket.tcp()
  sock:settimeout(5000)
  local ok, err = sock:connect(host, port)
  if not ok then
    return nil, err
  end
  local _
  _, err = sock:send({ "*2\r\n$3\r\nGET\r\n$", #key, "\r\n", key, "\r\n" })
  if err then
    return nil, err
  end
  local line
  line, err = sock:receive("*l")
  if not line then
    return nil, err
  end
  local size = tonumber(line:match("^%$(%-?%d+)$"))
  if not size or size < 0 then
    return nil, "no value: " .. line
  end
  local value
  value, err = sock:receive(size + 2)
  if not value then
    return nil, err
  end
  sock:setkeepalive(60000, 100)
  return value:sub(1, size)
end

return M
