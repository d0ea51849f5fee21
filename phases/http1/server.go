package http1

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"moongate/phases"
	"moongate/phases/openssl"
)

// Server serves one address.
type Server struct {
	engine *phases.Engine
	listen atomic.Pointer[phases.Listen]
	ln     net.Listener
	begin  sync.Once // of accepting
	wg     sync.WaitGroup
	closed atomic.Bool
	sure   atomic.Int64 // surely(listen)

	mu    sync.Mutex
	conns map[*conn]struct{}
	loops *loops
	door  *door // nil: accept's goroutine lets connections in
}

// New opens the address of l. Connections wait in the kernel's queue until the first Update: before it
// there is no configuration that could serve them. The error is nginx's sentence.
func New(e *phases.Engine, l *phases.Listen) (phases.FrontEnd, error) {
	s := &Server{engine: e, conns: map[*conn]struct{}{}, loops: newLoops()}
	s.listen.Store(l)
	ln, err := open(l)
	if err != nil {
		return nil, fmt.Errorf("bind() to %s failed %s", l.Text, phases.Errno(err))
	}
	s.ln = ln
	return s, nil
}

func open(l *phases.Listen) (net.Listener, error) {
	if l.Network == "unix" {
		if st, err := os.Stat(l.Address); err == nil && st.Mode()&os.ModeSocket != 0 {
			// a socket left by a server that died; one that lives answers
			if c, err := net.DialTimeout("unix", l.Address, time.Second); err == nil {
				c.Close()
				return nil, syscall.EADDRINUSE
			}
			os.Remove(l.Address)
		}
		ln, err := net.Listen("unix", l.Address)
		if err == nil {
			err = os.Chmod(l.Address, 0o666)
		}
		return queued(ln, err, l.Backlog)
	}
	lc := net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, rc syscall.RawConn) error {
		var err error
		if e := rc.Control(func(fd uintptr) { err = socketOptions(int(fd), l) }); e != nil {
			return e
		}
		return err
	}}
	ln, err := lc.Listen(context.Background(), l.Network, l.Address)
	return queued(ln, err, l.Backlog)
}

// queued gives a listener the queue that backlog= asks for; Go's own is the system's longest.
func queued(ln net.Listener, err error, backlog int) (net.Listener, error) {
	if err != nil || backlog <= 0 {
		return ln, err
	}
	rc, err := ln.(syscall.Conn).SyscallConn()
	if err == nil {
		if e := rc.Control(func(fd uintptr) { err = unix.Listen(int(fd), backlog) }); e != nil {
			err = e
		}
	}
	if err != nil {
		ln.Close() //nolint:errcheck // the listener is of no use
		return nil, err
	}
	return ln, nil
}

func socketOptions(fd int, l *phases.Listen) error {
	set := func(level, name, v int) error { return unix.SetsockoptInt(fd, level, name, v) }
	var errs []error
	errs = append(errs, set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
	errs = append(errs, set(unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)) // for connections, which inherit it
	if l.ReusePort {
		errs = append(errs, set(unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	}
	if l.RcvBuf > 0 {
		errs = append(errs, set(unix.SOL_SOCKET, unix.SO_RCVBUF, int(l.RcvBuf)))
	}
	if l.SndBuf > 0 {
		errs = append(errs, set(unix.SOL_SOCKET, unix.SO_SNDBUF, int(l.SndBuf)))
	}
	if l.Deferred {
		errs = append(errs, deferAccept(fd))
	}
	if l.FastOpen > 0 {
		errs = append(errs, set(unix.IPPROTO_TCP, unix.TCP_FASTOPEN, l.FastOpen))
	}
	if strings.HasPrefix(l.KeepAlive, "on") {
		errs = append(errs, set(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1))
	}
	return errors.Join(errs...)
}

// Update tells the server what a new configuration says of its address. The first one begins to accept.
func (s *Server) Update(l *phases.Listen) {
	s.listen.Store(l)
	s.sure.Store(surely(l))
	s.loops.grow(l.Workers())
	s.begin.Do(func() {
		s.mu.Lock()
		if s.door = s.loops.open(s); s.door == nil {
			s.wg.Add(1)
			go s.accept()
		}
		s.mu.Unlock()
		go func() {
			s.wg.Wait()
			s.loops.close()
		}()
	})
}

// Addr is the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.ln.Addr() }

// Close stops accepting; connections go on.
func (s *Server) Close() error {
	s.closed.Store(true)
	s.mu.Lock()
	d := s.door
	s.mu.Unlock()
	if d != nil {
		d.close()
	}
	return s.ln.Close()
}

// CloseIdle closes the connections that wait for a next request.
func (s *Server) CloseIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.state.CompareAndSwap(stateIdle, stateClosed) {
			if c.loop == nil {
				c.raw.Close()
			} else {
				go c.over() // which needs the lock
			}
		}
	}
}

// Wait returns when the last connection is gone.
func (s *Server) Wait() { s.wg.Wait() }

// accept lets connections in where no loop does.
func (s *Server) accept() {
	defer s.wg.Done()
	for {
		raw, err := s.ln.Accept()
		if err != nil {
			if s.closed.Load() || errors.Is(err, net.ErrClosed) {
				return
			}
			s.refused(err)
			time.Sleep(refusal)
			continue
		}
		c := newConn(s, s.listen.Load())
		c.attach(raw)
		s.began(c)
		go s.serve(c)
	}
}

// refusal is for how long nobody is let in after a connection could not be accepted: no file descriptor is left, most likely.
const refusal = 50 * time.Millisecond

func (s *Server) refused(err error) {
	if t := s.engine.Tree(); t != nil {
		t.Log(phases.LogCrit, "accept4() failed %s", phases.Errno(err))
	}
}

// began counts a connection.
func (s *Server) began(c *conn) {
	s.engine.Stats.Accepted.Add(1)
	s.engine.Stats.Handled.Add(1)
	s.engine.Stats.Active.Add(1)
	s.wg.Add(1)
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
}

// serve is the life of a connection that has a goroutine of its own.
func (s *Server) serve(c *conn) {
	defer func() {
		if p := recover(); p != nil {
			s.panicked(p)
		}
		s.gone(c)
	}()
	if c.listen.ProxyProtocol && !c.proxyHeader() || c.listen.TLS && !c.handshake() {
		return
	}
	c.loop0()
}

func (s *Server) panicked(p any) {
	if t := s.engine.Tree(); t != nil {
		t.Log(phases.LogAlert, "panic on a connection: %v", p)
	}
}

// gone closes a connection that is over.
func (s *Server) gone(c *conn) {
	c.raw.Close()
	c.info.Ended()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.engine.Stats.Active.Add(-1)
	s.wg.Done()
}

// handshake turns the connection into a TLS one. A client that speaks plain HTTP to it is told so.
func (c *conn) handshake() bool {
	first := make([]byte, 1)
	c.server.engine.Stats.Apart.Add(1)
	defer c.server.engine.Stats.Apart.Add(-1)
	c.raw.SetReadDeadline(time.Now().Add(60 * time.Second)) //nolint:errcheck // a dead connection shows at the read
	if n, err := c.Read(first); n == 0 || err != nil {
		return false
	}
	c.pending = append(first, c.pending...)
	if first[0] != 0x16 && first[0]&0x80 == 0 {
		c.plainOnTLS = true
		return true
	}
	t := c.server.engine.Acquire()
	defer t.Release()
	if t.TLSConfig == nil {
		return false
	}
	cfg, err := t.TLSConfig(c.listen)
	if err != nil {
		t.Log(phases.LogErr, "*%d %v", c.info.Serial, err)
		return false
	}
	wire := &prefixed{Conn: c.raw, head: c.pending, records: true}
	tc := tls.Server(wire, cfg)
	c.pending = nil
	ctx := context.WithValue(context.Background(), phases.ConnKey{}, &c.info)
	if err := tc.HandshakeContext(ctx); err != nil {
		why := fmt.Sprintf("SSL_do_handshake() failed (SSL: %s)", openssl.Reason(err))
		if errors.Is(err, io.EOF) {
			why = "peer closed connection in SSL handshake"
		}
		t.Log(phases.LogInfo, "*%d %s while SSL handshaking, client: %s, server: %s", c.info.Serial, why, c.info.RemoteIP, c.listen.Text)
		return false
	}
	wire.records, wire.received = false, nil
	st := tc.ConnectionState()
	t.Log(phases.LogDebug, "*%d SSL_do_handshake: 1", c.info.Serial)
	c.info.TLS = &st
	c.info.Raw = tc
	c.netConn = tc
	return true
}

// prefixed gives back bytes that were read ahead. During a handshake it keeps what it has read.
type prefixed struct {
	net.Conn
	head     []byte
	records  bool
	received []byte
}

func (p *prefixed) Read(b []byte) (n int, err error) {
	if len(p.head) > 0 {
		n = copy(b, p.head)
		p.head = p.head[n:]
	} else {
		n, err = p.Conn.Read(b)
	}
	if p.records && n > 0 {
		p.received = append(p.received, b[:n]...)
	}
	return n, err
}

// Received is what has come since the handshake began; nothing once it has ended. Only for the
// handshake's goroutine.
func (p *prefixed) Received() []byte { return p.received }
