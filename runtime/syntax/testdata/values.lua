local a, b = 1, 2
a, b = b, a
print(a, b)
local t = { 1, 2 }
t[1], t[2] = t[2], t[1]
print(t[1], t[2])
local i, u = 1, {}
i, u[i] = i + 1, 20
print(i, u[1], u[2])
local x, y, z = (function() return 1, 2, 3 end)()
print(x, y, z)
local p, q = ((function() return 1, 2 end)())
print(p, q)
local function va(...) local a, b = ... return select('#', ...), a, b, (...) end
print(va(5, 6, 7))
local function last(...) local r; r = ... return r end
print(last(9, 8))
print(true and 1 or 2, nil and 1 or 2, false or nil, 1 and nil, nil == false, not nil == true)
print(1 < 2, 1 > 2, 1 <= 1, 1 >= 2, 1 == 1, 1 ~= 1, "a" < "b")
print(2 ^ 3 ^ 2, -2 ^ 2, 7 - 3 - 2, 1 .. 2 .. 3, not (1 == 2))
print(#{ 1, 2, 3, n = 4 }, #"abc")
local m = { v = 3 }
function m:get(d) return self.v + d end
function m.add(a, b) return a + b end
print(m:get(1), m.add(2, 3), ("x"):rep(3))
local s = 0
for k = 10, 1, -3 do s = s + k end
for _, v in ipairs { 1, 2, 3 } do s = s + v end
print(s)
print("\x41\u{e9}\z
       \065\
|", [[
long]], [==[a]]b]==])
print(0xff, 0b11, 1e3, 0x.8p1)
--[[ prints
2 1
2 1
2 20 nil
1 2 3
1 nil
3 5 6 5
9
1 2 nil nil false true
true false true false true false true
512 -4 2 123 true
3 3
4 5 xxx
28
AéA
| long a]]b
255 3 1000 1
]]
