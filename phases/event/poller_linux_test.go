package event

import (
	"net"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// poller is a Poller on a goroutine of its own.
type poller struct {
	fd, kick int
	done     chan struct{}
	mu       sync.Mutex
	sinks    map[int32]Sink
	last     int32
}

func newPoller(t *testing.T) *poller {
	t.Helper()
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	kick, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	p := &poller{fd: fd, kick: kick, done: make(chan struct{}), sinks: map[int32]Sink{}}
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, kick, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: -1}); err != nil {
		t.Fatal(err)
	}
	go p.run()
	t.Cleanup(func() {
		unix.Write(kick, []byte{1, 0, 0, 0, 0, 0, 0, 0}) //nolint:errcheck // the test would hang
		<-p.done
		unix.Close(fd)
		unix.Close(kick)
	})
	return p
}

func (p *poller) run() {
	defer close(p.done)
	var events [8]unix.EpollEvent
	for {
		n, err := unix.EpollWait(p.fd, events[:], -1)
		if err != nil && err != unix.EINTR {
			return
		}
		for _, ev := range events[:max(n, 0)] {
			if ev.Fd < 0 {
				return
			}
			what := 0
			if ev.Events&unix.EPOLLIN != 0 {
				what |= Readable
			}
			if ev.Events&unix.EPOLLOUT != 0 {
				what |= Writable
			}
			if ev.Events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
				what |= HungUp
			}
			p.mu.Lock()
			s := p.sinks[ev.Fd]
			p.mu.Unlock()
			if s != nil {
				s.Event(what)
			}
		}
	}
}

func (p *poller) Add(fd int, s Sink) (int32, error) {
	p.mu.Lock()
	p.last++
	slot := p.last
	p.sinks[slot] = s
	p.mu.Unlock()
	return slot, unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff, Fd: slot,
	})
}

func (p *poller) Change(fd int, slot int32) error {
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_MOD, fd, &unix.EpollEvent{
		Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff, Fd: slot,
	})
}

func (p *poller) Drop(slot int32) {
	p.mu.Lock()
	delete(p.sinks, slot)
	p.mu.Unlock()
}

// left is how many sockets it watches.
func (p *poller) left() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sinks)
}

// pair is a connection whose one end p watches.
func pair(t *testing.T, p Poller, network string) (*Conn, net.Conn) {
	t.Helper()
	raw, other := netPair(t, network)
	c, ok := Adopt(p, raw).(*Conn)
	if !ok {
		t.Fatal("the socket was not adopted")
	}
	t.Cleanup(func() { c.Close() })
	return c, other
}

func netPair(t *testing.T, network string) (raw, other net.Conn) {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = t.TempDir() + "/s"
	}
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if raw, err = net.Dial(network, ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if other, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	return raw, other
}
