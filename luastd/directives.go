package luastd

import (
	"fmt"
	"time"

	"moongate/conf"
	"moongate/luastd/handler"
	"moongate/phases"
	"moongate/phases/openssl"
	"moongate/phases/rewrite"
)

// scriptSetter makes the setter of a *_by_lua* directive; at says where the script is kept.
func scriptSetter[T any](phase handler.Phase, variables bool, at func(*T) **code) phases.SetFunc {
	return phases.Set(func(l *phases.Load, d *conf.Directive, c *T) error {
		p := at(c)
		if *p != nil {
			return l.Duplicate(d)
		}
		k, err := parseCode(l, d, phase, variables)
		if err != nil {
			return err
		}
		*p = k
		return nil
	})
}

func setContent(l *phases.Load, d *conf.Directive, c any) error {
	err := scriptSetter(handler.Content, true, func(c *locConf) **code { return &c.content })(l, d, c)
	if err == nil {
		l.SetContent(contentHandler)
	}
	return err
}

// scripts are the forms of one phase's directive: the block, the file and, where plain is set, the
// string.
func scripts(name string, ctx phases.Context, level phases.Level, plain bool, set phases.SetFunc) []phases.Directive {
	block := phases.Arity{Block: true}
	out := []phases.Directive{
		{Name: name + "_block", Ctx: ctx, Args: block, Level: level, Set: set},
		{Name: name + "_file", Ctx: ctx, Args: phases.Take1, Level: level, Set: set},
	}
	if plain {
		out = append(out, phases.Directive{Name: name, Ctx: ctx, Args: phases.Take1, Level: level, Set: set})
	}
	return out
}

func directives() []phases.Directive {
	const (
		all   = phases.CtxAllIf
		inLoc = phases.CtxLocation | phases.CtxLocationIf
		setIn = phases.CtxServer | phases.CtxServerIf | phases.CtxLocation | phases.CtxLocationIf
	)
	type (
		M = mainConf
		L = locConf
	)
	var ds []phases.Directive
	add := func(more ...phases.Directive) { ds = append(ds, more...) }
	main := func(name string, a phases.Arity, set phases.SetFunc) {
		add(phases.Directive{Name: name, Ctx: phases.CtxHTTP, Args: a, Level: phases.MainConf, Set: set})
	}
	loc := func(name string, ctx phases.Context, a phases.Arity, set phases.SetFunc) {
		add(phases.Directive{Name: name, Ctx: ctx, Args: a, Level: phases.LocationConf, Set: set})
	}

	add(scripts("init_by_lua", phases.CtxHTTP, phases.MainConf, true, scriptSetter(handler.Init, false, func(c *M) **code { return &c.initCode }))...)
	add(scripts("init_worker_by_lua", phases.CtxHTTP, phases.MainConf, true, scriptSetter(handler.InitWorker, false, func(c *M) **code { return &c.initWorker }))...)
	add(scripts("exit_worker_by_lua", phases.CtxHTTP, phases.MainConf, false, scriptSetter(handler.ExitWorker, false, func(c *M) **code { return &c.exitWorker }))...)
	add(scripts("server_rewrite_by_lua", phases.CtxHTTP|phases.CtxServer, phases.ServerConf, false, scriptSetter(handler.ServerRewrite, true, func(c *serverConf) **code { return &c.serverRewrite }))...)
	add(scripts("rewrite_by_lua", all, phases.LocationConf, true, scriptSetter(handler.Rewrite, true, func(c *L) **code { return &c.rewrite }))...)
	add(scripts("access_by_lua", all, phases.LocationConf, true, scriptSetter(handler.Access, true, func(c *L) **code { return &c.access }))...)
	add(scripts("precontent_by_lua", all, phases.LocationConf, false, scriptSetter(handler.Precontent, true, func(c *L) **code { return &c.precontent }))...)
	add(scripts("content_by_lua", inLoc, phases.LocationConf, true, setContent)...)
	add(scripts("header_filter_by_lua", all, phases.LocationConf, true, scriptSetter(handler.HeaderFilter, true, func(c *L) **code { return &c.headerFilter }))...)
	add(scripts("body_filter_by_lua", all, phases.LocationConf, true, scriptSetter(handler.BodyFilter, true, func(c *L) **code { return &c.bodyFilter }))...)
	add(scripts("log_by_lua", all, phases.LocationConf, true, scriptSetter(handler.Log, true, func(c *L) **code { return &c.log }))...)
	add(phases.Directive{Name: "set_by_lua", Ctx: setIn, Args: phases.TwoMore, Set: setByLua},
		phases.Directive{Name: "set_by_lua_file", Ctx: setIn, Args: phases.TwoMore, Set: setByLua},
		phases.Directive{Name: "set_by_lua_block", Ctx: setIn, Args: phases.Arity{Min: 1, Max: 1, Block: true}, Set: setByLua})
	add(phases.Directive{Name: "balancer_by_lua_block", Ctx: phases.CtxUpstream, Args: phases.Block, Set: setBalancer},
		phases.Directive{Name: "balancer_by_lua_file", Ctx: phases.CtxUpstream, Args: phases.Take1, Set: setBalancer},
		phases.Directive{Name: "balancer_keepalive", Ctx: phases.CtxUpstream, Args: phases.Take1, Set: setBalancerKeepalive})
	add(scripts("ssl_client_hello_by_lua", phases.CtxHTTP|phases.CtxServer, phases.ServerConf, false, scriptSetter(handler.SSLClientHello, false, func(c *serverConf) **code { return &c.sslHello }))...)
	add(scripts("ssl_certificate_by_lua", phases.CtxHTTP|phases.CtxServer, phases.ServerConf, false, scriptSetter(handler.SSLCert, false, func(c *serverConf) **code { return &c.sslCert }))...)
	add(scripts("ssl_session_fetch_by_lua", phases.CtxHTTP, phases.ServerConf, false, scriptSetter(handler.SSLSessionFetch, false, func(c *serverConf) **code { return &c.sslFetch }))...)
	add(scripts("ssl_session_store_by_lua", phases.CtxHTTP, phases.ServerConf, false, scriptSetter(handler.SSLSessionStore, false, func(c *serverConf) **code { return &c.sslStore }))...)
	add(scripts("proxy_ssl_certificate_by_lua", phases.CtxLocation, phases.LocationConf, false, scriptSetter(handler.ProxySSLCert, false, func(c *L) **code { return &c.proxyCert }))...)
	add(scripts("proxy_ssl_verify_by_lua", phases.CtxLocation, phases.LocationConf, false, scriptSetter(handler.ProxySSLVerify, false, func(c *L) **code { return &c.proxyVerify }))...)

	main("lua_package_path", phases.Take1, phases.SetString(func(c *M) *phases.Opt[string] { return &c.packagePath }))
	main("lua_package_cpath", phases.Take1, phases.SetString(func(c *M) *phases.Opt[string] { return &c.packageCPath }))
	main("lua_shared_dict", phases.Take2, phases.Set(setSharedDict))
	main("lua_max_pending_timers", phases.Take1, phases.SetNumber(func(c *M) *phases.Opt[int] { return &c.maxPending }))
	main("lua_max_running_timers", phases.Take1, phases.SetNumber(func(c *M) *phases.Opt[int] { return &c.maxRunning }))
	main("lua_thread_cache_max_entries", phases.Take1, phases.SetNumber(func(c *M) *phases.Opt[int] { return &c.threadCache }))
	main("lua_regex_cache_max_entries", phases.Take1, phases.SetNumber(func(c *M) *phases.Opt[int] { return &c.regexCache }))
	main("lua_regex_match_limit", phases.Take1, phases.SetNumber(func(c *M) *phases.Opt[int] { return &c.regexMatchLimit }))
	main("lua_capture_error_log", phases.Take1, setCaptureErrorLog)
	main("lua_worker_thread_vm_pool_size", phases.Take1, phases.SetNumber(func(c *M) *phases.Opt[int] { return &c.threadPoolSize }))
	main("lua_cpu_limit", phases.Take1, phases.SetMsec(func(c *M) *phases.Opt[time.Duration] { return &c.cpuLimit }))
	main("lua_worker_memory_limit", phases.Take1, phases.SetSize(func(c *M) *phases.Opt[int64] { return &c.memoryLimit }))
	main("lua_live_reload", phases.OnOff, phases.SetFlag(func(c *M) *phases.Opt[bool] { return &c.liveReload }))
	add(phases.Directive{Name: "lua_script_dir", Ctx: phases.CtxHTTP | phases.CtxServer, Args: phases.Take12, Level: phases.ServerConf, Set: phases.Set(setScriptDir)})
	main("lua_strict_phases", phases.OnOff, phases.SetFlag(func(c *M) *phases.Opt[bool] { return &c.strictPhases }))
	main("rewrite_by_lua_no_postpone", phases.OnOff, phases.SetFlag(func(c *M) *phases.Opt[bool] { return &c.rewriteNoPostpone }))
	main("access_by_lua_no_postpone", phases.OnOff, phases.SetFlag(func(c *M) *phases.Opt[bool] { return &c.accessNoPostpone }))
	main("precontent_by_lua_no_postpone", phases.OnOff, phases.SetFlag(func(c *M) *phases.Opt[bool] { return &c.precontentNoPostpone }))
	main("lua_load_resty_core", phases.OnOff, deprecatedCore)
	main("lua_malloc_trim", phases.Take1, phases.Ignore) // the allocator is Go's
	main("lua_sa_restart", phases.OnOff, phases.Ignore)  // the Go runtime always sets SA_RESTART

	loc("lua_code_cache", all, phases.OnOff, warnCodeCache(phases.SetFlag(func(c *L) *phases.Opt[bool] { return &c.codeCache })))
	loc("lua_need_request_body", all, phases.OnOff, phases.SetFlag(func(c *L) *phases.Opt[bool] { return &c.needBody }))
	loc("lua_use_default_type", all, phases.OnOff, phases.SetFlag(func(c *L) *phases.Opt[bool] { return &c.useDefaultType }))
	loc("lua_http10_buffering", all, phases.OnOff, phases.SetFlag(func(c *L) *phases.Opt[bool] { return &c.http10Buffering }))
	loc("lua_check_client_abort", all, phases.OnOff, phases.SetFlag(func(c *L) *phases.Opt[bool] { return &c.checkAbort }))
	loc("lua_transform_underscores_in_response_headers", all, phases.OnOff, phases.SetFlag(func(c *L) *phases.Opt[bool] { return &c.underscores }))
	loc("lua_socket_connect_timeout", phases.CtxAllIf, phases.Take1, phases.SetMsec(func(c *L) *phases.Opt[time.Duration] { return &c.socketConnect }))
	loc("lua_socket_send_timeout", all, phases.Take1, phases.SetMsec(func(c *L) *phases.Opt[time.Duration] { return &c.socketSend }))
	loc("lua_socket_read_timeout", all, phases.Take1, phases.SetMsec(func(c *L) *phases.Opt[time.Duration] { return &c.socketRead }))
	loc("lua_socket_keepalive_timeout", all, phases.Take1, phases.SetMsec(func(c *L) *phases.Opt[time.Duration] { return &c.socketKeepalive }))
	loc("lua_socket_buffer_size", all, phases.Take1, phases.SetSize(func(c *L) *phases.Opt[int64] { return &c.socketBuffer }))
	loc("lua_socket_send_lowat", all, phases.Take1, phases.Ignore)
	loc("lua_socket_pool_size", all, phases.Take1, phases.SetNumber(func(c *L) *phases.Opt[int] { return &c.socketPool }))
	loc("lua_socket_log_errors", all, phases.OnOff, phases.SetFlag(func(c *L) *phases.Opt[bool] { return &c.socketLogErrors }))
	loc("lua_ssl_verify_depth", phases.CtxAll, phases.Take1, phases.SetNumber(func(c *L) *phases.Opt[int] { return &c.sslVerifyDepth }))
	loc("lua_ssl_trusted_certificate", phases.CtxAll, phases.Take1, setConfPath(func(c *L) *phases.Opt[string] { return &c.sslTrusted }))
	loc("lua_ssl_crl", phases.CtxAll, phases.Take1, setConfPath(func(c *L) *phases.Opt[string] { return &c.sslCRL }))
	loc("lua_ssl_certificate", phases.CtxAll, phases.Take1, setConfPath(func(c *L) *phases.Opt[string] { return &c.sslCertificate }))
	loc("lua_ssl_certificate_key", phases.CtxAll, phases.Take1, setConfPath(func(c *L) *phases.Opt[string] { return &c.sslKey }))
	loc("lua_ssl_key_log", phases.CtxAll, phases.Take1, setConfPath(func(c *L) *phases.Opt[string] { return &c.sslKeyLog }))
	loc("lua_ssl_ciphers", phases.CtxAll, phases.Take1, phases.SetString(func(c *L) *phases.Opt[string] { return &c.sslCiphers }))
	loc("lua_ssl_protocols", phases.CtxAll, phases.OneMore, phases.Set(func(l *phases.Load, d *conf.Directive, c *L) error {
		if c.sslProtocols.Set {
			return l.Duplicate(d)
		}
		c.sslProtocols.Set = true
		for _, a := range d.Args {
			name, _, ok := openssl.Protocol(a.Value)
			if !ok {
				return fmt.Errorf("invalid value %q", a.Value)
			}
			c.sslProtocols.V = append(c.sslProtocols.V, name)
		}
		return nil
	}))
	loc("lua_ssl_conf_command", phases.CtxAll, phases.Take2, phases.Set(func(_ *phases.Load, d *conf.Directive, c *L) error {
		if c.sslCommands == nil {
			c.sslCommands = &openssl.Commands{}
		}
		return c.sslCommands.Set(d.Args[0].Value, d.Args[1].Value)
	}))
	loc("lua_upstream_skip_openssl_default_verify", all, phases.OnOff, phases.SetFlag(func(c *L) *phases.Opt[bool] { return &c.skipVerify }))
	return ds
}

// warnCodeCache says, as OpenResty does, what "off" costs.
func warnCodeCache(set phases.SetFunc) phases.SetFunc {
	return func(l *phases.Load, d *conf.Directive, c any) error {
		err := set(l, d, c)
		if err == nil && !c.(*locConf).codeCache.V {
			l.Alertf(d, "lua_code_cache is off; this will hurt performance")
		}
		return err
	}
}

// deprecatedCore is lua_load_resty_core: the API is built in either way.
func deprecatedCore(l *phases.Load, d *conf.Directive, _ any) error {
	l.Warnf(d, "lua_load_resty_core is deprecated (the lua-resty-core library is required since ngx_lua v0.10.16)")
	return nil
}

func setConfPath(at func(*locConf) *phases.Opt[string]) phases.SetFunc {
	set := phases.SetString(at)
	return func(l *phases.Load, d *conf.Directive, c any) error {
		if err := set(l, d, c); err != nil {
			return err
		}
		o := at(c.(*locConf))
		o.V = l.ConfPath(o.V)
		return nil
	}
}

func setSharedDict(l *phases.Load, d *conf.Directive, c *mainConf) error {
	name := d.Args[0].Value
	if name == "" {
		return fmt.Errorf("invalid lua shared dict name %q", name)
	}
	size, ok := conf.ParseSize(d.Args[1].Value)
	if !ok || size <= 8191 {
		return fmt.Errorf("invalid lua shared dict size %q", d.Args[1].Value)
	}
	for _, x := range c.dicts {
		if x.name == name {
			return fmt.Errorf("lua_shared_dict %q is already defined as %q", name, name)
		}
	}
	c.dicts = append(c.dicts, dict{name, size, d.Pos})
	return nil
}

// setByLua puts a script into the rewrite module's sequence, where set stands too.
func setByLua(l *phases.Load, d *conf.Directive, _ any) error {
	name := d.Args[0].Value
	if len(name) < 2 || name[0] != '$' {
		return fmt.Errorf("invalid variable name %q", name)
	}
	name = name[1:]
	if err := l.Assignable(name); err != nil {
		return err
	}
	target := l.VariableIndex(name, d.Pos)
	k, err := parseCode(l, d, handler.Set, true)
	if err != nil {
		return err
	}
	var args []*phases.Value
	if len(d.Args) > 2 {
		for _, a := range d.Args[2:] {
			v, err := l.Value(a)
			if err != nil {
				return err
			}
			args = append(args, v)
		}
	}
	rewrite.Append(l, func(r *phases.Request) phases.Status { return runSet(r, k, target, args) })
	return nil
}
