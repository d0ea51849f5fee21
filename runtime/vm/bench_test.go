package vm

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

func BenchmarkRun(b *testing.B) {
	g := newTestGroup(b, Options{})
	w := g.Pick()
	fn := load(b, w, `return 1`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Run(nil, fn, 0); err != nil {
			b.Fatal(err)
		}
	}
}

// benchLua runs body, a statement, b.N times in one thread.
func benchLua(b *testing.B, prelude, body string) {
	g := newTestGroup(b, Options{})
	w := g.Pick()
	fn := load(b, w, prelude+"\nfor i = 1, (...) do "+body+" end")
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := w.Run(nil, fn, 0, lua.LNumber(b.N)); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkCoroutineSwitch(b *testing.B) { // a resume and a yield
	benchLua(b, `local yield = coroutine.yield local co = coroutine.wrap(function() while true do yield() end end)`, `co()`)
}

func BenchmarkCoroutineLife(b *testing.B) { // made, resumed, ended
	benchLua(b, `local wrap, f = coroutine.wrap, function() end`, `wrap(f)()`)
}

func BenchmarkCoroutineLifeWithYield(b *testing.B) {
	benchLua(b, `local wrap, yield = coroutine.wrap, coroutine.yield local f = function() yield(1) end`, `local co = wrap(f) co() co()`)
}

func BenchmarkCoroutineDropped(b *testing.B) { // left suspended, for the garbage collector to find
	benchLua(b, `local wrap, yield = coroutine.wrap, coroutine.yield local f = function() yield(1) end`, `wrap(f)()`)
}

func BenchmarkSpawn(b *testing.B) {
	benchLua(b, `local f = function() end`, `join(spawn(f))`)
}

func BenchmarkWait(b *testing.B) { // nobody else is there
	g := newTestGroup(b, Options{Open: func(w *Worker) error {
		w.L.SetGlobal("nap", w.L.NewFunction(func(*lua.LState) int {
			w.Current().Wait(func(<-chan struct{}) {})
			return 0
		}))
		return nil
	}})
	w := g.Pick()
	fn := load(b, w, `local nap = nap for i = 1, (...) do nap() end`)
	b.ReportAllocs()
	b.ResetTimer()
	if _, err := w.Run(nil, fn, 0, lua.LNumber(b.N)); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkHandOver(b *testing.B) { // two threads take turns
	benchLua(b, `local done local n = ... spawn(function() while not done do turn() end end)`, `turn() done = i == n`)
}

func BenchmarkPCall(b *testing.B) {
	benchLua(b, `local f = function() end`, `pcall(f)`)
}

func BenchmarkPCallError(b *testing.B) {
	benchLua(b, `local e = {}`, `pcall(error, e)`)
}

const fib = `local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end fib(25)`

func BenchmarkFib(b *testing.B) {
	b.Run("vm", func(b *testing.B) { benchLua(b, "", fib) })
	b.Run("cpulimit", func(b *testing.B) {
		g := newTestGroup(b, Options{CPULimit: 1e12})
		w := g.Pick()
		fn := load(b, w, fib)
		for b.Loop() {
			if _, err := w.Run(nil, fn, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("stock-fixed", func(b *testing.B) {
		L := lua.NewState()
		defer L.Close()
		fn, _ := L.LoadString(fib)
		for b.Loop() {
			L.Push(fn)
			L.Call(0, 0)
		}
	})
	b.Run("stock-growing", func(b *testing.B) {
		L := lua.NewState(lua.Options{MinimizeStackMemory: true, CallStackSize: 20000, RegistrySize: 256, RegistryMaxSize: 1 << 20})
		defer L.Close()
		fn, _ := L.LoadString(fib)
		for b.Loop() {
			L.Push(fn)
			L.Call(0, 0)
		}
	})
}

func BenchmarkNewThread(b *testing.B) {
	g := newTestGroup(b, Options{})
	w := g.Pick()
	b.ReportAllocs()
	for b.Loop() {
		w.newBody()
	}
}

func BenchmarkBaton(b *testing.B) {
	var bt baton
	for b.Loop() {
		bt.tryLock()
		bt.unlock()
	}
}
