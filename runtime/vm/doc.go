// Package vm hosts Lua as OpenResty does, and knows nothing of HTTP: worker VMs, threads, coroutines, timers, compiled code.
//
// # The model
//
// A Group is one generation of Workers. A Worker is one Lua VM, whose module state all its requests share, and one baton: the right to run
// Lua in it. Lua never runs in parallel inside a worker. Go code that blocks goes through Thread.Wait, which gives the baton back for as
// long as it blocks; the baton goes round in FIFO order, but for two direct hand-offs that OpenResty's scripts can observe: a thread that
// waits or ends gives it to the first of its family that was put off, as the parent of a new light thread is, and one that ends gives it
// to the thread that waits for it.
//
// A Thread is an entry thread (Run: a phase handler, a timer's callback; on the caller's goroutine) or a light thread (Spawn; on a goroutine
// of its own). An entry thread with the light threads and coroutines that began in it is a family: Run returns when all its threads have
// ended, and then stops the coroutines that are still suspended. A coroutine that becomes unreachable earlier is stopped after the
// garbage collector has noticed. Coroutines of Do (init_by_lua) live as long as the worker.
//
// An entry thread that RunPausable began needs no goroutine while it waits, where the function that has to wait and its library agree to that (Pause,
// machine.NewPausing): RunPausable returns, and Continue goes on.
//
// Every coroutine runs on its own Lua state and its own goroutine, switched to by iter.Pull, so that it can yield from anywhere.
// States, goroutines and all, are pooled. What Lua holds is a *Coroutine, not an *lua.LState: use Coroutine.State for one.
//
// # Unwinding
//
// Errors are *lua.ApiError panics, as everywhere in gopher-lua. Catch them with PCall, never with LState.PCall. A Control (ngx.exit and
// the like) is an error that nothing catches but Run; Kill makes the next Wait raise the Control Killed.
//
// # Who may call what
//
// With the baton held, on the goroutine of the thread that holds it (in a Go function that Lua called): everything that takes an LState, and
// Thread.Wait, Yield, Spawn, Join, Run, Status, Value, Reap. Without the baton, from any goroutine: Worker.Run, Do, NewTimer;
// Group's methods; Thread.Kill. A goroutine that holds a baton must not call Worker.Run, Worker.Do or Group.Drain, and must not block but
// by Wait.
//
// # Order of locks
//
//	Worker.doMu → baton → { killState.mu, timers.mu, Worker.dropMu } → baton.mu
//
// Only doMu and the baton are held over anything longer than a few instructions. Locks of other packages that are taken with the baton
// held must never be held by anyone who waits for a baton.
//
// # gopher-lua
//
// Version 1.1.2 is used unchanged. What of its states has to be reached around its API is reached by package machine.
package vm
