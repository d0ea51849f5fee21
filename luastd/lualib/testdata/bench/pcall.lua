local function fails(x) if x % 4 == 0 then error("no") end return x end
return function() for i = 1, 40000 do local ok, v = pcall(fails, i) end end
