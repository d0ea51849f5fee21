package phases

// Phase is one step of a request, in nginx's order.
type Phase uint8

// The phases that modules may add handlers to, and between them the engine's own steps.
const (
	PhaseNone     Phase = iota
	PhasePostRead       // once for a client's request, before anything else looks at it
	PhaseServerRewrite
	phaseFindConfig
	PhaseRewrite
	phasePostRewrite
	PhasePreaccess
	PhaseAccess
	phasePostAccess
	PhasePrecontent
	PhaseContent
	PhaseLog
	phaseCount
)

// Handler does one phase's work for a request and may block. Declined lets the next handler try;
// OK ends the phase; Done says that the request was taken over (an internal redirect ran); Again that
// it goes on later (see Request.Pause); any HTTP status ends the request with it.
type Handler func(r *Request) Status

const maxURIChanges = 10

// process runs the phases from p on and finalizes the request.
func (r *Request) process(p Phase) { r.Finalize(r.phasesFrom(p)) }

func (r *Request) phasesFrom(p Phase) Status {
	for ; ; p++ {
		r.phase = p
		var rc Status
		switch p {
		case PhaseServerRewrite, PhaseRewrite, PhasePostRead, PhasePreaccess, PhasePrecontent:
			w := r.start(p)
			if rc = r.through(&w, Declined); rc != Declined {
				return rc
			}
		case phaseFindConfig:
			if rc = r.findConfig(); rc != OK {
				return rc
			}
		case phasePostRewrite:
			if !r.URIChanged {
				continue
			}
			if r.tooManyChanges("rewrite or internal redirection cycle while processing %q") {
				return 500
			}
			r.URIChanged = false
			p = phaseFindConfig - 1
		case PhaseAccess:
			if r.IsSub() {
				continue
			}
			w := r.start(p)
			if rc = r.throughAccess(&w, Declined); rc != Declined {
				return rc
			}
		case phasePostAccess:
			if rc = r.accessOK; rc != OK {
				r.accessOK = OK
				if rc == 403 {
					r.Log(LogErr, "access forbidden by rule")
				}
				return rc
			}
		case PhaseContent:
			return r.runContent()
		}
	}
}

// phasesAfter goes on after the handler that had answered Again, whose answer is rc now.
func (r *Request) phasesAfter(rc Status) Status {
	switch r.phase {
	case PhaseContent:
		if r.content != nil {
			return rc
		}
		return r.throughContent(&r.walk, rc)
	case PhaseAccess:
		rc = r.throughAccess(&r.walk, rc)
	default:
		rc = r.through(&r.walk, rc)
	}
	if rc != Declined {
		return rc
	}
	return r.phasesFrom(r.phase + 1)
}

// through runs the handlers of a phase that are left, where the last one answered rc. Declined: the next phase follows. The rewrite
// phases know no OK that ends them.
func (r *Request) through(w *handlersOf, rc Status) Status {
	for {
		switch {
		case rc == Declined:
		case rc == OK && w.phase != PhaseRewrite && w.phase != PhaseServerRewrite:
			return Declined
		default:
			return r.left(w, rc)
		}
		h := w.take(r)
		if h == nil {
			return Declined
		}
		rc = h(r)
	}
}

// left is rc; for a handler that goes on later, its place is noted.
func (r *Request) left(w *handlersOf, rc Status) Status {
	if rc == Again {
		r.walk = *w
	}
	return rc
}

func (r *Request) tooManyChanges(format string) bool {
	r.URIChanges++
	if r.URIChanges > maxURIChanges {
		r.Logf(LogErr, format, r.URI)
		return true
	}
	return false
}

// throughAccess is ngx_http_core_access_phase: through, where "satisfy" decides what one module's answer means.
func (r *Request) throughAccess(w *handlersOf, rc Status) Status {
	for {
		switch {
		case rc == Declined:
		case rc == Done, rc == Again:
			return r.left(w, rc)
		case r.Loc.Core.SatisfyAny.V:
			switch rc {
			case OK:
				r.accessOK = OK
				r.Out.Headers.Delete("WWW-Authenticate")
				return Declined
			case 401, 403:
				if r.accessOK != 401 {
					r.accessOK = rc
				}
			default:
				return rc
			}
		case rc != OK:
			return rc
		}
		h := w.take(r)
		if h == nil {
			return Declined
		}
		rc = h(r)
	}
}

func (r *Request) runContent() Status {
	if r.content != nil {
		return r.content(r)
	}
	w := r.start(PhaseContent)
	return r.throughContent(&w, Declined)
}

func (r *Request) throughContent(w *handlersOf, rc Status) Status {
	for rc == Declined {
		h := w.take(r)
		if h == nil {
			return r.noContent()
		}
		rc = h(r)
	}
	return r.left(w, rc)
}

// noContent answers where no handler did.
func (r *Request) noContent() Status {
	if n := len(r.URI); n > 0 && r.URI[n-1] == '/' {
		if path, ok := r.MapURI(); ok {
			r.Logf(LogErr, "directory index of %q is forbidden", path)
		}
		return 403
	}
	r.Log(LogErr, "no handler found")
	return 404
}

// findConfig is ngx_http_core_find_config_phase.
func (r *Request) findConfig() Status {
	r.content = nil
	r.URIChanged = false
	r.Loc = r.Server.Root()
	res, redirect := r.Server.Root().find(r)
	if res == findRedirect {
		target := redirect.Name
		r.Loc = redirect // whose filters see the answer
		r.useLocation()
		if r.Args != "" {
			target += "?" + r.Args
		}
		r.Redirect(EscapeURI(target))
		return 301
	}
	if !r.Internal && r.Loc.Core.Internal {
		return 404
	}
	r.useLocation()
	if max := r.Loc.Core.MaxBodySize.V; max > 0 && r.ContentLength > max && r.Main == r && !r.Internal {
		r.Logf(LogErr, "client intended to send too large body: %d bytes", r.ContentLength)
		r.KeepAlive = false
		return 413
	}
	return OK
}

// useLocation is ngx_http_update_location_config. A location without a content handler of its own,
// such as the body of an if, leaves the one that is set.
func (r *Request) useLocation() {
	c := r.Loc.Core
	if c.LimitExcept != nil && !c.methods[r.Method] {
		// Deviation: nginx keeps only proxy_pass and its like for the other methods; here any content
		// handler of the location stays in force.
		if h := r.Loc.handler; h != nil {
			r.content = h
		}
		r.Loc = c.LimitExcept
		c = r.Loc.Core
	}
	if h := r.Loc.handler; h != nil {
		r.content = h
	}
	r.log = c.Log
	if r.Main == r {
		c.limitKeepAlive(r)
	}
}

// SetLocation makes loc (the body of an if) the request's location.
func (r *Request) SetLocation(loc *Location) {
	r.Loc = loc
	r.useLocation()
}

// SetContent replaces the content handler for this request.
func (r *Request) SetContent(h Handler) { r.content = h }

// InternalRedirect starts the request anew with another URI (ngx_http_internal_redirect) and runs it
// to its end. The caller returns Done.
func (r *Request) InternalRedirect(uri, args string) Status {
	if r.tooManyChanges("rewrite or internal redirection cycle while internally redirecting to %q") {
		r.Finalize(500)
		return Done
	}
	r.URI, r.Args, r.ArgsGiven = uri, args, false
	r.Internal, r.Named = true, false
	r.AddURIToAlias = false
	r.LocationStale, r.UnparsedStale = false, true
	r.URIChanged = false
	clear(r.ctx)
	r.Loc = r.Server.Root()
	r.anew(PhaseServerRewrite)
	return Done
}

// anew runs a redirected request. A filter may have asked for it while a handler is still writing: what
// that handler holds is given back meanwhile, since the handlers to come want it too.
func (r *Request) anew(p Phase) {
	r.Main.pausable = false // the handler that asked for it waits for the end
	block := r.Main.Block
	if block == nil || r.OffWire() {
		r.process(p)
		return
	}
	r.Main.Block = nil
	defer func() { r.Main.Block = block }()
	block.Blocking(func() { r.process(p) })
}

// NamedLocation continues the request in a named location (ngx_http_named_location). The caller
// returns Done.
func (r *Request) NamedLocation(name string) Status {
	r.URIChanges++
	if r.URIChanges > maxURIChanges {
		r.Logf(LogErr, "rewrite or internal redirection cycle while redirect to named location %q", name)
		r.Finalize(500)
		return Done
	}
	if r.URI == "" {
		r.Logf(LogErr, "empty URI in redirect to named location %q", name)
		r.Finalize(500)
		return Done
	}
	loc := r.Server.named[name]
	if loc == nil {
		r.Logf(LogErr, "could not find named location %q", name)
		r.Finalize(500)
		return Done
	}
	r.Internal, r.Named = true, true
	r.URIChanged = false
	clear(r.ctx)
	r.content = nil
	r.SetLocation(loc)
	r.anew(PhaseRewrite)
	return Done
}

// Finalize ends the request's processing with rc (ngx_http_finalize_request): a special status is
// answered with its error page.
func (r *Request) Finalize(rc Status) {
	if rc == Done {
		return
	}
	if rc == Declined {
		r.content = nil
		rc = r.runContent()
		r.Finalize(rc)
		return
	}
	r.status = rc
	if r.IsSub() {
		if rc == 444 || rc == Error && r.Main.clientGone() {
			r.sub.rc = rc
			return
		}
		if post := r.sub.post; post != nil {
			rc = post(r, rc)
		}
		r.sub.rc = rc
		if rc == Done {
			return
		}
	}
	switch {
	case rc == Error, rc == StatusClientClosedRequest, rc == 408 && r.Main == r:
		if !r.HeaderSent && rc > 0 {
			r.Out.Status = int(rc)
		}
		if !r.IsSub() && (!r.Finished || rc != Error) {
			r.abandon()
		}
		return
	case rc.IsSpecial() || rc == 201 || rc == 204:
		if rc == StatusClose {
			r.Out.Status = int(rc)
			r.Main.abandon()
			return
		}
		r.Finalize(r.special(rc))
	}
}

// clientGone reports whether writing to the client has failed.
func (r *Request) clientGone() bool { return r.gone }

// abandon gives the connection up: what is not sent yet will not be.
func (r *Request) abandon() {
	r.KeepAlive = false
	if r.Wire != nil {
		r.Wire.Abandon()
	}
	r.Finished = true
}

// finish runs the log phase and what was registered for the end.
func (r *Request) finish() {
	if r.IsSub() {
		return
	}
	if !r.Finished {
		if r.HeaderSent {
			r.abandon()
		} else {
			r.Finalize(statusInternalServerError)
		}
	}
	r.logPhase()
	for i := len(r.ends) - 1; i >= 0; i-- {
		r.ends[i]()
	}
	r.Body.close()
}

func (r *Request) logPhase() {
	if r.logged {
		return
	}
	r.logged = true
	r.phase = PhaseLog
	w := r.start(PhaseLog)
	for h := w.take(r); h != nil; h = w.take(r) {
		h(r)
	}
}
