package luastd

import (
	"moongate/luastd/handler"
	"moongate/phases"
)

// scriptsFor lists the scripts of a phase for r: the server's drop-in ones, then the location's own.
func scriptsFor(r *phases.Request, phase handler.Phase, own *code) (room [4]*code, n int) {
	if s := phases.ServerOf[serverConf](r.Server, Module).scripts; s != nil {
		for _, k := range s.find(phase, r.URI) {
			if n < len(room)-1 {
				room[n] = k
				n++
			}
		}
	}
	if own != nil {
		room[n] = own
		n++
	}
	return room, n
}

func serverRewriteHandler(r *phases.Request) phases.Status {
	k := phases.ServerOf[serverConf](r.Server, Module).serverRewrite
	if k == nil || r.URIChanged {
		return phases.Declined
	}
	debugHandler(r, handler.ServerRewrite)
	return earlyPhase(r, handler.ServerRewrite, k, true)
}

func rewriteHandler(r *phases.Request) phases.Status {
	return earlyPhases(r, handler.Rewrite, phases.LocationOf[locConf](r.Loc, Module).rewrite)
}

func precontentHandler(r *phases.Request) phases.Status {
	return earlyPhases(r, handler.Precontent, phases.LocationOf[locConf](r.Loc, Module).precontent)
}

func earlyPhases(r *phases.Request, phase handler.Phase, own *code) phases.Status {
	list, n := scriptsFor(r, phase, own)
	if n > 0 {
		debugHandler(r, phase)
	}
	for i, k := range list[:n] {
		if r.URIChanged {
			break
		}
		if rc := earlyPhase(r, phase, k, i == n-1); rc != phases.Declined {
			return rc
		}
	}
	return phases.Declined
}

// earlyPhase runs a script whose normal end lets the request go on: ngx.exit(ngx.OK) too. A script
// that has begun the response ends the request.
func earlyPhase(r *phases.Request, phase handler.Phase, k *code, last bool) phases.Status {
	return earlyStatus(r, run(r, phase, k, last))
}

func earlyStatus(r *phases.Request, o outcome) phases.Status {
	switch {
	case o.status == phases.Again:
		return phases.Again
	case o.done:
		return phases.Done
	case o.jump:
		return phases.Declined
	case o.status == phases.Error, o.status > phases.OK, o.status == phases.Done:
		return o.status
	}
	if rc, ended := endIfAnswered(r); ended {
		return rc
	}
	return phases.Declined
}

func accessHandler(r *phases.Request) phases.Status {
	list, n := scriptsFor(r, handler.Access, phases.LocationOf[locConf](r.Loc, Module).access)
	if n > 0 {
		debugHandler(r, handler.Access)
	}
	rc := phases.Declined
	for i, k := range list[:n] {
		if rc = accessStatus(r, run(r, handler.Access, k, i == n-1)); rc != phases.OK {
			return rc
		}
	}
	return rc
}

func accessStatus(r *phases.Request, o outcome) phases.Status {
	switch {
	case o.status == phases.Again:
		return phases.Again
	case o.done:
		return phases.Done
	case o.status == phases.Error, o.status > phases.OK, o.status == phases.Done:
		return o.status
	case o.status != phases.OK:
		return phases.Declined
	}
	if rc, ended := endIfAnswered(r); ended {
		return rc
	}
	return phases.OK
}

// endIfAnswered ends a response that an early phase's script has begun.
func endIfAnswered(r *phases.Request) (phases.Status, bool) {
	c := context(r)
	if !r.HeaderSent && (r.Out.Status == 0 || !c.Gathered()) {
		return phases.OK, false
	}
	if rc := c.SendLast(); rc == phases.Error || rc > phases.OK {
		return rc, true
	}
	return 200, true
}

func contentHandler(r *phases.Request) phases.Status {
	debugHandler(r, handler.Content)
	return runContent(r, phases.LocationOf[locConf](r.Loc, Module).content)
}

func runContent(r *phases.Request, k *code) phases.Status {
	return contentStatus(r, run(r, handler.Content, k, true))
}

func contentStatus(r *phases.Request, o outcome) phases.Status {
	if o.status == phases.Again {
		return phases.Again
	}
	if o.done {
		return phases.Done
	}
	if o.status == phases.Declined && !r.HeaderSent {
		return phases.StatusClose // nobody else will answer
	}
	if o.status == phases.Declined || o.jump {
		return phases.OK
	}
	return o.status
}

func logHandler(r *phases.Request) phases.Status {
	list, n := scriptsFor(r, handler.Log, phases.LocationOf[locConf](r.Loc, Module).log)
	if n > 0 && r.ErrorLog().Enabled(phases.LogDebug) {
		r.Logf(phases.LogDebug, "lua log handler, uri:\"%s\" c:0", r.URI)
	}
	for _, k := range list[:n] {
		runInline(context(r), handler.Log, k, "log_by_lua*", 0)
	}
	return phases.OK
}

// debugHandler notes that a phase with a script begins.
func debugHandler(r *phases.Request, phase handler.Phase) {
	if !r.ErrorLog().Enabled(phases.LogDebug) {
		return
	}
	name := phase.String()
	if phase == handler.ServerRewrite {
		name = "server rewrite"
	}
	r.Logf(phases.LogDebug, "lua %s handler, uri:\"%s\" c:1", name, r.URI)
}
