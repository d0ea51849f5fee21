package luastd

import (
	"strings"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/thread"
	"moongate/phases"
	"moongate/runtime/vm"
)

// context is the Lua context of r: made when the first handler runs, forgotten at an internal redirect.
// The worker that it names is the client request's for life.
func context(r *phases.Request) *handler.Ctx {
	c, _ := r.Ctx(Module).(*handler.Ctx)
	lc := phases.LocationOf[locConf](r.Loc, Module)
	if c == nil {
		c = handler.ForRequest(r, workerOf(r, lc))
		r.SetCtx(Module, c)
	}
	c.Settings, c.UseDefaultType, c.HTTP10Buffering = lc.settings, lc.useDefaultType.V, lc.http10Buffering.V
	return c
}

// workerOf is the worker of the client's request; the first call chooses it.
func workerOf(r *phases.Request, lc *locConf) *handler.VM {
	m := r.Main
	w := phases.MainOf[mainConf](r.Tree, Module).runtime
	if !lc.codeCache.V {
		// a VM of its own for every request, subrequests included
		fresh, err := newWorkers(r.Tree, w.main, 1)
		if err == nil {
			r.OnEnd(fresh.retire)
			err = fresh.initialise(fresh.vms[0])
		}
		if err == nil {
			return fresh.vms[0]
		}
		r.Log(phases.LogErr, "lua_code_cache off: "+err.Error())
	}
	if v, ok := m.Bound.(*handler.VM); ok {
		return v
	}
	v := leftBy(m, w)
	switch {
	case v != nil:
	case m.Conn != nil:
		v = w.vms[w.group.PickFrom(m.Conn.Home).ID]
	default:
		v = w.vms[w.group.Pick().ID]
	}
	m.Bound = v
	return v
}

// leftBy is the worker that the scripts of the connection's handshake ran in, where there were any and it is one of w.
func leftBy(r *phases.Request, w *workers) *handler.VM {
	if r.Conn == nil || r.Conn.Bound == nil {
		return nil
	}
	if of, ok := r.Conn.Bound.(*handler.Connection); ok && runtimeOf(of.VM) == w {
		return of.VM
	}
	return nil
}

func runtimeOf(v *handler.VM) *workers { return v.Owner.(*workers) }

// outcome is how a handler's script ended.
type outcome struct {
	status phases.Status
	// exited: by ngx.exit, ngx.exec or ngx.redirect rather than by its end.
	exited bool
	// taken: the request was taken over by an internal redirect, or a jump asks for one.
	done bool
	jump bool
}

// run runs the script k as an entry thread (rewrite, access, content and their like) and turns what it
// did into a status, by the rules of ngx_http_lua_run_thread and ngx_http_lua_handle_exit. Where it waits it may be put aside,
// if it is the last script of its phase: resume goes on with it.
func run(r *phases.Request, phase handler.Phase, k *code, last bool) outcome {
	c := context(r)
	w := runtimeOf(c.VM)
	lc := phases.LocationOf[locConf](r.Loc, Module)
	if lc.needBody.V && phase&(handler.Rewrite|handler.Access|handler.Precontent|handler.Content) != 0 {
		if rc := r.ReadBody(); rc != phases.OK {
			return outcome{status: rc, exited: true}
		}
	}
	fn, lerr := w.function(c.VM, k, r)
	if lerr != nil {
		r.Log(phases.LogErr, lerr.msg)
		return outcome{status: lerr.status, exited: true}
	}
	c.Phase, c.HasExit = phase, false
	enter(c)
	stop := thread.WatchAbort(c)
	if !last || !r.CanPause() {
		_, err := c.VM.W.Run(c, fn, 0)
		return ended(c, phase, stop(err))
	}
	p, err := c.VM.W.RunPausable(c, fn)
	if p != nil {
		c.Paused = handler.Paused{Thread: p, Phase: phase, Stop: stop}
		return outcome{status: r.Pause(resume)}
	}
	return ended(c, phase, stop(err))
}

// resume goes on with the script that was put aside.
func resume(r *phases.Request) phases.Status {
	c := r.Ctx(Module).(*handler.Ctx)
	at := &c.Paused
	p, err := at.Thread.Continue()
	if p != nil {
		return r.Pause(resume)
	}
	phase := at.Phase
	o := ended(c, phase, at.Stop(err))
	*at = handler.Paused{}
	switch phase {
	case handler.Content:
		return contentStatus(r, o)
	case handler.Access:
		return accessStatus(r, o)
	default:
		return earlyStatus(r, o)
	}
}

// ended turns the end of a script into an outcome.
func ended(c *handler.Ctx, phase handler.Phase, err error) outcome {
	r := c.R
	leave(c)
	switch ctl := vm.ControlOf(err).(type) {
	case nil:
	case handler.Exit:
		return exit(c, phase, ctl.Status)
	case handler.Redirect:
		return exit(c, phase, ctl.Status)
	case handler.Exec:
		return outcome{status: exec(r, ctl), done: true}
	case handler.Jump:
		r.URIChanged = true
		r.SetCtx(Module, nil) // the request begins anew: no ngx.ctx
		return outcome{jump: true}
	case handler.Abort:
		return outcome{status: phases.StatusClientClosedRequest, exited: true}
	case vm.Killed:
		return outcome{status: 499, exited: true}
	}
	if err != nil {
		c.LogAborted("entry", err)
		if r.HeaderSent {
			return outcome{status: phases.Error, exited: true}
		}
		c.Buffering = false
		return outcome{status: 500, exited: true}
	}
	if phase == handler.Content {
		return outcome{status: c.SendLast()}
	}
	return outcome{}
}

// exit is ngx_http_lua_handle_exit.
func exit(c *handler.Ctx, phase handler.Phase, code phases.Status) outcome {
	r := c.R
	if !r.HeaderSent && r.Out.Status == 0 && code >= 200 {
		r.Out.Status = int(code)
	}
	if c.Buffering && r.Out.Status != 0 && code != phases.Error && code != 408 && code != 499 && code != 444 {
		if rc := c.SendLast(); rc == phases.Error || rc >= 300 {
			return outcome{status: rc, exited: true}
		}
		if code >= 200 {
			code = 200
		}
		return outcome{status: code, exited: true}
	}
	c.Buffering = false
	if code == phases.OK && phase == handler.Content || code >= 200 && code < 300 && code != 204 {
		if rc := c.SendLast(); rc == phases.Error || rc >= 300 {
			return outcome{status: rc, exited: true}
		}
	}
	if r.HeaderSent && code > phases.OK && code != 408 && code != 499 && code != 444 {
		if phase == handler.Content {
			return outcome{status: phases.OK, exited: true}
		}
		return outcome{status: 200, exited: true}
	}
	return outcome{status: code, exited: true}
}

func exec(r *phases.Request, e handler.Exec) phases.Status {
	if strings.HasPrefix(e.URI, "@") {
		return r.NamedLocation(e.URI)
	}
	return r.InternalRedirect(e.URI, e.Args)
}

// enter marks that the calling goroutine is about to hold the worker's baton: what blocks on the wire
// below gives it back. leave ends that.
// A captured subrequest runs beside its main request and writes to nobody's wire.
func enter(c *handler.Ctx) {
	c.Running++
	if !c.R.OffWire() {
		c.R.Main.Block = c
	}
}

func leave(c *handler.Ctx) {
	if c.Running > 0 {
		c.Running--
	}
	if c.Running > 0 {
		return
	}
	if !c.R.OffWire() {
		c.R.Main.Block = nil
	}
	c.HandlerEnded()
}
