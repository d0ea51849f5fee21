return function()
  for i = 1, 200 do
    local co = coroutine.wrap(function() for k = 1, 100 do coroutine.yield(k) end return 0 end)
    local sum = 0
    repeat local v = co() sum = sum + v until v == 0
  end
end
