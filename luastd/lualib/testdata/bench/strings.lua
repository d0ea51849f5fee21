return function()
  for i = 1, 2000 do
    local parts = {}
    for k = 1, 20 do parts[k] = "item" .. k .. "=" .. i end
    local s = table.concat(parts, "&")
    s = s:upper():sub(3, 40):rep(2) .. #s
  end
end
