package socket

import (
	"errors"
	"math"
	"strconv"
	"sync"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"moongate/luastd/handler"
	"moongate/luastd/ngx/codec"
	"moongate/phases"
	"moongate/runtime/machine"
)

// largestDatagram is what receive has room for.
const largestDatagram = 65536

var datagrams = sync.Pool{New: func() any { return new([largestDatagram]byte) }}

// udp is the state of one UDP cosocket. Guarded by the worker's baton.
type udp struct {
	ud          lua.LUserData
	s           *state
	owner       *owner
	conf        *handler.Settings
	peer        *peer
	made        bool
	waiting     bool
	want        time.Duration
	readTimeout time.Duration
	local       *localAddr
	settling
}

func (s *state) udp(L *lua.LState) int {
	if n := L.GetTop(); n != 0 {
		codec.Raise(L, "expecting zero arguments, but got "+strconv.Itoa(n))
	}
	s.allowed(L)
	u := &udp{s: s}
	u.ud.Value = u
	t := L.CreateTable(timeoutSlots[2], 0)
	t.RawSetInt(slot, &u.ud)
	t.Metatable = s.udpMeta
	L.Push(t)
	return 1
}

func selfUDP(L *lua.LState, name string) *udp {
	t := codec.CheckTable(L, 1, name)
	if ud, ok := t.RawGetInt(slot).(*lua.LUserData); ok {
		if u, ok := ud.Value.(*udp); ok {
			u.settle(u.s.v.W.Current())
			return u
		}
	}
	return nil
}

func (u *udp) open() bool { return u != nil && u.peer != nil && u.peer.owner.Load() != nil }

func (u *udp) finalize(c *handler.Ctx) {
	if c != nil {
		debug(c, "lua finalize socket")
	}
	if p := u.peer; p != nil {
		if c != nil {
			debug(c, "lua close socket connection")
		}
		u.peer = nil
		p.close()
	}
}

func (s *state) setPeerName(L *lua.LState) int {
	n := L.GetTop()
	if n != 2 && n != 3 {
		codec.Raise(L, "ngx.socket.udp setpeername: expecting 2 or 3 arguments (including the object), but seen "+strconv.Itoa(n))
	}
	c := s.allowed(L)
	u := selfUDP(L, "setpeername")
	host := stringArg(L, 2, "setpeername")
	port := 0
	if n == 3 {
		if port = s.integerArg(L, 3, "setpeername"); port < 0 || port > 65535 {
			return fail(L, "bad port number: "+strconv.Itoa(port))
		}
	}
	if u == nil {
		u = &udp{s: s}
		u.ud.Value = u
		L.Get(1).(*lua.LTable).RawSetInt(slot, &u.ud)
	}
	o := ownerOf(c)
	if u.made {
		if u.owner != o {
			codec.Raise(L, "bad request")
		}
		if u.waiting {
			return fail(L, "socket busy")
		}
		if u.open() {
			debug(c, "lua udp socket reconnect without shutting down")
			u.finalize(c)
		}
		debug(c, "lua reuse socket upstream ctx")
	}
	u.made, u.owner, u.conf, u.peer = true, o, settingsOf(c), nil
	u.chooseTimeout()
	t, problem := parseTarget(host, port)
	if problem != "" {
		return fail(L, "failed to parse host name \""+host+"\": "+problem)
	}
	return u.setPeer(L, c, t)
}

func (u *udp) setPeer(L *lua.LState, c *handler.Ctx, t target) int {
	d := &dialing{target: t, timeout: time.Minute, local: u.local, datagram: true}
	if t.name == "" {
		debug(c, "lua udp socket network address given directly")
		d.connect(nil) // a datagram socket never waits for that
	} else {
		if msg := d.lookup(c); msg != "" {
			return fail(L, msg)
		}
		u.resolve(d)
		debug(c, "lua udp socket resolve handler")
		if d.resolve != nil {
			debug(c, "lua udp socket resolver error: ", d.resolve.Error(), " (waiting: 1)")
			return fail(L, d.resolve.Error())
		}
		for _, ip := range d.resolved {
			debug(c, "name was resolved to ", ip.String())
		}
	}
	if d.err != nil {
		tail := upstreamTail(t.host, d.port, d.text())
		if call(d.err) == "bind" && u.local != nil {
			c.Log(phases.LogCrit, "bind("+u.local.text+") failed "+phases.Errno(d.err)+tail)
		} else {
			c.Log(phases.LogCrit, "connect() failed "+phases.Errno(d.err)+tail)
		}
		return fail(L, message(d.err))
	}
	p := &peer{host: t.host, addr: d.text(), port: d.port}
	p.link.open(d.conn)
	p.link.owned = true
	u.peer = p
	u.owner.add(c, p)
	return one(L)
}

func (u *udp) resolve(d *dialing) {
	u.waiting = true
	u.begin(waitRead, u.s.v.W.Current())
	unwound := true
	defer func() {
		u.waiting = false
		u.settling.end(waitRead)
		if unwound && d.conn != nil {
			d.conn.Close() //nolint:errcheck // nobody wants it any more
		}
	}()
	u.s.v.Wait(d.run)
	unwound = false
}

func (u *udp) chooseTimeout() {
	if u.conf == nil {
		return
	}
	if u.readTimeout = u.want; u.want <= 0 {
		u.readTimeout = u.conf.SocketReadTimeout
	}
}

// ready is what send and receive are sure of first; n != 0 is the number of results of a refusal.
func (u *udp) ready(L *lua.LState, c *handler.Ctx, what string) int {
	if !u.open() {
		if settingsOf(c).SocketLogErrors {
			us := nilPointer
			if u != nil && u.made {
				us = pointer(u)
			}
			c.Log(phases.LogErr, "attempt to "+what+" data on a closed socket: u:"+us+", c:"+nilPointer)
		}
		return fail(L, "closed")
	}
	if u.owner != ownerOf(c) {
		codec.Raise(L, "bad request")
	}
	if u.waiting {
		return fail(L, "socket busy")
	}
	return 0
}

// currentUDP is current with the words that UDP's functions have for no request.
func (s *state) currentUDP(L *lua.LState, what string) *handler.Ctx {
	c := s.v.Current()
	if c == nil || s.v.Strict && c.Phase == handler.Init {
		codec.Raise(L, what)
	}
	return c
}

func (s *state) udpSend(L *lua.LState) int {
	if n := L.GetTop(); n != 2 {
		codec.Raise(L, "expecting 2 arguments (including the object), but got "+strconv.Itoa(n))
	}
	c := s.currentUDP(L, "request object not found")
	u := selfUDP(L, "send")
	if n := u.ready(L, c, "send"); n != 0 {
		return n
	}
	var room [64]byte
	b := s.payload(L, room[:0])
	n, err := u.peer.writeNow(b)
	if err == errAgain { //nolint:errorlint // our own value
		u.peer.writeLater(b, u.conf.SocketSendTimeout)
		u.wait(c, u.peer.writeSoon, u.peer.writeStop)
		n, err = u.peer.writeN, u.peer.writeErr
	}
	switch {
	case err != nil:
		logSystem(c, "send()", err, u.upstream())
		return fail(L, message(err))
	case n != len(b):
		return fail(L, "partial write")
	}
	u.peer.sent(c, n)
	return one(L)
}

func (u *udp) upstream() string { return upstreamTail(u.peer.host, u.peer.port, u.peer.addr) }

func (u *udp) wait(c *handler.Ctx, f, stop func()) {
	u.waiting = true
	u.begin(waitRead, u.s.v.W.Current())
	unwound := true
	defer func() {
		u.waiting = false
		u.settling.end(waitRead)
		if unwound {
			u.finalize(c)
		}
	}()
	u.s.v.WaitStop(f, stop)
	unwound = false
}

func (s *state) udpReceive(L *lua.LState) int {
	n := L.GetTop()
	if n != 1 && n != 2 {
		codec.Raise(L, "expecting 1 or 2 arguments (including the object), but got "+strconv.Itoa(n))
	}
	c := s.currentUDP(L, "no request found")
	debug(c, "lua udp socket calling receive() method")
	u := selfUDP(L, "receive")
	if n := u.ready(L, c, "receive"); n != 0 {
		return n
	}
	size := largestDatagram
	if n == 2 && L.Get(2) != lua.LNil {
		size = s.integerArg(L, 2, "receive")
		if size < 0 || size > largestDatagram {
			size = largestDatagram
		}
	}
	debug(c, "lua udp socket receive buffer size: ", strconv.Itoa(size))
	debug(c, "lua udp socket read timeout: ", millis(u.readTimeout))
	room := datagrams.Get().(*[largestDatagram]byte)
	b := room[:max(size, 1)] // an empty read would leave the datagram where it is
	m, err := u.peer.readNow(b)
	m, err = emptyDatagram(m, err)
	if err == errAgain { //nolint:errorlint // our own value
		u.peer.readLater(b, u.readTimeout)
		u.wait(c, u.peer.readSoon, u.peer.readStop)
		m, err = emptyDatagram(u.peer.readN, u.peer.readErr)
	}
	if err == nil {
		L.Push(lua.LString(b[:min(m, size)]))
	}
	datagrams.Put(room)
	var no syscall.Errno
	switch {
	case err == nil:
		return 1
	case errors.Is(err, errTimeout):
		if u.conf.SocketLogErrors {
			c.Log(phases.LogErr, "lua udp socket read timed out"+u.upstream())
		}
	case errors.As(err, &no):
		logSystem(c, "recv()", err, u.upstream())
	}
	return fail(L, message(err))
}

// emptyDatagram knows that a datagram without bytes is no end of anything.
func emptyDatagram(n int, err error) (int, error) {
	if err != nil && message(err) == "closed" {
		return 0, nil
	}
	return n, err
}

func (s *state) udpSetTimeout(L *lua.LState) int {
	if n := L.GetTop(); n != 2 {
		codec.Raise(L, "ngx.socket settimeout: expecting at least 2 arguments (including the object) but seen "+strconv.Itoa(n))
	}
	ms, _ := machine.ToNumber(L.Get(2))
	d := time.Duration(max(0, min(ms, math.MaxInt32))) * time.Millisecond // 0 stands for the location's
	noteTimeouts(L, d, timeoutSlots[:1]...)
	if u := selfUDP(L, "settimeout"); u != nil {
		u.want = d
		u.chooseTimeout()
	}
	return 0
}

func (s *state) udpClose(L *lua.LState) int {
	if n := L.GetTop(); n != 1 {
		codec.Raise(L, "expecting 1 argument (including the object) but seen "+strconv.Itoa(n))
	}
	c := s.current(L)
	u := selfUDP(L, "close")
	if !u.open() {
		return fail(L, "closed")
	}
	if u.owner != ownerOf(c) {
		codec.Raise(L, "bad request")
	}
	if u.waiting {
		return fail(L, "socket busy")
	}
	u.finalize(c)
	return one(L)
}

func (s *state) udpBind(L *lua.LState) int {
	if n := L.GetTop(); n != 2 {
		codec.Raise(L, "expecting 2 arguments, but got "+strconv.Itoa(n))
	}
	c := s.allowed(L)
	u := selfUDP(L, "bind")
	local, ok := parseLocal(stringArg(L, 2, "bind"))
	if !ok || u == nil {
		return fail(L, "bad address")
	}
	u.local = local
	debug(c, "lua udp socket bind ip: ", local.text)
	return one(L)
}
