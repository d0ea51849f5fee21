package timer

import (
	"errors"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/machine"
	"moongate/runtime/vm"
)

// Register puts ngx.sleep and ngx.timer into v.Ngx. Called with the baton held.
func Register(v *handler.VM) {
	L := v.W.L
	t, s := L.CreateTable(0, 4), &schedule{v: v}
	t.RawSetString("at", L.NewFunction(func(L *lua.LState) int { return create(s, L, "at", false) }))
	t.RawSetString("every", L.NewFunction(func(L *lua.LState) int { return create(s, L, "every", true) }))
	t.RawSetString("pending_count", L.NewFunction(func(L *lua.LState) int {
		// count = ngx.timer.pending_count()
		current(v, L, "no request")
		L.Push(lua.LNumber(v.W.PendingTimers()))
		return 1
	}))
	t.RawSetString("running_count", L.NewFunction(func(L *lua.LState) int {
		// count = ngx.timer.running_count()
		current(v, L, "no request")
		L.Push(lua.LNumber(s.running))
		return 1
	}))
	v.Ngx.RawSetString("timer", t)
	awake := L.NewFunction(func(*lua.LState) int { return awake(v) })
	v.Ngx.RawSetString("sleep", machine.NewPausing(L, func(L *lua.LState) int { return sleep(v, L) },
		func(L *lua.LState, args []lua.LValue) (*lua.LFunction, bool) { return awake, sleepAside(v, L, args) }))
}

// current is the context at work; where there is none, as in init_by_lua, it raises missing.
func current(v *handler.VM, L *lua.LState, missing string) *handler.Ctx {
	c := v.Current()
	if c == nil || c.Phase == handler.Init {
		codec.Raise(L, missing)
	}
	return c
}

// timer is what is called when the time has come. Immutable.
type timer struct {
	*schedule
	delay    time.Duration
	every    bool
	fn       *lua.LFunction
	args     []lua.LValue // the first is premature's place
	settings *handler.Settings
	errorLog *phases.ErrorLog
	tail     string // of its log lines: whose request made it
}

// hdl, err = ngx.timer.at(delay, callback, user_arg1, user_arg2, ...)
//
// hdl, err = ngx.timer.every(delay, callback, user_arg1, user_arg2, ...)
func create(s *schedule, L *lua.LState, name string, every bool) int {
	v := s.v
	n := L.GetTop()
	if n < 2 {
		codec.Raise(L, fmt.Sprintf("expecting at least 2 arguments but got %d", n))
	}
	ms := int64(codec.CheckNumber(L, 1, name) * 1000)
	if every && ms <= 0 {
		codec.Raise(L, "delay cannot be zero")
	}
	fn, ok := L.Get(2).(*lua.LFunction)
	if !ok || fn.IsG {
		codec.ArgError(L, 2, name, "Lua function expected")
	}
	c := current(v, L, "no request")
	if c.Phase == handler.ExitWorker {
		codec.Raise(L, "API disabled in the context of "+c.Phase.ContextName())
	}
	t := &timer{schedule: s, delay: time.Duration(ms) * time.Millisecond, every: every, fn: fn, settings: c.Settings, errorLog: c.ErrorLog, tail: c.TimerLog}
	t.args = make([]lua.LValue, 1, n-1)
	for i := 3; i <= n; i++ {
		t.args = append(t.args, L.Get(i))
	}
	if r := c.R; r != nil {
		t.errorLog = r.ErrorLog()
		t.tail = ", client: " + r.Conn.RemoteIP
		if r.Conn.Listen != nil {
			t.tail += ", server: " + r.Conn.Listen.Text
		}
	}
	if err := t.arm(); err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	L.Push(lua.LNumber(1))
	return 1
}

// arm makes the timer pending. The configuration lives until it has been called.
func (t *timer) arm() error {
	t.v.Tree.Retain()
	t.v.Timers.Add(1)
	err := t.add(t.delay, t.fire)
	if err != nil {
		t.v.Timers.Add(-1)
		t.v.Tree.Release()
	}
	return err
}

func (t *timer) ended() {
	if t.v.Timers.Add(-1) == 0 && t.v.LastTimerEnded != nil {
		t.v.LastTimerEnded()
	}
}

// fire calls the timer's function, on a goroutine of its own, once it is e's turn.
func (t *timer) fire(e *turn, premature bool) {
	v := t.v
	defer v.Tree.Release()
	defer t.ended()
	t.await(e)
	v.Tree.Log(phases.LogDebug, "lua ngx.timer expired")
	if t.every {
		if err := t.arm(); err != nil && !errors.Is(err, vm.ErrExiting) {
			v.Tree.Log(phases.LogAlert, "failed to create the next timer of delay %d ms", t.delay.Milliseconds())
		}
	}
	c := &handler.Ctx{
		Tree: v.Tree, VM: v, Phase: handler.Timer, Settings: t.settings, ErrorLog: t.errorLog, TimerLog: t.tail, Premature: premature,
	}
	if e := v.Tree.Engine(); e != nil {
		c.Serial = e.NextSerial()
	}
	refused := false
	c.Around(func(th *vm.Thread) {
		if t.began(e) {
			return
		}
		refused = true
		th.Kill()
	}, func() {
		if !refused {
			t.running--
		}
	})
	args := make([]lua.LValue, len(t.args))
	copy(args, t.args)
	args[0] = lua.LBool(premature)
	_, err := v.W.Run(c, t.fn, 0, args...)
	c.HandlerEnded()
	if refused {
		v.Tree.Log(phases.LogAlert, "lua failed to run timer with function defined at %s:%d: %d lua_max_running_timers are not enough",
			source(t.fn), t.fn.Proto.LineDefined, v.MaxRunningTimers)
		return
	}
	c.LogAborted("entry", err)
	c.End()
	if c.Enabled(phases.LogDebug) {
		c.Log(phases.LogDebug, "http lua close fake http connection")
	}
}

// source is the function's chunk as LuaJIT names it: "=content_by_lua(nginx.conf:9)", "@/path/file.lua".
func source(fn *lua.LFunction) string {
	s := fn.Proto.SourceName
	if s == "" || s[0] == '=' || s[0] == '@' {
		return s
	}
	if s[0] == '/' || len(s) > 4 && s[len(s)-4:] == ".lua" {
		return "@" + s
	}
	return "=" + s
}

// Abort logs that the worker's pending timers are about to be called prematurely, because a newer
// configuration has taken over.
func Abort(v *handler.VM) {
	v.Tree.Log(phases.LogDebug, "lua abort pending timers")
	if n := v.W.PendingTimers(); n > 0 {
		v.Tree.Log(phases.LogDebug, "lua found %d pending timers to be aborted prematurely", n)
	}
}
