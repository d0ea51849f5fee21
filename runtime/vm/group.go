package vm

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Log levels of Options.Log, nginx's numbers.
const (
	LogEmerg = iota + 1
	LogAlert
	LogCrit
	LogErr
	LogWarn
	LogNotice
	LogInfo
	LogDebug
)

// Options says how a Group's workers are made. The zero value of each field gives its default.
type Options struct {
	// Workers is how many VMs there are: nginx's worker_processes. Default 1.
	Workers int
	// Open installs the libraries into w.L. It runs once for each worker, as Do runs a function. OpenCoroutine is not
	// called for it.
	Open func(w *Worker) error
	// PackagePath and PackageCPath are lua_package_path and lua_package_cpath, kept here for Open to read.
	PackagePath, PackageCPath string
	// CompileFunc turns source into code; the default is gopher-lua's own parser and compiler.
	CompileFunc func(src, chunkname string) (*lua.FunctionProto, error)
	// CopyFunc makes a worker's own copy of compiled code, where code remembers what it finds in a VM's tables; nil: the workers share it.
	CopyFunc func(proto *lua.FunctionProto) *lua.FunctionProto
	// Traceback gives the frames of one state, one a line, each line with a leading tab and no header. It is called in a Go
	// function of its own, so that level 1 is where the error was raised, before the stack unwinds and with the baton held,
	// when an error is about to leave a thread. Default: chunk names and lines.
	Traceback func(L *lua.LState) string
	// Ended is called with the baton held when a light thread has ended, before anyone that waits for it runs;
	// t.Err() says how.
	Ended func(t *Thread)
	// StateKept is told, with the baton held, when a thread that may yield was given a kept state (reused true), and when its own is kept
	// (reused false).
	StateKept func(t *Thread, reused bool)
	// Loaded is told of each file that require, loadfile and the like have read. It may be called by several goroutines.
	Loaded func(file string)
	// Log receives what the host itself has to say. It may be called by several goroutines.
	Log func(level int, msg string)

	// CPULimit bounds one uninterrupted run of Lua between two waits; beyond it every call and jump back raises
	// "cpu limit exceeded", which pcall cannot outlive. 0 is off. It costs nothing while Lua runs, and a look at the clock at each wait.
	CPULimit time.Duration
	// CallStackSize is how many frames a thread may be deep. Default 200,000; memory is taken as the depth grows.
	CallStackSize int
	// RegistryMaxSize is how many value slots (16 bytes each) the stack of a thread may have. Default 1,048,576.
	RegistryMaxSize int
	// MaxPendingTimers is lua_max_pending_timers, for each worker. Default 1024.
	MaxPendingTimers int
	// MaxRunningTimers is lua_max_running_timers, for each worker. Default 256.
	MaxRunningTimers int
	// ThreadCache is lua_thread_cache_max_entries: how many idle thread states, and as many idle coroutine states, a
	// worker keeps. Default 1024; negative: none.
	ThreadCache int
}

func (o *Options) defaults() {
	def := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	def(&o.Workers, 1)
	def(&o.CallStackSize, 200_000)
	def(&o.RegistryMaxSize, 1<<20)
	def(&o.MaxPendingTimers, 1024)
	def(&o.MaxRunningTimers, 256)
	def(&o.ThreadCache, 1024)
	if o.CompileFunc == nil {
		o.CompileFunc = stockCompile
	}
	if o.Traceback == nil {
		o.Traceback = stockTraceback
	}
}

// Group is one generation of workers, which share compiled code. It lives until Drain was called and every reference
// that Acquire took has been released.
type Group struct {
	opts    Options
	workers []*Worker
	codes   codeCache
	rr      atomic.Uint32
	exiting atomic.Bool
	refs    atomic.Int64
	drain   sync.Once
	closed  chan struct{}
}

// NewGroup makes the workers and opens their libraries. After an error nothing is left behind.
func NewGroup(o Options) (*Group, error) {
	o.defaults()
	if o.Workers < 0 {
		return nil, fmt.Errorf("vm: %d workers", o.Workers)
	}
	g := &Group{opts: o, closed: make(chan struct{})}
	g.refs.Store(1)
	for id := range o.Workers {
		w := newWorker(g, id)
		g.workers = append(g.workers, w)
		if o.Open == nil {
			continue
		}
		if err := w.Do(func(*lua.LState) error { return o.Open(w) }); err != nil {
			g.Drain()
			return nil, err
		}
	}
	return g, nil
}

// Options returns the options with their defaults filled in.
func (g *Group) Options() Options { return g.opts }

// Workers returns all workers; the caller must not change the slice.
func (g *Group) Workers() []*Worker { return g.workers }

// Pick chooses the worker for a new request: the next idle one in turn, or else the least loaded. It never blocks.
func (g *Group) Pick() *Worker { return g.PickFrom(g.rr.Add(1)) }

// PickFrom is Pick where start says whose turn it is, modulo the number of workers. Requests that run on the same core had better have the same start:
// what a worker's scripts use is in that core's cache then.
func (g *Group) PickFrom(start uint32) *Worker {
	n := uint32(len(g.workers))
	best, least := g.workers[start%n], int32(1<<30)
	for i := range n {
		w := g.workers[(start+i)%n]
		load := w.baton.load()
		if load == 0 {
			return w
		}
		if load < least {
			best, least = w, load
		}
	}
	return best
}

// Exiting reports whether a newer generation has taken over: ngx.worker.exiting().
func (g *Group) Exiting() bool { return g.exiting.Load() }

// Drain tells the group that a newer generation has taken over: Exiting becomes true, pending timers fire as premature, and
// the group is freed with its last reference. The caller must not hold a baton of the group's. Later calls do nothing.
func (g *Group) Drain() {
	g.drain.Do(func() {
		g.exiting.Store(true)
		for _, w := range g.workers {
			w.expireTimers()
		}
		g.Release()
	})
}

// Acquire takes a reference for a request, so that the group outlives it. False: the group is freed already.
func (g *Group) Acquire() bool {
	for {
		n := g.refs.Load()
		if n <= 0 {
			return false
		}
		if g.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Release gives a reference back. The last one, after Drain, frees the workers, on another goroutine.
func (g *Group) Release() {
	switch n := g.refs.Add(-1); {
	case n == 0:
		go g.free()
	case n < 0:
		panic(errors.New("vm: Group released more often than acquired"))
	}
}

// Closed is closed when the group has been freed.
func (g *Group) Closed() <-chan struct{} { return g.closed }

// Loaded tells Options.Loaded of a file that a loader has read.
func (g *Group) Loaded(file string) {
	if g.opts.Loaded != nil {
		g.opts.Loaded(file)
	}
}

func (g *Group) free() {
	for _, w := range g.workers {
		w.close()
	}
	close(g.closed)
}
