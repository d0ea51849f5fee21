package phases

import (
	"crypto/tls"
	"net"
	"sync"
	"time"

	"moongate/phases/event"
)

// Conn is a client connection as requests see it. Front ends make it; its fields do not change
// while a request runs.
type Conn struct {
	Serial   uint64 // $connection
	Requests int    // $connection_requests, counts the present one
	Remote   net.Addr
	Local    net.Addr
	// RemoteIP and RemotePort are the peer's; realip may replace them for a request.
	RemoteIP, RemotePort string
	LocalIP, LocalPort   string
	Listen               *Listen
	TLS                  *tls.ConnectionState
	// Hello is what the client offered in its TLS handshake, and PeerError why its certificate is not to
	// be trusted; both the ssl module's.
	Hello         *tls.ClientHelloInfo
	PeerError     error
	Started       time.Time
	ProxyProtocol *ProxyProtocol
	// Origin is the connection as it is, where this is realip's copy for one request with another client
	// address; nil otherwise.
	Origin *Conn
	// Home tells which connections are served together, on one core as a rule: they have the same number.
	Home uint32
	// Raw is the transport below HTTP.
	Raw net.Conn
	// Bound is what a module has tied to the connection in its TLS handshake, for all of its requests.
	Bound any
	ends  []func()
}

// OnEnd has f called when the connection is over. Only during the TLS handshake.
func (c *Conn) OnEnd(f func()) { c.ends = append(c.ends, f) }

// Ended runs what OnEnd has gathered; the front end calls it once.
func (c *Conn) Ended() {
	for _, f := range c.ends {
		f()
	}
	c.ends = nil
}

// ProxyProtocol is what a PROXY header said.
type ProxyProtocol struct{ SourceIP, SourcePort, ServerIP, ServerPort string }

// Wire is the front end's side of one client request: how its body is read and its answer written.
// Only the goroutine that owns the main request calls it, except Gone.
type Wire interface {
	// Body reads the request's body as the client framed it, without the chunked encoding;
	// it sends "100 Continue" first where the client expects that. Reads obey client_body_timeout.
	Body() Reader
	// WriteHead sends the status line and the header lines of r.Out; it may be buffered.
	WriteHead(r *Request) error
	// Write sends body bytes; framing (chunked, length, end of connection) is the wire's business.
	// The bytes are copied or gone when it returns.
	Write(b []Buf) error
	// Flush pushes out what is buffered.
	Flush() error
	// End closes the answer's framing.
	End() error
	// Abandon makes the connection close after the request, since the answer cannot be completed. What is
	// buffered is not sent.
	Abandon()
	// Gone is closed once the client has gone away; the first call starts the watch.
	Gone() <-chan struct{}
	// Hijack gives the transport to the caller, with what was read ahead in front of it; the wire
	// writes and reads nothing more. For Upgrade and for raw request sockets.
	Hijack() (net.Conn, error)
	// Sent is the number of bytes written to the client so far, head included.
	Sent() int64
	// RawHead is the request line and header as they came, up to and with the empty line.
	RawHead() []byte
	// BodySent is the number of bytes among Sent that follow the head, with the framing of chunks.
	BodySent() int64
	// BodyReceived is the number of body bytes read from the client so far, with the framing of chunks.
	BodyReceived() int64
	// KeepAlive reports whether the connection will serve another request.
	KeepAlive() bool
}

// ConnKey is the key under which a TLS handshake's context carries the *Conn.
type ConnKey struct{}

// Reader is an io.Reader of a request's body.
type Reader interface{ Read(p []byte) (int, error) }

// Request is one request: a client's, or a subrequest. It belongs to one goroutine at a time.
// Requests are reused: nothing may keep one after its end but through OnEnd.
type Request struct {
	Conn   *Conn
	Wire   Wire
	Tree   *Tree
	Server *Server
	Loc    *Location
	Main   *Request // itself for a client's request
	Parent *Request // nil for a client's request

	Start       time.Time
	Method      string
	RequestURI  string // as it came: $request_uri
	RequestLine string // $request
	URI         string // decoded and normalised, without arguments
	Args        string // $args
	ArgsGiven   bool   // although Args may be empty: a script has set it
	Proto       Proto
	Protocol    string // as it came: $server_protocol; empty in HTTP/0.9
	In          Headers
	Host        string // lower case, without port: the server's name for this request
	// ContentLength of the body in bytes; -1 for none or unknown (then Chunked tells).
	ContentLength int64
	Chunked       bool
	Upgrade       bool // the client asked for a protocol upgrade
	HeadLength    int64
	Body          RequestBody
	// SkippedHeaders are the names of header lines that were ignored as invalid.
	SkippedHeaders []string
	// Refused says why a request that could not be parsed is refused.
	Refused   string
	KeepAlive bool

	Out        Response
	HeaderSent bool
	HeaderOnly bool // HEAD, or a status without a body
	Finished   bool // the answer's last byte was handed over
	BodySent   int64

	Internal      bool // reached by an internal redirect or as a subrequest
	Named         bool // in a named location
	URIChanged    bool // by rewrite: find the location again
	URIChanges    int
	ErrorPage     bool // an error page is being produced
	AddURIToAlias bool
	// IgnoreConditions keeps If-Modified-Since and its like from being looked at (nginx's disable_not_modified).
	IgnoreConditions bool
	// LocationStale says that the URI was rewritten after its location was found (nginx's valid_location
	// is 0): the location's name is no prefix to cut off any more. UnparsedStale says that RequestURI is
	// not what URI and Args stand for (nginx's valid_unparsed_uri is 0).
	LocationStale, UnparsedStale bool
	// Bound is what a module ties to the client's request for its whole life, over internal redirects
	// too (a Lua worker). Main request only.
	Bound any
	// Block, where set, runs what waits for the client's socket: the goroutine that writes holds something
	// that others want meanwhile (a Lua worker's baton). Main request only.
	Block Blocker
	// Waiter is told before the request waits for anything; nil where nobody wants to know. See Waiting.
	Waiter Waiter
	// LimitReqStatus and LimitConnStatus are what $limit_req_status and $limit_conn_status say: empty until
	// the module has looked at the request, which it does once. Main request only.
	LimitReqStatus, LimitConnStatus string
	// Upstream is the state of proxying, for the $upstream_ variables; the upstream module's.
	Upstreams []UpstreamState
	Talking   Talking
	// Upstream is what the upstream module keeps of its last exchange; unlike a Ctx it outlives
	// internal redirects.
	Upstream any

	vars         *varTable
	captures     []int
	captured     string // what captures point into
	ctx          []any
	ctxUsed      bool // since it was cleared
	ends         []func()
	pausable     bool       // handlers may answer Again
	then         Handler    // goes on for the one that did
	walk         handlersOf // whose phase this is
	sub          *subrequest
	phase        Phase
	content      Handler
	accessOK     Status // what satisfy any has to be answered with, so far
	status       Status // what Finalize was called with
	errStatus    int    // error_page's status
	gone         bool   // writing to the client failed
	refused      bool   // a body filter took no more
	one          [1]Buf // of OutputOne
	oneUsed      bool
	logged       bool
	limitRate    int64 // of $limit_rate
	limitRateSet bool
	id           string // $request_id
	log          *ErrorLog
}

// varTable is a request's variables. mu is set once a subrequest shares them, which may run on another
// goroutine.
type varTable struct {
	slots []varSlot
	used  bool // since they were cleared
	mu    *sync.Mutex
}

func (t *varTable) lock() {
	if t.mu != nil {
		t.mu.Lock()
	}
}

func (t *varTable) unlock() {
	if t.mu != nil {
		t.mu.Unlock()
	}
}

// Talking is the URL of the upstream that is being talked to, for error log lines: its parts one after the other.
type Talking struct{ Schema, Name, Sep, URI string }

// UpstreamState is one attempt of an upstream, as the $upstream_* variables print it.
type UpstreamState struct {
	Addr                                  string
	Status                                int
	ConnectTime, HeaderTime, ResponseTime time.Duration // -1 unknown
	BytesReceived, BytesSent, Length      int64
	// Next marks the first attempt of another upstream group (": " in the lists).
	Next bool
}

// Proto is the protocol version.
type Proto uint8

// The versions of HTTP that clients speak.
const (
	HTTP09 Proto = 9
	HTTP10 Proto = 10
	HTTP11 Proto = 11
	HTTP20 Proto = 20
	HTTP30 Proto = 30
)

func (p Proto) String() string {
	switch p {
	case HTTP09:
		return "HTTP/0.9"
	case HTTP10:
		return "HTTP/1.0"
	case HTTP20:
		return "HTTP/2.0"
	case HTTP30:
		return "HTTP/3.0"
	}
	return "HTTP/1.1"
}

var requestPool = sync.Pool{New: func() any {
	r := &Request{vars: &varTable{}}
	r.Clear()
	return r
}}

// NewRequest takes a request from the pool. The front end fills in what came over the wire, calls
// Engine.Serve and gives it back with Clear and Recycle.
func NewRequest() *Request { return requestPool.Get().(*Request) }

// Recycle gives back a request that was cleared.
func (r *Request) Recycle() { requestPool.Put(r) }

// Clear makes the request as good as a new one, for Recycle or for the caller's next one; nobody may hold it any more.
func (r *Request) Clear() {
	in, out, trailers, vars, caps, ctx, ends := r.In, r.Out.Headers, r.Out.Trailers, r.vars, r.captures, r.ctx, r.ends
	in.Reset()
	out.Reset()
	trailers.Reset()
	if vars == nil || r.Parent != nil {
		vars = &varTable{}
	}
	if vars.used {
		clear(vars.slots)
		vars.used = false
	}
	vars.mu = nil
	if r.ctxUsed {
		clear(ctx)
	}
	clear(ends)
	*r = Request{}
	r.In, r.Out.Headers, r.Out.Trailers, r.vars, r.captures, r.ctx, r.ends = in, out, trailers, vars, caps[:0], ctx, ends[:0]
	r.Main = r
	r.ContentLength, r.Out.ContentLength = -1, -1
}

// bind gives r its tree, and the slots that the tree asks for.
func (r *Request) bind(t *Tree) {
	r.Tree = t
	if n := len(t.indexed); cap(r.vars.slots) >= n {
		r.vars.slots = r.vars.slots[:n]
	} else {
		r.vars.slots = make([]varSlot, n)
	}
	if n := int(moduleCount.Load()); cap(r.ctx) >= n {
		r.ctx = r.ctx[:n]
	} else {
		r.ctx = make([]any, n)
	}
}

// Blocker runs what waits for a client's socket, f, with what the caller holds given back meanwhile.
type Blocker interface{ Blocking(f func()) }

// Waiter is a front end that serves other requests on the same goroutine, unless it is told that the present
// one is going to wait.
type Waiter interface {
	// Waiting is safe for concurrent use.
	Waiting()
	// Now is the present time as the front end has it at hand.
	Now() time.Time
	// Poller is where the sockets that a request talks over may be waited for; nil for Go's own.
	Poller() event.Poller
	// Told is the poller that has told of everything which came before the request's latest event; nil where there is none.
	Told() event.Poller
}

// Now is the present time as the front end has it at hand: until the request waits for something it may be
// the time at which the request came. Only for the request's goroutine.
func (r *Request) Now() time.Time {
	if w := r.Main.Waiter; w != nil {
		return w.Now()
	}
	return now()
}

// Waiting tells the front end that r is about to wait for something else than the processor. It may be
// called for nothing; without it, other requests wait with this one for some milliseconds.
func (r *Request) Waiting() {
	if w := r.Main.Waiter; w != nil {
		w.Waiting()
	}
}

// Poller is where the sockets that r talks over may be waited for; nil for Go's own.
func (r *Request) Poller() event.Poller {
	if w := r.Main.Waiter; w != nil {
		return w.Poller()
	}
	return nil
}

// Told is the poller that has told of everything which came before r's latest event; nil where there is none, as for a
// request that has waited on a goroutine of its own. Only for the request's goroutine.
func (r *Request) Told() event.Poller {
	if w := r.Main.Waiter; w != nil {
		return w.Told()
	}
	return nil
}

// Ctx is what module m keeps with the request; nil at first, and again after an internal redirect.
func (r *Request) Ctx(m *Module) any { return r.ctx[m.id] }

// SetCtx stores what module m keeps with the request.
func (r *Request) SetCtx(m *Module, v any) { r.ctx[m.id], r.ctxUsed = v, true }

// OnEnd has f called when the request ends, after the log phase; the last one added runs first.
func (r *Request) OnEnd(f func()) { r.ends = append(r.ends, f) }

// URIAsMatched reports whether r.URI is still the one that the location was found for: a rewrite with
// "break" changes it afterwards (nginx's valid_location).
func (r *Request) URIAsMatched() bool { return !r.LocationStale }

// IsSub reports whether r is a subrequest.
func (r *Request) IsSub() bool { return r.Parent != nil }

// RunningPhase is the phase that is at work.
func (r *Request) RunningPhase() Phase { return r.phase }
