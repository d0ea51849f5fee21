-- Every line of output is one check: the source, and what it gives or the error it raises.
local ffi = require "ffi"

local function show(v)
  local s = tostring(v)
  return (s:gsub("0x%x+", "0x"):gsub("struct %d+", "struct N"):gsub("enum %d+", "enum N"):gsub("union %d+", "union N"))
end

local env = setmetatable({ffi = ffi, C = ffi.C}, {__index = _G})
local function try(src)
  local f = loadstring("return " .. src, "=t") or assert(loadstring(src, "=t"))
  setfenv(f, env)
  local r = {pcall(f)}
  for i = 2, #r do r[i] = type(r[i]) .. " " .. show(r[i]) end
  print(src .. "  -->  " .. (r[1] and "" or "error ") .. table.concat(r, ", ", 2))
end

ffi.cdef [[
/* a comment */ // and another
typedef struct point { int x, y; } point_t;
struct mixed { char c; short s; int i; double d; char tail[3]; };
struct bits { unsigned a:3; unsigned b:5; int c:4; unsigned d:20; unsigned e:1; };
struct nested { struct point p; struct { int in1; union { int u1; float f1; }; }; struct point *next; };
union number { uint32_t u; float f; uint8_t bytes[4]; };
enum color { RED, GREEN = 5, BLUE, LAST = BLUE + (1 << 3) };
enum { ANON = -3, ANON2 };
struct node { int id; struct node *prev, *next; };
struct vls { int n; double d[?]; };
struct flex { int n; char d[]; };
static const int LIMIT = 10 * 2 - 1;
typedef int (*callback)(void *, const char *);
typedef unsigned char u_char;
struct packed { char c; int i; } __attribute__((packed));
struct aligned { char c; int i __attribute__((aligned(16))); };
#pragma pack(push, 2)
struct packed2 { char c; int i; double d; };
#pragma pack(pop)
int strcmp(const char *a, const char *b);
size_t strlen(const char *s);
int undefined_function(int);
struct opaque;
typedef int matrix[2][3];
struct withbool { bool b; enum color e; int64_t l; uint64_t u; uint8_t small; int8_t s8; uint16_t u16; float f; const int k; const char *str; char buf[8]; };
]]

for _, t in ipairs {
  "int", "char", "signed char", "unsigned char", "short", "unsigned short int", "long", "unsigned long long", "long long int", "float", "double",
  "bool", "_Bool", "int8_t", "uint8_t", "int16_t", "uint32_t", "int64_t", "uint64_t", "size_t", "intptr_t", "ssize_t", "void *", "char *",
  "const char *", "const char * const", "char **", "int[4]", "int[2][3]", "int *[3]", "int (*)[3]", "struct point", "point_t", "point_t *",
  "struct mixed", "struct bits", "struct nested", "union number", "enum color", "struct node", "struct flex", "callback", "u_char", "struct packed",
  "struct aligned", "struct packed2", "matrix", "struct withbool", "int (*)(int, char *)", "int[LIMIT]", "char[sizeof(int)*2]", "const int",
  "long unsigned", "const point_t *", "int[0]", "struct { int a; char b; }", "struct { char a; struct { char b; double c; }; }",
  "union { char c; short s; }", "unsigned", "volatile int", "int const *", "struct { char a:4; char b:5; short c:9; }", "struct { int a:3; int :0; int b:2; }",
} do
  try(("ffi.sizeof('%s'), ffi.alignof('%s'), ffi.typeof('%s')"):format(t, t, t))
end

for _, src in ipairs {
  "ffi.typeof('int[?]')", "ffi.typeof('struct vls')", "ffi.sizeof('struct vls', 3)", "ffi.sizeof('int[?]', 7)", "ffi.sizeof('void')", "ffi.sizeof('struct opaque')",
  "ffi.offsetof('struct mixed', 'd')", "ffi.offsetof('struct bits', 'c')", "ffi.offsetof('struct nested', 'u1')", "ffi.offsetof('struct point', 'zz')",
  "ffi.typeof('struct opaque *')", "ffi.typeof('$ *', ffi.typeof('point_t'))", "ffi.typeof('int[$]', 5)", "ffi.typeof('void (*)(void)')",
  "ffi.new('int', 7)", "ffi.new('int64_t', 7)", "ffi.new('uint64_t', -1)", "ffi.new('bool', true)", "type(ffi.new('int[3]'))", "type(ffi.typeof('int'))",
  "tonumber(ffi.new('int', 7))", "tonumber(ffi.new('uint8_t', 300))", "tonumber(ffi.cast('int8_t', 200))", "tonumber(ffi.cast('uint32_t', -1))",
  "tonumber(ffi.cast('int', 3.9))", "tonumber(ffi.cast('int', -3.9))", "tonumber(ffi.cast('int32_t', 2^31))", "tonumber(ffi.cast('uint8_t', 255.9))",
  "ffi.cast('int64_t', 2^53)", "ffi.cast('uint64_t', 2^63)", "tonumber(ffi.cast('enum color', 5))", "ffi.new('enum color', 'BLUE')", "tonumber(ffi.new('enum color', 'BLUE'))",
  "ffi.new('enum color', 'BLUE') == 'BLUE'", "ffi.new('enum color', 'BLUE') == 6", "ffi.new('enum color', 'NOPE')",
  "C.RED, C.GREEN, C.LAST, C.ANON, C.ANON2, C.LIMIT", "C.missing", "C.undefined_function == nil",
  "ffi.new('int[4]', 1)[3]", "ffi.new('int[4]', 1, 2)[3]", "ffi.new('int[4]', {1})[3]", "ffi.new('int[4]', {1, 2})[2]", "ffi.new('int[4]', {[0]=9, 8})[1]",
  "ffi.new('int[2]', 1, 2, 3)", "ffi.new('int[2]', {1, 2, 3})", "ffi.new('int[?]', 3, 7)[2]", "ffi.new('int[?]', 3, {7, 8})[1]", "ffi.new('matrix', {{1,2,3},{4,5,6}})[1][2]",
  "ffi.new('point_t', 1, 2).y", "ffi.new('point_t', {1, 2}).y", "ffi.new('point_t', {y=4}).y", "ffi.new('point_t', {y=4}).x", "ffi.new('point_t', ffi.new('point_t', 5, 6)).y",
  "ffi.new('point_t', 1, 2, 3)", "ffi.new('point_t', 'x')", "ffi.new('point_t', {x='a'})", "ffi.new('point_t').zz", "ffi.new('point_t')[1]", "ffi.new('point_t')[{}]",
  "ffi.new('union number', {f=1}).u", "ffi.new('union number', 7).bytes[0]", "ffi.new('struct nested', {{1,2}, {3}}).p.y",
  "ffi.new('char[8]', 'hello')[4]", "ffi.string(ffi.new('char[8]', 'hello'))", "ffi.string(ffi.new('char[3]', 'hello'))", "ffi.string(ffi.new('char[8]', 'hello'), 8):byte(1, -1)",
  "ffi.string('a lua string')", "ffi.string('a\\0b', 3):byte(1, -1)", "ffi.string(ffi.cast('const char *', 'text') + 2)", "ffi.string(ffi.cast('void *', ffi.new('char[3]', 'ab')))", "ffi.string(5)", "ffi.string({})",
  "ffi.new('const char *', 'text')[1]", "ffi.new('char *', 'text')", "ffi.cast('uint8_t *', 'text')[0]", "ffi.cast('const char *', 'x')[0] ", "ffi.new('const int[2]', {3, 4})[1]",
  "local a = ffi.new('const int[2]', 3) a[0] = 1", "local p = ffi.cast('const char *', 'abc') p[0] = 1", "ffi.new('struct withbool').k == 0", "local s = ffi.new('struct withbool') s.k = 1",
  "local s = ffi.new('struct withbool') s.b = true return s.b", "local s = ffi.new('struct withbool') s.e = 'GREEN' return s.e, tonumber(s.e)", "local s = ffi.new('struct withbool') s.l = -1 return s.l", "local s = ffi.new('struct withbool') s.u = -1 return s.u",
  "local s = ffi.new('struct withbool') s.small = 257 return s.small", "local s = ffi.new('struct withbool') s.s8 = 200 return s.s8", "local s = ffi.new('struct withbool') s.u16 = -1 return s.u16", "local s = ffi.new('struct withbool') s.f = 0.1 return s.f",
  "local s = ffi.new('struct withbool') s.buf = 'abcdefghijk' return ffi.string(s.buf, 8)", "local s = ffi.new('struct withbool') s.buf = 'ab' return ffi.string(s.buf)", "ffi.new('struct withbool').str == nil", "local s = ffi.new('struct withbool') s.small = 'x'", "local s = ffi.new('struct withbool') s.small = nil",
  "local s = ffi.new('struct withbool') s.b = 0 return s.b", "local s = ffi.new('struct withbool') s.small = true return s.small", "local s = ffi.new('struct withbool') s.nope = 1", "local s = ffi.new('struct withbool') s[0] = 1",
  "local b = ffi.new('struct bits') b.a = 9 b.b = 31 b.c = 7 b.d = 0xfffff return b.a, b.b, b.c, b.d, b.e", "local b = ffi.new('struct bits') b.c = 9 return b.c", "ffi.new('struct bits', {1, 2, 3}).b",
  "local n = ffi.new('struct nested') n.f1 = 1 return n.u1, n.in1, n.next == nil", "local n = ffi.new('struct nested') return n.p", "local n = ffi.new('struct nested') return n.next",
  "local q = ffi.new('struct node[3]') q[0].next = q + 1 q[1].id = 42 return q[0].next.id, q[0].next, q[0]", "local q = ffi.new('struct node[3]') q[0].next = q[2] return q[0].next == q + 2, q[0].next - q, q == q[0].next", "local q = ffi.new('struct node[?]', 2) q[0].prev = q return q == q[0].prev, q[0].prev == q, ffi.sizeof(q)",
  "local q = ffi.new('struct node[3]') q[0].next = ffi.new('point_t')", "local q = ffi.new('struct node') q.next = nil return q.next == nil, q.next, not q.next", "local q = ffi.new('struct node') q.next = 5", "local q = ffi.new('struct node') q.next = 'x'",
  "local a = ffi.new('int[4]', {1,2,3,4}) local p = a + 1 return p[0], p[-1], (p + 1)[0], p - a, p > a, p <= a, p", "local a = ffi.new('int[4]') return a + 1LL == a + 1, a == a + 0, 1 + a == a + 1", "local p = ffi.new('int *') return p, p == nil, p ~= nil", "ffi.cast('void *', 0) == nil", "ffi.cast('void *', 4096)", "ffi.cast('intptr_t', ffi.cast('char *', 77))",
  "tonumber(ffi.cast('uintptr_t', ffi.cast('char *', 77)))", "tonumber(ffi.new('int[1]'))", "ffi.cast('int', {})", "ffi.cast('point_t', 1)", "ffi.cast('int *', {})", "ffi.cast('int', 'x')", "ffi.new('int', 'x')", "ffi.new('int', 1, 2)", "ffi.new('int', nil)",
  "ffi.new('foo')", "ffi.new('struct nosuch')", "ffi.new(5)", "ffi.new()", "ffi.new('void')", "ffi.new('int[')", "ffi.new('int x y')", "ffi.new('int[-1]')", "ffi.new('int[?]')", "ffi.new('int[?]', -1)", "ffi.new('int()')", "ffi.typeof('int[1][?]')", "ffi.cdef('struct point { int a; }')", "ffi.cdef('int')", "ffi.cdef('int a b;')", "ffi.cdef('typedef foo bar;')", "ffi.cdef('struct { int a }')", "ffi.cdef('\\n\\n struct zz { foo a; };')", "ffi.cdef('enum x { A B };')", "ffi.cdef('int a[1/0];')", "ffi.cdef('@')", "ffi.cdef()", "ffi.cdef('struct aa { struct bb x; };')", "ffi.cdef('union point x;')",
  "ffi.istype('int', ffi.new('int'))", "ffi.istype('int', 5)", "ffi.istype('struct point', ffi.new('point_t'))", "ffi.istype('struct point', ffi.new('point_t[1]')[0])", "ffi.istype('struct point', ffi.new('point_t *'))", "ffi.istype('struct point *', ffi.new('point_t'))", "ffi.istype('int64_t', 5LL)", "ffi.istype('uint64_t', 5LL)", "ffi.istype('const int', ffi.new('int'))", "ffi.istype('int[3]', ffi.new('int[3]'))", "ffi.istype('int[?]', ffi.new('int[?]', 3))", "ffi.istype('char *', ffi.new('const char *'))",
  "local a = ffi.new('char[10]') ffi.fill(a, 9, 65) return ffi.string(a)", "local a = ffi.new('char[10]') ffi.copy(a, 'hello') return ffi.string(a)", "local a = ffi.new('char[10]') ffi.copy(a, 'hello', 2) return ffi.string(a)", "local a, b = ffi.new('point_t', 3, 4), ffi.new('point_t') ffi.copy(b, a, ffi.sizeof(a)) return b.x, b.y", "ffi.copy(ffi.new('char[10]'), ffi.new('char[3]'))",
  "ffi.new('int', 3) + 4", "ffi.new('int', 3) + 4LL", "4 * ffi.new('int', 3)", "-ffi.new('int', 3)", "ffi.new('int', 3) < 4", "ffi.new('int', 3) == 3", "ffi.new('int', 3) == ffi.new('uint8_t', 3)", "ffi.new('point_t') + 1", "1 + ffi.new('point_t')", "ffi.new('point_t') < 1", "ffi.new('point_t') == 1", "ffi.new('point_t') .. 'x'", "#ffi.new('point_t')", "#ffi.new('int[3]')", "ffi.new('point_t')()", "-ffi.new('point_t')", "ffi.new('int *') + {}", "ffi.new('int *') - ffi.new('char *')", "5LL + ffi.new('int', 3)", "5LL == ffi.new('int', 5)", "ffi.new('int', 5) == 5LL", "bit.band(ffi.new('int', 7), 3)",
  "ffi.typeof('point_t')(1, 2).y", "ffi.typeof('int[?]')(4)", "ffi.typeof(ffi.new('point_t'))", "ffi.typeof('int') == ffi.typeof('int')", "ffi.typeof('point_t').x", "ffi.typeof('int')()", "getmetatable(ffi.new('int'))", "ffi.new('int')[0]", "ffi.new('int').x", "ffi.new('struct opaque *').x", "ffi.new('void *')[0]", "ffi.new('int[2]').x", "ffi.new('int[2]')['1']", "ffi.errno()", "ffi.errno(3)", "ffi.errno()", "ffi.abi('64bit'), ffi.abi('le'), ffi.abi('be'), ffi.abi('win')", "ffi.os, ffi.arch", "type(C), type(C.strcmp)", "C.strlen('hello')", "C.strcmp('a', 'a')", "C.strlen()", "C.strcmp('a', 'b', 'c')", "ffi.gc(5, print)", "ffi.metatype('int', {})", "ffi.metatype('point_t', 5)", "ffi.new('bool[2]', true)[1]", "ffi.new('float[1]', 0.1)[0]", "ffi.new('uint64_t[1]', 2^63)[0]", "ffi.new('int64_t[2]', -1)[1]", "ffi.new('int[3]')[1.9]", "ffi.new('int[3]')[1LL]", "ffi.new('double[1]', 1LL)[0]", "ffi.new('struct vls', 2, {2, {1.5, 2.5}}).d[1]", "ffi.sizeof(ffi.new('struct vls', 2))", "ffi.new('void *', ffi.new('int[1]')) ~= nil", "ffi.new('char *', ffi.new('const char *'))", "ffi.new('int *', ffi.new('char[1]'))", "ffi.new('unsigned char *', ffi.new('char[1]')) ~= nil", "{} == ffi.new('int')", "ffi.new('int') == nil", "ffi.new('point_t') == nil",
} do try(src) end

-- metatypes
local vec
local mt = {
  __add = function(a, b) return vec(a.x + b.x, a.y + b.y) end,
  __len = function(a) return math.sqrt(a.x * a.x + a.y * a.y) end,
  __index = { area = function(a) return a.x * a.y end, NAME = "vec" },
  __tostring = function(a) return "(" .. a.x .. "," .. a.y .. ")" end,
  __eq = function(a, b) return a.x == b.x end,
  __lt = function(a, b) return a.x < b.x end,
  __le = function(a, b) return a.x <= b.x end,
  __unm = function(a) return vec(-a.x, -a.y) end,
  __call = function(self, a, b) return a, b, self.x end,
  __concat = function(a, b) return tostring(a) .. "|" .. tostring(b) end,
  __newindex = function(self, k, v) self.x = v end,
}
vec = ffi.metatype("struct { double x, y; }", mt)
env.vec = vec
for _, src in ipairs {
  "vec(3, 4)", "#vec(3, 4)", "vec(1, 2) + vec(3, 4)", "vec(2, 3):area()", "vec.NAME", "vec(1, 2).NAME", "vec(1, 2) == vec(1, 5)", "vec(1, 2) < vec(2, 2)", "vec(1, 2) <= vec(0, 2)", "-vec(1, 2)", "vec(9, 2)(7, 8)", "vec(1, 2) .. 'x'",
  "'x' .. vec(1, 2)", "local v = vec(1, 2) v.other = 8 return v.x", "vec(1, 2).missing", "ffi.metatype(vec, {})", "ffi.istype(vec, vec())", "local a = ffi.typeof('$[2]', vec)() a[1].x = 5 return a[1], a[1].NAME", "ffi.typeof('$ *', vec)(vec(1, 2)) ~= nil",
} do try(src) end
