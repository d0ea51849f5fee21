package socket

import (
	"errors"
	"strconv"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/machine"
)

// connectArgs are connect's arguments, checked.
type connectArgs struct {
	host              string
	port              int
	key               string
	poolSize, backlog int // 0 and -1: not given
}

// isNumber is lua_isnumber with its value.
func isNumber(v lua.LValue) (float64, bool) { return machine.ToNumber(v) }

// connectArgs reads the arguments of connect; n != 0 is the number of results of a refusal.
func (s *state) connectArgs(L *lua.LState, conf *handler.Settings) (a connectArgs, results int) {
	n := L.GetTop()
	a = connectArgs{backlog: -1}
	a.host = stringArg(L, 2, "connect")
	custom := false
	if o, ok := L.Get(n).(*lua.LTable); ok && n > 2 {
		custom = a.options(L, n, o, conf)
		n--
	}
	n = min(n, 3)
	port, numeric := 0.0, false
	if n == 3 {
		port, numeric = isNumber(L.Get(3))
	}
	switch {
	case numeric:
		a.port = int(port)
		if a.port < 0 || a.port > 65535 {
			return a, fail(L, "bad port number: "+strconv.Itoa(a.port))
		}
	case len(a.host) >= 5 && strings.EqualFold(a.host[:5], "unix:"):
	default:
		return a, fail(L, "missing the port number")
	}
	if custom {
		return a, 0
	}
	if a.key = a.host; numeric {
		a.key = s.keys.of(a.host, L.Get(3))
	}
	return a, 0
}

// poolKeys makes the names of pools. Scripts mostly ask for the same one again.
type poolKeys struct {
	host, key string
	port      lua.LValue
}

func (k *poolKeys) of(host string, port lua.LValue) string {
	if k.port == port && k.host == host {
		return k.key
	}
	text, _ := machine.ToString(port)
	*k = poolKeys{host: strings.Clone(host), key: host + ":" + text, port: port}
	return k.key
}

// options reads the options table, argument n of connect; it reports whether a pool was named.
func (a *connectArgs) options(L *lua.LState, n int, o *lua.LTable, conf *handler.Settings) bool {
	size := L.GetField(o, "pool_size")
	if f, ok := isNumber(size); ok {
		if a.poolSize = int(f); a.poolSize <= 0 {
			argError(L, n, "connect", "bad \"pool_size\" option value: "+strconv.Itoa(a.poolSize))
		}
	} else if size != lua.LNil {
		argError(L, n, "connect", "bad \"pool_size\" option type: "+size.Type().String())
	}
	if f, ok := isNumber(L.GetField(o, "backlog")); ok {
		if a.backlog = int(f); a.backlog < 0 {
			argError(L, n, "connect", "bad \"backlog\" option value: "+strconv.Itoa(a.backlog))
		}
		if a.poolSize == 0 {
			a.poolSize = conf.SocketPoolSize
		}
	}
	switch p := L.GetField(o, "pool").(type) {
	case lua.LString:
		a.key = string(p)
	case lua.LNumber:
		a.key = codec.FormatNumber(float64(p))
	case *lua.LNilType:
		return false
	default:
		argError(L, n, "connect", "bad \"pool\" option type: "+p.Type().String())
	}
	return true
}

// tcpConnect is the method connect.
func (s *state) tcpConnect(L *lua.LState) int {
	if n := L.GetTop(); n < 2 || n > 4 {
		codec.Raise(L, "ngx.socket connect: expecting 2, 3, or 4 arguments (including the object), but seen "+strconv.Itoa(n))
	}
	c := s.allowed(L)
	t := codec.CheckTable(L, 1, "connect")
	a, n := s.connectArgs(L, settingsOf(c))
	if n != 0 {
		return n
	}
	u := self(L, "connect")
	if u == nil {
		u = s.newTCP()
		t.RawSetInt(slot, &u.ud)
	}
	o := ownerOf(c)
	if u.made || u.down != nil {
		if u.owner != o {
			codec.Raise(L, "bad request")
		}
		if b := u.busy(true, true); b != "" {
			return fail(L, b)
		}
		if u.down != nil {
			codec.Raise(L, "attempt to re-connect a request socket")
		}
		if u.open() {
			debug(c, "lua tcp socket reconnect without shutting down")
			u.finalize(c)
		}
		debug(c, "lua reuse socket upstream ctx")
	}
	u.renew(c, o, a.key)
	if u.local != nil {
		debug(c, "lua tcp socket sock:connect ip: ", u.local.text)
	}
	u.pool = s.pools.find(a.key)
	if u.pool == nil && a.poolSize > 0 {
		u.pool = s.pools.create(c, a.key, a.poolSize, a.backlog)
	}
	return u.connect(L, c, a)
}

// renew makes u ready for another connection; what bind and the timeouts have set stays.
func (u *tcp) renew(c *handler.Ctx, o *owner, key string) {
	if !u.made && u.down == nil {
		u.owner, u.conf, u.made, u.key = o, settingsOf(c), true, key
		u.chooseTimeouts()
		return
	}
	u.dropBuffer()
	*u = tcp{
		ud: u.ud, s: u.s, owner: o, conf: settingsOf(c), made: true, key: key,
		wantConnect: u.wantConnect, wantSend: u.wantSend, wantRead: u.wantRead,
		local: u.local, transparent: u.transparent, cert: u.cert,
	}
	u.chooseTimeouts()
}

// connect takes a connection out of the pool, waits for its turn there, or makes one.
func (u *tcp) connect(L *lua.LState, c *handler.Ctx, a connectArgs) int {
	if p := u.pool; p != nil {
		peer, turn := p.take(c)
		if peer == nil && turn == turnRefused {
			return fail(L, "too many waiting connect operations")
		}
		if peer == nil && turn == turnWait {
			var err error
			if peer, err = u.queue(c, p, a); err != nil {
				return fail(L, message(err))
			}
		}
		if peer != nil {
			u.adopt(c, peer)
			peer.reused++
			return one(L)
		}
	}
	// from here on the pool, if there is one, counts this connection
	t, problem := parseTarget(a.host, a.port)
	if problem != "" {
		u.uncount()
		return fail(L, "failed to parse host name \""+a.host+"\": "+problem)
	}
	debug(c, "lua tcp socket connect timeout: ", millis(u.connectTimeout))
	d := &dialing{target: t, timeout: u.connectTimeout, local: u.local, transparent: u.transparent}
	if c.R != nil {
		d.poller = c.R.Poller()
	}
	if t.name == "" {
		debug(c, "lua tcp socket network address given directly")
	} else if msg := d.lookup(c); msg != "" {
		u.uncount()
		return fail(L, msg)
	}
	u.dial(c, d)
	if d.name != "" {
		debug(c, "lua tcp socket resolve handler")
	}
	if d.resolve != nil {
		debug(c, "lua tcp socket resolver error: ", d.resolve.Error(), " (connect waiting: 1)")
		u.uncount()
		return fail(L, d.resolve.Error())
	}
	for _, ip := range d.resolved {
		debug(c, "name was resolved to ", ip.String())
	}
	if d.err != nil {
		u.logDial(c, d)
		u.uncount()
		if timedOut(d.err) {
			return fail(L, "timeout")
		}
		return fail(L, message(d.err))
	}
	p := &peer{host: t.host, addr: d.text(), port: d.port, pool: u.pool, of: u.s}
	p.open(d.conn)
	p.owned = true
	u.adopt(c, p)
	debug(c, "lua tcp socket connected")
	return one(L)
}

// lookup prepares the resolving of a name; the answer is why that cannot be.
func (d *dialing) lookup(c *handler.Ctx) string {
	if d.rs, d.resolveTimeout = resolverOf(c); d.rs == nil {
		return "no resolver defined to resolve \"" + d.name + "\""
	}
	return ""
}

// adopt makes p the connection of u.
func (u *tcp) adopt(c *handler.Ctx, p *peer) {
	u.peer = p
	u.owner.add(c, p)
	if c.R == nil {
		u.forget(p)
	}
}

// dial runs d with the baton given back. A thread that is killed meanwhile leaves no connection.
func (u *tcp) dial(c *handler.Ctx, d *dialing) {
	u.connWaiting, u.dialing = true, d.name == ""
	u.begin(waitConnect, u.s.v.W.Current())
	unwound := true
	defer func() {
		u.connWaiting, u.dialing = false, false
		u.settling.end(waitConnect)
		if unwound {
			if d.conn != nil {
				d.conn.Close() //nolint:errcheck // nobody wants it any more
			}
			if d.name != "" && d.resolved == nil {
				debug(c, "lua tcp socket abort resolver")
			} else {
				debug(c, "lua finalize socket")
			}
			u.uncount()
		}
	}()
	u.s.v.Wait(d.run)
	unwound = false
}

// uncount tells the pool that the connection it counted does not come to be.
func (u *tcp) uncount() {
	if u.pool != nil {
		u.pool.closed()
	}
}

// logDial logs a failed connect as nginx does: what fails at once with the peer's name, what the network
// answers later without.
func (u *tcp) logDial(c *handler.Ctx, d *dialing) {
	tail := upstreamTail(d.host, d.port, d.text())
	if timedOut(d.err) {
		if u.conf.SocketLogErrors {
			c.Log(phases.LogErr, "lua tcp socket connect timed out"+tail)
		}
		return
	}
	var no syscall.Errno
	switch {
	case !errors.As(d.err, &no):
	case call(d.err) == "bind":
		c.Log(phases.LogCrit, "bind("+u.local.text+") failed "+phases.Errno(d.err)+tail)
	case d.path != "" || no == syscall.EADDRNOTAVAIL || no == syscall.EACCES || no == syscall.EPERM || no == syscall.ENETUNREACH:
		level := phases.LogCrit
		switch no {
		case syscall.ECONNREFUSED, syscall.EAGAIN, syscall.ECONNRESET, syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH:
			level = phases.LogErr
		default:
		}
		c.Log(level, "connect() to "+d.text()+" failed "+phases.Errno(d.err)+tail)
	case u.conf.SocketLogErrors:
		logSystem(c, "connect()", d.err, "")
	}
}

// bind is the method bind: the local address of later connections.
func (s *state) bind(L *lua.LState) int {
	n := L.GetTop()
	if n != 2 && n != 3 {
		codec.Raise(L, "expecting 2 or 3 arguments, but got "+strconv.Itoa(n))
	}
	c := s.allowed(L)
	u := self(L, "bind")
	port := 0.0
	if n == 3 {
		var ok bool
		if port, ok = isNumber(L.Get(3)); !ok {
			return fail(L, "expecting port to be anumber but got type: "+codec.TypeName(L, 3))
		}
		if port < 0 || port > 65535 {
			return fail(L, "bad port number: "+strconv.Itoa(int(port)))
		}
	}
	local, ok := parseLocal(stringArg(L, 2, "bind"))
	if !ok || u == nil {
		return fail(L, "bad address")
	}
	local.setPort(int(port))
	u.local = local
	debug(c, "lua tcp socket bind ip: ", local.text)
	L.Push(lua.LTrue)
	return 1
}

// queue waits until the pool has room, or at most as long as connecting may take.
func (u *tcp) queue(c *handler.Ctx, p *pool, a connectArgs) (*peer, error) {
	w := p.enqueue()
	debug(c, "lua tcp socket queue connect operation for connection pool \"", p.key, "\", connections: ", strconv.Itoa(p.count()))
	debug(c, "lua tcp socket queued connect operation for ", millis(u.connectTimeout), "(ms), u: ", pointer(u), ", ctx: ", pointer(w))
	u.connWaiting = true
	u.begin(waitConnect, u.s.v.W.Current())
	unwound := true
	defer func() {
		u.connWaiting = false
		u.settling.end(waitConnect)
		if unwound {
			debug(c, "lua tcp socket abort queueing, u: ", pointer(u))
			p.leave(w)
			p.closed()
		}
	}()
	expired := false
	u.s.v.Wait(func(cancel <-chan struct{}) {
		t := time.NewTimer(u.connectTimeout)
		defer t.Stop()
		select {
		case <-w.turn:
		case <-t.C:
			expired = true
		case <-cancel:
		}
	})
	unwound = false
	if expired && p.leave(w) {
		if u.conf.SocketLogErrors {
			c.Log(phases.LogErr, "lua tcp socket queued connect timed out, when trying to connect to "+a.host+":"+strconv.Itoa(a.port))
		}
		p.abandon()
		return nil, errTimeout
	}
	return p.resume(c), nil
}
