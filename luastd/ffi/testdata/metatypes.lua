ffi.cdef [[ struct m1 { int x, y; }; struct m2 { int x; }; struct m3 { int x; }; struct m4 { int x; }; struct m5 { int x; struct m4 in; }; struct m6; struct m7 { double x, y; }; ]]
local log = {}
env.log = log
env.m1 = ffi.metatype("struct m1", {
  __add = function(a, b) return "add" .. type(a) .. type(b) end, __sub = function(a, b) return "sub" end, __mul = function(a, b) return "mul" end,
  __div = function() return "div" end, __mod = function() return "mod" end, __pow = function() return "pow" end, __unm = function(a, b) return "unm", a == b end,
  __concat = function(a, b) return "concat" .. type(a) .. type(b) end, __len = function(a, b) return "len" .. type(b) end,
  __eq = function(a, b) return type(b) == "number" or b == nil or false end, __lt = function(a, b) return 1 end, __le = function(a, b) return nil end,
  __call = function(self, ...) return "call", self.x, ... end, __tostring = function(s) return "<" .. s.x .. ">" end,
  __index = function(s, k) return type(s) .. type(k) .. tostring(k) end, __newindex = function(s, k, v) log[1] = tostring(k) .. tostring(v) end,
  __ipairs = function(s) return function(_, i) if i < 2 then return i + 1, s.x end end, s, 0 end,
  __pairs = function(s) return function(_, k) if not k then return "x", s.x end end, s, nil end,
  __new = function(ct, a, b) return ffi.new(ct, b or 0, a or 0) end,
})
env.m2 = ffi.metatype("struct m2", { __index = { get = function(s) return s.x end, y = 5, x = 99 }, __newindex = { z = 1 } })
env.m3 = ffi.metatype("struct m3", {})
env.m4 = ffi.metatype("struct m4", { __tostring = function() return 5 end, __index = function() error("boom") end, __len = 5, __call = 5, __gc = function() end })
env.m7 = ffi.metatype("struct m7", { __eq = function(a, b) return a.x == b.x end, __lt = function(a, b) return a.x < b.x end, __le = function(a, b) return a.x <= b.x end, __metatable = "mine", __mode = "k", __index = ffi.new("struct m2", 7) })
for src in ([==[
m1(1, 2).x, m1(1, 2).y
ffi.new("struct m1", 1, 2).x
ffi.new(m1, 1, 2).x
m1() + 1
1 + m1()
m1() + m1()
m1() + 1LL
1LL + m1()
m1() + ffi.new("int", 1)
ffi.new("int", 1) + m1()
m1() + "x"
"x" + m1()
m1() + nil
nil + m1()
{} + m1()
m1() + ffi.new("struct m2")
ffi.new("struct m2") + m1()
ffi.new("struct m1 *") * 2
ffi.new("struct m1[2]") + 1 ~= nil
ffi.new("struct m1[2]")[0] + 1
m1() - 1, m1() * 1, m1() / 1, m1() % 1, m1() ^ 1
-m1()
m1() .. "x"
"x" .. m1()
1 .. m1()
m1() .. 1LL
1LL .. m1()
"a" .. "b" .. m1()
#m1()
m1() == m1()
m1() == 5
5 == m1()
m1() == nil
nil == m1()
m1() == "x"
m1() ~= 5
m1() == 5LL
m1() < 1
1 < m1()
m1() > 1
m1() <= m1()
m1() >= 1
m1() < "x"
m1()(7, 8)
m1(3, 4)()
tostring(m1(3, 4))
tostring(ffi.new("struct m1[1]")[0])
tostring(ffi.new("struct m1 *", ffi.new("struct m1", 3, 4)))
tostring(ffi.new("struct m1[1]")):match("cdata")
m1().foo
m1()[5]
m1()[true]
m1()[nil]
m1()[1LL]
m1.foo
m1[5]
ffi.new("struct m1 *").foo
ffi.new("struct m1[1]").foo
local s = m1() s.foo = 5 return log[1]
local s = m1() s[5] = 6 return log[1]
local s = m1() s.x = 5 return s.x
for i, v in ipairs(m1(1, 2)) do return i, v end
for k, v in pairs(m1(1, 2)) do return k, v end
for i, v in ipairs(m3()) do return i, v end
for k, v in pairs(m3()) do return k, v end
next(m1())
string.format("%s", m1(3, 4))
io.write(m3())
table.concat({m1()})
rawequal(m1(), m1())
rawlen
rawget(m1(), "x")
m2(4):get()
m2(4).y
m2(4).x
m2(4).nope
m2.y
m2.get ~= nil
m2.nope
local s = m2() s.z = 5 return s.z
local s = m2() s.q = 5 return s.q
ffi.new("struct m2 *", m2(4)):get()
ffi.new("struct m2[2]", {{4},{5}})[1]:get()
m3().nope
m3() + 1
m3()()
#m3()
m3() .. ""
m3() < m3()
m3() == m3()
local s = m3() s.nope = 1
m3.nope
tostring(m4())
m4().foo
#m4()
m4()()
ffi.new("struct m5")["in"].foo
ffi.new("struct m5")["in"].x
tostring(ffi.new("struct m5")["in"])
m7(1, 2) == m7(1, 3)
m7(1, 2) < m7(2, 3), m7(1, 2) <= m7(1), m7(1) > m7(2), m7(1) >= m7(1)
m7(1) == 1
getmetatable(m7())
getmetatable(m7)
getmetatable("").__index == string
m7().zz
m7()[1]
ffi.metatype("struct m1", {})
ffi.metatype("struct m6", {}) ~= nil
ffi.metatype("struct m2 *", {})
ffi.metatype("int", {})
ffi.metatype("struct m3")
ffi.metatype("struct m3", 5)
ffi.metatype("nope", {})
ffi.metatype(5, {})
ffi.metatype("struct { int x; }", { __index = { f = function(s) return s.x * 2 end } })(21):f()
ffi.metatype(typeof("union { int x; }"), { __len = function() return 3 end }) ~= nil
#ffi.metatype("union { int x; }", { __len = function() return 3 end })()
setmetatable(m1(), {})
debug.getmetatable(m1()).__index ~= nil
debug.getmetatable(m1()).__metatable
ffi.istype(m1, m1())
ffi.istype(m1, ffi.new("struct m1[1]")[0])
ffi.istype(m1, ffi.new("struct m1 *"))
ffi.istype("struct m1", m2())
ffi.istype(m1, m1)
ffi.istype(m1, 5)
ffi.istype("int", nil)
ffi.istype("int")
ffi.istype("int", ffi.new("const int"))
ffi.istype("const int", ffi.new("int"))
ffi.istype("int *", ffi.new("const int *"))
ffi.istype("void *", ffi.new("int *"))
ffi.istype("int[2]", ffi.new("int[2]"))
ffi.istype("int[?]", ffi.new("int[2]"))
ffi.istype("int", ffi.new("enum { X1 }"))
ffi.istype("unsigned", ffi.new("int"))
ffi.istype("char", ffi.new("int8_t"))
ffi.istype("long", 5LL), ffi.istype("long long", 5LL), ffi.istype("size_t", 5ULL)
ffi.istype("int()", ffi.C.strlen)
ffi.istype(ffi.typeof("int"), ffi.typeof("int"))
local a = ffi.new("char[8]") ffi.copy(a, "abcdefghij", 8) return ffi.string(a, 8)
local a = ffi.new("char[8]") ffi.copy(a, "abc") return ffi.string(a), a[3]
local a = ffi.new("char[8]") ffi.copy(a, "a\0c", 3) return ffi.string(a), #ffi.string(a, 3)
local a = ffi.new("int[2]") ffi.copy(a, ffi.new("int[2]", 5, 6), 8) return a[1]
local a = ffi.new("int[2]") ffi.copy(a + 1, ffi.new("int[2]", 5, 6), 4) return a[0], a[1]
local a = ffi.new("int[2]") ffi.copy(a, 5)
local a = ffi.new("int[2]") ffi.copy(a, a)
local a = ffi.new("int[2]") ffi.copy(a, {}, 2)
local a = ffi.new("int[2]") ffi.copy(a, a, "x")
local a = ffi.new("int[2]") ffi.copy(a, a, 0) return 1
local a = ffi.new("int[2]") ffi.copy(a, "abc", nil)
ffi.copy("abc", "d", 1)
ffi.copy(5, "d", 1)
ffi.copy({}, "d", 1)
ffi.copy()
local s = ffi.new("struct m3") ffi.copy(s, ffi.new("int[1]", 7), 4) return s.x
local a = ffi.new("char[8]") ffi.fill(a, 3, 65) return ffi.string(a)
local a = ffi.new("char[8]") ffi.fill(a, 3, 321) return ffi.string(a)
local a = ffi.new("char[8]", "xxxxxxx") ffi.fill(a, 3) return a[0], a[3]
local a = ffi.new("char[8]") ffi.fill(a, 2.9, 65.9) return ffi.string(a)
local a = ffi.new("char[8]") ffi.fill(a, "3", 65)
local a = ffi.new("char[8]") ffi.fill(a)
ffi.fill("x", 1)
ffi.fill({}, 1)
ffi.fill(5, 1)
ffi.string(ffi.new("char[4]", "abc"))
ffi.string(ffi.new("char[4]", "abc"), 2)
ffi.string(ffi.new("char[4]", "abc"), 2.9)
ffi.string(ffi.new("char[4]", "abc"), 2LL)
ffi.string(ffi.new("char[4]", "abc"), "2")
ffi.string(ffi.new("char[4]", "abc"), nil)
ffi.string(ffi.new("char[4]", "abc") + 1)
ffi.string(ffi.new("const char *", "abc"), 2)
ffi.string(ffi.new("uint8_t[4]", "abc"))
ffi.string(ffi.new("int[2]", 0x616263))
ffi.string(ffi.new("int[2]", 0x616263), 3)
ffi.string(ffi.new("struct m3", 0x616263))
ffi.string(ffi.new("struct m3", 0x616263), 3)
ffi.string(ffi.cast("void *", ffi.new("char[4]", "abc")))
ffi.string(ffi.cast("void *", ffi.new("char[4]", "abc")), 3)
ffi.string("abc")
ffi.string("a\0bc")
ffi.string("abc", 2)
ffi.string("abc", 0)
ffi.string(5)
ffi.string(5, 1)
ffi.string({}, 1)
ffi.string(ffi.new("int", 5))
ffi.string(5LL)
ffi.string(true)
ffi.string()
ffi.string(ffi.new("char[4]"), -1)
ffi.gc(ffi.new("int[1]"), print) ~= nil
ffi.gc(ffi.new("int[1]"), nil) ~= nil
ffi.gc(ffi.new("int[1]"), 5)
ffi.gc(ffi.new("int[1]"))
ffi.gc(5, print)
ffi.gc("x", print)
ffi.gc(5LL, print)
ffi.gc(ffi.typeof("int"), print)
local a = ffi.new("int[1]") return ffi.gc(a, print) == a
ffi.errno(5), ffi.errno(), ffi.errno(0)
ffi.errno("5")
ffi.errno({})
ffi.abi("64bit"), ffi.abi("32bit"), ffi.abi("le"), ffi.abi("be"), ffi.abi("fpu"), ffi.abi("softfp"), ffi.abi("hardfp"), ffi.abi("eabi"), ffi.abi("win"), ffi.abi("gc64"), ffi.abi("uwp"), ffi.abi("pauth"), ffi.abi("nope")
ffi.abi()
ffi.abi(5)
ffi.os, ffi.arch
ffi.sizeof("int", 1, 2)
ffi.new("char[?]", 5, "hello world")
ffi.string(ffi.new("char[?]", 5, "hi"))
ffi.typeof("char[?]")(3, "ab")[1]
ffi.sizeof(ffi.typeof("char[?]")(3))
ffi.new("struct { int n; char d[?]; }", 5, 1, "hey").d[1]
ffi.new("struct { int n; char d[?]; }", 5, {1, "hey"}).d[1]
ffi.sizeof(ffi.new("struct { int n; char d[?]; }", 5))
ffi.sizeof("struct { int n; char d[?]; }", 5)
ffi.sizeof("struct { int n; char d[?]; }")
ffi.sizeof("struct { int n; double d[?]; }", 2)
ffi.offsetof("struct { int n; double d[?]; }", "d")
ffi.typeof(ffi.new("struct { int n; char d[?]; }", 5).d)
ffi.new("struct { int n; int d[]; }").n
ffi.new("struct { int n; int d[0]; }").n
xpcall(function() return ffi.new("struct m3").nope end, function(m) return m end)
pcall(ffi.new, "struct nope")
pcall(ffi.new, "int", "x")
select(2, pcall(ffi.cast, "int", {}))
debug.traceback ~= nil
]==]):gmatch("[^\n]+") do try(src) end
