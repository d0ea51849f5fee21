package vm

import (
	"runtime"
	"sync"
	"testing"
)

// A thread asleep must stay small: thousands of them are an ordinary load.
func TestMemoryOfSleepingThreads(t *testing.T) {
	g := newTestGroup(t, Options{})
	w := g.Pick()
	const n = 2000
	var before, after runtime.MemStats
	gate := make(chan *Thread, n)
	fn := load(t, w, `local t = {} for i = 1, 5 do t[i] = {} end forever()`)
	runtime.GC()
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() { _, _ = w.Run(starter{gate}, fn, 0) })
	}
	threads := make([]*Thread, 0, n)
	for range n {
		threads = append(threads, <-gate)
	}
	for {
		asleep := true
		for _, th := range threads {
			th.kill.mu.Lock()
			asleep = asleep && th.kill.cancel != nil
			th.kill.mu.Unlock()
		}
		if asleep {
			break
		}
		runtime.Gosched()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (after.HeapInuse + after.StackInuse - before.HeapInuse - before.StackInuse) / n
	t.Logf("%d bytes for each thread, its goroutine included", each)
	if each > 20<<10 {
		t.Errorf("%d bytes for each thread", each)
	}
	for _, th := range threads {
		th.Kill()
	}
	wg.Wait()
}
