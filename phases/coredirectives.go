package phases

import (
	"strings"
	"time"

	"moongate/conf"
)

// CoreDirectives lists the directives that belong to no module.
func CoreDirectives() []Directive { return coreDirectives() }

func coreDirectives() []Directive {
	loc := func(name string, a Arity, set SetFunc) Directive {
		return Directive{name, CtxAll, a, LocationConf, set}
	}
	locIf := func(name string, a Arity, set SetFunc) Directive {
		return Directive{name, CtxAllIf, a, LocationConf, set}
	}
	srv := func(name string, a Arity, set SetFunc) Directive {
		return Directive{name, CtxHTTP | CtxServer, a, ServerConf, set}
	}
	type C = CoreLocation
	return []Directive{
		{"http", CtxMain, Block, NoConf, setHTTP},
		{"events", CtxMain, Block, NoConf, setEvents},
		{"server", CtxHTTP, Block, NoConf, setServer},
		{"location", CtxServer | CtxLocation, Arity{Min: 1, Max: 2, Block: true}, NoConf, setLocation},
		{"listen", CtxServer, OneMore, ServerConf, Set(setListen)},
		{"server_name", CtxServer, OneMore, ServerConf, Set(setServerName)},

		{"user", CtxMain, Take12, MainConf, Set(func(_ *Load, d *conf.Directive, c *CoreMain) error {
			c.User = strings.Join(Values(d), " ")
			return nil
		})},
		{"worker_processes", CtxMain, Take1, MainConf, Set(setWorkers)},
		{"daemon", CtxMain, OnOff, MainConf, SetFlag(func(c *CoreMain) *Opt[bool] { return &c.Daemon })},
		{"master_process", CtxMain, OnOff, MainConf, SetFlag(func(c *CoreMain) *Opt[bool] { return &c.MasterProcess })},
		{"pid", CtxMain, Take1, MainConf, SetString(func(c *CoreMain) *Opt[string] { return &c.Pid })},
		{"env", CtxMain, Take1, MainConf, Set(func(_ *Load, d *conf.Directive, c *CoreMain) error {
			c.Env = append(c.Env, d.Args[0].Value)
			return nil
		})},
		{"worker_shutdown_timeout", CtxMain, Take1, MainConf, SetMsec(func(c *CoreMain) *Opt[time.Duration] { return &c.ShutdownTimeout })},
		{"error_log", CtxMain, OneMore, NoConf, setErrorLog},
		{"error_log", CtxAll, OneMore, LocationConf, setErrorLog},
		// process tuning that the Go runtime decides on its own
		{"worker_rlimit_nofile", CtxMain, Take1, NoConf, setNoFile},
		{"worker_rlimit_core", CtxMain, Take1, NoConf, Ignore},
		{"worker_priority", CtxMain, Take1, NoConf, Ignore},
		{"worker_cpu_affinity", CtxMain, OneMore, NoConf, Ignore},
		{"working_directory", CtxMain, Take1, NoConf, Ignore},
		{"lock_file", CtxMain, Take1, NoConf, Ignore},
		{"timer_resolution", CtxMain, Take1, NoConf, Ignore},
		{"pcre_jit", CtxMain, OnOff, NoConf, Ignore},
		{"thread_pool", CtxMain, TwoMore, MainConf, Set(setThreadPool)},
		{"debug_points", CtxMain, Take1, NoConf, Ignore},
		{"ssl_engine", CtxMain, Take1, NoConf, NotBuilt("hardware engines are OpenSSL's")},
		{"load_module", CtxMain, Take1, NoConf, NotBuilt("moongate has no binary modules")},
		{"worker_connections", CtxEvents, Take1, MainConf, SetNumber(func(c *CoreMain) *Opt[int] { return &c.connections })},
		{"use", CtxEvents, Take1, NoConf, Ignore},
		{"multi_accept", CtxEvents, OnOff, NoConf, Ignore},
		{"accept_mutex", CtxEvents, OnOff, NoConf, Ignore},
		{"accept_mutex_delay", CtxEvents, Take1, NoConf, Ignore},
		{"worker_aio_requests", CtxEvents, Take1, NoConf, Ignore},
		{"debug_connection", CtxEvents, Take1, NoConf, Ignore},

		srv("client_header_timeout", Take1, SetMsec(func(c *CoreServer) *Opt[time.Duration] { return &c.ClientHeaderTimeout })),
		srv("client_header_buffer_size", Take1, SetSize(func(c *CoreServer) *Opt[int64] { return &c.HeaderBuffer })),
		srv("large_client_header_buffers", Take2, SetSizes(func(c *CoreServer) *Opt[Buffers] { return &c.LargeHeaderBuffers })),
		srv("ignore_invalid_headers", OnOff, SetFlag(func(c *CoreServer) *Opt[bool] { return &c.IgnoreInvalidHeaders })),
		srv("underscores_in_headers", OnOff, SetFlag(func(c *CoreServer) *Opt[bool] { return &c.UnderscoresInHeaders })),
		srv("merge_slashes", OnOff, SetFlag(func(c *CoreServer) *Opt[bool] { return &c.MergeSlashes })),
		srv("connection_pool_size", Take1, Ignore),
		srv("request_pool_size", Take1, Ignore),
		{"server_names_hash_max_size", CtxHTTP, Take1, NoConf, Ignore},
		{"server_names_hash_bucket_size", CtxHTTP, Take1, NoConf, Ignore},
		{"variables_hash_max_size", CtxHTTP, Take1, NoConf, Ignore},
		{"variables_hash_bucket_size", CtxHTTP, Take1, NoConf, Ignore},
		loc("types_hash_max_size", Take1, Ignore),
		loc("types_hash_bucket_size", Take1, Ignore),

		locIf("root", Take1, Set(setRoot)),
		{"alias", CtxLocation, Take1, LocationConf, Set(setAlias)},
		{"internal", CtxLocation, NoArgs, LocationConf, Set(func(_ *Load, _ *conf.Directive, c *C) error { c.Internal = true; return nil })},
		{"limit_except", CtxLocation, Arity{Min: 1, Max: -1, Block: true}, LocationConf, Set(setLimitExcept)},
		loc("types", Block, Set(setTypes)),
		loc("default_type", Take1, SetString(func(c *C) *Opt[string] { return &c.DefaultType })),
		loc("client_max_body_size", Take1, SetOffset(func(c *C) *Opt[int64] { return &c.MaxBodySize })),
		loc("client_body_buffer_size", Take1, SetSize(func(c *C) *Opt[int64] { return &c.BodyBufferSize })),
		loc("client_body_timeout", Take1, SetMsec(func(c *C) *Opt[time.Duration] { return &c.BodyTimeout })),
		loc("client_body_temp_path", Arity{Min: 1, Max: 4}, SetString(func(c *C) *Opt[string] { return &c.BodyTempPath })),
		loc("client_body_in_file_only", Take1, SetEnum(func(c *C) *Opt[bool] { return &c.BodyInFileOnly }, map[string]bool{"off": false, "on": true, "clean": true})),
		loc("client_body_in_single_buffer", OnOff, Ignore),
		loc("send_timeout", Take1, SetMsec(func(c *C) *Opt[time.Duration] { return &c.SendTimeout })),
		loc("keepalive_timeout", Take12, Set(setKeepalive)),
		loc("keepalive_requests", Take1, SetNumber(func(c *C) *Opt[int] { return &c.KeepaliveRequests })),
		loc("keepalive_time", Take1, SetMsec(func(c *C) *Opt[time.Duration] { return &c.KeepaliveTime })),
		loc("keepalive_disable", OneMore, Set(setKeepaliveDisable)),
		loc("satisfy", Take1, SetEnum(func(c *C) *Opt[bool] { return &c.SatisfyAny }, map[string]bool{"all": false, "any": true})),
		locIf("sendfile", OnOff, SetFlag(func(c *C) *Opt[bool] { return &c.Sendfile })),
		loc("sendfile_max_chunk", Take1, Ignore),
		loc("aio", Take1, Ignore),
		loc("aio_write", OnOff, Ignore),
		loc("directio", Take1, Ignore),
		loc("directio_alignment", Take1, Ignore),
		loc("read_ahead", Take1, Ignore),
		loc("output_buffers", Take2, Ignore),
		loc("postpone_output", Take1, SetSize(func(c *C) *Opt[int64] { return &c.PostponeOutput })),
		loc("subrequest_output_buffer_size", Take1, Ignore),
		loc("tcp_nopush", OnOff, SetFlag(func(c *C) *Opt[bool] { return &c.TCPNoPush })),
		loc("tcp_nodelay", OnOff, SetFlag(func(c *C) *Opt[bool] { return &c.TCPNoDelay })),
		loc("send_lowat", Take1, Ignore),
		loc("reset_timedout_connection", OnOff, SetFlag(func(c *C) *Opt[bool] { return &c.ResetTimedout })),
		loc("lingering_close", Take1, SetEnum(func(c *C) *Opt[Lingering] { return &c.LingeringClose }, map[string]Lingering{"off": LingeringOff, "on": LingeringOn, "always": LingeringAlways})),
		loc("lingering_time", Take1, SetMsec(func(c *C) *Opt[time.Duration] { return &c.LingeringTime })),
		loc("lingering_timeout", Take1, SetMsec(func(c *C) *Opt[time.Duration] { return &c.LingeringTimeout })),
		loc("absolute_redirect", OnOff, SetFlag(func(c *C) *Opt[bool] { return &c.AbsoluteRedirect })),
		loc("server_name_in_redirect", OnOff, SetFlag(func(c *C) *Opt[bool] { return &c.ServerNameRedirect })),
		loc("port_in_redirect", OnOff, SetFlag(func(c *C) *Opt[bool] { return &c.PortInRedirect })),
		loc("msie_padding", OnOff, Ignore),
		loc("msie_refresh", OnOff, Ignore),
		loc("log_not_found", OnOff, SetFlag(func(c *C) *Opt[bool] { return &c.LogNotFound })),
		loc("log_subrequest", OnOff, SetFlag(func(c *C) *Opt[bool] { return &c.LogSubrequest })),
		{"uninitialized_variable_warn", CtxAllIf | CtxServerIf, OnOff, LocationConf, SetFlag(func(c *C) *Opt[bool] { return &c.UninitializedWarn })},
		loc("recursive_error_pages", OnOff, SetFlag(func(c *C) *Opt[bool] { return &c.RecursiveErrorPages })),
		loc("server_tokens", Take1, SetEnum(func(c *C) *Opt[string] { return &c.ServerTokens }, map[string]string{"on": "on", "off": "off", "build": "build"})),
		loc("chunked_transfer_encoding", OnOff, SetFlag(func(c *C) *Opt[bool] { return &c.ChunkedTransfer })),
		loc("etag", OnOff, SetFlag(func(c *C) *Opt[bool] { return &c.ETag })),
		loc("if_modified_since", Take1, SetEnum(func(c *C) *Opt[string] { return &c.IfModifiedSince }, map[string]string{"off": "off", "exact": "exact", "before": "before"})),
		loc("max_ranges", Take1, SetNumber(func(c *C) *Opt[int] { return &c.MaxRanges })),
		locIf("limit_rate", Take1, SetValue(func(c *C) *Opt[*Value] { return &c.LimitRate })),
		locIf("limit_rate_after", Take1, SetValue(func(c *C) *Opt[*Value] { return &c.LimitRateAfter })),
		locIf("error_page", TwoMore, Set(setErrorPage)),
		loc("resolver", OneMore, Set(setResolver)),
		loc("resolver_timeout", Take1, SetMsec(func(c *C) *Opt[time.Duration] { return &c.ResolverTimeout })),
		// where modules that are not here would keep what they never have
		loc("fastcgi_temp_path", Arity{Min: 1, Max: 4}, Ignore),
		loc("scgi_temp_path", Arity{Min: 1, Max: 4}, Ignore),
		loc("uwsgi_temp_path", Arity{Min: 1, Max: 4}, Ignore),
		loc("open_file_cache", AnyArgs, Ignore),
		loc("open_file_cache_valid", Take1, Ignore),
		loc("open_file_cache_min_uses", Take1, Ignore),
		loc("open_file_cache_errors", OnOff, Ignore),
		loc("disable_symlinks", Take12, NotBuilt("")),
		loc("auth_delay", Take1, NotBuilt("")),
	}
}
