package luastd

import (
	"errors"
	"math"
	"strings"
	"sync"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/lualib"
	"moongate/luastd/ngx/thread"
	"moongate/luastd/ngx/timer"
	"moongate/luastd/ngx/worker"
	"moongate/phases"
	"moongate/runtime/machine"
	"moongate/runtime/syntax"
	"moongate/runtime/vm"
)

// newWorkers makes the Lua workers of a configuration, with their libraries, and compiles its inline
// scripts. init_by_lua has not run yet.
func newWorkers(t *phases.Tree, m *mainConf, count int) (*workers, error) {
	w := &workers{tree: t, main: m, vms: make([]*handler.VM, count)}
	w.functions = make([][]atomic.Pointer[lua.LFunction], count)
	for i := range w.functions {
		w.functions[i] = make([]atomic.Pointer[lua.LFunction], len(m.codes))
	}
	w.fileFunctions = make([]sync.Map, count)
	o := vm.Options{
		Workers:     count,
		PackagePath: m.packagePath.V, PackageCPath: m.packageCPath.V,
		CPULimit:         m.cpuLimit.V,
		MaxPendingTimers: m.maxPending.V, MaxRunningTimers: math.MaxInt, // package timer keeps to lua_max_running_timers
		ThreadCache: cached(m.threadCache.V),
		CompileFunc: syntax.Compile,
		CopyFunc:    syntax.Copy,
		Loaded:      func(file string) { w.watched.Store(file, struct{}{}) },
		Log:         func(level int, msg string) { t.Log(phases.LogLevel(level), "%s", msg) },
		Ended:       thread.Ended,
		StateKept:   thread.StateKept,
		Traceback:   lualib.Traceback,
	}
	o.Open = func(vw *vm.Worker) error {
		v := &handler.VM{W: vw, Module: Module, Tree: t, MaxRunningTimers: m.maxRunning.V, Strict: m.strictPhases.V || strictByEnvironment(), Owner: w, RegexCache: m.regexCache.V, RegexMatchLimit: m.regexMatchLimit.V}
		v.LastTimerEnded = func() {
			if f := w.idle.Load(); f != nil {
				(*f)()
			}
		}
		w.vms[vw.ID] = v
		return openLibraries(v, w)
	}
	g, err := vm.NewGroup(o)
	if err != nil {
		return nil, err
	}
	machine.SetMemoryLimit(m.memoryLimit.V * int64(count))
	w.group = g
	w.compileInline()
	return w, nil
}

// cached is lua_thread_cache_max_entries as package vm wants it, where 0 is the default.
func cached(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// boot runs a script of the configuration's life (init_by_lua, init_worker_by_lua, exit_worker_by_lua)
// in one worker. The error is what the script raised.
func (w *workers) boot(v *handler.VM, k *code, phase handler.Phase) error {
	if k == nil {
		return nil
	}
	fn, lerr := w.function(v, k, nil)
	if lerr != nil {
		return errors.New(lerr.cause)
	}
	c := &handler.Ctx{Tree: w.tree, VM: v, Phase: phase, Settings: httpSettings(w.tree)}
	var err error
	if phase == handler.Init {
		v.Boot = c
		err = v.W.Do(func(L *lua.LState) error {
			L.Push(fn)
			return vm.PCall(L, 0, 0, nil)
		})
		v.Boot = nil
	} else {
		_, err = v.W.RunPlain(c, fn, 0)
	}
	if vm.ControlOf(err) != nil {
		return nil
	}
	return err
}

func httpSettings(t *phases.Tree) *handler.Settings {
	return phases.LocationOf[locConf](t.HTTP(), Module).settings
}

// start gives the configuration its workers: init_by_lua must succeed, init_worker_by_lua is logged
// when it fails, as in OpenResty.
func start(t *phases.Tree) error {
	m := phases.MainOf[mainConf](t, Module)
	if err := m.openZones(); err != nil {
		return err
	}
	worker.Capture(m.captureErrorLog.V)
	w, err := newWorkers(t, m, t.Core.Workers)
	if err != nil {
		return err
	}
	m.runtime = w
	if t.Careful {
		if err := w.compileAll(); err != nil {
			w.group.Drain()
			return err
		}
	}
	for _, v := range w.vms {
		if err := w.initialise(v); err != nil {
			w.group.Drain()
			return err
		}
	}
	for _, v := range w.vms {
		if err := w.boot(v, m.initWorker, handler.InitWorker); err != nil {
			t.Log(phases.LogErr, "%s error: %s", m.initWorker.named("init_worker_by_lua"), handler.ErrorText(err))
		}
	}
	w.group.Acquire()
	return nil
}

// drain tells the scripts that a newer configuration has taken over.
func drain(t *phases.Tree) {
	if w := phases.MainOf[mainConf](t, Module).runtime; w != nil {
		w.drain()
	}
}

// drain tells the workers, and those of single requests that live on for their timers.
func (w *workers) drain() {
	for _, v := range w.vms {
		timer.Abort(v)
	}
	w.group.Drain()
	w.main.retired.Range(func(k, _ any) bool {
		k.(*workers).drain()
		return true
	})
}

// ThreadVM makes a Lua VM of its own for ngx.run_worker_thread, which lives as long as w.
func (w *workers) ThreadVM() (*handler.VM, error) {
	x, err := newWorkers(w.tree, w.main, 1)
	if err != nil {
		return nil, err
	}
	w.threadsMu.Lock()
	defer w.threadsMu.Unlock()
	if w.threadsEnded {
		x.group.Drain()
		return nil, errors.New("the workers are gone")
	}
	w.threads = append(w.threads, x)
	return x.vms[0], nil
}

// ThreadVMs is lua_worker_thread_vm_pool_size.
func (w *workers) ThreadVMs() int { return w.main.threadPoolSize.V }

func (w *workers) endThreads() {
	w.threadsMu.Lock()
	defer w.threadsMu.Unlock()
	w.threadsEnded = true
	for _, x := range w.threads {
		x.group.Drain()
	}
	w.threads = nil
}

// retire lets the workers of a single request (lua_code_cache off) go, once no timer of theirs is left.
func (w *workers) retire() {
	w.main.retired.Store(w, struct{}{})
	done := func() {
		w.tree.Log(phases.LogDebug, "lua close the global Lua VM %p", w)
		w.endThreads()
		w.main.retired.Delete(w)
		w.group.Drain()
	}
	last := func() {
		w.tree.Log(phases.LogDebug, "lua decrementing the reference count for Lua VM: 1")
		done()
	}
	w.idle.Store(&last)
	timers := w.vms[0].Timers.Load()
	w.tree.Log(phases.LogDebug, "lua decrementing the reference count for Lua VM: %d", 1+timers)
	if timers == 0 {
		done()
	}
}

// stop runs exit_worker_by_lua and lets the workers go.
func stop(t *phases.Tree) {
	m := phases.MainOf[mainConf](t, Module)
	w := m.runtime
	if w == nil {
		return
	}
	w.group.Drain()
	for _, v := range w.vms {
		if err := w.boot(v, m.exitWorker, handler.ExitWorker); err != nil {
			t.Log(phases.LogErr, "%s error: %s", m.exitWorker.named("exit_worker_by_lua"), handler.ErrorText(err))
		}
	}
	w.endThreads()
	w.group.Release()
}

// compileAll compiles every script of the configuration whose path is known, and reports all that fail:
// what a reload must not let through.
func (w *workers) compileAll() error {
	var errs []string
	for i, c := range w.main.codes {
		switch {
		case c.path == nil:
			if err := w.inline[i].err; err != nil {
				errs = append(errs, err.Error())
			}
		case c.path.IsConstant():
			if _, err := w.file(w.tree.Path(c.path.Text())); err != nil {
				errs = append(errs, err.msg)
			}
		}
	}
	if len(errs) > 0 {
		return errors.New(strings.Join(errs, "\n"))
	}
	return nil
}

// check is what -t asks: do the scripts load, does init_by_lua succeed?
func check(t *phases.Tree) error {
	m := phases.MainOf[mainConf](t, Module)
	if err := m.openZones(); err != nil {
		return err
	}
	w, err := newWorkers(t, m, 1)
	if err != nil {
		return err
	}
	defer w.group.Drain()
	return w.initialise(w.vms[0])
}

// initialise runs init_by_lua; the error is the sentence that the start fails with.
func (w *workers) initialise(v *handler.VM) error {
	if err := w.boot(v, w.main.initCode, handler.Init); err != nil {
		return initError(w.main.initCode.named("init_by_lua") + " error: " + handler.ErrorText(err))
	}
	return nil
}

// WatchedFiles lists the files that the scripts of t were read from: *_by_lua_file and what require
// loaded.
func WatchedFiles(t *phases.Tree) []string {
	m := phases.MainOf[mainConf](t, Module)
	var out []string
	for _, c := range m.codes {
		if c.path != nil && c.path.IsConstant() {
			out = append(out, t.Path(c.path.Text()))
		}
	}
	if m.runtime != nil {
		m.runtime.watched.Range(func(k, _ any) bool {
			out = append(out, t.Path(k.(string)))
			return true
		})
	}
	return out
}

// initError is why a configuration cannot start: a script's error, not one of the configuration.
type initError string

func (e initError) Error() string { return string(e) }

// LogLevel is the level that the error is logged at.
func (e initError) LogLevel() phases.LogLevel { return phases.LogErr }
