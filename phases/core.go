package phases

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"moongate/conf"
)

// Version is what the Server header and the signature of error pages carry.
const Version = "0.1.0"

// ConfigureArguments are what nginx -V and ngx.config.nginx_configure() tell of the build: the modules that
// scripts and packagers look for.
const ConfigureArguments = "--with-http_ssl_module --with-http_realip_module --with-http_auth_request_module --with-http_stub_status_module --with-http_gzip_static_module"

// Product is the server's name with its version.
const Product = "moongate/" + Version

// CoreMain is the configuration outside of http, and the http-wide part of the core.
type CoreMain struct {
	Workers         int // worker_processes
	Daemon          Opt[bool]
	MasterProcess   Opt[bool]
	Pid             Opt[string]
	User            string
	Env             []string // NAME or NAME=VALUE
	ErrorLog        *ErrorLog
	ShutdownTimeout Opt[time.Duration]
	Debug           Opt[bool]
	ThreadPools     map[string]bool // names of thread_pool; "default" is always there

	workersSet, eventsSet bool
	connections           Opt[int]
}

// CoreServer is the core's configuration of a server.
type CoreServer struct {
	Name                 string
	ClientHeaderTimeout  Opt[time.Duration]
	HeaderBuffer         Opt[int64]
	LargeHeaderBuffers   Opt[Buffers]
	IgnoreInvalidHeaders Opt[bool]
	UnderscoresInHeaders Opt[bool]
	MergeSlashes         Opt[bool]
	nameSet              bool
	listens              []*Listen
}

// CoreLocation is the core's configuration of a location.
type CoreLocation struct {
	Root, Alias         Opt[*Value]
	DefaultType         Opt[string]
	Types               Opt[map[string]string] // by extension
	MaxBodySize         Opt[int64]
	BodyBufferSize      Opt[int64]
	BodyInFileOnly      Opt[bool]
	BodyTimeout         Opt[time.Duration]
	BodyTempPath        Opt[string]
	SendTimeout         Opt[time.Duration]
	PostponeOutput      Opt[int64] // how much of an answer is gathered before it is sent
	KeepaliveTimeout    Opt[time.Duration]
	KeepaliveHeader     Opt[time.Duration]
	KeepaliveTime       Opt[time.Duration]
	KeepaliveRequests   Opt[int]
	LingeringTimeout    Opt[time.Duration]
	SatisfyAny          Opt[bool]
	Internal            bool
	ServerTokens        Opt[string]
	ErrorPages          Opt[[]ErrorPage]
	RecursiveErrorPages Opt[bool]
	LogSubrequest       Opt[bool]
	LogNotFound         Opt[bool]
	AbsoluteRedirect    Opt[bool]
	ServerNameRedirect  Opt[bool]
	PortInRedirect      Opt[bool]
	TCPNoDelay          Opt[bool]
	TCPNoPush           Opt[bool]
	Sendfile            Opt[bool]
	ChunkedTransfer     Opt[bool]
	ETag                Opt[bool]
	IfModifiedSince     Opt[string]
	MaxRanges           Opt[int]
	ResetTimedout       Opt[bool]
	UninitializedWarn   Opt[bool]
	LimitRate           Opt[*Value]
	LimitRateAfter      Opt[*Value]
	Resolver            Opt[*ResolverConf]
	ResolverTimeout     Opt[time.Duration]
	Log                 *ErrorLog // nil: the outer level's
	LimitExcept         *Location // for other methods than those listed
	methods             map[string]bool
	typesOwn            map[string]string
}

// ResolverConf is the resolver directive.
type ResolverConf struct {
	Servers    []string // host:port
	Valid      time.Duration
	IPv4, IPv6 bool
	Tree       *Tree // has the error log that says which server failed

	once    sync.Once
	backend any
}

// Backend is the state that the code behind the directive keeps, made at its first use. Safe for
// concurrent use.
func (c *ResolverConf) Backend(make func() any) any {
	c.once.Do(func() { c.backend = make() })
	return c.backend
}

func (c *CoreLocation) tokens() string {
	switch c.ServerTokens.V {
	case "off":
		return "moongate"
	case "build":
		return Product
	}
	return Product
}

// Signature is the Server header's default for the location.
func (c *CoreLocation) Signature() string { return c.tokens() }

func (c *CoreLocation) limitKeepAlive(r *Request) {
	if !r.KeepAlive {
		return
	}
	switch {
	case c.KeepaliveTimeout.V == 0,
		r.Conn.Requests >= c.KeepaliveRequests.V,
		c.KeepaliveTime.V > 0 && now().Sub(r.Conn.Started) > c.KeepaliveTime.V:
		r.KeepAlive = false
	}
}

func hostname() string {
	h, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return strings.ToLower(h)
}

// coreModule leaves its directives to coreDirectives, which LoadConfig asks: they refer to it.
var coreModule = NewModule(Module{
	Name:          "core",
	NewMain:       func() any { return &CoreMain{Workers: 1} },
	NewServer:     func() any { return &CoreServer{} },
	NewLocation:   func() any { return &CoreLocation{} },
	MergeServer:   mergeCoreServer,
	MergeLocation: mergeCoreLocation,

	OutsideServers: true,
})

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
		loc("keepalive_disable", OneMore, Ignore),
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
		loc("lingering_close", Take1, Ignore),
		loc("lingering_time", Take1, Ignore),
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

func setHTTP(l *Load, d *conf.Directive, _ any) error {
	t := l.Tree
	if t.httpSeen {
		return l.Duplicate(d)
	}
	t.httpSeen = true
	t.addCoreVariables()
	for _, m := range t.modules {
		if m.Preconfigure != nil {
			if err := m.Preconfigure(l); err != nil {
				return err
			}
		}
	}
	l.Within(d, CtxHTTP, t.http, t.http.loc)
	return nil
}

// setThreadPool checks a thread_pool directive. Go's scheduler takes the place of the threads; the names
// are kept for ngx.run_worker_thread.
func setThreadPool(_ *Load, d *conf.Directive, c *CoreMain) error {
	name := d.Args[0].Value
	if c.ThreadPools[name] {
		return fmt.Errorf("duplicate thread pool %q", name)
	}
	threads := 0
	for _, a := range d.Args[1:] {
		key, v, _ := strings.Cut(a.Value, "=")
		n, ok := ParseNumber(v)
		switch {
		case key == "threads" && ok && n > 0:
			threads = n
		case key == "max_queue" && ok:
		case key == "threads":
			return fmt.Errorf("invalid threads value %q", a.Value)
		case key == "max_queue":
			return fmt.Errorf("invalid max_queue value %q", a.Value)
		default:
			return fmt.Errorf("invalid parameter %q", a.Value)
		}
	}
	if threads == 0 {
		return fmt.Errorf("\"%s\" must have \"threads\" parameter", d.Name)
	}
	if c.ThreadPools == nil {
		c.ThreadPools = map[string]bool{}
	}
	c.ThreadPools[name] = true
	return nil
}

func setEvents(l *Load, d *conf.Directive, _ any) error {
	if l.Tree.Core.eventsSet {
		return l.Duplicate(d)
	}
	l.Tree.Core.eventsSet = true
	l.Block(d, CtxEvents)
	return nil
}

func setServer(l *Load, d *conf.Directive, _ any) error {
	t := l.Tree
	s := t.newServer()
	s.pos = d.Pos
	s.loc = t.newLocation(nil, s)
	s.loc.named = s.named
	t.Servers = append(t.Servers, s)
	l.Within(d, CtxServer, s, s.loc)
	if len(s.Core.listens) == 0 {
		ls, err := parseListen(l, &conf.Directive{Name: "listen", Args: []conf.Arg{{Value: defaultListen()}}, Pos: d.Pos})
		if err != nil {
			return err
		}
		s.Core.listens = ls
	}
	if !s.Core.nameSet {
		s.Names = append(s.Names, ServerName{})
	}
	return nil
}

func defaultListen() string {
	if os.Geteuid() == 0 {
		return "80"
	}
	return "8000"
}

func setWorkers(l *Load, d *conf.Directive, c *CoreMain) error {
	if c.workersSet {
		return l.Duplicate(d)
	}
	c.workersSet = true
	if d.Args[0].Value == "auto" {
		c.Workers = runtime.NumCPU()
		return nil
	}
	n, ok := ParseNumber(d.Args[0].Value)
	if !ok || n == 0 {
		return Reject("invalid value")
	}
	c.Workers = n
	return nil
}

func setNoFile(_ *Load, d *conf.Directive, _ any) error {
	if _, ok := ParseNumber(d.Args[0].Value); !ok {
		return Reject("invalid number")
	}
	return nil // the Go runtime raises the limit to the hard one by itself
}

func setRoot(l *Load, d *conf.Directive, c *CoreLocation) error {
	return setRootAlias(l, d, c, &c.Root)
}

func setAlias(l *Load, d *conf.Directive, c *CoreLocation) error {
	return setRootAlias(l, d, c, &c.Alias)
}

func setRootAlias(l *Load, d *conf.Directive, c *CoreLocation, o *Opt[*Value]) error {
	if o.Set {
		return l.Duplicate(d)
	}
	if c.Root.Set || c.Alias.Set {
		other := "root"
		if d.Name == "root" {
			other = "alias"
		}
		return fmt.Errorf("%q directive is duplicate, %q directive was specified earlier", d.Name, other)
	}
	text := d.Args[0].Value
	if d.Name == "root" {
		text = strings.TrimSuffix(text, "/")
	}
	if strings.Contains(text, "$document_root") || strings.Contains(text, "${document_root}") ||
		strings.Contains(text, "$realpath_root") || strings.Contains(text, "${realpath_root}") {
		return fmt.Errorf("the $document_root variable cannot be used in the %q directive", d.Name)
	}
	if !strings.HasPrefix(text, "$") {
		text = l.Path(text)
	}
	if d.Name == "alias" && strings.HasSuffix(d.Args[0].Value, "/") && !strings.HasSuffix(text, "/") {
		text += "/"
	}
	v, err := l.CompileValue(text, d.Args[0].Pos)
	if err != nil {
		return err
	}
	o.V, o.Set = v, true
	return nil
}

func setLimitExcept(l *Load, d *conf.Directive, c *CoreLocation) error {
	if c.LimitExcept != nil {
		return l.Duplicate(d)
	}
	allowed := map[string]bool{}
	for _, a := range d.Args {
		m := strings.ToUpper(a.Value)
		if !knownMethods[m] {
			return fmt.Errorf("invalid method %q", a.Value)
		}
		allowed[m] = true
		if m == "GET" {
			allowed["HEAD"] = true
		}
	}
	c.methods = allowed
	loc := l.Nameless("limit_except")
	c.LimitExcept = loc
	l.Within(d, CtxLimitExcept, l.Server, loc)
	return nil
}

var knownMethods = map[string]bool{
	"GET": true, "HEAD": true, "POST": true, "PUT": true, "DELETE": true, "MKCOL": true, "COPY": true, "MOVE": true,
	"OPTIONS": true, "PROPFIND": true, "PROPPATCH": true, "LOCK": true, "UNLOCK": true, "PATCH": true,
}

func setTypes(_ *Load, d *conf.Directive, c *CoreLocation) error {
	if c.typesOwn == nil {
		c.typesOwn = map[string]string{}
	}
	for _, t := range d.Block {
		for _, ext := range t.Args {
			c.typesOwn[strings.ToLower(ext.Value)] = t.Name
		}
	}
	c.Types = Opt[map[string]string]{c.typesOwn, true}
	return nil
}

func setKeepalive(l *Load, d *conf.Directive, c *CoreLocation) error {
	if c.KeepaliveTimeout.Set {
		return l.Duplicate(d)
	}
	v, ok := conf.ParseMsec(d.Args[0].Value)
	if !ok {
		return Reject("invalid value")
	}
	c.KeepaliveTimeout = Opt[time.Duration]{v, true}
	if len(d.Args) == 2 {
		h, ok := conf.ParseTime(d.Args[1].Value)
		if !ok {
			return Reject("invalid value")
		}
		c.KeepaliveHeader = Opt[time.Duration]{h, true}
	}
	return nil
}

func setErrorPage(l *Load, d *conf.Directive, c *CoreLocation) error {
	args := d.Args
	n := len(args) - 1
	uri := args[n]
	if strings.HasPrefix(uri.Value, "=") {
		return fmt.Errorf("invalid value %q", uri.Value)
	}
	overwrite := -1
	if eq := args[n-1].Value; n > 1 && strings.HasPrefix(eq, "=") {
		n--
		overwrite = 0
		if eq != "=" {
			v, ok := ParseNumber(eq[1:])
			if !ok {
				return fmt.Errorf("invalid value %q", eq)
			}
			overwrite = v
		}
	} else if strings.HasPrefix(eq, "=") {
		return fmt.Errorf("invalid value %q", eq)
	}
	v, err := l.Value(uri)
	if err != nil {
		return err
	}
	pageArgs := ""
	if v.IsConstant() && strings.HasPrefix(v.Text(), "/") {
		path, a := SplitArgs(v.Text())
		v, pageArgs = Constant(path), a
	}
	for _, a := range args[:n] {
		code, ok := ParseNumber(a.Value)
		if !ok {
			return fmt.Errorf("invalid value %q", a.Value)
		}
		if code < 300 || code > 599 {
			return fmt.Errorf("value %q must be between 300 and 599", a.Value)
		}
		if code == 499 {
			return fmt.Errorf("value %q must be between 300 and 599, and not 499", a.Value)
		}
		o := overwrite
		if o == -1 {
			switch code {
			case 497:
				o = 302
			case 494, 495, 496:
				o = 400
			}
		}
		c.ErrorPages.V = append(c.ErrorPages.V, ErrorPage{Status: code, Overwrite: o, URI: v, Args: pageArgs})
	}
	c.ErrorPages.Set = true
	return nil
}

func setResolver(l *Load, d *conf.Directive, c *CoreLocation) error {
	if c.Resolver.Set {
		return l.Duplicate(d)
	}
	rc := &ResolverConf{IPv4: true, IPv6: true, Tree: l.Tree}
	for _, a := range d.Args {
		if v, ok := cutPrefixArg(a.Value, "valid"); ok {
			t, ok := conf.ParseTime(v)
			if !ok {
				return fmt.Errorf("invalid parameter: %s", a.Value)
			}
			rc.Valid = t
			continue
		}
		if v, ok := cutPrefixArg(a.Value, "ipv6"); ok {
			rc.IPv6 = v == "on"
			continue
		}
		if v, ok := cutPrefixArg(a.Value, "ipv4"); ok {
			rc.IPv4 = v == "on"
			continue
		}
		if _, ok := cutPrefixArg(a.Value, "status_zone"); ok {
			continue
		}
		host, port, err := splitAddr(a.Value)
		if err != nil {
			return err
		}
		if port == "" {
			port = "53"
		}
		rc.Servers = append(rc.Servers, host+":"+port)
	}
	c.Resolver = Opt[*ResolverConf]{rc, true}
	return nil
}

func mergeCoreServer(_ *Load, parent, child any) error {
	p, c := parent.(*CoreServer), child.(*CoreServer)
	c.ClientHeaderTimeout.Merge(p.ClientHeaderTimeout, 60*time.Second)
	c.HeaderBuffer.Merge(p.HeaderBuffer, 1<<10)
	c.LargeHeaderBuffers.Merge(p.LargeHeaderBuffers, Buffers{4, 8 << 10})
	c.IgnoreInvalidHeaders.Merge(p.IgnoreInvalidHeaders, true)
	c.UnderscoresInHeaders.Merge(p.UnderscoresInHeaders, false)
	c.MergeSlashes.Merge(p.MergeSlashes, true)
	return nil
}

func mergeCoreLocation(l *Load, parent, child any) error {
	p, c := parent.(*CoreLocation), child.(*CoreLocation)
	if !c.Root.Set && !c.Alias.Set {
		c.Root, c.Alias = p.Root, p.Alias
		if !c.Root.Set && !c.Alias.Set {
			c.Root = Opt[*Value]{Constant(filepath.Join(l.Tree.Prefix, "html")), true}
		}
	}
	c.DefaultType.Merge(p.DefaultType, "text/plain")
	c.Types.Merge(p.Types, map[string]string{"html": "text/html", "gif": "image/gif", "jpg": "image/jpeg"})
	c.MaxBodySize.Merge(p.MaxBodySize, 1<<20)
	c.BodyBufferSize.Merge(p.BodyBufferSize, 16<<10)
	c.BodyInFileOnly.Merge(p.BodyInFileOnly, false)
	c.BodyTimeout.Merge(p.BodyTimeout, 60*time.Second)
	c.BodyTempPath.Merge(p.BodyTempPath, "client_body_temp")
	c.SendTimeout.Merge(p.SendTimeout, 60*time.Second)
	c.PostponeOutput.Merge(p.PostponeOutput, 1460)
	c.KeepaliveTimeout.Merge(p.KeepaliveTimeout, 75*time.Second)
	c.KeepaliveHeader.Merge(p.KeepaliveHeader, 0)
	c.KeepaliveTime.Merge(p.KeepaliveTime, time.Hour)
	c.KeepaliveRequests.Merge(p.KeepaliveRequests, 1000)
	c.LingeringTimeout.Merge(p.LingeringTimeout, 5*time.Second)
	c.SatisfyAny.Merge(p.SatisfyAny, false)
	c.ServerTokens.Merge(p.ServerTokens, "on")
	if !c.ErrorPages.Set {
		c.ErrorPages = p.ErrorPages
	}
	c.RecursiveErrorPages.Merge(p.RecursiveErrorPages, false)
	c.LogSubrequest.Merge(p.LogSubrequest, false)
	c.LogNotFound.Merge(p.LogNotFound, true)
	c.AbsoluteRedirect.Merge(p.AbsoluteRedirect, true)
	c.ServerNameRedirect.Merge(p.ServerNameRedirect, false)
	c.PortInRedirect.Merge(p.PortInRedirect, true)
	c.TCPNoDelay.Merge(p.TCPNoDelay, true)
	c.TCPNoPush.Merge(p.TCPNoPush, false)
	c.Sendfile.Merge(p.Sendfile, false)
	c.ChunkedTransfer.Merge(p.ChunkedTransfer, true)
	c.ETag.Merge(p.ETag, true)
	c.IfModifiedSince.Merge(p.IfModifiedSince, "exact")
	c.MaxRanges.Merge(p.MaxRanges, int(^uint(0)>>1))
	c.ResetTimedout.Merge(p.ResetTimedout, false)
	c.UninitializedWarn.Merge(p.UninitializedWarn, true)
	c.LimitRate.Merge(p.LimitRate, nil)
	c.LimitRateAfter.Merge(p.LimitRateAfter, nil)
	c.Resolver.Merge(p.Resolver, nil)
	c.ResolverTimeout.Merge(p.ResolverTimeout, 30*time.Second)
	if c.Log == nil {
		c.Log = p.Log
	}
	if c.Log == nil {
		c.Log = l.Tree.Core.ErrorLog
	}
	return nil
}
