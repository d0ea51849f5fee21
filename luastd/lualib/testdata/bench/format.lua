return function()
  for i = 1, 20000 do
    local s = string.format("%s=%d %5.2f %x", "key", i, i / 3, i) .. tostring(i / 4)
  end
end
