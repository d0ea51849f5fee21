package socket

import (
	"errors"
	"io"
	"runtime"
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

// state is what the package keeps with a worker.
type state struct {
	v       *handler.VM
	pools   pools
	keys    poolKeys
	tls     map[*handler.Settings]*tlsBase
	tcpMeta *lua.LTable
	reqMeta *lua.LTable
	rawMeta *lua.LTable
	udpMeta *lua.LTable
	// sessionMeta is that of TLS sessions, guardMeta of their guards.
	sessionMeta, guardMeta *lua.LTable
	newproxy               lua.LValue
}

// slot is where a cosocket's table keeps its state, as in OpenResty.
const slot = 1

// timeoutSlots are where the table shows the timeouts that a script has set, for connecting (UDP's only one), sending and reading.
var timeoutSlots = [...]int{2, 4, 5}

// tcp is the state of one TCP cosocket or request socket. Guarded by the worker's baton.
type tcp struct {
	ud    lua.LUserData // what the table holds
	s     *state
	owner *owner
	conf  *handler.Settings
	peer  *peer // nil while there is no connection
	down  *downstream
	// made: connect has been called.
	made bool
	key  string // of the pool
	pool *pool

	connectTimeout, sendTimeout, readTimeout time.Duration
	wantConnect, wantSend, wantRead          time.Duration // set by the script; 0: the location's

	buf     []byte
	r, w    int
	pattern *pattern // of receiveuntil, that may hold back a part of what was read

	eof                                   bool
	readClosed, writeClosed               bool
	connWaiting, readWaiting, sendWaiting bool
	dialing                               bool // an address, no name that has to be resolved first
	sentOnce                              bool

	settling
	// lost closes the connection of a cosocket that nothing holds any more.
	lost runtime.Cleanup

	local       *localAddr
	transparent bool
	cert        *clientCert
	roots       *trustedStore
}

// fail is Lua's nil, message.
func fail(L *lua.LState, msg string) int {
	L.Push(lua.LNil)
	L.Push(lua.LString(msg))
	return 2
}

func one(L *lua.LState) int {
	L.Push(lua.LNumber(1))
	return 1
}

// current is the context that calls; it raises "no request found" where there is none.
func (s *state) current(L *lua.LState) *handler.Ctx {
	c := s.v.Current()
	if c == nil || s.v.Strict && c.Phase == handler.Init {
		codec.Raise(L, "no request found")
	}
	return c
}

// allowed is current for functions that OpenResty refuses where a script cannot wait.
func (s *state) allowed(L *lua.LState) *handler.Ctx {
	c := s.current(L)
	if s.v.Strict && c.Phase&handler.Yieldable == 0 {
		codec.Raise(L, "API disabled in the context of "+c.Phase.ContextName())
	}
	return c
}

// argError is luaL_argerror for a method: its object counts as no argument where it was called by a colon.
func argError(L *lua.LState, n int, name, msg string) {
	if n > 1 && machine.Where(L, 1) != "" {
		n--
	}
	codec.ArgError(L, n, name, msg)
}

// self is argument 1's cosocket; nil for a table that is none yet.
func self(L *lua.LState, name string) *tcp {
	u := tcpOf(codec.CheckTable(L, 1, name))
	if u != nil {
		u.settle(u.s.v.W.Current())
	}
	return u
}

// tcpOf is the cosocket in a table.
func tcpOf(v lua.LValue) *tcp {
	if t, ok := v.(*lua.LTable); ok {
		if ud, ok := t.RawGetInt(slot).(*lua.LUserData); ok {
			u, _ := ud.Value.(*tcp)
			return u
		}
	}
	return nil
}

func (s *state) newTCP() *tcp {
	u := &tcp{s: s}
	u.ud.Value = u
	return u
}

func (s *state) tcp(L *lua.LState) int {
	if n := L.GetTop(); n != 0 {
		codec.Raise(L, "expecting zero arguments, but got "+strconv.Itoa(n))
	}
	s.allowed(L)
	t := L.CreateTable(timeoutSlots[2], 0)
	t.RawSetInt(slot, &s.newTCP().ud)
	t.Metatable = s.tcpMeta
	L.Push(t)
	return 1
}

// connect is ngx.socket.connect: tcp() and connect in one.
func (s *state) connect(L *lua.LState) int {
	s.allowed(L)
	t := L.CreateTable(timeoutSlots[2], 0)
	t.RawSetInt(slot, &s.newTCP().ud)
	t.Metatable = s.tcpMeta
	L.Insert(t, 1)
	if n := s.tcpConnect(L); n != 1 {
		return n
	}
	L.Push(t)
	return 1
}

// busy says which operation is under way in another thread; empty for none of those asked for.
func (u *tcp) busy(read, write bool) string {
	switch {
	case u.connWaiting:
		return "socket busy connecting"
	case read && u.readWaiting:
		return "socket busy reading"
	case write && u.sendWaiting:
		return "socket busy writing"
	}
	return ""
}

// debugging reports whether anybody reads debug lines: those whose parts cost something are not made else.
func debugging(c *handler.Ctx) bool { return c.Enabled(phases.LogDebug) }

// debug logs a debug line, if anybody reads them.
func debug(c *handler.Ctx, parts ...string) {
	if debugging(c) {
		c.Log(phases.LogDebug, strings.Join(parts, ""))
	}
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// upstream is the part of a log line that names what the cosocket talks to.
func (u *tcp) upstream() string {
	if u.peer == nil {
		return ""
	}
	return upstreamTail(u.peer.host, u.peer.port, u.peer.addr)
}

func upstreamTail(host string, port int, addr string) string {
	s := ", upstream: " + host
	if port != 0 {
		s += ":" + strconv.Itoa(port)
	}
	return s + "(" + addr + ")"
}

// closedUse logs the use of a socket that is closed.
func (u *tcp) closedUse(c *handler.Ctx, what string) {
	if !settingsOf(c).SocketLogErrors {
		return
	}
	var us, cs string
	eof := 0
	if u == nil || !u.made {
		us, cs = nilPointer, nilPointer
	} else {
		us, cs = pointer(u), nilPointer
		if u.peer != nil {
			cs = pointer(u.peer)
		}
		if u.eof {
			eof = 1
		}
	}
	tail := ""
	if u != nil {
		tail = u.upstream()
	}
	c.Log(phases.LogErr, "attempt to "+what+" data on a closed socket: u:"+us+", c:"+cs+", ft:0 eof:"+strconv.Itoa(eof)+tail)
}

// closeRead ends the reading part; what was read and not taken is lost.
func (u *tcp) closeRead() {
	u.readClosed = true
	u.pattern = nil
	u.dropBuffer()
}

func (u *tcp) closeWrite() { u.writeClosed = true }

// finalize closes the connection.
func (u *tcp) finalize(c *handler.Ctx) {
	if c != nil {
		debug(c, "lua finalize socket")
	}
	u.closeRead()
	u.closeWrite()
	if u.down != nil {
		u.down = nil
		return
	}
	if u.peer != nil {
		if c != nil {
			debug(c, "lua close socket connection")
		}
		u.release().close()
	}
}

// open reports whether there is a connection, of whichever kind, that the present owner has not lost.
func (u *tcp) open() bool {
	if u == nil {
		return false
	}
	return u.down != nil || u.dialing || u.peer != nil && u.peer.owner.Load() != nil
}

// own raises "bad request" where another request's socket is used.
func (u *tcp) own(L *lua.LState, c *handler.Ctx) {
	if u.owner != ownerOf(c) {
		codec.Raise(L, "bad request")
	}
}

// message is the text of an error of the system as scripts get it.
func message(err error) string {
	var no syscall.Errno
	switch {
	case errors.Is(err, errTimeout):
		return "timeout"
	case errors.Is(err, io.EOF):
		return "closed"
	case errors.As(err, &no):
		return no.Error()
	case errors.Is(err, errClientAborted):
		return errClientAborted.Error()
	}
	return "error"
}

// logSystem logs a failed call as nginx's own connections do.
func logSystem(c *handler.Ctx, call string, err error, tail string) {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return
	}
	level := phases.LogAlert
	switch no {
	case syscall.ENOTCONN, syscall.EPIPE, syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ETIMEDOUT, syscall.ECONNABORTED:
		level = phases.LogErr
	default:
	}
	c.Log(level, call+" failed "+phases.Errno(err)+tail)
}

func (s *state) close(L *lua.LState) int {
	if n := L.GetTop(); n != 1 {
		codec.Raise(L, "expecting 1 argument (including the object) but seen "+strconv.Itoa(n))
	}
	c := s.current(L)
	u := self(L, "close")
	if !u.open() || u.readClosed && u.writeClosed {
		return fail(L, "closed")
	}
	u.own(L, c)
	if b := u.busy(true, true); b != "" {
		return fail(L, b)
	}
	if u.down != nil {
		return fail(L, "attempt to close a request socket")
	}
	u.finalize(c)
	return one(L)
}

func (s *state) getReusedTimes(L *lua.LState) int {
	if n := L.GetTop(); n != 1 {
		codec.Raise(L, "expecting 1 argument (including the object), but got "+strconv.Itoa(n))
	}
	u := self(L, "getreusedtimes")
	if !u.open() || u.down != nil || u.readClosed && u.writeClosed {
		return fail(L, "closed")
	}
	n := 0
	if u.peer != nil {
		n = u.peer.reused
	}
	L.Push(lua.LNumber(n))
	return 1
}

// timeoutArg is a timeout in milliseconds; 0 stands for the location's.
func timeoutArg(L *lua.LState, n int) time.Duration {
	f, _ := machine.ToNumber(L.Get(n))
	if f <= -1 || f >= 1<<31 {
		codec.Raise(L, "bad timeout value")
	}
	return time.Duration(int64(f)) * time.Millisecond
}

func (s *state) setTimeout(L *lua.LState) int {
	if n := L.GetTop(); n != 2 {
		codec.Raise(L, "ngx.socket settimeout: expecting 2 arguments (including the object) but seen "+strconv.Itoa(n))
	}
	d := timeoutArg(L, 2)
	return s.applyTimeouts(L, "settimeout", d, d, d)
}

func (s *state) setTimeouts(L *lua.LState) int {
	if n := L.GetTop(); n != 4 {
		codec.Raise(L, "ngx.socket settimeouts: expecting 4 arguments (including the object) but seen "+strconv.Itoa(n))
	}
	connect, send, read := timeoutArg(L, 2), timeoutArg(L, 3), timeoutArg(L, 4)
	return s.applyTimeouts(L, "settimeouts", connect, send, read)
}

// noteTimeouts puts d into slots of the cosocket's table. Changing them there changes nothing.
func noteTimeouts(L *lua.LState, d time.Duration, slots ...int) {
	if t, ok := L.Get(1).(*lua.LTable); ok {
		var n lua.LValue = lua.LNumber(d.Milliseconds()) // one for all
		for _, i := range slots {
			t.RawSetInt(i, n)
		}
	}
}

func (s *state) applyTimeouts(L *lua.LState, name string, connect, send, read time.Duration) int {
	if connect == send && send == read {
		noteTimeouts(L, connect, timeoutSlots[:]...)
	} else {
		noteTimeouts(L, connect, timeoutSlots[0])
		noteTimeouts(L, send, timeoutSlots[1])
		noteTimeouts(L, read, timeoutSlots[2])
	}
	if u := self(L, name); u != nil {
		u.wantConnect, u.wantSend, u.wantRead = connect, send, read
		u.chooseTimeouts()
	}
	return 0
}

// chooseTimeouts takes the script's timeouts, else the location's.
func (u *tcp) chooseTimeouts() {
	if u.conf == nil {
		return
	}
	pick := func(want, conf time.Duration) time.Duration {
		if want > 0 {
			return want
		}
		return conf
	}
	u.connectTimeout = pick(u.wantConnect, u.conf.SocketConnectTimeout)
	u.sendTimeout = pick(u.wantSend, u.conf.SocketSendTimeout)
	u.readTimeout = pick(u.wantRead, u.conf.SocketReadTimeout)
}
