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
func (c *location) check(r *phases.Request) phases.Status {
	if len(c.limits) == 0 || r.Main.LimitReqStatus != "" {
		return phases.Declined
	}
	now := time.Now()
	var room [4]pinned
	pins := room[:0]
	var worst *limit
	excess, looked := 0, false
	for i := range c.limits {
		x := &c.limits[i]
		key := x.zone.key.Eval(r)
		if key == "" {
			continue
		}
		if len(key) > 65535 {
			r.Logf(phases.LogErr, "the value of the %q key is more than 65535 bytes: %q", x.zone.text, key)
			continue
		}
		last := i == len(c.limits)-1
		b, e, v := x.zone.table.look(key, x, now, last)
		if v != passed {
			return c.refuse(r, x, e, v, pins)
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
		e := p.x.zone.table.account(p.b, p.x.zone.rate, now)
		if d := wait(e, p.x); d > delay {
			delay, worst, excess = d, p.x, e
		}
	}
	if delay == 0 {
		r.Main.LimitReqStatus = "PASSED"
		return phases.Declined
	}
	note, level := "", c.level.V
	if c.dryRun.V {
		note = ", dry run"
	}
	if level < phases.LogInfo {
		level++ // a delay is one step less grave
	}
	r.Logf(level, "delaying request%s, excess: %d.%03d, by zone %q", note, excess/1000, excess%1000, worst.zone.name)
	if c.dryRun.V {
		r.Main.LimitReqStatus = "DELAYED_DRY_RUN"
		return phases.Declined
	}
	r.Main.LimitReqStatus = "DELAYED"
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
	return time.Duration((excess-x.delay)*1000/x.zone.rate) * time.Millisecond
}

func (c *location) refuse(r *phases.Request, x *limit, excess int, v verdict, pins []pinned) phases.Status {
	note := ""
	if c.dryRun.V {
		note = ", dry run"
	}
	if v == busy {
		r.Logf(c.level.V, "limiting requests%s, excess: %d.%03d by zone %q", note, excess/1000, excess%1000, x.zone.name)
	} else {
		r.Logf(phases.LogAlert, "could not allocate node in limit_req zone %q", x.zone.name)
	}
	for _, p := range pins {
		p.x.zone.table.unpin(p.b)
	}
	if c.dryRun.V {
		r.Main.LimitReqStatus = "REJECTED_DRY_RUN"
		return phases.Declined
	}
	r.Main.LimitReqStatus = "REJECTED"
	return phases.Status(c.status.V)
}
