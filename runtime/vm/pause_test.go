package vm_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/lualib"
	"moongate/runtime/machine"
	"moongate/runtime/vm"
	"moongate/runtime/vm/vmtest"
)

// pausing is a worker with a function wait(...), which puts its script aside where it can and returns its arguments; waited notes
// how it waited.
func pausing(t *testing.T) (h *vmtest.Host, waited *[]string) {
	waited = new([]string)
	h = vmtest.New(t, nil, func(w *vm.Worker, out io.Writer) {
		L := w.L
		lualib.Open(L, lualib.Options{Stdout: out})
		w.OpenCoroutine(L)
		args := func(L *lua.LState) int { return L.GetTop() }
		then := L.NewFunction(func(L *lua.LState) int {
			w.Current().Resumed()
			return args(L)
		})
		L.SetGlobal("wait", machine.NewPausing(L, func(L *lua.LState) int {
			*waited = append(*waited, "blocked")
			w.Current().Wait(func(<-chan struct{}) {})
			return args(L)
		}, func(L *lua.LState, args []lua.LValue) (*lua.LFunction, bool) {
			t := w.Current()
			if !t.Pausable(L) || len(args) > 0 && args[0] == lua.LFalse {
				return nil, false
			}
			*waited = append(*waited, "aside")
			t.Pause(func() { *waited = append(*waited, "stopped") })
			return then, true
		}))
	})
	return h, waited
}

// finish runs a script to its end, and between two of its parts what others do on the worker.
func finish(h *vmtest.Host, fn *lua.LFunction, between func(p *vm.Paused)) error {
	p, err := h.RunPausable(nil, fn)
	for p != nil {
		between(p)
		p, err = p.Continue()
	}
	return err
}

func TestPause(t *testing.T) {
	h, waited := pausing(t)
	other := h.Load(t, `local t = {} for i = 1, 50 do t[i] = {i} end`, "=other")
	for _, c := range []struct{ name, lua, out, waited string }{
		{"results", `print(wait(1, "a", nil)) local a, b, c = wait(1, 2) print(a, b, c) wait() print((wait(7, 8)))`, "1\ta\tnil\n1\t2\tnil\n7\n", "aside aside aside aside"},
		{"as a statement among locals", `local n, s = 1.5, "s" for i = 1, 3 do local x = i * 2 wait(x) n = n + x end print(n, s)`, "13.5\ts\n", "aside aside aside"},
		{"in a function", `local function f(a, ...) local g = function() wait() return a end wait(...) return g() end print(f("x", 1, 2), f("y"))`, "x\ty\n", "aside aside aside aside"},
		{"in an expression", `print(1 + wait(2) * wait(3), wait(4, 5))`, "7\t4\t5\n", "aside aside aside"},
		{"in a table", `local t = {0, wait(4, 5)} print(#t, t[3]) print(select("#", wait(1, nil, nil)))`, "3\t5\n3\n", "aside aside"},
		{"upvalues", `local n = 0 local function up() n = n + 1 return n end up() wait() up() local m = n wait() print(n, m, up())`, "2\t2\t3\n", "aside aside"},
		{"a vararg chunk", `local function f(...) wait() return select("#", ...), ... end print(f(1, nil, 3))`, "3\t1\tnil\t3\n", "aside"},
		{"it does not want to", `print(wait(false))`, "false\n", "blocked"},
		{"in a tail call", `local function f() return wait(3) end print(f())`, "3\n", "blocked"},
		{"in pcall", `print(pcall(wait, 1)) print(pcall(function() wait() return 2 end))`, "true\t1\ntrue\t2\n", "blocked blocked"},
		{"in a coroutine", `print(coroutine.wrap(function() wait() return 3 end)())`, "3\n", "blocked"},
		{"in a metamethod", `local t = setmetatable({}, {__index = function(_, k) wait() return k end}) print(t.x, wait(1))`, "x\t1\n", "blocked aside"},
		{"in an iterator", `for i in function(_, i) i = (i or 0) + 1 wait() if i < 3 then return i end end do wait() print(i) end`, "1\n2\n", ""},
		{"beside a coroutine that is suspended", `local co = coroutine.wrap(function() coroutine.yield(1) return 2 end) print(co()) wait() print(co())`, "1\n2\n", "aside"},
		{"deep", `local function f(n) if n == 0 then return (wait("bottom")) end local r = f(n - 1) return r end print(f(100))`, "bottom\n", "aside"},
	} {
		t.Run(c.name, func(t *testing.T) {
			*waited = nil
			err := finish(h, h.Load(t, c.lua, "=t"), func(*vm.Paused) {
				if _, err := h.Run(nil, other, 0); err != nil { // on a state of its own
					t.Error(err)
				}
			})
			if d := cmp.Diff(c.out, h.Output()); d != "" || err != nil {
				t.Errorf("%s%v", d, err)
			}
			if got := strings.Join(*waited, " "); c.waited != "" && got != c.waited {
				t.Errorf("%s, want %s", got, c.waited)
			}
		})
	}
}

// TestPauseFails: an error after a pause is one of the script's, with its place; the state serves again.
func TestPauseFails(t *testing.T) {
	h, _ := pausing(t)
	for range 3 {
		err := finish(h, h.Load(t, "local function f()\nwait()\nerror('oops')\nend f() print('on')", "=t"), func(*vm.Paused) {})
		var e *lua.ApiError
		if e, _ = err.(*lua.ApiError); e == nil || e.Object.String() != "t:3: oops" || !strings.Contains(e.StackTrace, "t:3") { //nolint:errorlint // as it comes
			t.Errorf("%v", err)
		}
	}
	if out := h.Output(); out != "" {
		t.Errorf("it printed %q", out)
	}
}

// TestPauseKilled: a thread that is killed while it is aside unwinds when it goes on.
func TestPauseKilled(t *testing.T) {
	h, waited := pausing(t)
	fn := h.Load(t, `wait() print("on")`, "=t")
	var thread *vm.Thread
	o := &owner{started: func(t *vm.Thread) { thread = t }}
	p, err := h.RunPausable(o, fn)
	if p == nil {
		t.Fatal(err)
	}
	thread.Kill()
	p, err = p.Continue()
	if _, killed := vm.ControlOf(err).(vm.Killed); !killed || p != nil {
		t.Errorf("%v, %v", p, err)
	}
	if d := cmp.Diff([]string{"aside", "stopped"}, *waited); d != "" || h.Output() != "" || o.ended != 1 {
		t.Errorf("%s ended %d times", d, o.ended)
	}
}

type owner struct {
	started func(t *vm.Thread)
	ended   int
}

func (o *owner) ThreadStarted(t *vm.Thread) { o.started(t) }
func (o *owner) ThreadEnded(*vm.Thread)     { o.ended++ }

// TestManyPaused has a thousand scripts aside at once, which go on in another order.
func TestManyPaused(t *testing.T) {
	h, _ := pausing(t)
	fn := h.Load(t, `n = (n or 0) + 1 local mine = n wait() local t = {mine} wait() sum = (sum or 0) + t[1] + mine`, "=t")
	var all []*vm.Paused
	for range 1000 {
		p, err := h.RunPausable(nil, fn)
		if p == nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	for round := range 2 {
		for i := range all {
			j := (i*7 + round) % len(all)
			p, err := all[j].Continue()
			if (p != nil) != (round == 0) || err != nil {
				t.Fatal(p, err)
			}
		}
	}
	if err := h.Main(`print(sum)`, "=t"); err != nil || h.Output() != fmt.Sprintln(1000*1001) {
		t.Error(err)
	}
}
