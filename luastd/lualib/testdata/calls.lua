-- Calls at every depth of the stack: extra arguments, tail calls of built-in functions, results that are more or fewer than wanted.
local function count(...) return select('#', ...) end
local function pass(...) return ... end
local function tail(f, ...) return f(...) end
local function opt(a, b, ...) return a, b, count(...), ... end
local function ten(n) return unpack({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 1, n) end
print(count(), count(nil), count(nil, nil), (opt()), (opt(1)), opt(1, 2, 3))
print(pass(), (pass(1, 2)), pass(1, 2))
local sum = 0
local function deep(n, ...)
	if n == 0 then return 0, ... end
	local a, b, c, d, e, f, g, h, i, j, k, l = tail(ten, n % 11)
	for _, v in ipairs({a, b, c, d, e, f, g, h, i, j}) do sum = sum + v end
	assert(k == nil and l == nil)
	local p, q, r = tail(string.byte, "abc", 1, 3)
	assert(p == 97 and q == 98 and r == 99)
	local s, t = tail(string.sub, "abc", 2)
	assert(s == "bc" and t == nil)
	local u, v = tail(select, 2, n, n + 1, n + 2)
	assert(u == n + 1 and v == n + 2)
	local x, y = pcall(tail, string.rep, "x", 3)
	assert(x and y == "xxx")
	return (deep(n - 1, n, ...)) + 1, ...
end
print(select("#", deep(150)), sum)
print(deep(5, "a", "b"))
-- loops with iterators of all kinds
local function upto(s, c) if c < s then return c + 1, -c end end
local out = {}
for i, j in upto, 3, 0 do local k = i * j out[#out + 1] = function() return k + i end end
print(out[1](), out[2](), out[3](), #out)
for a, b, c in (function(s, c) if not c then return 1 end end) do print(a, b, c) end
for k in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do io.write(k, " ") end print()
for w in string.gmatch("one two", "%a+") do io.write(w, " ") end print()
print(pcall(function() for x in 1 do end end))
local callable = setmetatable({}, {__call = function(self, s, c) c = (c or 0) + 1 if c <= s then return c end end})
for x in callable, 2 do io.write(x, " ") end print()
-- or, and, identity
local t, u = {}, {}
local f = function() end
print(t == t, t == u, f == f, t == f, t ~= t, nil == false, t == nil, f ~= nil)
local n = 0
for i = 1, 4 do local x = i > 2 and i or n n = x + 1 io.write(tostring(x), ":", tostring(n), " ") end print()
print((nil or 1), (false or nil), (0 or 1), (1 and nil or 2))
-- built-in functions, called for one value and for all of them
local function both(f, ...) local one = f(...) return one, select('#', f(...)) end
print(both(string.byte, "abc", 10)) print(both(string.byte, "abc", 1, 3)) print(both(string.byte, "")) print(both(string.byte, "abc", -1))
for i = -4, 5 do io.write(("abc"):sub(i), "|", ("abc"):sub(i, i), "|", ("abc"):sub(1, i), "|", tostring((("abc"):byte(i))), " ") end print()
print(("x"):len(), #("x"):rep(3), ("abc"):sub(2.9), ("abc"):sub("2"), string.sub(123, 2), string.len(12))
print(type(1), type("x"), type(nil), type(t), type(f), type(true), type(io.stdout), type(coroutine.create(f)))
print(tonumber("0x10"), tonumber(" 5 "), tonumber("5x"), tonumber("z", 36), tonumber(7), tonumber(nil), tostring(1.5), tostring("s"))
print(math.floor(2.5), math.ceil(2.5), math.max(1, 2), math.min(1, 2), math.max(3, 2, 5), math.abs(-3), math.sqrt("16"))
for _, g in ipairs({function() string.sub() end, function() local x = string.sub("a") end, function() local x = type() end,
	function() local x = math.floor({}) end, function() local x = ("a"):byte({}) end, function() return tostring() end}) do print(pcall(g)) end
local m = setmetatable({}, {__add = function(a, b) return "add", 2 end, __index = function(t, k) return k, 2 end, __lt = function() return 1 end})
print(m + 1, m.x, m < m, m[1])
