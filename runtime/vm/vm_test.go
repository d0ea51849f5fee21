package vm

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// exit is a Control such as ngx.exit raises.
type exit int

func (exit) LuaControl() {}

// openTest installs stock libraries, our coroutines and pcall, and a few functions that stand for ngx.*.
func openTest(w *Worker) error {
	L := w.L
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenPackage, lua.OpenTable, lua.OpenString, lua.OpenMath} {
		open(L)
	}
	L.SetTop(0)
	w.OpenCoroutine(L)
	L.SetGlobal("pcall", L.NewFunction(func(L *lua.LState) int {
		if err := PCall(L, L.GetTop()-1, lua.MultRet, nil); err != nil {
			L.Push(lua.LFalse)
			L.Push(err.(*lua.ApiError).Object)
			return 2
		}
		L.Insert(lua.LTrue, 1)
		return L.GetTop()
	}))
	L.SetGlobal("xpcall", L.NewFunction(func(L *lua.LState) int {
		h := L.CheckFunction(2)
		L.SetTop(1)
		err := PCall(L, 0, lua.MultRet, func(L *lua.LState, e *lua.ApiError) {
			L.Push(h)
			L.Push(e.Object)
			L.Call(1, 1)
			e.Object = L.Get(-1)
		})
		if err != nil {
			L.Push(lua.LFalse)
			L.Push(err.(*lua.ApiError).Object)
			return 2
		}
		L.Insert(lua.LTrue, 1)
		return L.GetTop()
	}))
	L.SetGlobal("exit", L.NewFunction(func(L *lua.LState) int {
		Raise(L, exit(L.CheckInt(1)))
		return 0
	}))
	L.SetGlobal("sleep", L.NewFunction(func(L *lua.LState) int {
		d := time.Duration(float64(L.CheckNumber(1)) * float64(time.Second))
		w.Current().Wait(func(cancel <-chan struct{}) {
			select {
			case <-time.After(d):
			case <-cancel:
			}
		})
		return 0
	}))
	L.SetGlobal("forever", L.NewFunction(func(L *lua.LState) int {
		w.Current().Wait(func(cancel <-chan struct{}) { <-cancel })
		return 0
	}))
	L.SetGlobal("turn", L.NewFunction(func(L *lua.LState) int {
		w.Current().Yield()
		return 0
	}))
	L.SetGlobal("crash", L.NewFunction(func(L *lua.LState) int {
		var m map[string]int
		m["x"] = 1
		return 0
	}))
	L.SetGlobal("spawn", L.NewFunction(func(L *lua.LState) int {
		var args []lua.LValue
		for i := 2; i <= L.GetTop(); i++ {
			args = append(args, L.Get(i))
		}
		L.Push(w.Current().Spawn(L.CheckFunction(1), args...).Value())
		return 1
	}))
	L.SetGlobal("join", L.NewFunction(func(L *lua.LState) int {
		var ts []*Thread
		for i := 1; i <= L.GetTop(); i++ {
			ts = append(ts, L.Get(i).(*Coroutine).Thread())
		}
		c := w.Current().Join(ts...)
		if c == nil {
			L.Push(lua.LNil)
			L.Push(lua.LString("already waited or killed"))
			return 2
		}
		L.Push(lua.LBool(c.Err() == nil))
		if e, ok := c.Err().(*lua.ApiError); ok {
			L.Push(e.Object)
			return 2
		}
		for _, v := range c.Results() {
			L.Push(v)
		}
		return 1 + len(c.Results())
	}))
	L.SetGlobal("kill", L.NewFunction(func(L *lua.LState) int {
		c := L.Get(1).(*Coroutine).Thread()
		if !w.Current().IsParentOf(c) {
			L.Push(lua.LNil)
			L.Push(lua.LString("killer not parent"))
			return 2
		}
		c.Reap()
		c.Kill()
		return 0
	}))
	return nil
}

func newTestGroup(t testing.TB, o Options) *Group {
	t.Helper()
	if o.Open == nil {
		o.Open = openTest
	}
	if o.Log == nil {
		o.Log = func(int, string) {}
	}
	g, err := NewGroup(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.Drain()
		<-g.Closed()
	})
	return g
}

func load(t testing.TB, w *Worker, src string) *lua.LFunction {
	t.Helper()
	proto, err := w.Group.Compile(src, "=t.lua")
	if err != nil {
		t.Fatal(err)
	}
	return w.Function(proto, nil)
}

// show writes results or an error in one line.
func show(res []lua.LValue, err error) string {
	if c := ControlOf(err); c != nil {
		return fmt.Sprintf("control %T %v", c, c)
	}
	var e *lua.ApiError
	if errors.As(err, &e) {
		return "error: " + e.Object.String()
	}
	s := make([]string, len(res))
	for i, v := range res {
		s[i] = v.String()
	}
	return strings.Join(s, " ")
}

const out = `local log = {}
local function p(...)
  local t = {...}
  for i = 1, select("#", ...) do t[i] = tostring(t[i]) end
  log[#log+1] = table.concat(t, " ")
end
local function flush() return table.concat(log, "; ") end
`

var programs = []struct {
	name, src, want string
	plain           bool
}{
	{name: "results", src: `return 1, "a", nil`, want: "1 a nil"},
	{name: "error", src: "\nerror('x')", want: "error: t.lua:2: x"},
	{name: "error object kept by pcall", src: `local ok, e = pcall(error, {7}) return ok, e[1]`, want: "false 7"},
	{name: "control passes pcall", src: `pcall(exit, 3) return 1`, want: "control vm.exit 3"},
	{name: "control passes xpcall without its handler", src: `xpcall(function() exit(3) end, function() forever() end) return 1`, want: "control vm.exit 3"},
	{name: "control passes coroutines", src: `coroutine.wrap(function() pcall(coroutine.wrap(function() exit(4) end)) end)()`, want: "control vm.exit 4"},
	{name: "a caught error leaves upvalues attached", src: `local x = 1 local function get() return x end
		pcall(error, "a") x = 2 local a = get() pcall(pcall, error) x = 3 return a, get()`, want: "2 3"},
	{name: "a caught error detaches those of the failed function", src: `local get
		pcall(function() local y = 5 get = function() return y end error("b") end)
		local a, b, c, d, e = 1, 2, 3, 4, 5 return get()`, want: "5"},
	{name: "xpcall likewise", src: `local x, get = 1 local function g() return x end
		xpcall(function() local y = 5 get = function() return y end error("b") end, function(e) return e end)
		local a, b, c, d, e = 1, 2, 3, 4, 5 x = 9 return get(), g()`, want: "5 9"},
	{name: "xpcall handler sees the error", src: `return xpcall(function() error("b", 0) end, function(e) return e .. "!" end)`, want: "false b!"},
	{name: "error in handler", src: `return xpcall(function() error("b") end, function(e) error("c") end)`, want: "false error in error handling"},
	{name: "go panic", src: "local ok, e = pcall(crash)\nreturn ok, e", want: "false t.lua:1: internal error: assignment to entry in nil map"},
	{name: "stack overflow", src: `local function f(n) return 1 + f(n+1) end return pcall(f, 1)`, want: "false t.lua:1: stack overflow"},
	{name: "stack overflow by values", src: `local function f(...) return 1 + f(1, ...) end return pcall(f)`, want: "false t.lua:1: stack overflow"},
	{name: "stack overflow reaches a handler", src: `local function f(n) return 1 + f(n) end return xpcall(f, function(e) return "h " .. e end)`, want: "false h t.lua:1: stack overflow"},
	{name: "deep recursion", src: `local function f(n) if n == 0 then return 0 end return 1 + f(n-1) end return f(190000)`, want: "190000"},

	{name: "yield in pcall", src: `local co = coroutine.wrap(function() local ok, v = pcall(function() return coroutine.yield(1) + 1 end) coroutine.yield(v) return "end" end)
		return co(), co(10), co()`, want: "1 11 end"},
	{name: "yield in metamethod", src: `local co = coroutine.wrap(function() local t = setmetatable({}, {__index = function(t, k) return coroutine.yield(k) end}) return t.foo end)
		return co(), co("v")`, want: "foo v"},
	{name: "yield in iterator", src: `local co = coroutine.wrap(function() for i in function(_, n) return coroutine.yield(n) end do return "got " .. i end end) return co(), co(5)`, want: "nil got 5"},
	{name: "yield in sort", src: `local n = 0 local co = coroutine.create(function() local t = {3,1,2} table.sort(t, function(a, b) coroutine.yield() return a < b end) return table.concat(t) end)
		local ok, v repeat n = n + 1 ok, v = coroutine.resume(co) until v or not ok return v, n > 2`, want: "123 true"},
	{name: "values both ways", src: `local co = coroutine.create(function(a, b) local c, d, e = coroutine.yield(a + b, nil) local f = coroutine.yield() return c, d, e, f end)
		` + out + `p(coroutine.resume(co, 1, 2)) p(coroutine.resume(co, 3, nil, 5)) p(coroutine.resume(co, 6)) p(coroutine.resume(co)) return flush()`,
		want: "true 3 nil; true; true 3 nil 5 6; false cannot resume dead coroutine"},
	{name: "status", src: out + `local a, b
		a = coroutine.create(function() p(coroutine.status(a)) coroutine.resume(b) coroutine.yield() end)
		b = coroutine.create(function() p(coroutine.status(a), coroutine.status(b)) end)
		p(coroutine.status(a)) coroutine.resume(a) p(coroutine.status(a), coroutine.status(b)) coroutine.resume(a) p(coroutine.status(a)) return flush()`,
		want: "suspended; running; normal running; suspended dead; dead"},
	{name: "resume self", src: `local co co = coroutine.create(function() return coroutine.resume(co) end) return coroutine.resume(co)`, want: "true false cannot resume running coroutine"},
	{name: "resume normal", src: `local a, b a = coroutine.create(function() return coroutine.resume(b) end) b = coroutine.create(function() return coroutine.resume(a) end) return coroutine.resume(a)`,
		want: "true true false cannot resume normal coroutine"},
	{name: "resume normal in LuaJIT's words", plain: true, src: `local a, b a = coroutine.create(function() return coroutine.resume(b) end) b = coroutine.create(function() return coroutine.resume(a) end) return coroutine.resume(a)`,
		want: "true true false cannot resume running coroutine"},
	{name: "error in coroutine", src: `return coroutine.resume(coroutine.create(function() error("boo") end))`, want: "false t.lua:1: boo"},
	{name: "error object in coroutine", src: `local ok, e = coroutine.resume(coroutine.create(function() error({3}) end)) return ok, e[1]`, want: "false 3"},
	{name: "wrap error", src: `return pcall(function() coroutine.wrap(function() error("x") end)() end)`, want: "false t.lua:1: x"},
	{name: "wrap error with LuaJIT's position", plain: true, src: "return pcall(function()\n coroutine.wrap(function() error('x') end)() end)", want: "false t.lua:2: t.lua:2: x"},
	{name: "wrap error without a Lua caller", plain: true, src: `return pcall(coroutine.wrap(function() error("x") end))`, want: "false t.lua:1: x"},
	{name: "wrap dead", plain: true, src: `local w = coroutine.wrap(function() end) w() local _, a = pcall(w) local _, b = pcall(function() w() end) return a .. "|" .. b`,
		want: "cannot resume dead coroutine|t.lua:1: cannot resume dead coroutine"},
	{name: "running", src: `local co co = coroutine.create(function() return coroutine.running() == co end)
		return type(coroutine.running()), coroutine.running() == coroutine.running(), coroutine.status(coroutine.running()), coroutine.resume(co)`,
		want: "thread true running true true"},
	{name: "resume the entry thread", src: `return coroutine.resume(coroutine.running())`, want: "false cannot resume running coroutine"},
	{name: "yield of the entry thread", src: `return coroutine.yield(5)`, want: ""},
	{name: "yield where there is no thread", plain: true, src: `return pcall(coroutine.yield, 5)`, want: "false attempt to yield across C-call boundary"},
	{name: "isyieldable", plain: true, src: `return coroutine.isyieldable(), coroutine.wrap(function() return coroutine.isyieldable() end)()`, want: "false true"},
	{name: "bad arguments", src: `local _, a = pcall(coroutine.resume) local _, b = pcall(function() coroutine.create(print) end) return a .. "|" .. b`,
		want: "bad argument #1 to '?' (coroutine expected)|t.lua:1: bad argument #1 to 'create' (Lua function expected)"},
	{name: "generators within generators", src: `local function gen(n) return coroutine.wrap(function() for i = 2, n do coroutine.yield(i) end end) end
		local function filter(p, g) return coroutine.wrap(function() while true do local n = g() if n == nil then return end if n % p ~= 0 then coroutine.yield(n) end end end) end
		local x, s = gen(60), 0 while true do local n = x() if n == nil then break end s = s + n x = filter(n, x) end return s`, want: "440"},
	{name: "sleep in nested coroutines", src: `local co = coroutine.wrap(function() return coroutine.wrap(function() sleep(0.001) coroutine.yield(1) return 2 end)() + 1 end) return co()`, want: "2"},

	{name: "spawn runs the child at once", src: out + `spawn(function(a) p("child", a) turn() p("child again") end, 7) p("parent") turn() p("end") return flush()`,
		want: "child 7; parent; child again; end"},
	{name: "nested spawn", src: out + `spawn(function() p(1) spawn(function() p(2) turn() p(5) end) p(4) turn() p(6) end) p(3) turn() turn() p(7) return flush()`,
		want: "1; 2; 3; 4; 5; 6; 7"},
	{name: "those put off go on in their order", src: out + `
		local function f(n) return function() p(n, 1) turn() p(n, 2) turn() p(n, 3) end end
		spawn(f("f")) spawn(f("g")) p("done") turn() turn() turn() turn() return flush()`, want: "f 1; g 1; f 2; done; g 2; f 3; g 3"},
	{name: "run waits for light threads", src: `x = 0 for i = 1, 5 do spawn(function() sleep(0.001) x = x + 1 end) end return 1`, want: "1"},
	{name: "join", src: `local t = spawn(function(...) sleep(0.001) return "r", ... end, 8) local a, b, c = join(t) return a, b, c, select(2, join(t))`, want: "true r 8 already waited or killed"},
	{name: "join of a zombie", src: `local t = spawn(function() return 1 end) local s = coroutine.status(t) join(t) return s, coroutine.status(t)`, want: "zombie dead"},
	{name: "join of an error", src: `return join(spawn(function() error("bad") end))`, want: "false t.lua:1: bad"},
	{name: "join takes the first", src: `local a, b = spawn(forever), spawn(function() sleep(0.001) return "b" end) local r, v = join(a, b) kill(a) return r, v`, want: "true b"},
	{name: "join goes on before others", src: out + `local go = false
		local t = spawn(function() for j = 1, 9 do turn() end p("ends") end)
		for i = 1, 3 do spawn(function() for j = 1, 20 do turn() p("x") end end) end
		join(t) p("joined") local s = flush() return (s:find("ends; joined", 1, true)) ~= nil`, want: "true"},
	{name: "status of light threads", src: out + `local t t = spawn(function() p(coroutine.status(t or coroutine.running())) turn() end) p(coroutine.status(t)) p(coroutine.resume(t)) return flush()`,
		want: "running; running; false cannot resume running coroutine"},
	{name: "kill", src: out + `local t = spawn(function() pcall(forever) p("never") end) kill(t) p(coroutine.status(t)) turn() return flush()`, want: "dead"},
	{name: "kill takes the coroutines along", src: out + `local t = spawn(function() pcall(coroutine.wrap(function() pcall(forever) p("never") end)) p("never") end) kill(t) turn() return flush()`, want: ""},
	{name: "only the parent kills", src: `local t = spawn(forever) local r = coroutine.wrap(function() return select(2, kill(t)) end)() kill(t) return r`, want: "killer not parent"},
	{name: "exit in a light thread ends all", src: `spawn(forever) spawn(function() sleep(0.001) exit(9) end) forever()`, want: "control vm.exit 9"},
	{name: "exit in a light thread after the entry has ended", src: `spawn(forever) spawn(function() sleep(0.001) exit(9) end) return 1`, want: "control vm.exit 9"},
	{name: "exit of the entry ends light threads", src: `spawn(forever) exit(2)`, want: "control vm.exit 2"},
	{name: "error of the entry ends light threads", src: `spawn(forever) error("e", 0)`, want: "error: e"},
}

func TestPrograms(t *testing.T) {
	g := newTestGroup(t, Options{})
	w := g.Pick()
	for _, tc := range programs {
		t.Run(tc.name, func(t *testing.T) {
			fn := load(t, w, tc.src)
			run := w.Run
			if tc.plain {
				run = w.RunPlain
			}
			for range 2 { // the second time on used states
				if diff := cmp.Diff(tc.want, show(run(nil, fn, lua.MultRet))); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestTraceback(t *testing.T) {
	g := newTestGroup(t, Options{})
	w := g.Pick()
	fn := load(t, w, "local co = coroutine.wrap(function()\n local x = nil\n x.y = 1 end)\nco()")
	_, err := w.Run(nil, fn, 0)
	want := "stack traceback:\ncoroutine 0:\n\tt.lua:3: in function <t.lua:1>\ncoroutine 1:\n\t[C]: in ?\n\tt.lua:4: in function <t.lua:0>"
	var e *lua.ApiError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, e.StackTrace); diff != "" {
		t.Error(diff)
	}
}

func TestStress(t *testing.T) {
	g := newTestGroup(t, Options{Workers: 2})
	const src = `
local function body(n)
  local co = coroutine.wrap(function()
    local inner = coroutine.wrap(function()
      for i = 1, 3 do pcall(sleep, 0.0001) coroutine.yield(i) end
      pcall(error, "x")
      return 4
    end)
    local s = 0
    for i = 1, 4 do s = s + inner() turn() coroutine.yield(s) end
    return 100 + s
  end)
  local t = spawn(function() local left = coroutine.wrap(function() coroutine.yield() end) left() sleep(0.0001) return n end)
  local last for i = 1, 5 do last = co() end
  local _, m = join(t)
  return last + m
end
return body(...)`
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			for range 10 {
				w := g.Pick()
				proto, err := g.Compile(src, "=s.lua")
				if err != nil {
					t.Error(err)
					return
				}
				if got, want := show(w.Run(i, w.Function(proto, nil), 1, lua.LNumber(i))), fmt.Sprint(110+i); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
	wg.Wait()
}
