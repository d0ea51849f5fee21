local function cdef(s) local ok, e = pcall(ffi.cdef, s) print((s:gsub("\n", " ")) .. "  -->  " .. tostring(ok and "ok" or e)) end
for s in ([==[
typedef struct d1 { int a; struct { int b; }; union { int c; double d; } u; } d1;
struct d2 { int a:1, b:2; unsigned c:29; int64_t d:40; };
struct d3 { char a; } __attribute__((aligned(8)));
struct __attribute__((packed)) d4 { char a; int b; double c; };
struct d5 { char a; int b __attribute__((packed)); };
struct d6 { int a __attribute__((aligned(32))); char b; };
typedef int d7 __attribute__((aligned(16)));
struct d8 { char c; d7 x; };
typedef int d9[4], *d10, (*d11)(int, char), d12;
enum d13 { D13A, D13B = D13A + 10, D13C, };
enum d14 { D14A = 0x7fffffff, D14B };
enum d15 { D15A = -1, D15B = 0x80000000 };
enum d16 { D16A = 1ULL << 40 };
enum { D17A = sizeof(struct d2), D17B = 'x', D17C = '\n', D17D = ~0, D17E = !5, D17F = 1 ? 2 : 3, D17G = (char)300, D17H = 7 / 2 % 2, D17I = 1 << 3 | 1, D17J = -7 / 2 };
static const int D18 = 5;
static const unsigned char D19 = 300;
static const int64_t D20 = 5;
static const double D21 = 1.5;
static const char *D22 = "x";
static const int D23 = D18 + 1, D24 = 9;
const int D25 = 3;
extern int d26;
extern const char *d27[];
int d28(void), d29(int a, ...), *d30(const char *, struct d1 *);
void (*d31)(void);
int (*d32(int))(char);
void d33() __asm__("other");
int __attribute__((cdecl)) d34(int);
int d35(int) __attribute__((nothrow)) __attribute__((noreturn));
__extension__ typedef long long d36;
inline int d37(int x);
static inline int d38(int x);
typedef unsigned d39, d40;
typedef long unsigned int d41;
typedef long int long unsigned d42;
typedef short d43; typedef int unsigned short d44;
typedef unsigned char __attribute__((vector_size(16))) d45;
typedef float d46 __attribute__((vector_size(16)));
typedef int d47 __attribute__((mode(DI)));
typedef int d48 __attribute__((__mode__(__QI__)));
typedef unsigned int d49 __attribute__((mode(HI)));
typedef float d50 __attribute__((mode(DF)));
typedef volatile int d51; typedef const volatile char *d52; typedef char * volatile d53;
typedef int * restrict d54; typedef int *__restrict d55; typedef int * __restrict__ d56;
struct d57 { int n; char data[0]; };
struct d58 { int n; char data[]; };
struct d59 { char data[]; int n; };
struct d60 { int n; char data[?]; int m; };
struct d61 { struct d61 *next; struct d62 *other; };
struct d62; union d63; enum d64;
struct d65 { };
union d66 { };
struct d67 { int; };
struct d68 { struct d1; };
struct d69 { int a; int a; };
struct d70 { void v; };
struct d71 { int f(void); };
struct d72 { struct d72 x; };
struct d73 { int a:33; };
struct d74 { int a:0; };
struct d75 { float a:3; };
struct d76 { int :3; int b:4; };
struct d77 { bool a:1; bool b:1; };
struct d78 { char a:8; int b:24; };
struct d79 { int a:31; int b:2; };
struct d80 { int64_t a:33; int b:31; };
struct d81 { uint8_t a:3; uint16_t b:9; uint32_t c:20; };
#pragma pack(1)
struct d82 { char a; int b; };
struct d82b { char a; int b; };
#pragma pack()
#pragma pack(push) 
#pragma pack(push, 4)
#pragma pack(pop)
#pragma pack(3)
#define X 1
#include <stdio.h>
typedef int int;
typedef int d83; typedef int d83;
typedef int d84; typedef char d84;
int d85; char d85;
int d86(int); int d86(int);
struct d1;
struct d1 { int x; };
enum d13;
enum d13 { X };
int 5;
int *;
foo d87;
struct d88 { int a }
struct d89 { int a; } ;;
; ; ;
int d90[5], d91[], d92[2][3];
int d93[][2];
int d94[2][];
int d95[-1];
int d96[sizeof(int)];
int d97[D13B];
int d98[nope];
int d99[1.5];
int d100["x"];
int (d101);
int (*d102[3])(int (*)(void), char [4]);
int d103(int [], char [5], void (void));
int d104(int a, int a);
int d105(...);
int d106(int, ..., int);
void d107(void, int);
int d108(struct d109 { int x; } *);
struct d110 { struct d111 { int y; } z; }; struct d112 { struct d111 q; };
long long long d113;
unsigned signed d114;
unsigned float d115;
short double d116;
long char d117;
long double d118;
unsigned _Bool d119;
_Bool d120;
int const * const d121;
typedef struct { int x; } d122, *d123;
typedef enum { D124A, D124B } d124;
typedef union { int i; float f; } __attribute__((transparent_union)) d125;
/* unclosed
// comment only
int d126; // trailing
int d127; /* a */ int d128;
"str" d129;
int d130 = 5;
static const int D131 = -5 >> 1, D132 = 1 << 31, D133 = 0xffffffff, D134 = 10 > 5 && 3 != 3, D135 = (2 + 3) * 4;
static const int D136 = 010, D137 = 0x1F, D138 = 100UL, D139 = 08;
static const int D140 = 'ab';
static const int D141 = '\x41', D142 = '\101', D143 = '\e';
typedef int8_t d144; typedef wchar_t d145; typedef va_list d146; typedef ptrdiff_t d147; typedef size_t d148; typedef uintptr_t d149;
typedef FILE d150;
typedef time_t d151;
int $x;
@
int d152 __attribute__((deprecated)), d153;
struct d154 { int x; } d155;
typedef struct d156 d156; struct d156 { d156 *p; };
void __cdecl d157(int); void __stdcall d158(int); void __fastcall d159(int);
__declspec(align(16)) struct d160 { int x; };
struct __declspec(align(16)) d161 { int x; };
typedef __int64 d162; typedef __int8 d163; typedef unsigned __int16 d164;
int d165 __asm__("foo" "bar");
int d166(int) asm("nope");
int __ptr32 d167;
typedef complex d168; typedef complex float d169; typedef double _Complex d170;
extern "C" { int d171(void); }
extern "C" int d172(void);
auto int d173; register int d174;
struct d175 { enum { D175A = 3 } e; int x[D175A]; };
_Static_assert(1, "x");
_Alignas(16) int d176;
struct d177 { _Alignas(16) char x; };
_Noreturn void d178(void);
int d179 : 3;
enum d180 { };
enum { };
enum d181 { A181, A181 };
typedef;
struct;
int d182(int x) { return x; }
]==]):gmatch("[^\n]+") do cdef(s) end
for n in ("d1 d2:struct d3:struct d4:struct d5:struct d6:struct d7 d8:struct d9 d10 d11 d12 d13:enum d14:enum d15:enum d16:enum d36 d39 d40 d41 d42 d43 d44 d45 d46 d47 d48 d49 d50 d51 d52 d53 d54 d55 d56 d57:struct d58:struct d61:struct d65:struct d66:union d68:struct d72:struct d74:struct d76:struct d77:struct d78:struct d79:struct d80:struct d81:struct d82:struct d82b:struct d110:struct d111:struct d112:struct d122 d123 d124 d125 d144 d145 d146 d147 d148 d149 d156 d160:struct d161:struct d162 d163 d164 d168 d169 d170 d175:struct d177:struct"):gmatch("%S+") do
  local name, word = n:match("^(%w+):?(%w*)$")
  local t = (word == "" and "" or word .. " ") .. name
  try(("sizeof('%s'), ffi.alignof('%s'), typeof('%s')"):format(t, t, t))
end
for n in ("D13A D13B D13C D14A D14B D15A D15B D16A D17A D17B D17C D17D D17E D17F D17G D17H D17I D17J D18 D19 D20 D21 D23 D24 D25 D124A D124B D131 D132 D133 D134 D135 D136 D137 D138 D139 D140 D141 D142 D143 D175A A181"):gmatch("%S+") do
  try("C." .. n)
end
for src in ([==[
ffi.offsetof("struct d2", "a")
ffi.offsetof("struct d2", "b")
ffi.offsetof("struct d2", "c")
ffi.offsetof("struct d2", "d")
ffi.offsetof("struct d4", "c")
ffi.offsetof("struct d5", "b")
ffi.offsetof("struct d6", "b")
ffi.offsetof("struct d8", "x")
ffi.offsetof("d1", "b"), ffi.offsetof("d1", "u")
ffi.offsetof("struct d68", "a"), ffi.offsetof("struct d68", "u"), ffi.offsetof("struct d68", "b")
ffi.offsetof("struct d76", "b")
ffi.offsetof("struct d77", "b")
ffi.offsetof("struct d78", "b")
ffi.offsetof("struct d79", "b")
ffi.offsetof("struct d80", "b")
ffi.offsetof("struct d81", "b")
ffi.offsetof("struct d81", "c")
ffi.offsetof("int", "b")
ffi.offsetof("struct d2", 5)
ffi.offsetof("struct d2")
ffi.offsetof("struct d62", "x")
ffi.offsetof("d1 *", "b")
ffi.alignof("void"), ffi.alignof("struct d62")
ffi.sizeof("int", 5)
ffi.sizeof("struct d58", 5)
ffi.sizeof("struct d57", 5)
ffi.sizeof("int[?]")
ffi.sizeof("int[?]", "x")
ffi.sizeof("int[]")
ffi.sizeof("int()")
ffi.sizeof("nope")
ffi.sizeof(5)
ffi.sizeof(nil)
ffi.sizeof({})
ffi.sizeof(print)
ffi.sizeof("int &")
typeof("int &")
typeof("struct d1 &")
typeof("int (&)[3]")
typeof("int *&")
typeof("int &&")
typeof("int *const")
typeof("const int *")
typeof("int const *const *")
typeof("volatile int *")
typeof("const volatile int")
typeof("int *volatile")
typeof("int *const volatile")
typeof("int[2][3][4]")
typeof("int (*)[2][3]")
typeof("int *(*)[2]")
typeof("int (*(*)(int))[2]")
typeof("int (*)(int, char *, ...)")
typeof("void (*)(void (*)(int))")
typeof("int (int)")
typeof("int x")
typeof("int [")
typeof("")
typeof(" ")
typeof("int;")
typeof("int, int")
typeof("struct d1")
typeof("union d1")
typeof("enum d13")
typeof("struct d999")
typeof("struct d999 *")
typeof("d999")
typeof("unsigned")
typeof("long")
typeof("long long")
typeof("unsigned long")
typeof("char"), typeof("signed char"), typeof("unsigned char"), typeof("int8_t"), typeof("uint8_t")
typeof("short"), typeof("unsigned short")
typeof("long double"), sizeof("long double"), ffi.alignof("long double")
typeof("struct { int x; }")
typeof("struct { int x; } *")
typeof("enum { ZZ1, ZZ2 }")
typeof("union { int x; }")
typeof("struct d1[3]")
typeof("struct d1 *[3]")
typeof("$", typeof("int"))
typeof("$ *", typeof("int"))
typeof("$[2]", typeof("int[3]"))
typeof("$ *", typeof("int[3]"))
typeof("$ *", typeof("int()"))
typeof("int[$]", 3)
typeof("int[$][$]", 3, 4)
typeof("struct { int $; }", "foo")
typeof("struct $ { int x; }", "d200"), typeof("struct d200")
typeof("$", "int")
typeof("$")
typeof("$ $", typeof("int"), "x")
typeof("int", 5)
typeof("int[$]", "x")
typeof("int[$]", typeof("int"))
typeof("const $", typeof("int *"))
typeof("struct { $ x; }", typeof("double"))
ffi.cdef("typedef $ d201;", typeof("struct { int q; }")) return typeof("d201")
ffi.cdef("struct $ { int x; };", "d202") return typeof("struct d202")
ffi.cdef("enum { $ = 5 };", "D203") return C.D203
ffi.cdef("typedef int $;", "d204") return typeof("d204")
ffi.cdef("int d205;", 5)
ffi.cdef(5)
ffi.cdef({})
typeof(5)
typeof(5LL)
typeof({})
typeof("int")("5")
typeof("int") == typeof("int")
typeof("int") == typeof("char")
typeof("int") ~= typeof("int")
tostring(typeof("int"))
type(typeof("int"))
#typeof("int")
typeof("int") .. ""
typeof("int").x
typeof("int")[1]
local t = typeof("int") t.x = 1
typeof(typeof("int"))
typeof(new("int[3]"))
typeof(new("int[?]", 3))
typeof(new("struct d1"))
typeof(new("struct d1[2]")[0])
typeof(new("struct d1").u)
typeof(new("int *[2]")[0])
typeof("int[?]")(3)
typeof("int[?]")
sizeof(typeof("int[?]")(3))
sizeof(typeof("int[?]"), 3)
typeof("int[?][2]")
typeof("int[2][?]")
typeof("int *[?]")
typeof("struct d1[?]"), sizeof("struct d1[?]", 2)
typeof("struct { int n; int x[?]; }")
typeof("struct { int x[?]; int n; }")
typeof("struct { struct { int x[?]; } a; }")
typeof("void[2]")
typeof("int(void)[2]")
typeof("int[2](void)")
typeof("struct d62[2]")
typeof("char[2147483647]")
typeof("char[2147483648]")
typeof("int[2147483647]")
typeof("char[0x7fffffff][2]")
typeof("char[0xffffffff]")
typeof("char[1ULL<<40]")
ffi.metatype("struct d999", {})
ffi.metatype("struct d62", {})
ffi.metatype("enum d13", {})
]==]):gmatch("[^\n]+") do try(src) end
