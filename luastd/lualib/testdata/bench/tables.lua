return function()
  for i = 1, 100 do
    local list, index = {}, {}
    for k = 1, 500 do list[#list + 1] = {id = k, name = "n" .. k % 50} end
    for k = 1, #list do local v = list[k] index[v.name] = (index[v.name] or 0) + v.id end
  end
end
