package vm

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// noting is an owner that notes its threads.
type noting struct {
	threads []*Thread
	keep    bool
}

func (o *noting) ThreadStarted(t *Thread) {
	o.threads = append(o.threads, t)
	if o.keep {
		t.Keep()
	}
}

// TestThreadsServeAgain: a thread serves another handler after its end, unless someone may still know it.
func TestThreadsServeAgain(t *testing.T) {
	open := func(w *Worker) error {
		if err := openTest(w); err != nil {
			return err
		}
		w.L.SetGlobal("wait", w.L.NewFunction(func(*lua.LState) int {
			w.Current().Wait(func(<-chan struct{}) {})
			return 0
		}))
		w.L.SetGlobal("nested", w.L.NewFunction(func(L *lua.LState) int {
			if _, err := w.Current().Run(L.CheckFunction(1), 0); err != nil {
				panic(err)
			}
			return 0
		}))
		return nil
	}
	for _, tt := range []struct {
		name, src string
		keep      bool
		again     bool
	}{
		{"a plain handler", `return 1`, false, true},
		{"a handler with another one inside", `nested(function() end)`, false, true},
		{"a handler that fails", `error("x")`, false, true},
		{"a handler with a coroutine", `coroutine.wrap(function() coroutine.yield() end)()`, false, true},
		{"kept", `return 1`, true, false},
		{"seen by Lua", `return coroutine.running()`, false, false},
		{"a parent", `spawn(function() end)`, false, false},
		{"having waited", `wait()`, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newTestGroup(t, Options{Open: open}).Pick()
			fn := load(t, w, tt.src)
			o := &noting{keep: tt.keep}
			for range 2 {
				w.Run(o, fn, 0) //nolint:errcheck // one of them fails
			}
			if again := o.threads[0] == o.threads[1]; again != tt.again {
				t.Errorf("the same thread twice: %t, want %t", again, tt.again)
			}
		})
	}
}

// TestRunAllocatesNothing: a handler costs no memory of its own, nor does one inside another.
func TestRunAllocatesNothing(t *testing.T) {
	w := newTestGroup(t, Options{}).Pick()
	fn := load(t, w, `return nil`)
	inner := load(t, w, `return nil`)
	outer := &lua.LFunction{IsG: true, Env: w.L.Env, GFunction: func(*lua.LState) int {
		if _, err := w.Current().Run(inner, 1); err != nil {
			t.Error(err)
		}
		return 0
	}}
	for _, f := range []*lua.LFunction{fn, outer} {
		if n := testing.AllocsPerRun(100, func() {
			if _, err := w.Run(nil, f, 1); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%g allocations", n)
		}
	}
}

// TestAside: others run meanwhile, the owner is not told, and a thread that was killed unwinds after it.
func TestAside(t *testing.T) {
	var w *Worker
	var ran, after bool
	w = newTestGroup(t, Options{}).Pick()
	fn := &lua.LFunction{IsG: true, Env: w.L.Env, GFunction: func(*lua.LState) int {
		th := w.Current()
		th.Aside(func() {
			if _, err := w.Run(nil, load(t, w, `return 1`), 0); err != nil {
				t.Error(err)
			}
			ran = true
			th.Kill()
		})
		after = true
		return 0
	}}
	_, err := w.Run(nil, fn, 0)
	if _, killed := ControlOf(err).(Killed); !killed || !ran || after {
		t.Errorf("error %v, ran %t, went on %t", err, ran, after)
	}
}
