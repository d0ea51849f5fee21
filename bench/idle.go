package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"moongate/bench/engine"
)

// idle opens connections, lets each of them have one answer, and reads what they occupy while nothing happens.
func (s *session) idle(ctx context.Context) error {
	n := s.w.Connections
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err == nil {
		lim.Cur = lim.Max
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lim) //nolint:errcheck // checked below
		if int(lim.Cur) < n+200 {
			return fmt.Errorf("only %d files may be open (ulimit -n), %d are needed", lim.Cur, n+200)
		}
	}
	for _, sd := range s.sides {
		s.say("%s, %d idle connections", sd.e.Name(), n)
		if err := s.idleOn(ctx, sd, n); err != nil {
			sd.rep.Failed = err.Error()
		}
	}
	return ctx.Err()
}

func (s *session) idleOn(ctx context.Context, sd *side, n int) error {
	conns := make([]net.Conn, 0, n)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	buf := make([]byte, 4<<10)
	open := func() error {
		c, err := net.DialTimeout("tcp", sd.addr, 5*time.Second)
		if err != nil {
			return err
		}
		conns = append(conns, c)
		c.SetDeadline(time.Now().Add(10 * time.Second)) //nolint:errcheck // a failure shows below
		if _, err := c.Write(s.reqs[0].Wire); err != nil {
			return err
		}
		if n, err := c.Read(buf); err != nil || n < 12 || string(buf[9:12]) != "200" {
			return errors.Join(fmt.Errorf("connection %d: no answer: %q", len(conns), buf[:n]), err)
		}
		return nil
	}
	for range min(100, n/10) { // what the first connections cost is the server's, not theirs
		if err := open(); err != nil {
			return err
		}
	}
	s.settle(ctx)
	few, first := engine.ReadMemory(sd.srv.Pid()), len(conns)
	for len(conns) < n {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := open(); err != nil {
			return err
		}
	}
	s.settle(ctx)
	sd.rep.Memory = engine.ReadMemory(sd.srv.Pid())
	sd.rep.MemoryEach = float64(sd.rep.Memory-few) / float64(n-first)
	for _, c := range conns { // each must still be there
		c.SetReadDeadline(time.Now().Add(time.Millisecond / 10)) //nolint:errcheck // a failure shows below
		if _, err := c.Read(buf[:1]); errors.Is(err, io.EOF) {
			return errors.New("the server closed an idle connection")
		}
	}
	return nil
}

// settle gives a server a moment to put away what it no longer needs.
func (s *session) settle(ctx context.Context) {
	select {
	case <-time.After(s.h.o.settle):
	case <-ctx.Done():
	}
}
