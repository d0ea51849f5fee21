package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"moongate/phases"
)

// Maker is the part of an exchange that the module with the …_pass directive plays.
type Maker interface {
	// Request appends the request's head to b, and its body where that is not the client's.
	Request(x *Exchange, b []byte) ([]byte, error)
	// Location, Refresh and Cookie rewrite the value of a response header; ok is false where it stays.
	Location(x *Exchange, value string) (string, bool)
	Refresh(x *Exchange, value string) (string, bool)
	Cookie(x *Exchange, value string) (string, bool)
}

// Vars are the parts of the URL that is proxied to.
type Vars struct {
	Schema string // "http://" or "https://"
	Host   string // $proxy_host
	Port   string // $proxy_port
	URI    string // the path of the URL; empty where it has none
}

// BodyMode says where the request's body comes from.
type BodyMode uint8

// The sources of a body.
const (
	BodyNone     BodyMode = iota // there is none, or Maker.Request has written it
	BodyBuffered                 // the request's, read before
	BodyStream                   // the client's, while it arrives
)

// Exchange is the work of passing one request on: attempts with one or several servers, until one answers.
// It belongs to the request's goroutine, and lives as long as the request.
type Exchange struct {
	R     *phases.Request
	Conf  *Conf
	Maker Maker
	Group *Upstream
	TLS   *TLS // settings; used where UseTLS
	// UseTLS may be changed by a hook.
	UseTLS bool
	Vars   Vars
	// URI is the request target that was sent, for log lines; Maker.Request sets it.
	URI string
	// Head is true where the method that was sent is HEAD; Maker.Request sets it.
	Head bool
	Body BodyMode
	// BodyLength is what the upstream is told of the body's length; -1: nothing.
	BodyLength int64
	// PassesBody is true where the request's body, if it has one, belongs to what is passed on.
	PassesBody bool
	// BodyChunked is true where a streamed body goes out in chunks.
	BodyChunked bool

	bal            Balance
	connectTimeout time.Duration
	sendTimeout    time.Duration
	readTimeout    time.Duration
	local          netip.AddrPort

	action   string // what log lines say is being done
	state    *phases.UpstreamState
	states   [2]phases.UpstreamState
	started  time.Time // of all
	attempt  time.Time
	since    time.Time // of a read that was put aside
	c        *conn
	cached   bool // c served a request before
	out      []byte
	built    bool
	rest     BodyMode // what of the body is not in out
	sent     bool     // something of the request went out
	bodySent bool     // all of it
	resp     response
	relay    relayState

	watching bool
	aborted  atomic.Bool
	mu       sync.Mutex // guards what the watch interrupts
	victim   func()
	quit     chan struct{}
	watched  chan struct{}
	recycle  func()
}

var exchanges sync.Pool

// reset gives x back, with its memory, for another request.
func (x *Exchange) reset() {
	out, headers, kinds, trailers, bufs, recycle := x.out, x.resp.headers, x.resp.kinds, x.resp.trailers, x.relay.bufs, x.recycle
	clear(headers)
	clear(bufs[:cap(bufs)])
	trailers.Reset()
	if cap(out) > 1<<20 {
		out = nil
	}
	*x = Exchange{out: out[:0], recycle: recycle}
	x.resp.headers, x.resp.kinds, x.resp.trailers, x.relay.bufs = headers[:0], kinds[:0], trailers, bufs[:0]
	exchanges.Put(x)
}

// New begins an exchange for r; it ends with the request.
func New(r *phases.Request, c *Conf, m Maker) *Exchange {
	x, _ := exchanges.Get().(*Exchange)
	if x == nil {
		x = &Exchange{}
		x.recycle = x.reset
	}
	x.R, x.Conf, x.Maker = r, c, m
	x.BodyLength = -1
	x.connectTimeout, x.sendTimeout, x.readTimeout = c.ConnectTimeout, c.SendTimeout, c.ReadTimeout
	r.Upstream = x
	r.OnEnd(x.recycle)
	return x
}

// Of is the request's last exchange; nil where there was none.
func Of(r *phases.Request) *Exchange {
	x, _ := r.Upstream.(*Exchange)
	return x
}

// doing is the end of a log line: " while connecting to upstream".
func (x *Exchange) doing() string {
	if x.action == "" {
		return ""
	}
	return " while " + x.action
}

func (x *Exchange) logf(level phases.LogLevel, format string, args ...any) {
	x.R.Logf(level, format+"%s", append(args, x.doing())...)
}

// Run passes the request on and answers the client. The status is what the content handler must return as it is: the exchange may
// go on later (phases.Again).
func (x *Exchange) Run() phases.Status {
	x.started = x.R.Now()
	x.attempt = x.started
	if len(x.R.Upstreams) == 0 {
		x.R.Upstreams = x.states[:0]
	}
	next := len(x.R.Upstreams) > 0
	x.bal.begin(x, x.Group)
	if x.Conf.Bind != nil {
		if rc := x.bind(); rc != phases.OK {
			return rc
		}
	}
	return x.run(x.try(next))
}

// run makes further attempts for as long as they are asked for.
func (x *Exchange) run(rc phases.Status, again bool) phases.Status {
	if rc == phases.Again {
		return rc
	}
	defer x.stopWatch()
	for again {
		x.attempt = x.R.Now()
		if rc, again = x.try(false); rc == phases.Again {
			return rc
		}
	}
	return rc
}

func (x *Exchange) bind() phases.Status {
	v := x.Conf.Bind.Eval(x.R)
	if v == "" {
		return phases.OK
	}
	if err := x.bal.BindLocal(v); err != nil {
		x.R.Logf(phases.LogErr, "invalid local address %q", v)
	}
	return phases.OK
}

// try makes one attempt. again asks for another one.
func (x *Exchange) try(group bool) (rc phases.Status, again bool) {
	r := x.R
	r.Upstreams = append(r.Upstreams, phases.UpstreamState{ConnectTime: -1, HeaderTime: -1, ResponseTime: -1, Next: group})
	x.state = &r.Upstreams[len(r.Upstreams)-1]
	x.action = "connecting to upstream"
	x.sent, x.bodySent, x.cached = false, false, false
	x.relay = relayState{bufs: x.relay.bufs[:0]}

	if rc := x.build(); rc != phases.OK {
		return x.end(rc), false
	}
	if err := x.bal.pick(); err != nil {
		var se StatusError
		switch {
		case errors.Is(err, ErrBusy):
			x.state.Addr = x.Group.Name
			x.nameUpstream(x.Group.Name, "")
			x.logf(phases.LogErr, "no live upstreams")
			return x.next(nextNoLive)
		case errors.Is(err, ErrDeclined):
			return x.next(NextError)
		case errors.As(err, &se):
			return x.end(phases.Status(se)), false
		}
		return x.end(500), false
	}
	a := &x.bal.addr
	x.state.Addr = a.Name
	sep := ""
	if a.Path != "" {
		sep = ":"
	}
	x.nameUpstream(a.Name, sep)
	if !x.built { // the hook changed what the request is made of
		if rc := x.build(); rc != phases.OK {
			return x.end(rc), false
		}
		x.nameUpstream(a.Name, sep)
	}
	if rc, again, ok := x.connect(a); !ok {
		return rc, again
	}
	if x.state.ConnectTime = 0; !x.cached {
		x.state.ConnectTime = time.Since(x.attempt)
	}
	x.c.requests++
	x.c.hold(x.Conf.BufferSize)
	x.setVictim(x.c.stop)
	if x.rest == BodyNone && x.c.direct() && x.R.Defer() {
		return x.R.Pause(dispatched), false
	}
	return x.dispatch()
}

// dispatch sends the request and takes the answer.
func (x *Exchange) dispatch() (rc phases.Status, again bool) {
	if rc, again, ok := x.send(); !ok {
		return rc, again
	}
	if x.putAside() {
		return phases.Again, false
	}
	return x.receive()
}

// build makes the request's bytes, unless they are there already.
func (x *Exchange) build() phases.Status {
	if x.built {
		return phases.OK
	}
	x.rest = x.Body
	if x.Body == BodyBuffered {
		x.BodyLength = x.R.Body.Size() // a hook may have changed it
	}
	var err error
	if x.out, err = x.Maker.Request(x, x.out[:0]); err != nil {
		x.R.Logf(phases.LogErr, "%v", err)
		return 500
	}
	x.built = true
	x.appendBody()
	return phases.OK
}

// nameUpstream notes for log lines what is talked to.
func (x *Exchange) nameUpstream(name, sep string) {
	schema := "http://"
	if x.UseTLS {
		schema = "https://"
	}
	x.R.Talking = phases.Talking{Schema: schema, Name: name, Sep: sep, URI: x.URI}
}

// connect makes x.c a connection to a; ok is false where the attempt is over.
func (x *Exchange) connect(a *Addr) (rc phases.Status, again, ok bool) {
	key := poolKey{addr: a.Name}
	if x.UseTLS {
		key.tls, key.name = x.TLS, x.TLS.serverName(x)
	}
	p := x.Group.pool
	if x.bal.keepSet {
		p = x.Group.own
		if x.bal.host != "" {
			key.name = x.bal.host
		}
		key.local = x.local
	}
	if c := p.get(key, x.attempt, x.R.Poller(), x.R.Told()); c != nil {
		x.c, x.cached = c, true
		x.debugKept("reusing connection", c)
		return 0, false, true
	}
	x.debugKept(noFree, nil)
	ctx, cancel := context.WithTimeout(context.Background(), x.connectTimeout)
	defer cancel()
	x.setVictim(cancel)
	if x.mayWatch() {
		defer x.watchIfSlow()()
	}
	o := dialOptions{x.local, x.Conf.SocketKeepalive, x.Conf.RcvBuf, x.Conf.SndBuf}
	x.R.Waiting()
	c, err := dial(ctx, x.R.Poller(), a, &o)
	if err != nil {
		rc, again = x.dialFailed(a, err)
		return rc, again, false
	}
	c.key = key
	if x.UseTLS {
		if err := x.handshake(ctx, c); err != nil {
			c.close()
			rc, again = x.handshakeFailed(err)
			return rc, again, false
		}
	}
	x.c = c
	return 0, false, true
}

func (x *Exchange) dialFailed(a *Addr, err error) (phases.Status, bool) {
	var no syscall.Errno
	switch {
	case x.aborted.Load():
		return x.abort()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return x.next(NextTimeout)
	case errors.As(err, &no) && (no == syscall.EADDRINUSE || no == syscall.EADDRNOTAVAIL) && x.local.IsValid():
		x.logf(phases.LogCrit, "bind(%s) failed %s", x.local.Addr(), phases.Errno(err))
		return x.end(500), false
	case a.Path != "":
		level := phases.LogErr
		if no == syscall.ENOENT || no == syscall.EACCES {
			level = phases.LogCrit
		}
		x.logf(level, "connect() to %s failed %s", a.Name, phases.Errno(err))
	case refusedLocally(no):
		level := phases.LogCrit
		if no == syscall.ENETUNREACH || no == syscall.ENETDOWN {
			level = phases.LogErr
		}
		x.logf(level, "connect() to %s failed %s", a.Name, phases.Errno(err))
	default:
		x.logf(phases.LogErr, "connect() failed %s", phases.Errno(err))
	}
	return x.next(NextError)
}

// refusedLocally reports whether connect itself says no, before anything was sent: the kernel cannot or will not try.
func refusedLocally(no syscall.Errno) bool {
	switch no {
	case syscall.EINVAL, syscall.EACCES, syscall.EPERM, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT, syscall.ENETUNREACH, syscall.ENETDOWN:
		return true
	}
	return false
}

// next is what follows from a failed attempt: another one, or the end of the request.
func (x *Exchange) next(why Next) (phases.Status, bool) {
	r := x.R
	if x.aborted.Load() {
		return x.abort()
	}
	state := peerFailed
	if why == Next403 || why == Next404 {
		state = peerNext
	}
	if r.ErrorLog().Enabled(phases.LogDebug) {
		r.Logf(phases.LogDebug, "http next upstream, %x", uint32(why)<<1) // nginx's numbers begin with 2
	}
	x.countBytes()
	if why != nextNoLive {
		x.bal.free(state)
		x.debugKept(notSaving, x.c)
	}
	if why == NextTimeout {
		x.logf(phases.LogErr, "upstream timed out (110: Connection timed out)")
	}
	if x.cached && why == NextError {
		x.bal.left++ // a connection that was kept too long tells nothing about the server
	}
	status := phases.Status(502)
	switch why {
	case NextTimeout, Next504:
		status = 504
	case Next500:
		status = 500
	case Next503:
		status = 503
	case Next403:
		status = 403
	case Next404:
		status = 404
	case Next429:
		status = 429
	}
	x.state.Status = int(status)
	if x.sent && nonIdempotent(r.Method) {
		why |= NextNonIdempotent
	}
	if x.bal.left == 0 || x.Conf.Next&why != why || x.sent && x.Body == BodyStream || x.outOfTime() {
		return x.end(status), false
	}
	x.drop()
	x.state.ResponseTime = x.spent(x.R.Now())
	return 0, true
}

// spent is how much of now's time the attempt has taken. What a loop takes for the present may lie before the attempt.
func (x *Exchange) spent(now time.Time) time.Duration { return max(now.Sub(x.attempt), 0) }

func (x *Exchange) outOfTime() bool {
	t := x.Conf.NextTimeout
	return t > 0 && time.Since(x.started) >= t
}

func nonIdempotent(method string) bool {
	return method == "POST" || method == "LOCK" || method == "PATCH"
}

// abort ends an exchange whose client has gone.
func (x *Exchange) abort() (phases.Status, bool) {
	x.logf(phases.LogInfo, "client prematurely closed connection, so upstream connection is closed too")
	x.state.Status = int(phases.StatusClientClosedRequest)
	return x.end(phases.StatusClientClosedRequest), false
}

// end closes what is open; rc goes through. Where the head is on its way already, only breaking off is left.
func (x *Exchange) end(rc phases.Status) phases.Status {
	x.drop()
	x.bal.freeLeft()
	x.state.ResponseTime = x.spent(x.R.Now())
	if x.R.HeaderSent && rc != phases.OK {
		if !x.R.OffWire() {
			x.R.Output(phases.Buf{Flush: true}) // the client gets what there is before the connection closes
		}
		return phases.Error
	}
	return rc
}

// freeLeft gives the peer back where nothing else has.
func (b *Balance) freeLeft() {
	if b.peer != nil {
		b.free(peerOK)
	}
}

// drop closes the connection.
func (x *Exchange) drop() {
	x.setVictim(nil)
	if x.c != nil {
		x.stopSpool()
		x.countBytes()
		x.c.close()
		x.c = nil
	}
}

// keep lets the connection wait for another request, or closes it.
func (x *Exchange) keep(now time.Time) {
	x.setVictim(nil)
	c, u := x.c, x.Group
	x.c = nil
	switch {
	case x.aborted.Load(): // the watch has interrupted it
	case x.bal.keepSet:
		if x.bal.keepMax == 0 || c.requests < x.bal.keepMax {
			x.debugKept("saving connection", c)
			u.own.put(c, now, x.bal.keepFor)
			return
		}
		x.debugKept(notSaving, c)
	case u.pool != nil:
		if c.requests < u.keep.requests.V && now.Sub(c.started) <= u.keep.life.V {
			u.pool.put(c, now, u.keep.timeout.V)
			return
		}
	}
	c.close()
}

// debugKept notes what becomes of a connection that the hook keeps, in ngx_lua's words. Debug lines of nginx have
// nothing of the request behind them.
func (x *Exchange) debugKept(what string, c *conn) {
	r := x.R
	if !x.bal.keepSet || !r.ErrorLog().Enabled(phases.LogDebug) {
		return
	}
	text := fmt.Sprintf("*%d lua balancer: keepalive %s", r.Conn.Serial, what)
	switch what {
	case notSaving:
		text += pointer(c)
	case noFree:
		text += fmt.Sprintf(", host: %s, name: %s", x.bal.addr.Name, x.keptName())
	default:
		text += fmt.Sprintf("%s, host: %s, name: %s", pointer(c), x.bal.addr.Name, x.keptName())
	}
	r.ErrorLog().Write(phases.LogDebug, text)
}

// pointer tells a connection as nginx prints pointers.
func pointer(c *conn) string {
	_, digits, _ := strings.Cut(fmt.Sprintf("%p", c), "0x")
	return fmt.Sprintf(" %016s", strings.ToUpper(digits))
}

const (
	noFree    = "no free connection"
	notSaving = "not saving connection"
)

func (x *Exchange) keptName() string {
	if x.bal.host == "" && x.UseTLS {
		return x.TLS.serverName(x)
	}
	return x.bal.host
}

func (x *Exchange) countBytes() {
	x.state.BytesReceived = x.relay.received
	x.state.Length = x.relay.length
}
