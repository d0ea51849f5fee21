package buffer

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/bit"
	"moongate/luastd/ffi"
	"moongate/luastd/lualib"
	"moongate/runtime/vm"
	"moongate/runtime/vm/vmtest"
)

func newHost(tb testing.TB) *vmtest.Host {
	tb.Helper()
	return vmtest.New(tb, lualib.Traceback, func(w *vm.Worker, out io.Writer) {
		lualib.Open(w.L, lualib.Options{Stdout: out, Stdin: strings.NewReader("")})
		w.OpenCoroutine(w.L)
		bit.Open(w.L)
		null := w.L.NewUserData()
		null.Metatable = w.L.NewTable()
		null.Metatable.(*lua.LTable).RawSetString("__tostring", w.L.NewFunction(func(L *lua.LState) int {
			L.Push(lua.LString("userdata: NULL"))
			return 1
		}))
		w.L.SetGlobal("null", null)
		preload := w.L.GetField(w.L.GetGlobal("package"), "preload").(*lua.LTable)
		preload.RawSetString("string.buffer", w.L.NewFunction(Loader(null)))
		preload.RawSetString("ffi", w.L.NewFunction(ffi.Loader(null)))
	})
}

// run runs a chunk as a thread and returns what it printed.
func run(tb testing.TB, h *vmtest.Host, src, chunkname string, args ...lua.LValue) string {
	tb.Helper()
	if _, err := h.Run(nil, h.Load(tb, src, chunkname), 0, args...); err != nil {
		tb.Error(err)
	}
	return h.Output()
}

// TestScripts compares what testdata/*.lua print with what LuaJIT printed for them.
func TestScripts(t *testing.T) {
	vmtest.Scripts(t, func(t *testing.T, src string) string { return run(t, newHost(t), src, "@case.lua") })
}

// TestOurs checks what differs from LuaJIT, or needs its ngx.null.
func TestOurs(t *testing.T) {
	for _, c := range []struct{ name, lua, want string }{
		{"null", `print(b.encode(null):byte(), b.decode("\3") == null)`, "3\ttrue\n"},
		{"a light userdata goes round", `local v = b.decode("\5\1\2\3\4\0\0\1\0") print(b.encode(v):byte(1, -1)) print(v == b.decode(b.encode(v)), v == b.decode("\4\1\0\0\0"))`,
			"5\t1\t2\t3\t4\t0\t0\t1\t0\ntrue\tfalse\n"},
		{"many keys go round", `local t = {} for i = 1, 500 do t["k" .. i] = i t[i * 1.5] = i end t[0] = "z" t[1] = "a"
			local r = b.decode(b.encode(t)) local n = 0 for k, v in pairs(r) do n = n + 1 if t[k] ~= v then print(k, v, t[k]) end end
			local m = 0 for k in pairs(t) do m = m + 1 end print(n == m)`, "true\n"},
		{"a string outlives its buffer's memory", `local q = b.new():encode("hello"):encode({"world"}) local s, t = q:decode(), q:decode() q:reset():put(("x"):rep(30)) print(s, t[1])`,
			"hello\tworld\n"},
		{"pointers", `local ffi = require "ffi" local x = b.new():put("ab") local p, n = x:reserve(8) ffi.copy(p, "cdef") x:commit(3) print(tostring(x), n >= 8)
			p, n = x:skip(1):ref() print(ffi.string(p, n), n) p[0] = 66 print(tostring(x)) x:putcdata(p, 2) print(tostring(x), ffi.string(x, 3))
			print(pcall(x.putcdata, x, p, 1000)) print(ffi.string((b.new():set("text"):ref())), pcall(function() b.new():set("text"):ref()[0] = 1 end))`,
			"abcde\ttrue\nbcde\t4\nBcde\nBcdeBc\tBcd\n" +
				"false\tattempt to access memory outside of an object (1000 bytes at offset 1 of 32)\ntext\tfalse\tcase:3: attempt to write to constant location\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, run(t, newHost(t), `local b = require "string.buffer" `+c.lua, "=case")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzDecode checks that decoding any bytes ends in a value that encodes, or in a Lua error.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"", "\x0d\x02\x01\x02\x21a\x01", "\x0e\x00\x08", "\x0a\xff\xff\xff\xff\x7f", "\xe0\x00", "\x09\x01\x07\x00\x00\x00\x00\x00\x00\xf8\xff\x01"} {
		f.Add(s)
	}
	h := newHost(f)
	f.Fuzz(func(t *testing.T, s string) {
		run(t, h, `local b, s = require "string.buffer", ... local o = b.new{dict = {"a"}, metatable = {{}}}
			local ok, v = pcall(b.decode, s) if ok then assert(b.encode(v)) end
			ok, v = pcall(o.decode, o:put(s)) if ok then o:reset():encode(v):decode() end`, "=fuzz", lua.LString(s))
	})
}

func BenchmarkBuffer(b *testing.B) {
	for _, bench := range []struct{ name, body string }{
		{"put get", `q:put("key", "=", i, ";") q:get()`},
		{"putf", `q:putf("%s=%d", "key", i):reset()`},
		{"encode", `q:encode(t):reset()`},
		{"decode", `d(s)`},
	} {
		b.Run(bench.name, func(b *testing.B) {
			h := newHost(b)
			b.ReportAllocs()
			run(b, h, `local b = require "string.buffer" local q, d = b.new(), b.decode
				local t = {id = 17, name = "fox", tags = {"a", "b", "c"}, ok = true} local s = b.encode(t)
				for i = 1, ... do `+bench.body+` end`, "=bench", lua.LNumber(b.N))
		})
	}
}
