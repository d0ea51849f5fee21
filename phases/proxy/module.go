package proxy

import (
	"fmt"
	"strings"
	"time"

	"moongate/conf"
	"moongate/phases"
	"moongate/phases/upstream"
)

// Module is ngx_http_proxy_module. It needs package upstream's Module.
var Module = makeModule()

func makeModule() *phases.Module {
	m := phases.NewModule(phases.Module{
		Name:           "proxy",
		NewLocation:    func() any { return &config{} },
		ShareLocations: true,
		MergeLocation:  merge,
		Preconfigure:   addVariables,
	})
	handler := func(r *phases.Request) phases.Status { return handle(r, phases.LocationOf[config](r.Loc, m)) }
	m.Directives = directives(handler)
	return m
}

func directives(handler phases.Handler) []phases.Directive {
	type C = config
	in := func(ctx phases.Context) func(name string, a phases.Arity, set phases.SetFunc) phases.Directive {
		return func(name string, a phases.Arity, set phases.SetFunc) phases.Directive {
			return phases.Directive{Name: name, Ctx: ctx, Args: a, Level: phases.LocationConf, Set: set}
		}
	}
	loc, locIf := in(phases.CtxAll), in(phases.CtxAllIf)
	pass := in(phases.CtxLocation | phases.CtxLocationIf | phases.CtxLimitExcept)
	flag := func(name string, at func(*C) *phases.Opt[bool]) phases.Directive {
		return loc(name, phases.OnOff, phases.SetFlag(at))
	}
	msec := func(name string, at func(*C) *phases.Opt[time.Duration]) phases.Directive {
		return loc(name, phases.Take1, phases.SetMsec(at))
	}
	size := func(name string, at func(*C) *phases.Opt[int64]) phases.Directive {
		return loc(name, phases.Take1, phases.SetSize(at))
	}
	return []phases.Directive{
		pass("proxy_pass", phases.Take1, phases.Set(func(l *phases.Load, d *conf.Directive, c *C) error { return setPass(l, d, c, handler) })),
		loc("proxy_redirect", phases.Take12, phases.Set(setRedirect)),
		loc("proxy_cookie_domain", phases.Take12, phases.Set(setCookieDomain)),
		loc("proxy_cookie_path", phases.Take12, phases.Set(setCookiePath)),
		loc("proxy_cookie_flags", phases.Arity{Min: 1, Max: 4}, phases.Set(setCookieFlags)),
		loc("proxy_set_header", phases.Take2, phases.Set(setSetHeader)),
		loc("proxy_set_body", phases.Take1, phases.SetValue(func(c *C) *phases.Opt[*phases.Value] { return &c.body })),
		loc("proxy_method", phases.Take1, phases.SetValue(func(c *C) *phases.Opt[*phases.Value] { return &c.method })),
		loc("proxy_http_version", phases.Take1, phases.SetEnum(func(c *C) *phases.Opt[bool] { return &c.http11 }, map[string]bool{"1.0": false, "1.1": true})),
		flag("proxy_pass_request_headers", func(c *C) *phases.Opt[bool] { return &c.passHeaders }),
		flag("proxy_pass_request_body", func(c *C) *phases.Opt[bool] { return &c.passBody }),
		flag("proxy_pass_trailers", func(c *C) *phases.Opt[bool] { return &c.passTrailers }),
		flag("proxy_buffering", func(c *C) *phases.Opt[bool] { return &c.buffering }),
		flag("proxy_request_buffering", func(c *C) *phases.Opt[bool] { return &c.requestBuffering }),
		flag("proxy_ignore_client_abort", func(c *C) *phases.Opt[bool] { return &c.ignoreAbort }),
		flag("proxy_intercept_errors", func(c *C) *phases.Opt[bool] { return &c.intercept }),
		flag("proxy_force_ranges", func(c *C) *phases.Opt[bool] { return &c.forceRanges }),
		flag("proxy_socket_keepalive", func(c *C) *phases.Opt[bool] { return &c.socketKeepalive }),
		size("proxy_socket_rcvbuf", func(c *C) *phases.Opt[int64] { return &c.rcvBuf }),
		size("proxy_socket_sndbuf", func(c *C) *phases.Opt[int64] { return &c.sndBuf }),
		msec("proxy_connect_timeout", func(c *C) *phases.Opt[time.Duration] { return &c.connectTimeout }),
		msec("proxy_send_timeout", func(c *C) *phases.Opt[time.Duration] { return &c.sendTimeout }),
		msec("proxy_read_timeout", func(c *C) *phases.Opt[time.Duration] { return &c.readTimeout }),
		size("proxy_buffer_size", func(c *C) *phases.Opt[int64] { return &c.bufferSize }),
		loc("proxy_buffers", phases.Take2, phases.SetSizes(func(c *C) *phases.Opt[phases.Buffers] { return &c.buffers })),
		size("proxy_busy_buffers_size", func(c *C) *phases.Opt[int64] { return &c.busySize }),
		loc("proxy_limit_rate", phases.Take1, phases.SetValue(func(c *C) *phases.Opt[*phases.Value] { return &c.limitRate })),
		loc("proxy_bind", phases.Take12, phases.Set(setBind)),
		loc("proxy_next_upstream", phases.OneMore, phases.Set(setNext)),
		loc("proxy_next_upstream_tries", phases.Take1, phases.SetNumber(func(c *C) *phases.Opt[int] { return &c.nextTries })),
		msec("proxy_next_upstream_timeout", func(c *C) *phases.Opt[time.Duration] { return &c.nextTimeout }),
		loc("proxy_hide_header", phases.Take1, setNames(func(c *C) *phases.Opt[[]string] { return &c.hide })),
		loc("proxy_pass_header", phases.Take1, setNames(func(c *C) *phases.Opt[[]string] { return &c.pass1 })),
		loc("proxy_ignore_headers", phases.OneMore, phases.Set(setIgnore)),

		flag("proxy_ssl_session_reuse", func(c *C) *phases.Opt[bool] { return &c.sslReuse }),
		flag("proxy_ssl_server_name", func(c *C) *phases.Opt[bool] { return &c.sslServerName }),
		flag("proxy_ssl_verify", func(c *C) *phases.Opt[bool] { return &c.sslVerify }),
		loc("proxy_ssl_name", phases.Take1, phases.SetValue(func(c *C) *phases.Opt[*phases.Value] { return &c.sslName })),
		loc("proxy_ssl_verify_depth", phases.Take1, phases.SetNumber(func(c *C) *phases.Opt[int] { return &c.sslDepth })),
		loc("proxy_ssl_trusted_certificate", phases.Take1, phases.SetString(func(c *C) *phases.Opt[string] { return &c.sslTrusted })),
		loc("proxy_ssl_ciphers", phases.Take1, phases.SetString(func(c *C) *phases.Opt[string] { return &c.sslCiphers })),
		loc("proxy_ssl_protocols", phases.OneMore, phases.Set(setProtocols)),
		loc("proxy_ssl_certificate", phases.Take1, phases.SetValue(func(c *C) *phases.Opt[*phases.Value] { return &c.sslCert })),
		loc("proxy_ssl_certificate_key", phases.Take1, phases.SetValue(func(c *C) *phases.Opt[*phases.Value] { return &c.sslKey })),
		loc("proxy_ssl_password_file", phases.Take1, phases.SetString(func(c *C) *phases.Opt[string] { return &c.sslPasswords })),
		loc("proxy_ssl_crl", phases.Take1, phases.SetString(func(c *C) *phases.Opt[string] { return &c.sslCRL })),
		loc("proxy_ssl_conf_command", phases.Take2, phases.Set(setCommand)),
		loc("proxy_ssl_certificate_cache", phases.OneMore, phases.Ignore),

		// tuning of what does not exist here: hashes, temporary files, aio
		loc("proxy_headers_hash_max_size", phases.Take1, phases.Ignore),
		loc("proxy_headers_hash_bucket_size", phases.Take1, phases.Ignore),
		loc("proxy_temp_path", phases.Arity{Min: 1, Max: 4}, phases.SetString(func(c *C) *phases.Opt[string] { return &c.tempPath })),
		size("proxy_max_temp_file_size", func(c *C) *phases.Opt[int64] { return &c.maxTempFile }),
		loc("proxy_temp_file_write_size", phases.Take1, phases.Ignore),
		loc("proxy_send_lowat", phases.Take1, phases.Ignore),
		locIf("proxy_store", phases.Take1, setOff("responses are not stored")),
		locIf("proxy_cache", phases.Take1, setOff("responses are not cached")),
	}
}

// setOff accepts the one value that asks for nothing.
func setOff(why string) phases.SetFunc {
	return func(l *phases.Load, d *conf.Directive, c any) error {
		if d.Args[0].Value == "off" {
			return nil
		}
		return phases.NotBuilt(why)(l, d, c)
	}
}

func setNames(at func(*config) *phases.Opt[[]string]) phases.SetFunc {
	return phases.Set(func(_ *phases.Load, d *conf.Directive, c *config) error {
		o := at(c)
		o.V, o.Set = append(o.V, d.Args[0].Value), true
		return nil
	})
}

func setNext(l *phases.Load, d *conf.Directive, c *config) error {
	if c.next.Set {
		return l.Duplicate(d)
	}
	for _, a := range d.Args {
		n, ok := upstream.NextNames[a.Value]
		if !ok {
			return fmt.Errorf("invalid value %q", a.Value)
		}
		c.next.V |= n
	}
	if c.next.V&upstream.NextOff != 0 {
		c.next.V = upstream.NextOff
	}
	c.next.Set = true
	return nil
}

func setIgnore(_ *phases.Load, d *conf.Directive, c *config) error {
	for _, a := range d.Args {
		found := false
		for name, bit := range upstream.IgnoredNames {
			if strings.EqualFold(name, a.Value) {
				c.ignore.V |= bit
				found = true
			}
		}
		if !found {
			return fmt.Errorf("invalid value %q", a.Value)
		}
	}
	c.ignore.Set = true
	return nil
}

func setBind(l *phases.Load, d *conf.Directive, c *config) error {
	if c.bind.Set {
		return l.Duplicate(d)
	}
	if len(d.Args) == 2 {
		if d.Args[1].Value != "transparent" {
			return fmt.Errorf("invalid parameter %q", d.Args[1].Value)
		}
		return phases.NotBuilt("transparent proxying needs the system's help")(l, d, c)
	}
	c.bind.Set = true
	if d.Args[0].Value == "off" {
		return nil
	}
	v, err := l.Value(d.Args[0])
	if err != nil {
		return err
	}
	if v.IsConstant() && !validLocal(v.Text()) {
		return fmt.Errorf("invalid address %q", v.Text())
	}
	c.bind.V = v
	return nil
}
