package vm

import (
	"runtime"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// Coroutines that Lua has dropped, suspended or ended, must leave neither goroutines nor memory behind.
func TestManyCoroutines(t *testing.T) {
	g := newTestGroup(t, Options{})
	w := g.Pick()
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	fn := load(t, w, `
		for i = 1, 2500 do
			local co = coroutine.create(function(a) coroutine.yield(a) end)
			coroutine.resume(co, i)
			local w = coroutine.wrap(function() return 1 end)
			w()
		end
		return 1`)
	round := func() (goroutines int, heap uint64) {
		if got := show(w.Run(nil, fn, lua.MultRet)); got != "1" {
			t.Fatal(got)
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return runtime.NumGoroutine(), m.HeapInuse + m.StackInuse
	}
	firstGoroutines, firstHeap := round()
	var goroutines int
	var heap uint64
	for range rounds {
		goroutines, heap = round()
	}
	t.Logf("goroutines %d, then %d; memory %d KB, then %d KB, after %d coroutines", firstGoroutines, goroutines, firstHeap>>10, heap>>10, rounds*5000)
	if goroutines > firstGoroutines+200 {
		t.Errorf("%d goroutines, then %d", firstGoroutines, goroutines)
	}
	if heap > 2*firstHeap+(16<<20) {
		t.Errorf("%d bytes, then %d", firstHeap, heap)
	}
}
