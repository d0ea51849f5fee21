package vm

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"
)

func TestRunAllocations(t *testing.T) {
	g := newTestGroup(t, Options{})
	w := g.Pick()
	for _, tc := range []struct {
		name, src string
		max       float64
	}{
		{"trivial", `return 1`, 2},
		{"pcall", `pcall(type, 1)`, 2},
	} {
		fn := load(t, w, tc.src)
		if n := testing.AllocsPerRun(100, func() { _, _ = w.Run(nil, fn, 0) }); n > tc.max {
			t.Errorf("%s: %v allocations, want at most %v", tc.name, n, tc.max)
		}
	}
}

func TestBatonIsFIFO(t *testing.T) {
	var b baton
	b.tryLock()
	var order []int
	var wg sync.WaitGroup
	for i := range 5 {
		wk := &waiter{ch: make(chan struct{}, 1)}
		wg.Go(func() {
			b.lock(wk)
			order = append(order, i)
			b.unlock()
		})
		for b.load() != int32(i+2) {
			runtime.Gosched()
		}
		for queued := false; !queued; {
			b.mu.Lock()
			queued = b.tail == wk
			b.mu.Unlock()
		}
	}
	b.unlock()
	wg.Wait()
	if diff := cmp.Diff([]int{0, 1, 2, 3, 4}, order); diff != "" {
		t.Error(diff)
	}
}

func TestPickPrefersIdleWorkers(t *testing.T) {
	g := newTestGroup(t, Options{Workers: 3})
	busy := g.Workers()[1]
	busy.baton.tryLock()
	defer busy.baton.unlock()
	seen := map[int]int{}
	for range 9 {
		seen[g.Pick().ID]++
	}
	if seen[1] != 0 || seen[0] == 0 || seen[2] == 0 {
		t.Errorf("picked %v", seen)
	}
}

func TestCompileOnce(t *testing.T) {
	n := 0
	g := newTestGroup(t, Options{CompileFunc: func(src, name string) (*lua.FunctionProto, error) {
		n++
		return stockCompile(src, name)
	}})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := g.Compile("return 1", "=a"); err != nil {
				t.Error(err)
			}
			if _, err := g.Compile("return +", "=a"); err == nil {
				t.Error("no error")
			}
		})
	}
	wg.Wait()
	if n != 2 {
		t.Errorf("compiled %d times", n)
	}
}

// TestCopies: each worker but the first makes its own copy of code, once.
func TestCopies(t *testing.T) {
	var copies atomic.Int32
	g := newTestGroup(t, Options{Workers: 2, CopyFunc: func(proto *lua.FunctionProto) *lua.FunctionProto {
		copies.Add(1)
		own := *proto
		return &own
	}})
	proto, err := g.Compile("return 1", "=a")
	if err != nil {
		t.Fatal(err)
	}
	first, second := g.Workers()[0].Function(proto, nil), g.Workers()[1].Function(proto, nil)
	if again := g.Workers()[1].Function(proto, nil); first.Proto != proto || second.Proto == proto || again.Proto != second.Proto || copies.Load() != 1 {
		t.Errorf("code %p, the workers have %p and %p, then %p; %d copies", proto, first.Proto, second.Proto, again.Proto, copies.Load())
	}
}

func TestDo(t *testing.T) {
	g := newTestGroup(t, Options{})
	w := g.Pick()
	err := w.Do(func(L *lua.LState) error {
		if w.Current().L != L || L != w.L || w.Current().Owner != nil {
			t.Error("Do is not on the main state")
		}
		return L.DoString(`shared = 0 co = coroutine.wrap(function() while true do shared = shared + 1 coroutine.yield(shared) end end) return co()`)
	})
	if err != nil {
		t.Fatal(err)
	}
	fn := load(t, w, `return co()`)
	if got := show(w.Run(nil, fn, 1)) + show(w.Run(nil, fn, 1)); got != "23" {
		t.Errorf("a coroutine of init_by_lua gave %s", got)
	}
	want := errors.New("mine")
	if err := w.Do(func(*lua.LState) error { return want }); !errors.Is(err, want) {
		t.Error(err)
	}
	if got := show(nil, w.Do(func(L *lua.LState) error { L.RaiseError("raised"); return nil })); !strings.Contains(got, "raised") {
		t.Error(got)
	}
}

func TestOpenFails(t *testing.T) {
	_, err := NewGroup(Options{Workers: 2, Open: func(w *Worker) error {
		if w.ID == 1 {
			return errors.New("no library")
		}
		return nil
	}})
	if err == nil || err.Error() != "no library" {
		t.Error(err)
	}
}

func TestGlobalsFor(t *testing.T) {
	g := newTestGroup(t, Options{})
	w := g.Pick()
	proto, _ := g.Compile(`x = (x or 0) + 1 return x, _G.x, type(print)`, "=t")
	for range 2 {
		var fn *lua.LFunction
		_ = w.Do(func(*lua.LState) error { fn = w.Function(proto, w.GlobalsFor()); return nil })
		if got := show(w.Run(nil, fn, lua.MultRet)); got != "1 1 function" {
			t.Error(got)
		}
	}
}

type starter struct{ ch chan *Thread }

func (s starter) ThreadStarted(t *Thread) { s.ch <- t }

func TestKillEntry(t *testing.T) {
	g := newTestGroup(t, Options{})
	w := g.Pick()
	for _, src := range []string{
		`pcall(forever)`,
		`while true do turn() end`,
		`coroutine.wrap(function() pcall(forever) end)()`,
		`spawn(forever)`,
		`join(spawn(forever), spawn(forever))`,
		`local t = spawn(function() spawn(forever) forever() end) pcall(join, t)`,
	} {
		s := starter{make(chan *Thread, 1)}
		fn := load(t, w, src)
		done := make(chan string)
		go func() { done <- show(w.Run(s, fn, 0)) }()
		th := <-s.ch
		th.Kill()
		th.Kill()
		if got := <-done; got != "control vm.Killed {}" {
			t.Errorf("%s: %s", src, got)
		}
		th.Kill()
	}
}

// stopper is an owner that kills its thread at a chosen moment of a stoppable wait.
type stopper struct{ before bool }

func (s stopper) ThreadStarted(t *Thread) {
	if s.before {
		t.Kill()
	}
}

func TestWaitStop(t *testing.T) {
	for _, tc := range []struct {
		name          string
		kill          bool
		ended, stops  int
		before, after bool
		want          string
	}{
		{name: "not killed", ended: 1, after: true, want: ""},
		{name: "killed while it waits", kill: true, ended: 1, stops: 1, want: "control vm.Killed {}"},
		{name: "killed before", before: true, want: "control vm.Killed {}"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var th *Thread
			ended, stops := 0, 0
			after := false
			g := newTestGroup(t, Options{Open: func(w *Worker) error {
				w.L.SetGlobal("wait", w.L.NewFunction(func(L *lua.LState) int {
					stopped := make(chan struct{})
					if !tc.kill {
						close(stopped)
					}
					th = w.Current()
					th.Keep()
					th.WaitStop(func() {
						if tc.kill {
							go th.Kill()
						}
						<-stopped
						ended++
					}, func() {
						stops++
						close(stopped)
					})
					after = true
					return 0
				}))
				return nil
			}})
			w := g.Pick()
			if got := show(w.Run(stopper{tc.before}, load(t, w, `wait()`), 0)); got != tc.want {
				t.Errorf("ended with %q, want %q", got, tc.want)
			}
			if th != nil {
				th.Kill() // too late to stop anything
			}
			if ended != tc.ended || stops != tc.stops || after != tc.after {
				t.Errorf("ended %d, stopped %d, went on %v; want %d, %d, %v", ended, stops, after, tc.ended, tc.stops, tc.after)
			}
		})
	}
}

func TestNestedRun(t *testing.T) {
	var log []string
	g := newTestGroup(t, Options{Open: func(w *Worker) error {
		_ = openTest(w)
		filter := load(t, w, `note("filter") turn() note(select(2, pcall(coroutine.yield))) return 5`)
		w.L.SetGlobal("note", w.L.NewFunction(func(L *lua.LState) int {
			log = append(log, L.Get(1).String())
			return 0
		}))
		w.L.SetGlobal("say", w.L.NewFunction(func(L *lua.LState) int {
			outer := w.Current()
			res, err := outer.Run(filter, 1)
			if w.Current() != outer || err != nil {
				t.Error("the outer thread does not go on", err)
			}
			L.Push(res[0])
			return 1
		}))
		return nil
	}})
	w := g.Pick()
	fn := load(t, w, `spawn(function() note(say()) note("child") end) note("parent") turn() note(say())`)
	if got := show(w.Run(nil, fn, 0)); got != "" {
		t.Error(got)
	}
	want := []string{"filter", "parent", "attempt to yield across C-call boundary", "5", "child", "filter", "attempt to yield across C-call boundary", "5"}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Error(diff)
	}
}

func TestEnded(t *testing.T) {
	var got []string
	g := newTestGroup(t, Options{Ended: func(th *Thread) { got = append(got, show(th.Results(), th.Err())) }})
	w := g.Pick()
	fn := load(t, w, `spawn(function() return 1 end) spawn(error, "e", 0) kill(spawn(forever))`)
	_, _ = w.Run(nil, fn, 0)
	if diff := cmp.Diff([]string{"1", "error: e", "control vm.Killed {}"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestGoPanicIsLogged(t *testing.T) {
	var logged []string
	g := newTestGroup(t, Options{Log: func(level int, msg string) { logged = append(logged, fmt.Sprint(level, " ", msg)) }})
	w := g.Pick()
	_, err := w.Run(nil, load(t, w, "pcall(crash)"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(logged) != 1 || !strings.HasPrefix(logged[0], "3 t.lua:1: internal error: assignment to entry in nil map\ngoroutine ") {
		t.Errorf("logged %q", logged)
	}
}

func TestCPULimit(t *testing.T) {
	g := newTestGroup(t, Options{CPULimit: 5 * time.Millisecond})
	w := g.Pick()
	for name, src := range map[string]string{
		"loop":      `while true do end`,
		"pcall":     `while true do pcall(function() while true do end end) end`,
		"coroutine": `coroutine.wrap(function() while true do end end)()`,
		"calls":     `local function f() return f() end f()`,
	} {
		if got := show(w.Run(nil, load(t, w, src), 0)); got != "error: t.lua:1: cpu limit exceeded" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := show(w.Run(nil, load(t, w, `for i = 1, 10 do local s = 0 for j = 1, 1000 do s = s + j end sleep(0.001) end return 1`), 1)); got != "1" {
		t.Errorf("waits do not count: %s", got)
	}
}

// Coroutines that a handler drops while they are suspended do not pile up until it ends.
func TestDroppedCoroutinesAreCollected(t *testing.T) {
	g := newTestGroup(t, Options{Open: func(w *Worker) error {
		_ = openTest(w)
		w.L.SetGlobal("collect", w.L.NewFunction(func(*lua.LState) int {
			w.Current().Wait(func(<-chan struct{}) { runtime.GC() })
			return 0
		}))
		w.L.SetGlobal("alive", w.L.NewFunction(func(L *lua.LState) int {
			L.Push(lua.LNumber(w.Current().family.nfibers))
			return 1
		}))
		return nil
	}})
	w := g.Pick()
	fn := load(t, w, `local keep = coroutine.wrap(function() coroutine.yield() return "kept" end) keep()
		for i = 1, 2000 do coroutine.wrap(function() pcall(coroutine.yield) end)() end
		local before = alive()
		for i = 1, 200 do collect() if alive() < 100 then break end end
		return before > 100, alive() < 100, keep()`)
	if got := show(w.Run(nil, fn, 3)); got != "true true kept" {
		t.Error(got)
	}
	fn = load(t, w, `for i = 1, 5 do coroutine.wrap(function() coroutine.yield() end)() end return coroutine.wrap(function() coroutine.yield(alive()) end)()`)
	if got := show(w.Run(nil, fn, 1)); got != "6" {
		t.Error(got)
	}
	_ = w.Do(func(*lua.LState) error {
		for _, f := range w.fibers {
			if f.family != nil || f.status != statusDead {
				t.Error("a kept fiber is not idle")
			}
		}
		return nil
	})
}

func TestTimers(t *testing.T) {
	var mu sync.Mutex
	var logged []string
	g := newTestGroup(t, Options{MaxPendingTimers: 3, MaxRunningTimers: 1, Log: func(level int, msg string) {
		mu.Lock()
		defer mu.Unlock()
		logged = append(logged, fmt.Sprint(level, " ", msg))
	}})
	w := g.Pick()

	fired := make(chan bool)
	if _, err := w.NewTimer(time.Millisecond, false, func(p bool) { fired <- p }); err != nil {
		t.Fatal(err)
	}
	if w.PendingTimers() != 1 {
		t.Error("not pending")
	}
	if <-fired {
		t.Error("premature")
	}

	every, err := w.NewTimer(time.Millisecond, true, func(p bool) { fired <- p })
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		<-fired
	}
	for { // a call may be under way
		if every.Stop() {
			break
		}
		select {
		case <-fired:
		default:
			runtime.Gosched()
		}
	}
	for w.RunningTimers() > 0 {
		select {
		case <-fired:
		default:
			runtime.Gosched()
		}
	}
	mu.Lock()
	logged = nil
	mu.Unlock()

	gate, began := make(chan struct{}), make(chan struct{})
	_, _ = w.NewTimer(0, false, func(bool) { close(began); <-gate })
	<-began
	if w.RunningTimers() != 1 {
		t.Error("not running")
	}
	_, _ = w.NewTimer(0, false, func(bool) { t.Error("ran beyond the limit") })
	for w.PendingTimers() > 0 {
		runtime.Gosched()
	}
	for n := 0; n == 0; runtime.Gosched() {
		mu.Lock()
		n = len(logged)
		mu.Unlock()
	}
	close(gate)
	if diff := cmp.Diff([]string{"2 1 lua_max_running_timers are not enough"}, logged); diff != "" {
		t.Error(diff)
	}

	for range 3 {
		if _, err := w.NewTimer(time.Hour, false, func(bool) {}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.NewTimer(time.Hour, false, nil); !errors.Is(err, ErrTooManyPendingTimers) {
		t.Error(err)
	}
}

func TestDrain(t *testing.T) {
	g, err := NewGroup(Options{Open: openTest})
	if err != nil {
		t.Fatal(err)
	}
	w := g.Pick()
	fired := make(chan bool, 2)
	for range 2 {
		if _, err := w.NewTimer(time.Hour, false, func(p bool) { fired <- p }); err != nil {
			t.Fatal(err)
		}
	}
	if !g.Acquire() || g.Exiting() {
		t.Fatal("exiting too early")
	}
	g.Drain()
	g.Drain()
	if !<-fired || !<-fired || !g.Exiting() {
		t.Error("not premature")
	}
	if _, err := w.NewTimer(time.Second, false, nil); !errors.Is(err, ErrExiting) {
		t.Error(err)
	}
	ran := make(chan struct{})
	if _, err := w.NewTimer(0, false, func(bool) { close(ran) }); err != nil {
		t.Error(err)
	}
	<-ran
	if got := show(w.Run(nil, load(t, w, `coroutine.wrap(coroutine.yield) return 1`), 1)); got == "" {
		t.Error("a draining group does not run Lua")
	}
	g.Release()
	<-g.Closed()
	if g.Acquire() {
		t.Error("acquired after the end")
	}
}

func TestStockStates(t *testing.T) {
	L := lua.NewState()
	defer L.Close()
	L.Push(L.NewFunction(func(L *lua.LState) int { L.RaiseError("x"); return 0 }))
	if err := PCall(L, 0, 0, nil); err == nil || WorkerOf(L) != nil {
		t.Error(err)
	}
}

// TestPickFrom: the same start gives the same worker, as long as that is idle.
func TestPickFrom(t *testing.T) {
	g := newTestGroup(t, Options{Workers: 3})
	for start := range uint32(7) {
		if w := g.PickFrom(start); w.ID != int(start%3) {
			t.Errorf("start %d: worker %d", start, w.ID)
		}
	}
	busy := g.PickFrom(4)
	busy.main.acquire()
	if w := g.PickFrom(4); w.ID != 2 {
		t.Errorf("beside a busy worker: %d", w.ID)
	}
	busy.main.release()
}
