package limitreq

import (
	"time"

	"moongate/phases"
)

// pinned is a bucket that one of the limits looked up, to be booked once all limits let the request pass.
type pinned struct {
	x *limit
	b *bucket
}

// check judges the request by all limits of its location; it waits where they say so.
func check(c *location, r *phases.Request) phases.Status {
	now := time.Now()
	var room [4]pinned
	pins := room[:0]
	var worst *limit
	excess, looked := 0, false
	for i := range c.Limits {
		x := &c.Limits[i]
		key := x.zone.Key.Eval(r)
		if key == "" {
			continue
		}
		if len(key) > 65535 {
			r.Logf(phases.LogErr, "the value of the %q key is more than 65535 bytes: %q", x.zone.Text, key)
			continue
		}
		last := i == len(c.Limits)-1
		b, e, v := x.zone.Memory.look(key, x, now, last)
		if v != passed {
			return refuse(c, r, x, e, v, pins)
		}
		looked = true
		if last {
			worst, excess = x, e
		} else {
			pins = append(pins, pinned{x, b})
		}
	}
	if !looked {
		return phases.Declined
	}
	var delay time.Duration
	if worst != nil {
		delay = wait(excess, worst)
	}
	for i := len(pins) - 1; i >= 0; i-- {
		p := pins[i]
		e := p.x.zone.Memory.account(p.b, p.x.zone.Rate, now)
		if d := wait(e, p.x); d > delay {
			delay, worst, excess = d, p.x, e
		}
	}
	if delay == 0 {
		r.Main.LimitReqStatus = "PASSED"
		return phases.Declined
	}
	level := c.Level.V
	if level < phases.LogInfo {
		level++ // a delay is one step less grave
	}
	r.Logf(level, "delaying request%s, excess: %d.%03d, by zone %q", c.Note(), excess/1000, excess%1000, worst.zone.Name)
	if c.DryRun.V {
		r.Main.LimitReqStatus = "DELAYED_DRY_RUN"
		return phases.Declined
	}
	r.Main.LimitReqStatus = "DELAYED"
	r.Waiting()
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return phases.Declined
	case <-r.Main.Wire.Gone():
		return phases.StatusClientClosedRequest
	}
}

// wait is how long a request with that excess is held back.
func wait(excess int, x *limit) time.Duration {
	if excess <= x.delay {
		return 0
	}
	return time.Duration((excess-x.delay)*1000/x.zone.Rate) * time.Millisecond
}

func refuse(c *location, r *phases.Request, x *limit, excess int, v verdict, pins []pinned) phases.Status {
	if v == busy {
		r.Logf(c.Level.V, "limiting requests%s, excess: %d.%03d by zone %q", c.Note(), excess/1000, excess%1000, x.zone.Name)
	} else {
		r.Logf(phases.LogAlert, "could not allocate node in limit_req zone %q", x.zone.Name)
	}
	for _, p := range pins {
		p.x.zone.Memory.unpin(p.b)
	}
	return c.Refuse(&r.Main.LimitReqStatus)
}
