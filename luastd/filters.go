package luastd

import (
	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/vm"
)

// runInline runs a script that OpenResty runs without a light thread of its own (filters, log, set,
// balancer): within the handler that set it off, where there is one, else as a thread of its own.
// ok is false when it failed; the error is logged.
func runInline(c *handler.Ctx, phase handler.Phase, k *code, what string, nret int, args ...lua.LValue) (results []lua.LValue, exited *handler.Exit, ok bool) {
	w := runtimeOf(c.VM)
	fn, lerr := w.function(c.VM, k, c.R)
	if lerr != nil {
		c.Log(phases.LogErr, lerr.msg)
		return nil, nil, false
	}
	outer := c.Phase
	c.Phase = phase
	var err error
	if c.Running > 0 {
		c.Running++
		results, err = c.VM.W.Current().Run(fn, nret, args...)
		c.Running--
	} else {
		enter(c)
		results, err = c.VM.W.RunPlain(c, fn, nret, args...)
		leave(c)
	}
	c.Phase = outer
	switch ctl := vm.ControlOf(err).(type) {
	case nil:
	case handler.Exit:
		return nil, &ctl, true
	case handler.Redirect:
		return nil, &handler.Exit{Status: ctl.Status}, true
	default:
		return nil, nil, false
	}
	if err != nil {
		c.Log(phases.LogErr, "failed to run "+what+": "+handler.PlainErrorText(err))
		return nil, nil, false
	}
	return results, nil, true
}

// headerFilter is header_filter_by_lua*.
func headerFilter(next phases.HeaderHandler) phases.HeaderHandler {
	return func(r *phases.Request) phases.Status {
		if r.ErrorLog().Enabled(phases.LogDebug) {
			debugFilters(r, handler.HeaderFilter, "header")
		}
		list, n := scriptsFor(r, handler.HeaderFilter, phases.LocationOf[locConf](r.Loc, Module).headerFilter)
		for _, k := range list[:n] {
			c := context(r)
			before := c.ExitStatus()
			if _, _, ok := runInline(c, handler.HeaderFilter, k, "header_filter_by_lua*", 0); !ok {
				return phases.Error
			}
			if now := c.ExitStatus(); now == phases.Error && before != now {
				return phases.Error
			} else if now != before { // else it says so again, of the answer that its first time brought about
				return r.FilterFinalize(now)
			}
		}
		if r.TakesDirectly() {
			return r.TakeHead()
		}
		return next(r)
	}
}

// bodyFilter is body_filter_by_lua*: the script sees each chunk as ngx.arg[1] and whether it is the
// last one as ngx.arg[2], and may replace both.
func bodyFilter(next phases.BodyHandler) phases.BodyHandler {
	return func(r *phases.Request, in []phases.Buf) phases.Status {
		if r.ErrorLog().Enabled(phases.LogDebug) {
			debugFilters(r, handler.BodyFilter, "body")
		}
		next := next
		if r.TakesDirectly() {
			next = takeBody
		}
		list, n := scriptsFor(r, handler.BodyFilter, phases.LocationOf[locConf](r.Loc, Module).bodyFilter)
		if n == 0 || r.HeaderOnly && !r.IsSub() {
			return next(r, in)
		}
		c := context(r)
		if c.FilterEnded {
			return next(r, nil)
		}
		arg := c.TakeArg()
		flush := false
		for i := range in {
			arg.Last = arg.Last || in[i].Last
			flush = flush || in[i].Flush
		}
		if err := gather(arg, in); err != nil {
			r.Logf(phases.LogCrit, "reading a response's file: %v", err)
			return phases.Error
		}
		for _, k := range list[:n] {
			outer := c.Filter
			c.Filter = arg
			results, exited, ok := runInline(c, handler.BodyFilter, k, "body_filter_by_lua*", 1)
			c.Filter = outer
			if !ok || exited != nil {
				return phases.Error
			}
			if len(results) > 0 {
				if n, isNum := results[0].(lua.LNumber); isNum && (n == -1 || n >= 300) {
					return phases.Error
				}
			}
		}
		if arg.Last {
			c.FilterEnded = true
		}
		in = append(in[:0], phases.Buf{B: arg.Data, Last: arg.Last, Flush: flush}) // it may be changed
		*arg = handler.BodyArg{}
		return next(r, in)
	}
}

// debugFilters notes which of the module's filters see r's output: those of the scripts, and the one that
// keeps the output of captured subrequests.
func debugFilters(r *phases.Request, phase handler.Phase, what string) {
	used := phases.MainOf[mainConf](r.Tree, Module).phases
	if used&phase != 0 || phase == handler.HeaderFilter && used&handler.BodyFilter != 0 {
		r.Logf(phases.LogDebug, "lua %s filter for user lua code, uri \"%s\"", what, r.URI)
	}
	if used&(handler.Main) != 0 {
		r.Logf(phases.LogDebug, "lua capture %s filter, uri \"%s\"", what, r.URI)
	}
}

// takeBody keeps the output of ngx.location.capture's subrequests from the filters below.
func takeBody(r *phases.Request, in []phases.Buf) phases.Status { return r.TakeBody(in) }

func gather(arg *handler.BodyArg, in []phases.Buf) error {
	if len(in) == 1 {
		b, err := in[0].Bytes()
		arg.Data, arg.Fresh = b, in[0].File != nil
		return err
	}
	arg.Fresh = true
	for i := range in {
		b, err := in[i].Bytes()
		if err != nil {
			return err
		}
		arg.Data = append(arg.Data, b...)
	}
	return nil
}

// runSet is set_by_lua*.
func runSet(r *phases.Request, k *code, target int, args []*phases.Value) phases.Status {
	c := context(r)
	vals := make([]string, len(args))
	for i, a := range args {
		vals[i] = a.Eval(r)
	}
	outer := c.Args
	c.Args = vals
	results, exited, ok := runInline(c, handler.Set, k, "set_by_lua*", 1)
	c.Args = outer
	if !ok || exited != nil {
		return 500
	}
	value := ""
	if len(results) > 0 {
		switch v := results[0].(type) {
		case lua.LString:
			value = string(v)
		case lua.LNumber:
			value = codec.FormatNumber(float64(v))
		}
	}
	r.SetIndexed(target, value)
	return phases.Declined
}
