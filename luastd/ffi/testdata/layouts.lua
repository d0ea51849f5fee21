local function cdef(s) local ok, e = pcall(ffi.cdef, s) print((s:gsub("\n", " ")) .. "  -->  " .. tostring(ok and "ok" or e)) end
for s in ([==[
static const int Q1 = 1U;
static const int Q2 = 1L;
static const int Q3 = 1u;
static const int Q4 = 08;
static const int Q5 = 010;
static const int Q6 = 0x80000000;
static const int Q7 = 4294967295;
static const int Q8 = 4294967296;
static const int Q9 = 0b101;
static const int Q10 = 1e2;
static const int Q11 = 1x;
enum { Q12 = 1 ? 2u : -3, Q13 = -1 < 1u, Q14 = (5 > 3) ? sizeof(int) : 0, Q15 = -1 / 2u, Q16 = ~0u, Q17 = 1 << 31, Q18 = 0x80000000 >> 31, Q19 = (-8) >> 1, Q20 = -7 % 3};
enum { Q21 = (unsigned char)257, Q22 = (int)3.5 };
enum { Q23 = 1 / 0 };
enum { Q24 = 1 % 0 };
enum { Q25 = sizeof 5 };
enum { Q26 = sizeof(Q1) };
enum { Q27 = __alignof__(double) };
enum { Q28 = (1, 2) };
enum { Q29 = Q1 = 3 };
struct q30 { static const int A = 5; int y; enum { B = 7, D } e; enum { E = 9 }; };
struct q31 { enum color32 { F = 1 } e; };
typedef struct { enum { G31 }; } q33;
enum q34;
struct q35 { enum q34 x; };
int q36(enum q34 x);
int (*q37)(int) = 0;
struct q38 { enum { H1 } e:3; };
struct q39 { bool b:2; };
struct q40 { int a:2, :0, b:3; };
struct q41 { char a:3; int b:5; };
struct q42 { unsigned short a:3; unsigned short b:14; };
struct q43 { int a:3; } __attribute__((packed));
struct q44 { char c; int a:20; int b:20; } __attribute__((packed));
union q45 { int a:3; int b:7; };
struct q46 { char c; int a:24; };
struct q47 { int a:32; };
typedef struct q48 { int x; } q48, *q48p, q48a[3];
const struct q48 q49; volatile struct q48 q50;
struct q51 { const int x; volatile int y; const struct q48 z; };
typedef const struct q48 q52;
typedef int q53[]; typedef int q54[?];
struct q55 { int x[]; };
struct q56 { int x[?]; };
struct q57 { struct q56 y; };
struct q58 { int n; struct { int a; char d[?]; } z; };
union q59 { int x[?]; };
union q60 { int x[]; };
void q61(int x[static 3]);
void q62(int x[const]);
void q63(int [*]);
int q64(int (*)(void), int (int), int [3], int [][3]);
typedef int (q65)(int);
typedef q65 *q66;
struct q67 { q65 f; };
struct q68 { q65 *f; };
q65 q69;
typedef struct nope70 *q70;
struct q71 { struct nope71 x; };
struct q72 { struct nope72 *x; };
typedef int q73 __attribute__((aligned));
struct q74 { char a; int b __attribute__((aligned(1))); };
struct q75 { char a; int b __attribute__((packed, aligned(2))); };
struct q76 { char a __attribute__((__aligned__(8))); char b; };
struct q77 { char a; double b; } __attribute__((packed, aligned(4)));
#pragma pack(2)
struct q78 { char a; double b; int c; };
#pragma pack(push, 1)
struct q79 { char a; double b; };
#pragma pack(pop)
struct q80 { char a; double b; };
#pragma pack(4)
typedef int q81, *q82, q83(int);
unsigned q84; signed q85; long q86; short q87;
struct q88 { unsigned; };
typedef long double q89;
# 5 "foo.h"
#line 7
#define q 1
/* a
# pragma once
int q90 __attribute__((visibility("default"), unused));
__attribute__((noinline)) int q91(void);
int __attribute__((const)) q92(void);
void q93(const char *restrict a, char *const b);
int q94(), q95(void), q96(int, ...);
int q97(register int x);
static int q98;
static int q99(void);
static const unsigned q100 = -1;
static const short q101 = 70000;
static const bool q102 = 5;
static const char q103 = 'a' + 1;
extern const int q104 = 5;
static q105 = 5;
static const int q106;
]==]):gmatch("[^\n]+") do cdef(s) end
for n in ("q30:struct q33 q34:enum q40:struct q41:struct q42:struct q43:struct q44:struct q45:union q46:struct q47:struct q48 q48p q48a q51:struct q52 q53 q54 q55:struct q56:struct q60:union q65 q66 q68:struct q70 q72:struct q73 q74:struct q75:struct q76:struct q77:struct q78:struct q79:struct q80:struct q81 q82 q83 q89 color32:enum"):gmatch("%S+") do
  local name, word = n:match("^(%w+):?(%w*)$")
  local t = (word == "" and "" or word .. " ") .. name
  try(("sizeof('%s'), ffi.alignof('%s'), typeof('%s')"):format(t, t, t))
end
for n in ("Q1 Q2 Q3 Q4 Q5 Q6 Q7 Q8 Q9 Q10 Q11 Q12 Q13 Q14 Q15 Q16 Q17 Q18 Q19 Q20 Q21 Q23 Q25 Q26 Q27 Q28 B D E F G31 H1 q100 q101 q102 q103"):gmatch("%S+") do
  try("C." .. n)
end
for src in ([==[
new("struct q30").A
new("struct q30").y
typeof("struct q30").A
typeof("struct q30").y
typeof("struct q30").E
typeof("struct q30").B
new("struct q30").E
new("struct q30").B
new("struct q30 *").A
local x = new("struct q30") x.A = 6
new("q33").G31
local x = new("struct q30") x.e = "D" return tonumber(x.e)
local x = new("struct q30") x.e = "NOPE"
local x = new("struct q41") x.a = 7 x.b = 31 return x.a, x.b
local x = new("struct q42") x.a = 7 x.b = 20000 return x.a, x.b
local x = new("struct q44") x.a = 7 x.b = 20000 return x.a, x.b
local x = new("struct q47") x.a = 2^31 return x.a
local x = new("struct q46") x.a = 1 return x.a, x.c
local x = new("struct q45") x.a = 1 return x.b
ffi.offsetof("struct q44", "a"), ffi.offsetof("struct q44", "b")
ffi.offsetof("struct q46", "a")
ffi.offsetof("struct q40", "b")
ffi.offsetof("struct q47", "a")
ffi.offsetof("struct q30", "A")
new("struct q51", 1, 2, {3}).z.x
local x = new("struct q51") x.x = 1
local x = new("struct q51") x.y = 1 return x.y
local x = new("struct q51") x.z = {1}
local x = new("struct q51") x.z.x = 1
typeof(new("struct q51").z)
local x = new("q52") x.x = 1
typeof(new("q52"))
typeof(new("struct q48[1]")[0])
typeof(new("q48a"))
new("q48a", {{1},{2},{3}})[2].x
new("q48a", {1,2,3})[2].x
new("q48a", 1)[2].x
new("q48a", 1, 2)[1].x
new("struct { struct { int a, b; }; int c; }", 1, 2, 3).c
new("struct { struct { int a, b; }; int c; }", 1, 2, 3, 4)
new("struct { struct { int a, b; }; int c; }", {1, 2, 3}).c
new("struct { struct { int a, b; }; int c; }", {{1, 2}, 3})
new("struct { struct { int a, b; }; int c; }", {a = 1, b = 2, c = 3}).b
new("struct { union { int a; float b; }; int c; }", 1, 2).c
new("struct { union { int a; float b; }; int c; }", {1, 2}).c
new("union { struct { int a, b; }; int c; }", 1, 2).b
new("union { struct { int a, b; }; int c; }", {1, 2}).b
new("struct { int a; struct { int b; } c; }", 1, {2}).c.b
new("struct { int a; struct { int b; } c; }", {1, {b=2}}).c.b
new("struct { int a; struct { int b; } c; }", {a=1, c={2}}).c.b
new("struct { int a; struct { int b; } c; }", {a=1, 5}).a
new("struct { int a[2]; int b; }", {{1, 2}, 3}).b
new("struct { int a[2]; int b; }", {1, 3}).a[1]
new("struct { int a[2]; int b; }", {a={1,2}}).a[1]
new("struct { int a, b; }", {1, b=5}).b
new("struct { int a, b; }", {[0]=1, 5}).b
new("struct { int a, b; }", {[2]=1}).b
new("struct { int a, b; }", {c=1}).b
new("struct { int a, b; }", {1,2,3}).b
new("struct { char s[4]; }", {"abcdef"}).s[3]
new("struct { char s[4]; }", "abc")
new("struct { const char *s; }", {"abc"}).s ~= nil
new("union { int i; float f; }", {f=1}).i
new("union { int i; float f; }", {i=1, f=1}).i
new("union { int i; float f; }", 1, 2)
new("int[2][2]", {{1,2},{3,4}})[1][1]
new("int[2][2]", {1, 2})
new("int[2][2]", {{1}})[1][1]
new("int[2][2]", {1})
new("int[2][2]", {}) [0][0]
new("int[3]", {})[0]
new("int[3]", {nil, 2})[1]
new("int[3]", {1, nil, 3})[2]
new("int[3]", {[0]=5})[2]
new("int[3]", {[0]=5, [1]=6})[2]
new("int[?]", 3, {1,2,3,4})
new("int[?]", 3, 1, 2, 3, 4)
new("int[?]", 3, new("int[3]"))
new("int[?]", new("int", 3))
new("int[?]", 3LL)
new("int[?]", 2.9)
new("int[?]", "3")
new("int[?]", nil)
new("int[?]", 0)
sizeof(new("int[?]", 0))
new("int[0]")
new("int[2]", new("int[2]", 7))[1]
new("int[2]", new("int[3]", 7))
new("int[2]", new("char[2]", 7))
new("int[2]", "ab")
new("char[2]", 65)[1]
new("char[?]", 4, "ab")[1]
new("char[4]", {"a"})
new("char[2][3]", {"ab", "cd"})[1][1]
new("const char *[2]", {"ab", "cd"})[1][1]
new("const char *[2]", "ab", "cd")[1][1]
new("uint8_t[4]", "ab")[1]
new("int8_t[4]", "\255")[0]
new("wchar_t[4]", "ab")
new("bool[2]", 1, 0)[0]
new("bool", 5), tonumber(new("bool", 5))
new("bool", "x")
new("bool", nil)
new("bool", {})
new("bool", 0.5) == true
new("bool", 0/0) == true
tonumber(new("bool", 0))
new("bool", 1) == true
new("bool", 1) == 1
if new("bool", 0) then return 1 end
]==]):gmatch("[^\n]+") do try(src) end
