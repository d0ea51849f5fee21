package event

import (
	"net"
	"syscall"
)

// SyscallConn implements syscall.Conn.
func (c *Conn) SyscallConn() (syscall.RawConn, error) { return rawConn{c}, nil }

type rawConn struct{ c *Conn }

// Control implements syscall.RawConn.
func (r rawConn) Control(f func(fd uintptr)) error {
	if !r.c.enter() {
		return net.ErrClosed
	}
	defer r.c.leave()
	f(uintptr(r.c.fd))
	return nil
}

// Read implements syscall.RawConn.
func (r rawConn) Read(f func(fd uintptr) bool) error { return r.until(&r.c.read, f) }

// Write implements syscall.RawConn.
func (r rawConn) Write(f func(fd uintptr) bool) error { return r.until(&r.c.write, f) }

// until calls f until it is done, and waits between.
func (r rawConn) until(s *side, f func(fd uintptr) bool) error {
	for {
		was := s.take()
		done := false
		if err := r.Control(func(fd uintptr) { done = f(fd) }); err != nil {
			return err
		}
		if done {
			if was {
				s.tell() // nobody knows how much f has left
			}
			return nil
		}
		err := error(nil)
		if s == &r.c.write {
			err = r.c.listen()
		}
		if err == nil {
			err = r.c.await(s)
		}
		if err != nil {
			s.tell() // as above
			return err
		}
	}
}
