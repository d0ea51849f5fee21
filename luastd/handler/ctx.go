package handler

import (
	"sync"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/phases"
	"moongate/runtime/vm"
)

// Ctx is what a Lua handler works for: a request, or a timer, or the start of a worker. It is the
// Owner of the vm.Thread that runs the handler. All fields are guarded by the worker's baton.
type Ctx struct {
	// R is nil outside requests. Valid until the handler returns.
	R     *phases.Request
	Tree  *phases.Tree
	VM    *VM
	Phase Phase

	// NgxCtx is ngx.ctx; nil until it is used.
	NgxCtx *lua.LTable
	// Connection is what a handshake's scripts leave to the connection; nil elsewhere.
	Connection *Connection
	// Args are ngx.arg of set_by_lua.
	Args []string
	// Filter is the body filter's chunk, ngx.arg[1] and [2]; nil elsewhere.
	Filter *BodyArg
	// Balancer is the balancer's state for ngx.balancer; nil elsewhere.
	Balancer any
	// Premature tells a timer that its worker is exiting.
	Premature bool
	// Serial is the number that log lines of a context without a request carry; 0 for none.
	Serial uint64
	// TimerLog is the tail of a timer's or a handshake's log lines.
	TimerLog string
	// ErrorLog is a timer's or a handshake's error log; nil: the configuration's main one.
	ErrorLog *phases.ErrorLog

	// EOF is set by ngx.eof.
	EOF bool
	// SeenBody: the script has produced body bytes, so that there is something for ngx.flush.
	SeenBody bool
	// HeadersSet: the script has written a response header, so a length that was there before counts.
	HeadersSet bool
	// ReadingBody: a thread waits for the request's body, and nothing else may touch it.
	ReadingBody bool
	// RawSocket: ngx.req.socket(true) has taken the connection over; nothing else may write to it.
	RawSocket bool
	// NoAbort counts the subrequests that the script waits for; ngx.exit and its like are refused meanwhile.
	NoAbort int
	// Exited is what ngx.exit said; valid when HasExit.
	Exited  phases.Status
	HasExit bool
	// OnAbort is the thread of ngx.on_abort.
	OnAbort *lua.LFunction
	// Entered counts phase handlers, so that what one of them left can be told from a later one's.
	Entered int
	// HTTP10Buffering is lua_http10_buffering: Buffering gathers the whole output, to find its length.
	HTTP10Buffering, Buffering bool
	// MIMESet: the script has set (or cleared) Content-Type, so no default is put in.
	MIMESet bool
	// Settings are the location's lua_* directives; the http level's in a timer.
	Settings *Settings
	// UseDefaultType is lua_use_default_type.
	UseDefaultType bool
	// Entry is the entry thread of the handler at work; nil between handlers.
	Entry *vm.Thread
	// Paused is the script that goes on later, where there is one.
	Paused Paused
	// WaitsFor is what it waits for: the library's that put it aside.
	WaitsFor any
	// Capturing are the threads that wait for subrequests.
	Capturing []*vm.Thread

	// Running counts the handlers of the context that hold the baton, one inside the other (a filter
	// inside the handler whose output it filters).
	Running int

	// OwnTime: ngx.update_time was called, and the front end's time does for nobody any more.
	OwnTime bool

	// FilterEnded: the body filter has seen the last chunk.
	FilterEnded bool

	arg     BodyArg
	out10   []byte
	sending chan struct{} // a thread is writing; closed when it is done
	life    life
	ends    []func()
	data    []datum
	held    bool   // see Hold
	end     func() // recycle
}

var contexts sync.Pool // of *Ctx

// ForRequest is a new context for the Lua handlers of r in v. It serves another request after r's end, unless it is held.
func ForRequest(r *phases.Request, v *VM) *Ctx {
	if r.IsSub() { // whoever made r may ask for its context after its end
		return &Ctx{R: r, Tree: r.Tree, VM: v}
	}
	c, _ := contexts.Get().(*Ctx)
	if c == nil {
		c = new(Ctx)
		c.end = c.recycle
	}
	c.R, c.Tree, c.VM = r, r.Tree, v
	r.OnEnd(c.end)
	return c
}

// recycle gives c back at its request's end. Most requests' contexts are not held: what their scripts wait for without a goroutine forgets them
// before they go on.
func (c *Ctx) recycle() {
	if c.held {
		return
	}
	if m := c.VM.Module; c.R.Ctx(m) == any(c) {
		c.R.SetCtx(m, nil)
	}
	*c = Ctx{end: c.end}
	contexts.Put(c)
}

// Hold says that something may know c beyond its request's end. Call it with the baton held. Package vm does so for threads that may be known
// beyond theirs.
func (c *Ctx) Hold() { c.held = true }

// Paused is a script that was put aside.
type Paused struct {
	Thread *vm.Paused
	Phase  Phase
	// Stop ends the watch for the client's going, as thread.WatchAbort says.
	Stop func(err error) error
}

// datum is what a library keeps with a context, by a key of its own.
type datum struct{ key, v any }

// BodyArg is the chunk that a body filter sees.
type BodyArg struct {
	Data []byte
	// Fresh: nobody else writes to Data, nor ever will, so that it can be a Lua string as it is.
	Fresh   bool
	Last    bool
	Changed bool
}

// TakeArg gives a chunk's place: the context's own, unless a body filter is at work inside another.
func (c *Ctx) TakeArg() *BodyArg {
	if c.Filter == nil {
		c.arg = BodyArg{}
		return &c.arg
	}
	return &BodyArg{}
}

// Value is what a library keeps with the context under its own key.
func (c *Ctx) Value(key any) any {
	for i := range c.data {
		if d := &c.data[i]; d.key == key {
			return d.v
		}
	}
	return nil
}

// SetValue keeps v with the context. Where v knows the context, and may be known for longer, Hold belongs to it.
func (c *Ctx) SetValue(key, v any) {
	for i := range c.data {
		if d := &c.data[i]; d.key == key {
			d.v = v
			return
		}
	}
	c.data = append(c.data, datum{key, v})
}

// VM is one worker with what the Lua module keeps beside it.
type VM struct {
	W *vm.Worker
	// Module is the Lua module, the key of a request's Ctx.
	Module *phases.Module
	// Tree is the configuration that the worker was made for.
	Tree *phases.Tree
	// Null is ngx.null, the same as cjson.null.
	Null *lua.LUserData
	// Ngx is the ngx table.
	Ngx *lua.LTable
	// Getters and Setters are the functions behind further keys of the ngx table (resty.core.misc); nil without.
	Getters, Setters *lua.LTable
	// Strict restores OpenResty's refusal of cosockets in filters, log and init.
	Strict bool
	// RegexCache and RegexMatchLimit are lua_regex_cache_max_entries and lua_regex_match_limit.
	RegexCache, RegexMatchLimit int
	// Boot is the context of init_by_lua, init_worker_by_lua and exit_worker_by_lua while they run.
	Boot *Ctx
	// MaxRunningTimers is lua_max_running_timers.
	MaxRunningTimers int
	// Timers counts the timers that are pending or running; LastTimerEnded, where set, is called without the
	// baton when none is left.
	Timers         atomic.Int64
	LastTimerEnded func()
	// Functions are the handlers' functions by the number of their code.
	Functions []*lua.LFunction
	// Owner is the Lua module's own record of the worker's group.
	Owner any
	// Values is the libraries' own, by a key of theirs.
	Values map[any]any
}

// Current is the context that holds the worker's baton; nil where Lua runs for nobody.
func (v *VM) Current() *Ctx {
	t := v.W.Current()
	if t == nil {
		return v.Boot
	}
	if c, ok := t.Owner.(*Ctx); ok {
		return c
	}
	return v.Boot
}

// Now is the time that scripts are told: that of the events which the front end serves, as in nginx, until the request waits or asks for
// the time itself.
func (v *VM) Now() time.Time {
	if c := v.Current(); c != nil && c.R != nil && !c.OwnTime {
		return c.R.Now()
	}
	return time.Now()
}

// UpdateTime has Now look at the clock from now on (ngx.update_time).
func (v *VM) UpdateTime() {
	if c := v.Current(); c != nil {
		c.OwnTime = true
	}
}

// Thread is the thread that runs now, for whoever holds on to it.
func (v *VM) Thread() *vm.Thread {
	t := v.W.Current()
	t.Keep()
	return t
}

// Wait gives the baton back while f blocks. It unwinds when the thread is killed meanwhile.
func (v *VM) Wait(f func(cancel <-chan struct{})) { v.W.Current().Wait(f) }

// WaitStop is Wait for an f that stop ends: see vm.Thread.
func (v *VM) WaitStop(f, stop func()) { v.W.Current().WaitStop(f, stop) }

// Log writes to the context's error log: with the request's tail, or with what a timer's lines have.
func (c *Ctx) Log(level phases.LogLevel, msg string) {
	switch {
	case c == nil:
		return
	case c.R != nil && c.Phase == Balancer:
		c.R.Log(level, msg+" while connecting to upstream")
	case c.R != nil && c.Phase == ProxySSLCert:
		c.R.Log(level, msg+" while loading proxy ssl certificate by lua")
	case c.R != nil && c.Phase == ProxySSLVerify:
		c.R.Log(level, msg+" while loading proxy ssl verify by lua")
	case c.R != nil:
		c.R.Log(level, msg)
	case c.Tree != nil && c.errorLog().Enabled(level):
		if c.Phase&(Timer|SSLClientHello|SSLCert|SSLSessionFetch|SSLSessionStore) != 0 {
			msg = "*" + utoa(c.Serial) + " " + msg + ", context: " + c.Phase.contextName() + c.TimerLog
		}
		if c.Phase == InitWorker {
			msg = "*" + utoa(c.Serial) + " " + msg + ", context: " + c.Phase.contextName()
		}
		c.errorLog().Write(level, msg)
	}
}

// Enabled reports whether a message of the level would be written.
func (c *Ctx) Enabled(level phases.LogLevel) bool {
	if c.R != nil {
		return c.R.ErrorLog().Enabled(level)
	}
	return c.Tree != nil && c.errorLog().Enabled(level)
}

func (c *Ctx) errorLog() *phases.ErrorLog {
	if c.ErrorLog != nil {
		return c.ErrorLog
	}
	return c.Tree.Core.ErrorLog
}

func utoa(n uint64) string {
	var b [20]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return string(b[i:])
		}
	}
}

// ExitStatus is what ngx.exit was last called with in the present handler; OK where it was not called.
func (c *Ctx) ExitStatus() phases.Status {
	if !c.HasExit {
		return phases.OK
	}
	return c.Exited
}
