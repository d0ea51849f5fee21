return function()
  for i = 1, 10 do
    local t, x = {}, i
    for k = 1, 2000 do x = (x * 16807) % 2147483647 t[k] = x end
    table.sort(t)
    table.sort(t, function(a, b) return a > b end)
  end
end
