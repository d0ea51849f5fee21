return function()
  local a, b = 0, 1
  for i = 1, 1000000 do a, b = b, (a + b * i) % 1000003 end
  return a
end
