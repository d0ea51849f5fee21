ffi.cdef [[ typedef struct { uint8_t a; uint16_t b; uint32_t c; } r1_t; typedef struct { r1_t items[3]; int n; } r2_t; struct r3; typedef struct r3 { struct r3 *next; int v; } r3_t; typedef union { double d; uint64_t u; uint8_t b[8]; } r4_t; typedef enum { R5A = 1, R5B, R5C = 10 } r5_t; typedef struct { r5_t kind; union { int i; double d; char s[16]; }; } r6_t; ]]
for src in ([==[
local q = new("r2_t") q.items[1].b = 70000 q.n = 2 return q.items[1].b, q.items[1].a, q.n
local q = new("r2_t", {{{1,2,3},{4,5,6}}, 9}) return q.items[0].c, q.items[1].b, q.items[2].a, q.n
local q = new("r2_t", {items = {{a=1}}, n = 5}) return q.items[0].a, q.items[2].a, q.n
local q = new("r2_t") local it = q.items it[2] = {7, 8, 9} return q.items[2].c
local q = new("r2_t") for i = 0, 2 do q.items[i] = {i, i * 2, i * 3} end local s = 0 for i = 0, 2 do s = s + q.items[i].c end return s
local head for i = 3, 1, -1 do local n = new("r3_t", head, i) ffi.gc(n, nil) head = n env_keep = env_keep or {} env_keep[i] = n end local s = {} local p = head while p ~= nil do s[#s + 1] = p.v p = p.next end return table.concat(s, ",")
local u = new("r4_t") u.d = 1.5 return u.u, u.b[7], u.b[6]
local u = new("r4_t") u.b[0] = 255 return u.u
local u = new("r4_t", {u = 0x4000000000000000ULL}) return u.d
local x = new("r6_t", "R5B") return tonumber(x.kind), x.kind == "R5B", x.i
local x = new("r6_t", "R5C", 5) return x.i, tonumber(x.kind)
local x = new("r6_t", {kind = "R5A", s = "hello"}) return ffi.string(x.s), x.i
local x = new("r6_t", {"R5A", 7}) return x.i
local x = new("r6_t") x.s = "0123456789abcdefXX" return ffi.string(x.s, 16)
local b = new("uint8_t[8]") cast("uint32_t *", b)[1] = 0x01020304 return b[4], b[7]
local b = new("uint8_t[8]") cast("double *", b)[0] = 2 return b[7], b[6]
local b = new("char[16]") local p = cast("char *", b) ffi.copy(p + 3, "xyz", 3) return b[2], b[3], ffi.string(p + 3)
local b = new("char[?]", 4) ffi.copy(b, "ab") return ffi.string(b), ffi.sizeof(b)
local a = new("int[3]", {1, 2, 3}) local b = new("int[3]", a) b[0] = 9 return a[0], b[0]
local a = new("int[3]", {1, 2, 3}) local p = cast("int *", a) p = p + 2 return p[0], p - a, p == a + 2
local a = new("int[3]") return tostring(a) == tostring(a), a == a, a == cast("int *", a)
local a = new("int[3]") local t = {[a] = 1} return t[a], t[cast("int *", a)]
local a = new("int64_t", 5) return a == 5, a + 1, tonumber(a), a * 2LL, -a, a > 4, a / 2
local a = new("uint64_t[1]") a[0] = a[0] + 1 a[0] = a[0] + 1 return a[0], a[0] == 2
local a = new("uint64_t[1]", -1LL) return a[0] + 1
local a = new("int64_t[1]") a[0] = 2^53 return a[0] + 1, tonumber(a[0])
local a = new("uint32_t[1]", -1) return a[0], a[0] + 1
local a = new("int8_t[2]", 127, 128) return a[0], a[1]
local a = new("float[1]", 1/3) return a[0], a[0] == 1/3
local a = new("bool[2]", {true, false}) return a[0], a[1]
local a = new("void *[2]") a[0] = a return a[0] == a, a[1] == nil
local a = new("char *[2]") a[0] = new("char[3]", "ab") return a[0] ~= nil
local a = new("const char *[2]", {"x", "y"}) return ffi.string(a[0]), ffi.string(a[1])
local s = "hello" local p = cast("const uint8_t *", s) local h = 5381 for i = 0, #s - 1 do h = (h * 33 + p[i]) % 4294967296 end return h
local p = cast("const char *", "hello") return ffi.string(p + 1, 3), p[4], p[5]
local p = cast("uint8_t *", cast("uintptr_t", cast("void *", 16))) return p
local x = cast("uint64_t", 0xdeadbeefcafeULL) return x, bit.tohex(x), bit.rshift(x, 32), bit.band(x, 0xffff)
local x = 0xffffffffffffffffULL return x + 1, x * x, x / 3, x % 10, x > 0, -x
local x, y = 7LL, -2LL return x / y, x % y, y / x, y % x, x ^ 2, y ^ 3, 2LL ^ 62
local x = 1LL for i = 1, 20 do x = x * i end return x, tonumber(x)
local x = 0xcbf29ce484222325ULL for c in ("abc"):gmatch(".") do x = bit.bxor(x, c:byte()) * 0x100000001b3ULL end return x
tostring(1LL), tostring(-1ULL), #tostring(2^53 + 0LL)
string.format("%d %i %x %X %o %u %5.2f %s", 1LL, 2LL, 255ULL, 255ULL, 8LL, 7ULL, 3LL, 4LL)
("%016x"):format(0xabcULL), ("%d"):format(-9223372036854775808LL), ("%u"):format(-1LL)
math.abs(-5LL), pcall(math.abs, {})
1LL < 2, 1LL <= 1, 2 > 1ULL, 1LL ~= 1, 1LL == 1.0, 1.5 == 1LL, 1.5 < 2LL
typeof("r1_t"), sizeof("r1_t"), ffi.offsetof("r1_t", "c"), ffi.alignof("r2_t")
typeof("r1_t[4]"), typeof("r1_t *"), typeof("r3_t"), typeof("r5_t"), typeof("r6_t *")
ffi.istype("r1_t", new("r1_t")), ffi.istype("r1_t *", new("r1_t *")), ffi.istype("r1_t", new("r2_t").items[0])
local ct = typeof("struct { int x; }") return ct(5).x, ct{7}.x, ct{x=8}.x, ffi.istype(ct, ct()), sizeof(ct)
local ct = typeof("int[?]") return sizeof(ct(4)), ct(3, {1,2,3})[2], ct(2, 9)[1]
local ct = typeof("$[4]", typeof("r1_t")) return sizeof(ct), ct()
local mt = ffi.metatype("struct { double x, y; }", {__index = {len = function(s) return (s.x^2 + s.y^2)^0.5 end}, __add = function(a, b) return a.x + b.x end}) return mt(3, 4):len(), mt(1) + mt(2)
local n = 0 local ct ct = ffi.metatype("struct { int h; }", {__index = {close = function(s) n = n + s.h end}, __gc = function(s) s:close() end}) ct(3):close() return n
pcall(function() local x = new("r1_t") x.zzz = 1 end)
pcall(function() return new("r1_t").zzz end)
pcall(function() return new("r3_t *").zzz end)
pcall(function() new("r1_t", 1, 2, 3, 4) end)
pcall(function() return new("int[2]") + {} end)
pcall(function() return 1LL + {} end)
pcall(function() return {} < 1LL end)
pcall(function() return 1LL < "x" end)
pcall(function() return 1LL .. "x" end)
pcall(function() local x = 5LL; x.y = 1 end)
pcall(function() local x = new("r1_t"); x() end)
pcall(function() for k in pairs(new("r1_t")) do end end)
pcall(function() return #new("int[3]") end)
pcall(ffi.cast, "r1_t", 1)
pcall(ffi.new, "struct undefined_thing")
pcall(ffi.cdef, "struct { int }")
pcall(ffi.cdef, "int foo(")
pcall(ffi.cdef, "typedef unknown_t x;")
pcall(ffi.typeof, "unknown_t")
pcall(ffi.sizeof, "unknown_t")
pcall(ffi.string, 1)
pcall(ffi.copy, "x", "y")
pcall(ffi.load, {})
unpack({1LL, 2ULL})
select("#", new("int"), nil)
next({[1LL] = 2}) ~= nil, next({[1LL] = 2}) == 1
rawequal(new("int", 1), new("int", 1)), new("int", 1) == new("int", 1)
new("int", 1) == 1, 1 == new("int", 1), new("int", 1) < 2, new("int", 1) + 1, -new("int", 1)
new("bool", true) == true, new("bool", true) == 1, new("bool", false) == false
tostring(nil) == "nil", new("void *") == nil, nil == new("void *"), new("void *") == cast("int *", 0)
not new("void *"), not not new("int", 0)
new("void *") and 1 or 2
ffi.new("const char *") == nil
type(new("int")), type(1LL), type(typeof("int")), type(ffi.C)
local t = setmetatable({}, {__index = function(_, k) return type(k) end}) return t[1LL], t[new("int")]
local t = {} t[1LL] = "a" t[1] = "b" local n = 0 for _ in pairs(t) do n = n + 1 end return n
table.concat({1, 2}, ", ", 1LL, 2LL)
("x"):rep(3ULL), ("abc"):sub(2LL), ("abc"):byte(-1LL)
string.char(65LL, 66ULL)
tostring(5LL):sub(1, -3)
tonumber(tostring(5LL):match("%d+"))
tonumber("0xffffffffffffffff"), tonumber("18446744073709551615"), 0xffffffffffffffff
math.floor(tonumber(5LL) / 2), 5LL / 2
math.max(1, tonumber(2LL)), pcall(math.max, 1LL, {})
os.time() > 0LL, os.time() + 0LL > 1e9
bit.lshift(1ULL, 63), bit.lshift(1LL, 63), bit.arshift(-1LL, 10), bit.rshift(-1LL, 60), bit.rol(1ULL, 65), bit.bnot(0LL), bit.bor(1, 2LL, 4ULL)
bit.tohex(1LL), bit.tohex(-1), bit.tohex(0xffULL, 4), bit.tohex(255LL, -2), bit.bswap(1LL), bit.tobit(2^32 + 5LL)
]==]):gmatch("[^\n]+") do try(src) end
