-- captured variables stay shared through goto, break and loops
local y = 0
local function incy() y = y + 1 end
for i = 1, 3 do if i == 2 then goto continue end incy() ::continue:: end
print(y)

local f
for i = 1, 3 do if i == 2 then local z = i * 10; f = function() return z end; break end end
local q, w, e, r, t = 1, 2, 3, 4, 5
print(f())

local fs = {}
local i = 1
while i <= 3 do local j = i; fs[i] = function() return j end; i = i + 1 end
print(fs[1](), fs[2](), fs[3]())

local n = 0
repeat local k = n; fs[n + 1] = function() return k end; n = n + 1 until k >= 2
print(fs[1](), fs[2](), fs[3]())

local lf = {}
for i = 1, 3 do lf[i] = function() i = i + 1 return i end end
print(lf[1](), lf[1](), lf[2]())

for i = 1, 2 do
  for j = 1, 2 do
    local u = j
    fs[j] = function() return u end
    if j == 2 then goto out end
  end
end
::out::
print(fs[1](), fs[2]())

do
  local k = 1
  ::top::
  local c = k
  fs[k] = function() return c end
  k = k + 1
  if k < 4 then goto top end
  print(fs[1](), fs[2](), fs[3]())
end

local goto = { x = 1 }
print(goto.x)
--[[ prints
2
20
1 2 3
0 1 2
2 3 3
1 2
1 2 3
1
]]
