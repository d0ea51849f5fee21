ffi.cdef [[
struct c1 { int x, y; }; struct c2 { int x, y; }; union c3 { int i; float f; };
enum c4 { C4A, C4B = 5 }; enum c5 { C5N = -1, C5M };
typedef struct c1 c1t;
struct c6 { struct c1 *p; const struct c1 *cp; void *v; const void *cv; char *s; const char *cs; int *ip; unsigned *up; uint8_t *bp; struct c1 in; struct c1 arr[2]; int (*fp)(int); enum c4 e; bool b; int8_t i8; uint8_t u8; int16_t i16; uint16_t u16; int32_t i32; uint32_t u32; int64_t i64; uint64_t u64; float f; double d; char c; char **pp; int (*pa)[3]; };
int c7(int, const char *, ...); void *c8(size_t); double c9(double);
typedef int (*c10)(int);
struct c11; typedef struct c11 c11;
int c12(struct c1 x); int c13;
int strcmp(const char *, const char *); size_t strlen(const char *); void *memcpy(void *, const void *, size_t); int memcmp(const void *, const void *, size_t); void *memset(void *, int, size_t); int strncmp(const char *, const char *, size_t);
]]
env.S = function() return ffi.new("struct c6") end
for src in ([==[
local s = S() s.p = ffi.new("struct c1") return s.p ~= nil
local s = S() s.p = ffi.new("struct c2")
local s = S() s.p = ffi.new("struct c1[2]") return s.p ~= nil
local s = S() s.p = ffi.new("struct c1 *") return s.p == nil
local s = S() s.p = ffi.new("const struct c1")
local s = S() s.cp = ffi.new("const struct c1") return s.cp ~= nil
local s = S() s.cp = ffi.new("struct c1") return s.cp ~= nil
local s = S() s.p = ffi.cast("void *", 16) return s.p ~= nil
local s = S() s.v = ffi.new("struct c1") return s.v ~= nil
local s = S() s.v = ffi.new("const int[1]")
local s = S() s.v = "abc"
local s = S() s.cv = "abc" return s.cv ~= nil
local s = S() s.s = "abc"
local s = S() s.cs = "abc" return ffi.string(s.cs)
local s = S() s.bp = "abc"
local s = S() s.cs = ffi.new("uint8_t[2]") return s.cs ~= nil
local s = S() s.bp = ffi.new("char[2]") return s.bp ~= nil
local s = S() s.ip = ffi.new("unsigned[2]") return s.ip ~= nil
local s = S() s.up = ffi.new("int[2]") return s.up ~= nil
local s = S() s.ip = ffi.new("int64_t[2]")
local s = S() s.ip = ffi.new("float[2]")
local s = S() s.ip = ffi.new("enum c4[2]") return 1
local s = S() s.ip = ffi.new("bool[4]")
local s = S() s.ip = 5
local s = S() s.ip = 5LL
local s = S() s.ip = true
local s = S() s.ip = {}
local s = S() s.ip = print
local s = S() s.ip = io.stdout
local s = S() s.v = io.stdout return s.v ~= nil
local s = S() s.v = newproxy() return s.v ~= nil
local s = S() s.v = {}
local s = S() s.in = 5
local s = S() s["in"] = 5
local s = S() s["in"] = {1, 2} return s["in"].y
local s = S() s["in"] = ffi.new("struct c1", 3, 4) return s["in"].y
local s = S() s["in"] = ffi.new("struct c1 *", ffi.new("struct c1", 3, 4))
local s = S() s["in"] = ffi.new("struct c2")
local s = S() s["in"] = nil
local s = S() s["in"] = "x"
local s = S() s.arr = {{1,2},{3,4}} return s.arr[1].y
local s = S() s.arr = ffi.new("struct c1[2]", {{1,2},{3,4}}) return s.arr[1].y
local s = S() s.arr = ffi.new("struct c1[3]")
local s = S() s.arr = ffi.new("struct c1")
local s = S() s.arr = 5
local s = S() s.arr[0] = {7, 8} return s.arr[0].y
local s = S() s.arr[0].x = 9 return s.arr[0].x
local s = S() s.fp = print
local s = S() s.fp = nil return s.fp == nil
local s = S() s.fp = C.strlen return s.fp ~= nil
local s = S() return s.fp
local s = S() s.e = 5 return s.e == "C4B"
local s = S() s.e = "C4B" return tonumber(s.e), s.e == C.C4B
local s = S() s.e = "zz"
local s = S() s.e = 99 return tonumber(s.e)
local s = S() s.e = ffi.new("enum c5", -1) return tonumber(s.e)
local s = S() s.e = 5LL return tonumber(s.e)
local s = S() s.e = true
local s = S() s.e = nil
local s = S() s.b = 1 return s.b
local s = S() s.b = 5LL return s.b
local s = S() s.b = "x"
local s = S() s.b = nil
local s = S() s.b = ffi.new("int[1]")
local s = S() s.b = ffi.new("int *")
local s = S() s.b = ffi.new("bool", true) return s.b
local s = S() s.b = ffi.new("double", 0) return s.b
local s = S() s.i8 = 127.9 return s.i8
local s = S() s.i8 = -129 return s.i8
local s = S() s.i8 = 1e10 return s.i8
local s = S() s.u8 = -1 return s.u8
local s = S() s.u8 = 1e300 return s.u8
local s = S() s.u8 = 0/0 return s.u8
local s = S() s.u8 = 2^32+5 return s.u8
local s = S() s.i16 = 40000 return s.i16
local s = S() s.i32 = 2^31 return s.i32
local s = S() s.i32 = 2^32+7 return s.i32
local s = S() s.i32 = -2^31-1 return s.i32
local s = S() s.u32 = -1 return s.u32
local s = S() s.u32 = 2^32+7 return s.u32
local s = S() s.u32 = 2^31 return s.u32
local s = S() s.i64 = 2^63 return s.i64
local s = S() s.i64 = 1e18 return s.i64
local s = S() s.i64 = 0/0 return s.i64
local s = S() s.u64 = 2^63 return s.u64
local s = S() s.u64 = 2^64 return s.u64
local s = S() s.u64 = 2^64-2048 return s.u64
local s = S() s.u64 = -1LL return s.u64
local s = S() s.i64 = 18446744073709551615ULL return s.i64
local s = S() s.f = 1e300 return s.f
local s = S() s.f = 0.1 return s.f
local s = S() s.f = "1"
local s = S() s.d = 5LL return s.d
local s = S() s.d = 18446744073709551615ULL return s.d
local s = S() s.d = true return s.d
local s = S() s.d = nil
local s = S() s.c = "a"
local s = S() s.c = 65 return s.c
local s = S() s.c = 200 return s.c
local s = S() s.pp = ffi.new("char *[2]") return s.pp ~= nil
local s = S() s.pp = ffi.new("const char *[2]")
local s = S() s.pa = ffi.new("int[3][3]") return s.pa ~= nil
local s = S() s.pa = ffi.new("int[2][3]") return s.pa ~= nil
local s = S() s.pa = ffi.new("int[3]")
local s = S() s.pa = ffi.new("int[3]*")
local s = S() return s.pp, s.pa, s.arr, s["in"], s.p, s.s
cast("int *", {})
cast("int *", "abc") ~= nil
cast("int *", nil)
cast("int *", 5)
cast("int *", -1)
cast("int *", 2^40)
cast("int *", 1LL)
cast("int *", true)
cast("int *", print)
cast("int *", new("struct c1")) ~= nil
cast("int *", new("int[2]"))[1]
cast("int *", new("char[8]", "\1\0\0\0\2"))[1]
cast("struct c2 *", new("struct c1", 1, 2)).y
cast("struct c1", new("struct c1"))
cast("struct c1", {1,2})
cast("int[2]", new("int[2]"))
cast("void", 1)
cast("int()", 1)
cast("int (*)()", 1) ~= nil
cast("c10", nil)
cast("c10", 0) == nil
cast("enum c4", 5)
cast("enum c4", "C4B") == 5
cast("enum c4", "zz")
cast("enum c4", 5LL)
cast("enum c4", {})
cast("bool", 5), tonumber(cast("bool", 5))
cast("bool", new("int *"))
cast("bool", nil)
cast("int", nil)
cast("int", true)
tonumber(cast("int", true))
cast("int", "x")
cast("int64_t", "x") ~= 0
cast("int", new("int[1]")) ~= 0
cast("int64_t", new("int *"))
cast("uintptr_t", cast("void *", 123))
cast("intptr_t", nil)
cast("int8_t", new("int *"))
tonumber(cast("int8_t", cast("int *", 300)))
cast("double", new("int *"))
cast("char", 65LL), tonumber(cast("char", 321LL))
cast("uint8_t", -1LL), tonumber(cast("uint8_t", -1LL))
cast("int64_t", 1.9), cast("int64_t", -1.9), cast("uint64_t", 1.9)
cast("uint64_t", -1LL), cast("int64_t", 18446744073709551615ULL)
cast("int32_t", 0xffffffffffLL), tonumber(cast("int32_t", 0xffffffffffLL))
tonumber(cast("int32_t", -1ULL))
tonumber(cast("float", 16777217))
tonumber(cast("int", 1e100))
tonumber(cast("int8_t", 1e100))
tonumber(cast("uint32_t", 1e100))
cast("int")
cast()
cast("nope", 1)
cast(5, 1)
cast(typeof("int"), 5)
cast(new("int"), 5)
new("int *", new("int[2]")) ~= nil
new("int *", new("int")) 
new("int *", 5)
new("int *", nil)
new("int *", 1, 2)
new("int *", {})
new("int **", new("int *[1]")) ~= nil
new("const char *", "x") ~= nil
new("const unsigned char *", "x") ~= nil
new("const int8_t *", "x") ~= nil
new("const void *", "x") ~= nil
new("const int *", "x")
new("char *const", "x")
new("struct c11 *")
new("struct c11")
new("c11")
new("void")
new("int()")
new("int (*)(int)")
new("int (*)(int)", C.strlen) ~= nil
new("enum c4")
new("enum c4", 5) == "C4B"
new("enum c4", "C4B") == "C4A"
new("enum c4", "C4B") == "nope"
new("enum c4", "C4B") < 6
new("enum c4", "C4B") < "C4A"
"C4A" < new("enum c4", "C4B")
new("enum c4", "C4B") + 1
new("enum c4", "C4B") + "C4B"
new("enum c4", "C4B") == new("enum c5", 5)
tostring(new("enum c4", "C4B"))
tostring(new("enum c5", "C5N"))
tostring(new("enum c4", 77))
tonumber(new("enum c5", "C5N"))
new("enum c5", "C5N") == -1
bit.bor(new("enum c4", 1), 2)
("%d"):format(tonumber(new("enum c4", 5)))
typeof("enum c4")("C4B") == 5
typeof("enum c4")(5) == C.C4B
typeof("enum c4").C4B
C.C4B, C.C5N, C.C5M
local t = {} t[tonumber(new("enum c4", 5))] = 1 return t[5]
local p = new("int[4]", {1,2,3,4}) + 1 return p[0], p[1], p[-1]
local p = new("int[4]") return (p + 1) - p, p - (p + 3), (p + 1) - (p + 1)
local p = new("int[4]") return p + 1 == p + 1, p == p + 0, p + 1 > p, p <= p, p ~= p + 1
local p = new("int[4]") return p + 1.9 == p + 1, p - 1 < p
local p = new("int[4]") return p + new("int", 1) == p + 1
local p = new("int[4]") return p + 1ULL == p + 1, 1ULL + p == p + 1
local p = new("int[4]") return p + "1"
local p = new("int[4]") return p + nil
local p = new("int[4]") return p + p
local p = new("int[4]") return 1 - p
local p = new("int[4]") return p * 2
local p = new("int[4]") return -p
local p = new("int[4]") return p % 2
local p = new("int[4]") return p ^ 2
local p = new("int[4]") return p < 1
local p = new("int[4]") return p < nil
local p = new("int[4]") return p == nil, p == 0, p == 1
local p = new("int *") return p == nil, nil == p, p == 0, p < nil
local p, q = new("int[4]"), new("char[4]") return p < q
local p, q = new("int[4]"), new("char[4]") return p == q
local p, q = new("int[4]"), new("char[4]") return p - q
local p = new("int[4]") return cast("char *", p + 1) - cast("char *", p)
local p = new("void *") return p + 1
local p = new("void *") return p - p
local p = new("struct c11 *") return p + 1
local p = new("struct c11 *") return p[0]
local p = new("struct c11 *") return p.x
local p = new("struct c1[2]") return (p + 1).x, p[1].x, (p + 1)[0].y
local p = new("struct c1[2]") return p.x
local p = new("struct c1[1]") return p[0].x
local p = new("struct c1") return p[0]
local p = new("struct c1") return p.z
local p = new("struct c1") p.z = 1
local p = new("struct c1") return p + 1
local p = new("struct c1") return p - p
local p = new("struct c1") return p == p, p == new("struct c1"), p == nil, p == 1, p == "x"
local p = new("struct c1") return p < p
local p = new("struct c1") return p[1LL]
local p = new("struct c1") return p[nil]
local p = new("struct c1") return p[true]
local p = new("int[3]", 1, 2, 3) return p[1LL], p[2ULL], p[new("int", 1)], p[1.99]
local p = new("int[3]") return p["x"]
local p = new("int[3]") return p[nil]
local p = new("int[3]") return p[{}]
local p = new("int[3]") p.x = 1
local p = new("int[3]") p[0] = "x"
local p = new("int[3]") p[0] = nil
local p = new("int[3]") p[0] = {}
local p = new("int[3]") p[0] = new("int", 7) return p[0]
local p = new("int") return p[0]
local p = new("int") p[0] = 1
local p = new("int64_t") return p[0]
local p = new("int *[2]") p[0] = new("int[1]", 5) return p[0][0]
local a = new("int[1]", 5) local p = new("int *[1]", a) return p[0][0]
local a = new("int[1]", 5) local p = new("int *[1]") p[0] = a a[0] = 6 return p[0][0]
local a = new("int[2][3]") a[1][2] = 7 return a[1][2], a[1], #tostring(a[1]) > 0, ffi.sizeof(a[1])
local a = new("int[2][3]") local p = a[1] p[0] = 3 return a[1][0]
local a = new("int[2][3]") a[0] = {1,2,3} return a[0][2]
local a = new("int[2][3]") a[0] = 5
local a = new("const int[2]", 1, 2) return a[1]
local a = new("const int[2]", 1, 2) a[1] = 3
local s = new("const struct c1", 1, 2) s.x = 3
local s = new("struct { const int x; }", 1) return s.x
local s = new("struct { const int x[2]; }", {{1,2}}) s.x[0] = 1
local p = cast("const struct c1 *", new("struct c1")) p.x = 1
local p = cast("const struct c1 *", new("struct c1")) return p.x
local u = new("union c3") u.f = 1 return u.i
local u = new("union c3", 5) return u.i
local u = new("union c3", {f = 2}) return u.f
local a = new("struct c1", 1, 2) local b = new("struct c1", a) b.x = 9 return a.x, b.x, b.y
local a = new("struct c1[2]", {{1,2},{3,4}}) local b = new("struct c1", a[1]) return b.x
local a = new("struct c1[2]", {{1,2},{3,4}}) local b = a[1] b.x = 50 return a[1].x
local a = new("struct c1[2]", {{1,2},{3,4}}) a[0] = a[1] return a[0].y
new("struct c1", new("struct c1 *", new("struct c1", 1, 2)))
new("struct c1", 1, "x")
new("struct c1", {1, "x"})
new("struct c1", {x = {}})
new("struct c1", nil)
new("struct c1", 1).y
new("struct c1", true).x
new("struct c1", 1LL).x
new("struct c1")[0]
new(typeof("struct c1"), 4, 5).y
new(new("struct c1"), 4, 5).y
typeof("struct c1")(4, 5).y
typeof("struct c1 *")()
typeof("struct c1 *")(new("struct c1", 4, 5)).y
typeof("int")(4, 5)
tostring(new("int[3]")):match("^cdata<int %[3%]>: 0x%x+$") ~= nil
tostring(new("struct c1")):match("^cdata<struct c1>: 0x%x+$") ~= nil
tostring(new("struct c1 *"))
tostring(new("int (*)(int)"))
tostring(C.strlen):match("^cdata<uint64_t %(%)>: 0x%x+$") ~= nil
tostring(new("struct c1[2]")[1]):match("^cdata<struct c1 &>: 0x%x+$") ~= nil
tostring(new("struct c6").arr):match("^cdata<struct c1 %(&%)%[2%]>: 0x%x+$") ~= nil
tostring(new("struct c6").p)
tostring(ffi.typeof("struct c1"))
tostring(cast("void *", 0x1234))
tostring(cast("void *", 0x123456789a))
tostring(new("char", 65)):match("cdata<char>: 0x") ~= nil
C.strlen("hello"), C.strcmp("a", "b"), C.strncmp("abc", "abd", 2), C.memcmp("ab", "ac", 2)
C.strlen(5)
C.strlen({})
C.strlen(new("char[4]", "abc"))
C.strlen(new("int[4]"))
C.strlen()
C.strlen("a", "b")
C.strlen.x
C.strlen = 5
C.nope
C[5]
C.strlen + 1
#C
ffi.load("c").strlen("abc")
ffi.load("c")
type(ffi.load("c"))
type(C), type(ffi.C), C == ffi.C
getmetatable(C), getmetatable(ffi.load("c"))
]==]):gmatch("[^\n]+") do try(src) end
