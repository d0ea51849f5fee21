package http1

import (
	"net"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"moongate/phases/event"
)

// door lets a server's connections in. One of the server's loops waits for them, and they go to all loops in turn.
type door struct {
	server *Server
	loop   *loop
	fd     int
	slot   int32
	local  net.Addr // where every connection comes to; nil where each one has to be asked

	mu   sync.Mutex // held while somebody comes in
	shut bool
	from unix.RawSockaddrAny
	size uint32 // of from
}

// open has a loop wait for the connections of s. Nil: the loops cannot.
func (ls *loops) open(s *Server) *door {
	sc, ok := s.ln.(syscall.Conn)
	all := *ls.all.Load()
	if len(all) == 0 || !ok {
		return nil
	}
	d := &door{server: s, loop: all[0]}
	rc, err := sc.SyscallConn()
	if err != nil || rc.Control(func(fd uintptr) { d.fd = int(fd) }) != nil {
		return nil
	}
	if a, ok := s.ln.Addr().(*net.TCPAddr); !ok || !a.IP.IsUnspecified() {
		d.local = s.ln.Addr()
	}
	d.mu.Lock() // somebody may be knocking
	defer d.mu.Unlock()
	d.slot = d.loop.reserve(d)
	if d.loop.watch(d.fd, unix.EPOLLIN, d.slot) != nil {
		d.loop.Drop(d.slot)
		return nil
	}
	s.wg.Add(1)
	return d
}

// close lets nobody in any more. The socket is closed next.
func (d *door) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return
	}
	d.shut = true
	unix.EpollCtl(d.loop.fd, unix.EPOLL_CTL_DEL, d.fd, nil) //nolint:errcheck // it goes with the socket
	d.loop.Drop(d.slot)
	d.server.wg.Done()
}

// Event implements event.Sink: it lets one connection in. The loop tells again where more are waiting.
func (d *door) Event(int) (goesOn bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shut {
		return false
	}
	d.size = uint32(unsafe.Sizeof(d.from))
	fd, _, errno := syscall.RawSyscall6(unix.SYS_ACCEPT4, uintptr(d.fd), uintptr(unsafe.Pointer(&d.from)), uintptr(unsafe.Pointer(&d.size)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	switch errno {
	case 0:
		d.server.admit(int(fd), d.remote(), d.localOf(int(fd)))
	case unix.EAGAIN, unix.EINTR, unix.ECONNABORTED: // nobody is there, or has gone already
	default:
		d.server.refused(errno)
		d.listen(0)
		time.AfterFunc(refusal, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			if !d.shut {
				d.listen(unix.EPOLLIN)
			}
		})
	}
	return false
}

// listen changes what the loop waits for.
func (d *door) listen(what uint32) {
	unix.EpollCtl(d.loop.fd, unix.EPOLL_CTL_MOD, d.fd, &unix.EpollEvent{Events: what, Fd: d.slot}) //nolint:errcheck // needs nothing that may lack
}

// remote is where the connection that was let in comes from.
func (d *door) remote() net.Addr {
	switch d.from.Addr.Family {
	case unix.AF_INET:
		a := (*unix.RawSockaddrInet4)(unsafe.Pointer(&d.from))
		return tcpAddr(a.Addr[:], a.Port)
	case unix.AF_INET6:
		a := (*unix.RawSockaddrInet6)(unsafe.Pointer(&d.from))
		return tcpAddr(a.Addr[:], a.Port)
	}
	return &net.UnixAddr{Net: "unix"}
}

// tcpAddr is the address of a socket whose port is in the network's order.
func tcpAddr(ip []byte, port uint16) net.Addr {
	b := (*[2]byte)(unsafe.Pointer(&port))
	return &net.TCPAddr{IP: append(net.IP(nil), ip...), Port: int(b[0])<<8 | int(b[1])}
}

func (d *door) localOf(fd int) net.Addr {
	if d.local != nil {
		return d.local
	}
	if sa, err := unix.Getsockname(fd); err == nil {
		switch a := sa.(type) {
		case *unix.SockaddrInet4:
			return &net.TCPAddr{IP: append(net.IP(nil), a.Addr[:]...), Port: a.Port}
		case *unix.SockaddrInet6:
			return &net.TCPAddr{IP: append(net.IP(nil), a.Addr[:]...), Port: a.Port}
		}
	}
	return d.server.ln.Addr()
}

// admit begins the life of a connection, whose events come to a loop from now on.
func (s *Server) admit(fd int, remote, local net.Addr) {
	c, l := newConn(s, s.listen.Load()), s.loops.next()
	served := !c.listen.ProxyProtocol && !c.listen.TLS // by the loop; others have a goroutine of their own
	var sink event.Sink = &c.sock
	if served {
		sink, c.loop = c, l
	}
	c.fd, c.home, c.info.Home = fd, l, l.index
	slot := l.reserve(sink)
	c.sock.Init(l, slot, fd, local, remote)
	c.attach(&c.sock)
	s.began(c)
	if served {
		c.expire(c.listen.Default.Core.ClientHeaderTimeout.V)
		c.state.Store(stateFresh)
	}
	err := l.watch(fd, unix.EPOLLIN|edges, slot)
	switch {
	case !served && err == nil:
		go s.serve(c)
	case !served:
		s.gone(c)
	case err != nil && c.rouse():
		c.over()
	}
}
