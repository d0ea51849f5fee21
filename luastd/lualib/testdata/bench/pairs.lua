local map, list = {}, {}
for i = 1, 200 do map["k" .. i] = i list[i] = i end
return function()
  local sum = 0
  for i = 1, 1000 do
    for k, v in pairs(map) do sum = sum + v end
    for k, v in ipairs(list) do sum = sum + v end
  end
end
