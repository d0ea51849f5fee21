package ffi_test

import (
	"strings"
	"testing"

	"moongate/luastd/ffi"
)

// TestBehaviour holds what LuaJIT cannot tell: memory errors, finalizers, C functions.
func TestBehaviour(t *testing.T) {
	tests := []struct{ name, lua, want, problem string }{
		{"beyond the end", `local a = ffi.new("int[4]") local i = 4 print(a[i])`, "", "attempt to access memory outside of an object (4 bytes at offset 16 of 16)"},
		{"before the beginning", `ffi.new("int[4]")[-1] = 1`, "", "attempt to access memory outside of an object"},
		{"null", `print(ffi.new("int *")[0])`, "", "attempt to access memory through a NULL pointer"},
		{"no object", `print(ffi.cast("int *", 64)[0])`, "", "attempt to access memory at 0x40, where no object is"},
		{"string is constant", `ffi.cast("char *", "abc")[0] = 1`, "", "attempt to write to constant location"},
		{"equal strings", `local function at(s) return tonumber(ffi.cast("uintptr_t", ffi.cast("const char *", s))) end
			print(at("a" .. "b") == at("ab"), at("ab") == at("ac"))`, "true\tfalse\n", ""},
		{"address and back", `local a = ffi.new("int[3]", 1, 2, 3) local n = ffi.cast("uintptr_t", a) + 4 print(ffi.cast("int *", n)[0])`, "2\n", ""},
		{"finalizer", `local n = 0 do local p = ffi.gc(ffi.new("int[1]", 5), function(p) n = p[0] end) p = nil end
			for i = 1, 50 do if n == 0 then collectgarbage() end end print(n)`, "5\n", ""},
		{"finalizer taken back", `local n = 0 local p = ffi.gc(ffi.new("int[1]"), function() n = 1 end) ffi.gc(p, nil) p = nil
			collectgarbage() collectgarbage() print(n)`, "0\n", ""},
		{"C function", `ffi.cdef "void *malloc(size_t n);" ffi.C.malloc(1)`, "", "ffi: C function 'malloc' cannot be called: moongate has no native code; use ffi.new instead"},
		{"library", `ffi.cdef "int foo(void);" local l = ffi.load("foo") l.foo()`, "", "ffi: C function 'foo' cannot be called: moongate has no native code"},
		{"callback", `ffi.new("int (*)(int)", print)`, "", "no native code that could call it back"},
		{"functions with a counterpart", `ffi.cdef [[ struct timespec { long s, ns; }; int clock_gettime(int, struct timespec *); int gethostname(char *, size_t);
				unsigned char *ngx_hex_dump(unsigned char *dst, const unsigned char *src, size_t len); int RAND_bytes(unsigned char *buf, int num); ]]
			local b = ffi.new("unsigned char[9]") local p = ffi.C.ngx_hex_dump(b, "Hi!", 3) print(ffi.string(b), p - b)
			print(ffi.C.RAND_bytes(b, 8), ffi.string(b, 8) ~= ("\0"):rep(8))
			local t = ffi.new("struct timespec") print(ffi.C.clock_gettime(1, t), t.s + t.ns > 0, ffi.C.clock_gettime(-77, t), ffi.errno())
			local h = ffi.new("char[256]") print(ffi.C.gethostname(h, 256), #ffi.string(h) > 0)`, "486921\t6\n1\ttrue\n0\ttrue\t-1\t22\n0\ttrue\n", ""},
		{"write to constant memory from C", `ffi.cdef "int RAND_bytes(unsigned char *, int);" ffi.C.RAND_bytes("abc", 2)`, "", "cannot convert 'string' to 'unsigned char *'"},
		{"time", `ffi.cdef "struct timeval { long s, us; }; int gettimeofday(struct timeval *, void *);" local t = ffi.new("struct timeval")
			print(ffi.C.gettimeofday(t, nil), t.s > 1e9, t.us < 1000000)`, "0\ttrue\ttrue\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := run(t, "local ffi = require 'ffi'\n"+tt.lua)
			if out != tt.want {
				t.Errorf("printed %q, want %q", out, tt.want)
			}
			if (err != nil) != (tt.problem != "") || err != nil && !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("error %v, want %q", err, tt.problem)
			}
		})
	}
}

func FuzzDeclarations(f *testing.F) {
	for _, s := range []string{
		"typedef struct a { int x:3; char *y[2]; } a; enum { A = 1 << 2, B }; int f(int, ...);", "#pragma pack(push, 1)\nunion u { char c[?]; };",
		"int (*(*f)(int (*)(void)))[3];", "static const int X = sizeof(int) ? -1 : 'a';", "struct { struct { int a; }; } __attribute__((aligned(8)));",
	} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, src string) { ffi.Declare(src) })
}

func BenchmarkStructAccess(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := run(b, `local ffi = require "ffi" local p = ffi.new("struct { int x, y; }")
			for i = 1, 100000 do p.x = p.y + i p.y = p.x end`); err != nil {
			b.Fatal(err)
		}
	}
}
