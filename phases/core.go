package phases

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
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
	KeepaliveDisable    Opt[Browsers]
	LingeringClose      Opt[Lingering]
	LingeringTime       Opt[time.Duration]
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

// Signature is the Server header's default for the location, and the last line of error pages.
func (c *CoreLocation) Signature() string {
	if c.ServerTokens.V == "off" {
		return "moongate"
	}
	return Product
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
	Name:           "core",
	NewMain:        func() any { return &CoreMain{Workers: 1} },
	NewServer:      func() any { return &CoreServer{} },
	NewLocation:    func() any { return &CoreLocation{} },
	ShareLocations: true,
	MergeServer:    mergeCoreServer,
	MergeLocation:  mergeCoreLocation,

	OutsideServers: true,
})

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
	c.KeepaliveDisable.Merge(p.KeepaliveDisable, OldMSIE)
	c.LingeringClose.Merge(p.LingeringClose, LingeringOn)
	c.LingeringTime.Merge(p.LingeringTime, 30*time.Second)
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
