local function counter(n) return function(d) n = n + d return n end end
return function()
  for i = 1, 30000 do
    local c = counter(i)
    for k = 1, 5 do c(k) end
  end
end
