local line = '127.0.0.1 - - [21/Nov/2026:02:00:00 +0000] "GET /index.html?a=1&b=2 HTTP/1.1" 200 612'
return function()
  for i = 1, 3000 do
    local method, uri = line:match('"(%u+) (%S+)')
    for k, v in uri:gmatch("([%w_]+)=(%w+)") do uri = k end
    local clean = line:gsub("%d+", "#")
    local at = line:find("HTTP/", 1, true)
  end
end
