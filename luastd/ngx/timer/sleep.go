package timer

import (
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
)

// ngx.sleep(seconds)
func sleep(v *handler.VM, L *lua.LState) int {
	if n := L.GetTop(); n != 1 {
		codec.Raise(L, fmt.Sprintf("attempt to pass %d arguments, but accepted 1", n))
	}
	c := current(v, L, "no request found")
	ms := int64(codec.CheckNumber(L, 1, "sleep") * 1000)
	if ms < 0 {
		codec.Raise(L, fmt.Sprintf("invalid sleep duration \"%d\"", ms))
	}
	if c.Phase&handler.Yieldable == 0 {
		codec.Raise(L, "API disabled in the context of "+c.Phase.ContextName())
	}
	ready(c, ms)
	if ms == 0 {
		v.Thread().Yield()
	} else {
		woken := false
		if c.Enabled(phases.LogDebug) {
			defer func() {
				if !woken {
					cleanUp(c)
				}
			}()
		}
		k := clocks.Get().(*clock)
		roundsFor(c).add(k, time.Duration(ms)*time.Millisecond)
		v.WaitStop(k.wait, k.stop)
		clocks.Put(k)
		woken = true
	}
	expired(c)
	return 0
}

// ready, cleanUp and expired log what ngx_lua logs at these points.
func ready(c *handler.Ctx, ms int64) {
	if c.Enabled(phases.LogDebug) {
		c.Log(phases.LogDebug, fmt.Sprintf("lua ready to sleep for %d ms", ms))
	}
}

func cleanUp(c *handler.Ctx) { c.Log(phases.LogDebug, "lua clean up the timer for pending ngx.sleep") }

func expired(c *handler.Ctx) {
	if !c.Enabled(phases.LogDebug) {
		return
	}
	uri, args := "", ""
	if c.R != nil {
		uri, args = c.R.URI, c.R.Args
	}
	c.Log(phases.LogDebug, fmt.Sprintf("lua sleep timer expired: \"%s?%s\"", uri, args))
}

// sleepAside puts the script that calls ngx.sleep aside until the time has come. False: sleep does it, or complains.
func sleepAside(v *handler.VM, L *lua.LState, args []lua.LValue) bool {
	if len(args) != 1 {
		return false
	}
	n, ok := args[0].(lua.LNumber)
	ms := int64(n * 1000)
	t := v.W.Current()
	if !ok || ms <= 0 || t == nil || !t.Pausable(L) {
		return false
	}
	c, ok := t.Owner.(*handler.Ctx)
	if !ok {
		return false
	}
	ready(c, ms)
	k := clocks.Get().(*clock)
	k.sleeper, c.WaitsFor = c.R, k
	roundsFor(c).add(k, time.Duration(ms)*time.Millisecond)
	t.Pause(k.stop)
	return true
}

// awake goes on for a script that slept aside. The clock of one that was killed is in a round still.
func awake(v *handler.VM) int {
	c := v.Current()
	k := c.WaitsFor.(*clock)
	c.WaitsFor = nil
	if c.Entry.Killed() {
		cleanUp(c)
	}
	c.Entry.Resumed()
	k.sleeper = nil
	clocks.Put(k)
	expired(c)
	return 0
}
