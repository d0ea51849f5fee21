for src in ([==[
new("double", 1)
new("float", 1.5)
type(new("double", 1))
tonumber(new("double", 1.25))
tonumber(new("float", 0.1))
new("double", 1) + 1
new("double", 1.5) + 1
new("double", 1.5) + 1LL
new("float", 1.5) * 2
new("double", 3) == 3
new("double", 3) == new("double", 3)
new("double", 3) == new("float", 3)
new("double", 3.5) < 4
new("double", 3.5) < 3LL
new("double", 2) == 2LL
new("double", 3.5) == 3LL
new("double", 2) == new("int", 2)
-new("double", 2.5)
new("double", 2.5) ^ 2
new("double", 7.5) % 2
new("double", 7.5) / 2
new("double", 7.5) - new("float", 2.25)
new("double") == nil
new("double", "x")
new("double", "3")
new("double", nil)
new("double", {})
new("double", {5})
new("double", {5, 6})
new("double", true)
new("double", 1, 2)
new("int", {5})
new("int", {5,6})
new("int", {})
new("int64_t", {5})
new("double", 5LL)
new("double", 5ULL)
new("double", new("int", 5))
new("double", new("double", 5))
cast("double", 1)
cast("double", 1LL)
cast("float", 1.1)
tonumber(cast("float", 1.1))
cast("double", "x")
cast("double", nil)
cast("float", true)
ffi.istype("double", 1)
ffi.istype("double", new("double"))
ffi.istype("float", new("double"))
ffi.sizeof(new("double"))
ffi.sizeof(new("float"))
ffi.typeof(new("double"))
tostring(new("double", 1)):match("^cdata<double>: 0x")
tostring(new("int", 1)):match("^cdata<int>: 0x")
string.format("%d", new("int", 5))
string.format("%d", 5LL)
string.format("%d", 5ULL)
string.format("%d", -5LL)
string.format("%d", 18446744073709551615ULL)
string.format("%u", 18446744073709551615ULL)
string.format("%x", 255LL)
string.format("%x", -1LL)
string.format("%x", -1)
string.format("%o", 8LL)
string.format("%i", 8LL)
string.format("%5d|%-5d|%05d", 5LL, 5LL, 5LL)
string.format("%.3f", 5LL)
string.format("%g", 5LL)
string.format("%s", 5LL)
string.format("%s", 5ULL)
string.format("%q", 5LL)
string.format("%c", 65LL)
string.format("%d", new("double", 5.5))
string.format("%f", new("double", 5.5))
string.format("%g", new("float", 5.5))
string.format("%d", new("int[1]"))
string.format("%s", 1i)
string.format("%g", 1i)
string.format("%d", 1i)
string.format("%d", new("bool", true))
string.format("%s", new("bool", true)):match("cdata")
("x"):rep(3LL)
("hello"):sub(2LL)
("hello"):sub(2LL, 3ULL)
("hello"):byte(new("int", 2))
string.char(65LL)
math.floor(3LL)
math.max(1LL, 2LL)
math.abs(-3LL)
math.sqrt(4LL)
math.fmod(5LL, 3)
tonumber(5LL)
tonumber(5ULL)
tonumber(-5LL)
tonumber(18446744073709551615ULL)
tonumber(9223372036854775807LL)
tonumber(1i)
tonumber(1+2i)
tonumber(new("bool", true))
tonumber(new("bool", false))
tonumber(new("char", 65))
tonumber(new("int *"))
tonumber(new("int[2]"))
tonumber(5LL, 10)
tonumber("5LL")
tonumber("5ULL")
tonumber("5i")
tonumber("0x10LL")
tonumber("5ll")
tostring(5LL)
tostring(5ULL)
tostring(-1LL)
tostring(0x7fffffffffffffffLL)
tostring(0xffffffffffffffffULL)
0x7fffffffffffffffLL + 1
9223372036854775807LL
18446744073709551615ULL
18446744073709551616ULL
0xffffffffffffffffLL
-9223372036854775808LL
5ll
5uLl
5LLU
5Ll
5i
5I
1.5i
0x10i
1e2i
-1i
1i == 1i
1i == 2i
1i == 0
1i + 1
1i + 1i
1i * 1i
1i < 1i
-(1i)
(1i).re
(1i).im
(1i)[0]
(1i)[1]
(1i)[2]
(1i).x
new("complex")
new("complex", 1)
new("complex", 1, 2)
new("complex", 1, 2, 3)
new("complex", {1, 2})
new("complex", {re=1, im=2})
new("complex", 1i)
new("complex float", 1, 2)
new("complex double", 1, 2)
new("float complex", 1.5)
new("double complex", 1i)
new("double _Complex", 1i)
new("complex", 1.5, -0.5)
new("complex", 0, -0.0)
new("complex", 0/0, 1/0)
new("complex", 1LL)
new("complex", "x")
new("complex", nil)
new("int", 1i)
new("double", 2i)
new("double", new("complex", 3, 4))
tonumber(new("complex", 3, 4))
sizeof("complex"), ffi.alignof("complex"), sizeof("complex float"), ffi.alignof("complex float")
typeof("complex"), typeof("complex float"), typeof("complex double"), typeof("long double _Complex")
new("complex[2]", 1i, 2i)[1]
new("complex[2]", 1, 2)[1]
new("complex[2]")[0]
local c = new("complex", 1, 2) return c.re, c.im, c[0], c[1]
local c = new("complex", 1, 2) c.re = 5 return c
local c = new("struct { complex c; }", {1i}) return c.c
local c = new("struct { complex c; }") c.c = 5 return c.c
new("complex", 1, 2) == new("complex", 1, 2)
new("complex", 1, 2) == new("complex float", 1, 2)
new("complex", 1, 0) == 1
ffi.istype("complex", 1i)
type(1i), tostring(1i)
ffi.typeof(1i)
1LL + 1i
1LL == 1i
1LL < 1.5
1LL < 2
1LL <= 1
1LL == 1
1LL == 1.5
1LL == "1"
1LL < "2"
1LL + "2"
"2" + 1LL
1LL + nil
1LL + {}
1LL + true
nil + 1LL
{} .. 1LL
1LL .. ""
"" .. 1LL
1 .. 1LL
1LL .. 1LL
#1LL
1LL()
(1LL).x
(1LL)[1]
local x = 1LL x.y = 1
-1LL
-1ULL
-(-9223372036854775807LL-1)
1LL - 2ULL
1ULL - 2
1ULL - 2LL
5LL / 2
-5LL / 2
5LL / 2.9
5ULL / 2
5LL % 3
-5LL % 3
5LL % -3
5LL / 0
5LL % 0
5ULL / 0
5ULL % 0
0LL / 0
(-9223372036854775807LL-1) / -1
(-9223372036854775807LL-1) % -1
2LL ^ 10
2LL ^ 64
2ULL ^ 63
2LL ^ -1
1LL ^ -1
-1LL ^ -1
(-1LL) ^ -1
(-1LL) ^ -2
0LL ^ -1
0LL ^ 0
3ULL ^ 40
2 ^ 3LL
2LL ^ 0.5
10LL * 1.9
10LL + 1.9
1.9 + 10LL
10LL + 1e19
10LL + (0/0)
10LL + (1/0)
10LL + (-1/0)
10ULL + -1
10ULL + 1e19
10ULL * -1
1LL == 1ULL
-1LL == 18446744073709551615ULL
-1LL < 1ULL
-1LL > 1ULL
-1 < 1ULL
1ULL > -1
-1LL < 0
5LL ~= 5
5LL ~= 5LL
5LL == nil
5LL == false
not 5LL
5LL and 1
rawequal(5LL, 5LL)
rawequal(5LL, 5)
local t = {} t[5LL] = 1 return t[5LL], t[5]
local t = {} local k = 5LL t[k] = 1 return t[k]
local t = {[5] = "x"} return t[5LL]
local t = {10, 20} return t[2LL]
ipairs({})(1LL)
next({}, 1LL)
select(2LL, "a", "b")
select("#", 1LL, 1i)
("x"):rep(-1LL)
table.concat({1LL, 2ULL}, ",")
table.concat({1, 2}, ",", 1LL)
table.insert({}, 1LL, 2)
unpack({1,2,3}, 2LL)
for i = 1LL, 3 do print(i) end
for i = 1, 3LL do print(i) end
table.sort({3LL, 1LL, 2LL})
local t = {3LL, 1LL, 2} table.sort(t) return t[1], t[2], t[3]
math.min(1LL)
os.time{year=2020LL, month=1, day=1, hour=12}
os.date("!%Y", 0LL)
string.byte("abc", 1ULL)
pcall(error, 5LL)
error(5LL)
type(5LL), type(5ULL), type(5i)
debug.getmetatable(5LL)
getmetatable(5LL)
setmetatable({}, {__index = function(t, k) return k end})[5LL]
]==]):gmatch("[^\n]+") do try(src) end
