package echo

import "moongate/phases"

// addFilters installs echo_before_body and echo_after_body where a location uses them.
func (p *program) addFilters(l *phases.Load) error {
	if !l.MainOf(p.m).(*mainConf).filters {
		return nil
	}
	l.FilterHeader(func(next phases.HeaderHandler) phases.HeaderHandler {
		return func(r *phases.Request) phases.Status {
			if r.ErrorLog().Enabled(phases.LogDebug) {
				r.Logf(phases.LogDebug, "echo header filter, uri \"%s?%s\"", r.URI, r.Args)
			}
			c := phases.LocationOf[location](r.Loc, p.m)
			if c.before != nil || c.after != nil {
				p.state(r).filter = true
				r.Out.ClearContentLength()
				r.Out.AllowRanges = false
				r.Out.Headers.Delete("Accept-Ranges")
			}
			return next(r)
		}
	})
	l.FilterBody(func(next phases.BodyHandler) phases.BodyHandler {
		return func(r *phases.Request, in []phases.Buf) phases.Status {
			if r.ErrorLog().Enabled(phases.LogDebug) {
				r.Logf(phases.LogDebug, "echo body filter, uri \"%s?%s\"", r.URI, r.Args)
			}
			return p.surround(next, r, in)
		}
	})
	return nil
}

func (p *program) surround(next phases.BodyHandler, r *phases.Request, in []phases.Buf) phases.Status {
	s, ok := r.Ctx(p.m).(*state)
	if !ok || !s.filter || r.HeaderOnly {
		return next(r, in)
	}
	c := phases.LocationOf[location](r.Loc, p.m)
	if !s.before {
		s.before = true
		for i := range c.before {
			if text := c.before[i].text(r); len(text) > 0 {
				if rc := next(r, []phases.Buf{{B: text}}); rc != phases.OK {
					return phases.Error
				}
			}
		}
	}
	if c.after == nil {
		s.filter = false
		return next(r, in)
	}
	last := false
	for i := range in {
		last = last || in[i].Last
		in[i].Last = false
	}
	if rc := next(r, in); rc != phases.OK || !last {
		return rc
	}
	s.filter = false
	for i := range c.after {
		if text := c.after[i].text(r); len(text) > 0 {
			if rc := next(r, []phases.Buf{{B: text}}); rc != phases.OK {
				return phases.Error
			}
		}
	}
	return next(r, []phases.Buf{{Last: true}})
}
