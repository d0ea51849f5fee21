package vm

import (
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/google/go-cmp/cmp"

	"moongate/runtime/syntax"
)

// numbers holds what a number goes through that the interpreter keeps in the slot of its register: each place that it is copied
// to must keep the value of that moment. Each program begins with a loop, which makes the slots.
var numbers = []struct{ name, src, want string }{
	{"moved", `local a, b = 0 for i = 1, 5000 do a = i + 0.5 if i == 3000 then b = a end end return a, b`, "5000.5 3000.5"},
	{"in a table", `local t, n = {}, 0 for i = 1, 5000 do n = n + i t[#t + 1] = n t.last = n t[tostring(i)] = n end return t[1000], t[5000], t.last, t["77"], n`, "500500 12502500 12502500 3003 12502500"},
	{"as a key", `local t, n = {}, 0.25 for i = 1, 2000 do n = n + 1 t[n] = i end return t[1000.25], t[2000.25], n`, "1000 2000 2000.25"},
	{"in a constructor", `local t for i = 1, 5000 do local x = i + 0.25 t = {x, x + 1, i, y = x, [x] = i} x = x + 100 i = i + 1000 end return t[1], t[2], t[3], t.y, t[5000.25]`, "5000.25 5001.25 5000 5000.25 5000"},
	{"in a global", `for i = 1, 5000 do local x = i + 0.25 g = x x = x + 1 end return g`, "5000.25"},
	{"captured before", `local x = 0 local function get() return x end for i = 1, 5000 do x = x + i end return get(), x`, "12502500 12502500"},
	{"captured after", `local f for i = 1, 5000 do local x = i * 2.5 x = x + 1 local g = function() return x end x = x + 0.25 if i == 4000 then f = g end end local a, b, c, d, e, h = 1.5, 2.5, 3.5, 4.5, 5.5, 6.5 a = a + b + c + d + e + h return f()`, "10001.25"},
	{"captured variable of a loop", `local t = {} for i = 2000, 2003 do t[#t + 1] = function() i = i + 1 return i end end return t[1](), t[1](), t[4](), t[2]()`, "2001 2002 2004 2002"},
	{"set from inside", `local n = 0 local function add(x) n = n + x return n end local s = 0 for i = 1, 3000 do s = s + add(i) end return n, s`, "4501500 4504501000"},
	{"assigned to an upvalue", `local u local function set(x) u = x x = x + 1 end for i = 1, 3000 do set(i + 0.5) end return u`, "3000.5"},
	{"argument", `local function f(x, y) x = x + y y = y + 1 return x, y end local a, b, c = 2000.5, 1 for i = 1, 100 do c, b = f(a, i + 2000) end return a, b, c`, "2000.5 2101 4100.5"},
	{"argument of a Go function", `local t, n = {}, 1000.5 for i = 1, 2000 do n = n + 1 table.insert(t, n) rawset(t, "x", n) end n = n + 1 return t[1], t[2000], t.x, n`, "1001.5 3000.5 3000.5 3001.5"},
	{"extra arguments", `local function f(...) local t = {...} local a, b = ... a = a + 1 return a, b, t[1], select("#", ...), ... end local x for i = 1, 3000 do x = i + 0.5 f(x, x + 1) end local y = x + 1 return f(x, y)`, "3001.5 3001.5 3000.5 2 3000.5 3001.5"},
	{"results", `local function f(x) return x + 1, x + 2, x + 3 end local a, b, c, d for i = 2000, 3000 do a, b, c, d = f(i) b = b + a end return a, b, c, d`, "3001 6003 3003 nil"},
	{"results to Go", `local s = 0 for i = 1, 2000 do local ok, x, y = pcall(function(n) n = n + 1.5 return n, n + 1 end, i) s = s + x + y end return s`, "4010000"},
	{"tail call", `local function sum(n, acc) if n == 0 then return acc, n end return sum(n - 1, acc + n + 0.5) end local x for i = 1, 20 do x = sum(2000 + i, 0) end return x`, "2042220"},
	{"tail calls in turn", `local even, odd function even(n, k) if n == 0 then return true, k end return odd(n - 1, k + 0.5) end function odd(n, k) if n == 0 then return false, k end return even(n - 1, k + 1.5) end for i = 1, 3 do odd(5, 1) end return even(3001, 2000)`, "false 5000.5"},
	{"tail call of a Go function", `local function f(x) x = x + 1 return tostring(x) end local s for i = 1, 3000 do s = f(i + 0.5) end return s`, "3001.5"},
	{"metamethods", `local seen = {} local mt = {__add = function(a, b) seen[#seen + 1] = b return b end, __index = function(t, k) return k end, __newindex = function(t, k, v) rawset(t, "v", v) rawset(t, "k", k) end, __concat = function(a, b) return b end, __call = function(self, x) return x end}
		local o, n, s, i2, c, d = setmetatable({}, mt), 1000.5 for i = 1, 2000 do n = n + 1 s = o + n i2 = o[n] o[n + 0.25] = n c = o .. n d = o(n) o.v = nil o.k = nil if i == 1 then seen.i2, seen.c, seen.d, seen.s = i2, c, d, s end end
		n = n + 1 return seen[1], seen[2000], i2, c, d, s, seen.i2, seen.c, seen.d, seen.s`, "1001.5 3000.5 3000.5 3000.5 3000.5 3000.5 1001.5 1001.5 1001.5 1001.5"},
	{"joined", `local s, n = "", 1000 for i = 1, 3 do n = n + i s = s .. n .. "," .. i end return s, n .. ""`, "1001,11003,21006,3 1006"},
	{"swapped", `local a, b = 1000.5, 2000.5 for i = 1, 2001 do a, b = b + 1, a + 1 end return a, b`, "4001.5 3001.5"},
	{"iterators", `local function iter(n, i) if i < n then return i + 1.5, i * 2 end end local s, last = 0 for k, v in iter, 3000, 1000 do s = s + k + v last = k end return s - 8000000, last`, "5000.5 3001"},
	{"loop variables", `local t = {} for i = 2000, 2010, 2.5 do t[#t + 1] = i i = i + 1 t[#t + 1] = i end return t[1], t[2], t[3], t[4], #t`, "2000 2001 2002.5 2003.5 10"},
	{"and or", `local x, y, z = 0 for i = 1, 3000 do x = x + i y = x or 1 z = x > 0 and x or nil end x = x + 1 return x, y, z`, "4501501 4501500 4501500"},
	{"negated", `local x, y = 2000 for i = 1, 3 do x = x + i y = -x x = -y end x = x + 1 return x, y`, "2007 -2006"},
	{"zero and minus zero", `local z = 1 for i = 1, 3 do z = z * 0 end local m = -z return 1 / z, 1 / m`, "+Inf -Inf"},
	{"deep recursion moves the registers", `local x, y = 1000.5, 0 for i = 1, 100 do x = x + 1 end local function f(n) local k = n + 0.5 if n == 0 then return k end return f(n - 1) + k end y = f(3000) x = x + 1 return x, y - 4500000`, "1101.5 3000.5"},
	{"deep recursion in a loop", `local x = 1000.5 local function f(n) local k = n + 0.5 for i = 1, 3 do k = k + 1 end if n > 0 then return k + f(n - 1) end return k end local y for i = 1, 3 do x = x + 1 y = f(1000 * i) x = x + 0.25 end return x, y - 4500000`, "1004.25 12003.5"},
	{"coroutines", `local co = coroutine.wrap(function(a) local n = a for i = 1, 3000 do n = n + i + 0.5 local b = coroutine.yield(n, i) n = n + b end return n end) local x, y = co(1000.5) local first = x for i = 1, 2000 do x, y = co(i + 0.25) end return first, x, y`, "1002 4006502 2001"},
	{"error values", `local x, e = 1000 for i = 1, 3 do x = x + 0.5 local ok, v = pcall(error, x) e = v x = x + 1 local ok, v = pcall(function() local y = x + 1 error(y, 0) end) x = x + v end return x, e`, "8028 4012.5"},
	{"sorted", `local t = {} for i = 1, 50 do t[i] = (i * 37) % 101 + 1000.5 end table.sort(t, function(a, b) local d = a - b d = d + 0 return d > 0 end) return t[1], t[50]`, "1100.5 1002.5"},
	{"nan and inf", `local x, n = 1, 0 for i = 1, 2000 do x = x * 2 if x == x + 1 then n = n + 1 end end local y = x - x for i = y, 3 do n = -1 end return x, y == y, n`, "+Inf false 1948"},
	{"closures in recursion", `local fs = {} local function f(n) local x = n * 1000.5 x = x + 1 if n > 0 then fs[n] = function() x = x + 1 return x end f(n - 1) end return x end for i = 1, 2 do f(5) end return fs[5](), fs[5](), fs[1](), f(2)`, "5004.5 5005.5 1002.5 2002"},
	{"blocks close their variables", `local t = {} local i = 0 while i < 2000 do i = i + 1 do local x = i + 1000.5 x = x + 1 t[i] = function() x = x + 1 return x end end local y = i + 0.25 y = y + 1 end return t[1](), t[1](), t[2000]()`, "1003.5 1004.5 3002.5"},
	{"repeat", `local n, t = 1000, {} repeat local x = n + 0.5 n = n + 1 t[#t + 1] = x until x > 1010 return n, #t, t[1], t[#t]`, "1011 11 1000.5 1010.5"},
}

func TestNumbers(t *testing.T) {
	for _, kind := range []struct {
		name  string
		limit time.Duration
	}{{"loop", 0}, {"loop with a limit", time.Hour}} {
		g := newTestGroup(t, Options{CompileFunc: syntax.Compile, CPULimit: kind.limit})
		w := g.Pick()
		for _, tc := range numbers {
			t.Run(kind.name+"/"+tc.name, func(t *testing.T) {
				fn := load(t, w, tc.src)
				for range 2 {
					if diff := cmp.Diff(tc.want, show(w.Run(nil, fn, lua.MultRet))); diff != "" {
						t.Error(diff)
					}
				}
			})
		}
	}
}
