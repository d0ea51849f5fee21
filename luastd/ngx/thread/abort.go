package thread

import (
	"sync"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/vm"
)

// ok, err = ngx.on_abort(callback)
func onAbort(v *handler.VM, L *lua.LState) int {
	c := current(v, L)
	switch {
	case c.R == nil:
		codec.Raise(L, "API disabled in the context of "+c.Phase.ContextName())
	case c.OnAbort != nil:
		return refuse(L, "duplicate call")
	case c.Settings == nil || !c.Settings.CheckClientAbort:
		return refuse(L, "lua_check_client_abort is off")
	}
	fn := luaFunction(L, "on_abort")
	require(L, c)
	c.OnAbort = fn
	L.Push(lua.LNumber(1))
	return 1
}

// watch waits for the client to go while a handler is at work.
type watch struct {
	c    *handler.Ctx
	quit chan struct{}
	done chan struct{}

	mu     sync.Mutex
	thread *vm.Thread // runs the callback
	err    error      // the Control that the callback has raised; read after done is closed
}

func keep(err error) error { return err }

// WatchAbort has the handler that is about to run for c ended, or its ngx.on_abort callback run, when the
// client goes away, where lua_check_client_abort is on. It and stop are called without the baton, on the
// request's goroutine; stop, which takes the error that the handler ended with and returns the one that
// counts, after all the handler's threads have ended.
func WatchAbort(c *handler.Ctx) (stop func(err error) error) {
	if !c.Settings.CheckClientAbort || c.R.OffWire() || c.R.Main.Wire == nil {
		return keep
	}
	c.Hold()
	w := &watch{c: c, quit: make(chan struct{}), done: make(chan struct{})}
	go w.run(c.R.Main.Wire.Gone())
	return w.stop
}

func (w *watch) run(gone <-chan struct{}) {
	defer close(w.done)
	select {
	case <-w.quit:
		return
	case <-gone:
	}
	c := w.c
	L := c.VM.W.L
	var callback *lua.LFunction
	late := true
	entry := &lua.LFunction{IsG: true, Env: L.Env, GFunction: func(L *lua.LState) int {
		select {
		case <-w.quit: // the handler has ended meanwhile
			return 0
		default:
		}
		late = false
		c.R.Log(phases.LogInfo, "client prematurely closed connection")
		if callback = c.OnAbort; callback == nil {
			return 0
		}
		w.mu.Lock()
		w.thread = c.VM.Thread()
		w.mu.Unlock()
		c.R.Log(phases.LogDebug, "lua waking up the on_abort callback thread")
		L.Push(callback)
		L.Call(0, 0)
		return 0
	}}
	_, err := c.VM.W.Run(c, entry, 0)
	switch vm.ControlOf(err).(type) {
	case nil:
		c.LogAborted("user", err)
		if callback == nil && !late {
			c.Kill()
		}
	case vm.Killed:
	default:
		w.err = err
		c.Kill()
	}
}

func (w *watch) stop(err error) error {
	close(w.quit)
	if err != nil {
		w.mu.Lock()
		if w.thread != nil {
			w.thread.Kill()
		}
		w.mu.Unlock()
	}
	<-w.done
	w.c.OnAbort = nil
	if _, killed := vm.ControlOf(err).(vm.Killed); killed && w.err != nil {
		return w.err
	}
	return err
}
